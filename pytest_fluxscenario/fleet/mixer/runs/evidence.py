"""The evidence of a run that the Mixer keeps, as the folder that a local run would have written (evidence.md)."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.fs import make_folder, write_error
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown, shown_lines
from pytest_fluxscenario.evidence.circumstances import tool
from pytest_fluxscenario.evidence.coverage import Coverage
from pytest_fluxscenario.evidence.redact import Redactor
from pytest_fluxscenario.evidence.redact_manifest import redacted_refs
from pytest_fluxscenario.evidence.writer import MANIFEST, RECORDS, About, EvidenceWriter
from pytest_fluxscenario.fleet.mixer.content import Content
from pytest_fluxscenario.fleet.mixer.history.history import Run
from pytest_fluxscenario.fleet.mixer.history.outcomes import expectation, outcome_of
from pytest_fluxscenario.fleet.mixer.refusal import Conflict, refused
from pytest_fluxscenario.gears.settings import ENGINE
from pytest_fluxscenario.model.evidence import ProfileRef, SpecRef
from pytest_fluxscenario.remote.api import API, ItemDone
from pytest_fluxscenario.remote.bench import Bench
from pytest_fluxscenario.remote.case import PortableCase, PortablePack
from pytest_fluxscenario.remote.unpack import read_record

#: Both files of an archive have the time of all of them: the same run gives the same bytes.
_TIME: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class RunEvidence:
    """Writes the evidence of runs, out of their records and the content that they ran on."""

    content: Content
    #: For what is under way; emptied when the Mixer starts.
    scratch: str

    def archive(self, run: Run, records: Iterable[ItemDone]) -> str:
        """A ZIP file with both, which the caller removes. Raises WriteError, and Conflict like ``write``."""
        make_folder(self.scratch)
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            self.write(run, records, folder)
            handle, path = tempfile.mkstemp(".zip", "run-", self.scratch)
            try:
                with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w") as archive:
                    _pack(archive, folder)
            except OSError as error:
                os.unlink(path)
                raise write_error(path, error) from None
        return path

    def lines(self, run: Run) -> str:
        """A file with the records alone, in order of id and attempt, which the caller removes. Raises WriteError."""
        make_folder(self.scratch)
        # Of thousands only the order is held, and not what they say.
        order = sorted((one.item, one.attempt, at) for at, one in enumerate(run.records) if one.record)
        handle, path = tempfile.mkstemp(".jsonl", "records-", self.scratch)
        try:
            with os.fdopen(handle, "wb") as file:
                for _, _, at in order:
                    file.write(f"{run.records[at].record}\n".encode())
        except OSError as error:
            os.unlink(path)
            raise write_error(path, error) from None
        return path

    def write(self, run: Run, records: Iterable[ItemDone], folder: str) -> None:
        """Write manifest and records into ``folder``; of a run that is under way they say so.

        Raises WriteError, and Conflict where the content that it ran on is no longer kept.
        """
        work = _Writing(run, self.content, folder)
        try:
            for done in records:
                work.take(done)
            work.finish()
        finally:
            work.close()


def _pack(archive: zipfile.ZipFile, folder: str) -> None:
    for name in (MANIFEST, RECORDS):
        entry = zipfile.ZipInfo(name, _TIME)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.external_attr = 0o644 << 16
        with open(os.path.join(folder, name), "rb") as file, archive.open(entry, "w", force_zip64=True) as inside:
            shutil.copyfileobj(file, inside, 1 << 20)


class _Writing:
    """One folder under way."""

    def __init__(self, run: Run, content: Content, folder: str) -> None:
        self._run = run
        self._redactor = Redactor(run.settings.redact)
        refs = redacted_refs(run.refs, self._redactor)
        self._writer = EvidenceWriter(folder, About(run.created, tool(), refs, self._redactor.text(_gears(run))))
        self._coverage = Coverage()
        self._bench = Bench(content.blobs, "mixer")
        #: Of a pack: the key of its points.
        self._keys: dict[tuple[PortablePack, ProfileRef], str] = {}
        self._redactions: dict[str, int] = {}
        text = self._redactor.text
        self._writer.begin([text(asked.case.item) for asked in run.asked])

    def take(self, done: ItemDone) -> None:
        """What became of one attempt of a scenario; a later attempt takes the place of an earlier one."""
        asked = self._run.asked[done.item, done.attempt]
        case, item = asked.case, self._redactor.text(done.item)
        if done.attempt > 1:
            self._writer.retry(item)
        outcome, note = outcome_of(case, done), done.reason
        if done.outcome in ("refused", "given-up"):
            # That nobody could run it is what no mark expects.
            done = self._given_up(case, done)
        elif done.outcome == "ran":
            note = expectation(case, done)
        if done.outcome == "ran":
            self._record(case, done, item)
        self._writer.outcome(item, outcome, self._redactor.text(shown_lines(note)))

    def finish(self) -> None:
        """Say what the run is worth."""
        if self._run.state == "cancelled":
            for asked in self._run.open:
                self._writer.outcome(self._redactor.text(asked.case.item), "not_run", "the run was cancelled")
        self._writer.finish(self._coverage.profiles(), self._redactions, self._redactor)

    def close(self) -> None:
        """End what loading packs has begun."""
        self._bench.close()

    def _given_up(self, case: PortableCase, done: ItemDone) -> ItemDone:
        """The same with a record, as pytest writes it: no verdict, and why."""
        try:
            made = self._bench.give_up(case, self._run.settings, shown(done.reason, 2000))
        except FluxError as error:
            raise self._gone(error) from None
        return ItemDone(
            done.number, done.item, done.attempt, done.rack, "ran", done.reason, made.record, made.ref, made.verdict
        )

    def _record(self, case: PortableCase, done: ItemDone, item: str) -> None:
        record = read_record(done)
        result = record.result
        if record.id != item:
            message = f"the record of the rack {shown(done.rack, 80)} is one of another scenario"
            raise FluxError.of("remote.record", Place(item), message)
        self._writer.record(
            item,
            done.ref,
            f"{done.record}\n".encode(),
            worker="mixer",
            scenario_hash=result.scenario.hash,
            profile=result.profile,
            specs=[SpecRef(spec.ref, spec.hash) for spec in result.specs],
        )
        for name, count in done.redactions.items():
            self._redactions[name] = self._redactions.get(name, 0) + count
        self._coverage.add(case.profile, self._points(case), _bits(done))

    def _points(self, case: PortableCase) -> str:
        """The key of the points of a case's profile. Raises Conflict where its content is no longer kept."""
        known = case.pack, case.profile
        if known not in self._keys:
            try:
                index = self._bench.points(case, self._run.settings)
            except FluxError as error:
                raise self._gone(error) from None
            self._keys[known] = self._coverage.declare(case.profile, index)
        return self._keys[known]

    def _gone(self, error: FluxError) -> FluxError:
        message = f"what the run ran on cannot be read any more: {shown(error, 300)}"
        hint = f"its records are there all the same: GET {API}/runs/{self._run.run}/evidence/records"
        return refused(Conflict, "run.content-gone", message, hint)


def _gears(run: Run) -> str:
    """What its scenarios ran against; empty for the built-in engine alone."""
    names = set(run.asked.gears)
    return "" if names == {ENGINE} else ", ".join(sorted(names))


def _bits(done: ItemDone) -> int:
    try:
        return int(done.seen, 16)
    except ValueError:
        message = f"what the rack {shown(done.rack, 80)} says of its coverage is no number"
        raise FluxError.of("remote.record", Place(done.item), message) from None
