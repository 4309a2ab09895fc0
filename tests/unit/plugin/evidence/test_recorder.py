"""The one that keeps the evidence: outcomes, conflicts, and what it says of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.evidence.redact import Redactor
from pytest_fluxscenario.evidence.writer import About, EvidenceConflictError, EvidenceWriter
from pytest_fluxscenario.model.evidence import ProfileRef
from pytest_fluxscenario.plugin.evidence.recorder import Recorder

PROFILE = ProfileRef("small", "1.0.0", "sha256:" + "0" * 64, "tree", "packs/small")


@pytest.fixture
def writer(tmp_path: Path) -> EvidenceWriter:
    return EvidenceWriter(str(tmp_path / "evidence"), About("2026-01-01T00:00:00.000Z", "tool"))


def record(writer: EvidenceWriter, item: str, ref: str, worker: str = "main") -> None:
    line = json.dumps({"id": item, "ref": ref, "worker": worker}).encode() + b"\n"
    writer.record(item, ref, line, worker=worker, scenario_hash="sha256:1", profile=PROFILE)


def lines(writer: EvidenceWriter) -> list[dict[str, Any]]:
    text = Path(writer.folder, "records.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_records_are_put_in_order(writer: EvidenceWriter) -> None:
    writer.begin(["a", "b", "c"])
    for item in ("c", "a", "b"):
        record(writer, item, f"sha256:{item}")
        writer.outcome(item, "passed")
    assert writer.finish((), {}) == "passed"
    assert [line["id"] for line in lines(writer)] == ["a", "b", "c"]


def test_a_later_attempt_takes_the_place_of_the_earlier(writer: EvidenceWriter) -> None:
    writer.begin(["a", "b"])
    record(writer, "a", "sha256:1")
    writer.outcome("a", "failed")
    writer.retry("a")
    record(writer, "b", "sha256:2")
    record(writer, "a", "sha256:3")
    for item in "ab":
        writer.outcome(item, "passed")
    assert writer.finish((), {}) == "passed"
    assert [(line["id"], line["ref"]) for line in lines(writer)] == [("a", "sha256:3"), ("b", "sha256:2")]


def test_two_workers_that_agree_leave_one_record(writer: EvidenceWriter) -> None:
    writer.begin(["a"])
    record(writer, "a", "sha256:1", "gw0")
    record(writer, "a", "sha256:1", "gw1")
    assert writer.records == 1
    writer.finish((), {})
    assert [line["worker"] for line in lines(writer)] == ["gw0"]


def test_two_workers_that_do_not_agree_are_a_conflict(writer: EvidenceWriter) -> None:
    writer.begin(["a"])
    record(writer, "a", "sha256:1", "gw0")
    with pytest.raises(EvidenceConflictError, match="the workers gw0 and gw1 came to different results"):
        record(writer, "a", "sha256:2", "gw1")
    writer.finish((), {})
    assert [line["ref"] for line in lines(writer)] == ["sha256:1"]


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        (("passed", "passed"), "passed"),
        (("passed", "skipped"), "passed"),
        (("passed", "xfailed"), "passed"),
        (("passed", "not_run"), "incomplete"),
        (("passed", None), "incomplete"),
        ((None, None), "incomplete"),
        (("passed", "failed"), "failed"),
        (("error", "not_run"), "failed"),
        (("crashed", "passed"), "failed"),
    ],
)
def test_the_verdict_of_a_run(writer: EvidenceWriter, outcomes: tuple[Any, Any], verdict: str) -> None:
    writer.begin(["a", "b"])
    for item, outcome in zip("ab", outcomes, strict=True):
        if outcome is not None:
            writer.outcome(item, outcome)
    assert writer.verdict == verdict
    manifest = Path(writer.folder, "manifest.json")
    assert json.loads(manifest.read_bytes())["verdict"] == "incomplete"
    assert writer.finish((), {}) == verdict
    assert json.loads(manifest.read_bytes())["verdict"] == verdict


def test_a_run_of_nothing_is_incomplete(writer: EvidenceWriter) -> None:
    writer.begin([])
    assert writer.finish((), {}) == "incomplete"


def test_what_is_bad_stays_bad(writer: EvidenceWriter) -> None:
    """A teardown that passes does not undo the call that failed; a teardown that fails undoes the call that passed."""
    writer.begin(["a", "b"])
    writer.outcome("a", "failed")
    writer.outcome("a", "passed")
    writer.outcome("b", "passed")
    writer.outcome("b", "error")
    assert writer.finish((), {}) == "failed"
    outcomes = [one["outcome"] for one in json.loads(Path(writer.folder, "manifest.json").read_bytes())["scenarios"]]
    assert outcomes == ["failed", "error"]


def test_the_root_hash_depends_on_ids_and_refs_only(tmp_path: Path) -> None:
    roots = set()
    for number, order in enumerate(("abc", "cba", "bca")):
        writer = EvidenceWriter(str(tmp_path / str(number)), About("now", "tool"))
        writer.begin(order)
        for item in order:
            record(writer, item, f"sha256:{item}", f"gw{number}")
        writer.finish((), {})
        roots.add(writer.root)
    assert len(roots) == 1
    changed = EvidenceWriter(str(tmp_path / "other"), About("now", "tool"))
    changed.begin("abc")
    for item in "abc":
        record(changed, item, "sha256:a")
    assert changed.root not in roots


def test_ids_of_further_workers_are_no_further_scenarios(tmp_path: Path) -> None:
    recorder = Recorder(str(tmp_path / "evidence"), Redactor())
    recorder.begin(["a", "b"])
    recorder.begin(["b", "a"])
    recorder.deselected(["c"])
    recorder.finish()
    manifest = json.loads((tmp_path / "evidence" / "manifest.json").read_bytes())
    assert [(one["id"], one["outcome"]) for one in manifest["scenarios"]] == [
        ("a", "not_run"),
        ("b", "not_run"),
        ("c", "not_run"),
    ]
    assert recorder.faults == []


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    recorder = Recorder(None, Redactor())
    recorder.begin(["a"])
    recorder.finish()
    assert not recorder.written
    assert list(tmp_path.iterdir()) == []


def test_a_recorder_whose_folder_is_refused_says_so_once(tmp_path: Path) -> None:
    (tmp_path / "evidence").write_text("mine", encoding="utf-8")
    recorder = Recorder(str(tmp_path / "evidence"), Redactor())
    recorder.begin(["a"])
    recorder.begin(["b"])
    recorder.finish()
    assert len(recorder.faults) == 1
    assert "cannot be written" in recorder.faults[0]


def test_a_link_is_no_evidence_folder(writer: EvidenceWriter, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    Path(writer.folder).symlink_to(tmp_path / "real")
    with pytest.raises(FluxError, match="the evidence folder is a link"):
        writer.begin(["a"])
    assert list((tmp_path / "real").iterdir()) == []
