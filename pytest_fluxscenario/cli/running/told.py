"""What a run without pytest says at its end: verdicts, evidence, and what was seen of the profiles."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cli.console.render import one_line, plural

if TYPE_CHECKING:
    from pytest_fluxscenario.cli.running.recording import Recording
    from pytest_fluxscenario.cli.running.report import Report
    from pytest_fluxscenario.cli.running.session import Session


def tell_run(
    report: Report, recording: Recording | None, start: str, duration: float, covered: Session | None = None
) -> None:
    """Say what came of the run; of ``covered`` also what it has seen of its profiles."""
    faults = recording.faults if recording is not None else ()
    written = recording is not None and recording.writing
    folder = os.path.relpath(recording.writer.folder, start) if recording is not None else ""
    if report.json:
        document = report.to_json(duration)
        if recording is not None:
            for entry in document["scenarios"]:
                if entry["id"] in recording.refs:
                    entry["ref"] = recording.refs[entry["id"]]
            if written:
                writer = recording.writer
                document["evidence"] = {
                    "folder": folder,
                    "verdict": writer.verdict,
                    "root": writer.root,
                    "records": writer.records,
                }
        if covered is not None:
            document["coverage"] = _coverage_json(covered)
        report.outputs.json(document)
    else:
        if covered is not None:
            _tell_whole_coverage(covered, report)
        said = None
        if recording is not None and written:
            writer = recording.writer
            records = plural(writer.records, "record")
            said = f"evidence {writer.verdict}, {records} in {shown(folder)} (root {writer.root[:19]}…)"
        report.finish(duration, said)
    for fault in faults:
        report.outputs.err.line(one_line(str(fault)), "red")


def _coverage_json(session: Session) -> object:
    import msgspec

    from pytest_fluxscenario.cli.running.covered import coverage_reports
    from pytest_fluxscenario.evidence.coverage_merge import merge

    return msgspec.to_builtins(coverage_reports(merge(session.tally.coverage.profiles()), session.suite.resolver))


def _tell_whole_coverage(session: Session, report: Report) -> None:
    from pytest_fluxscenario.cli.running.covered import tell_coverage
    from pytest_fluxscenario.evidence.coverage_merge import merge

    merged = merge(session.tally.coverage.profiles())
    tell_coverage(merged, session.suite.resolver, report.outputs, report.redactor.text)
