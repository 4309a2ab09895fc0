"""The evidence folder of one run (evidence.md): a log, appended while the run goes on, and a manifest of its worth.

From its first moment the manifest says ``incomplete``; only ``finish`` changes that. Whoever dies in between leaves the
finished records and a manifest that does not look green.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import msgspec
from msgspec import UNSET

from pytest_fluxscenario.base.canonical import canonical_ref, canonical_without_floats
from pytest_fluxscenario.base.digest import sha256_ref
from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.fs import make_folder, replace_file, write_error
from pytest_fluxscenario.base.log import Log
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.evidence.redact import Redactor
from pytest_fluxscenario.evidence.redact_manifest import redacted_coverage, redacted_profile
from pytest_fluxscenario.model.evidence import (
    Manifest,
    ManifestError,
    ManifestScenario,
    ProfileCoverage,
    ProfileRef,
    RunRef,
    RunVerdict,
    ScenarioOutcome,
    SpecRef,
)
from pytest_fluxscenario.model.scenario import is_draft

MANIFEST = "manifest.json"
RECORDS = "records.jsonl"
_OUTCOMES: tuple[ScenarioOutcome, ...] = ("passed", "failed", "error", "skipped", "xfailed", "crashed", "not_run")
_BAD = frozenset({"failed", "error", "crashed"})


class EvidenceConflictError(FluxError):
    """One scenario gave different results to two workers."""


@dataclass(slots=True)
class _Entry:
    outcome: ScenarioOutcome = "not_run"
    ref: str | None = None
    worker: str = ""
    hash: str | None = None
    note: str = ""
    #: Where the record's line stands in the log.
    start: int = 0
    length: int = 0


@dataclass(frozen=True, slots=True)
class About:
    """What the manifest says of the run as a whole."""

    started: str
    tool: str
    #: What was run from the store.
    refs: tuple[RunRef, ...] = ()
    #: What the scenarios ran against, redacted; empty for the built-in engine.
    gear: str = ""


@dataclass(slots=True)
class EvidenceWriter:
    """Writes one evidence folder; the only writer of it."""

    folder: str
    about: About
    errors: list[ManifestError] = field(default_factory=list)
    _entries: dict[str, _Entry] = field(default_factory=dict)
    _profiles: dict[str, ProfileRef] = field(default_factory=dict)
    _specs: dict[tuple[str, str], SpecRef] = field(default_factory=dict)
    _log: Log | None = None

    def begin(self, ids: Iterable[str]) -> None:
        """Make the folder, and say that the run of the scenarios ``ids`` is incomplete. Raises WriteError."""
        self.expect(ids)
        if os.path.islink(self.folder):
            raise write_error(self.folder, OSError(40, "the evidence folder is a link"))
        make_folder(self.folder)
        log = Log(os.path.join(self.folder, RECORDS))
        log.open()
        try:
            # The manifest before the records go: no moment may show an old verdict beside new records.
            self._write_manifest("incomplete", (), {})
            log.clear()
        except BaseException:
            log.close()
            raise
        self._log = log

    def expect(self, ids: Iterable[str]) -> None:
        """Add scenarios that were collected."""
        for item_id in ids:
            self._entries.setdefault(item_id, _Entry())

    def record(
        self,
        item_id: str,
        ref: str,
        line: bytes,
        *,
        worker: str,
        scenario_hash: str,
        profile: ProfileRef,
        specs: Iterable[SpecRef] = (),
    ) -> None:
        """Append one record; a later attempt of the same worker takes the place of the earlier one.

        Raises WriteError, and EvidenceConflictError where another worker reported another result.
        """
        entry = self._entries.setdefault(item_id, _Entry())
        if entry.ref is not None and entry.worker != worker:
            if entry.ref != ref:
                message = f"the workers {entry.worker} and {worker} came to different results ({entry.ref}, {ref})"
                hint = (
                    "something outside the scenario decides: look for time, order or shared state in fixtures and hooks"
                )
                raise EvidenceConflictError.of("evidence.conflict", Place(item_id), message, hint)
            return
        if self._log is not None:
            entry.start, entry.length = self._log.append(line), len(line)
        entry.ref, entry.worker, entry.hash = ref, worker, scenario_hash
        self._profiles[f"{profile.id} {profile.version} {profile.hash} {profile.source}"] = profile
        self._specs.update({(spec.ref, spec.hash): spec for spec in specs})

    def holds(self, item_id: str) -> bool:
        """Whether a record of that scenario is there already."""
        entry = self._entries.get(item_id)
        return entry is not None and entry.ref is not None

    def outcome(self, item_id: str, outcome: ScenarioOutcome, note: str = "") -> None:
        """Say what became of a scenario; what is bad stays bad."""
        entry = self._entries.setdefault(item_id, _Entry())
        if entry.outcome not in _BAD or outcome in _BAD:
            entry.outcome = outcome
        if note:
            entry.note = note

    def retry(self, item_id: str) -> None:
        """Forget the outcome of an attempt that is made again."""
        self._entries[item_id].outcome = "not_run"

    @property
    def verdict(self) -> RunVerdict:
        """What the run is worth now: failed, else incomplete while a collected scenario has no outcome, else passed."""
        return verdict_of({entry.outcome for entry in self._entries.values()}, faults=bool(self.errors))

    @property
    def left_out(self) -> bool:
        """Whether a collected scenario did not run, or was skipped; a draft that waits for its review is none yet."""
        return any(
            entry.outcome == "not_run" or (entry.outcome == "skipped" and not is_draft(entry.note))
            for entry in self._entries.values()
        )

    @property
    def not_run(self) -> bool:
        """Whether a collected scenario did not run; those that are skipped say so themselves, and do not count."""
        return any(entry.outcome == "not_run" for entry in self._entries.values())

    @property
    def root(self) -> str:
        """The root hash over id and ref of every record, in order of id."""
        return root_hash((item_id, entry.ref) for item_id, entry in self._entries.items() if entry.ref is not None)

    @property
    def records(self) -> int:
        """How many scenarios have a record."""
        return sum(entry.ref is not None for entry in self._entries.values())

    def finish(
        self,
        coverage: tuple[ProfileCoverage, ...],
        redactions: Mapping[str, int],
        redactor: Redactor | None = None,
    ) -> RunVerdict:
        """Put the records in order of id, and write what the run is worth. Raises WriteError.

        ``redactor`` takes secrets out of profiles and coverage; ``redactions`` were counted before.
        """
        log, verdict, counts = self._log, self.verdict, dict(redactions)
        if redactor is not None and redactor.active:
            coverage = redacted_coverage(coverage, redactor.text)
            for key, profile in self._profiles.items():
                self._profiles[key] = redacted_profile(profile, redactor.text)
        try:
            # The folder is held until the manifest says what the log is worth.
            self._write_manifest(verdict, coverage, counts, "" if log is None else self._order(log))
        finally:
            if log is not None:
                log.close()
        return verdict

    def _order(self, log: Log) -> str:
        """Leave one line for each record, in order of id, and give the log's hash; written anew only if need be."""
        kept = sorted((item_id, entry) for item_id, entry in self._entries.items() if entry.ref is not None)
        starts = [entry.start for _, entry in kept]
        if starts != sorted(starts) or sum(entry.length for _, entry in kept) != log.size:
            lines = b"".join(log.read(entry.start, entry.length) for _, entry in kept)
            log.rewrite(lines)
            return sha256_ref(lines)
        log.sync()
        return log.digest

    def _write_manifest(
        self, verdict: RunVerdict, coverage: tuple[ProfileCoverage, ...], redactions: dict[str, int], log: str = ""
    ) -> None:
        entries = sorted(self._entries.items())
        counts: dict[str, int] = dict.fromkeys(_OUTCOMES, 0)
        for _, entry in entries:
            counts[entry.outcome] += 1
        manifest = Manifest(
            verdict=verdict,
            scenarios=tuple(
                ManifestScenario(
                    item_id,
                    entry.outcome,
                    entry.ref if entry.ref is not None else UNSET,
                    entry.hash if entry.hash is not None else UNSET,
                    entry.note or UNSET,
                )
                for item_id, entry in entries
            ),
            profiles=tuple(self._profiles[key] for key in sorted(self._profiles)),
            coverage=coverage,
            root=self.root,
            counts=counts,
            errors=tuple(self.errors),
            specs=tuple(self._specs[key] for key in sorted(self._specs)),
            refs=self.about.refs,
            redactions=redactions,
            started=self.about.started,
            tool=self.about.tool,
            gear=self.about.gear or UNSET,
            log=log,
        )
        checked = msgspec.structs.replace(manifest, check=manifest_check(manifest))
        replace_file(os.path.join(self.folder, MANIFEST), manifest_bytes(checked))


def verdict_of(outcomes: Collection[ScenarioOutcome], *, faults: bool) -> RunVerdict:
    """What a run is worth: failed for one bad outcome or fault; passed where something passed and nothing is left."""
    if not _BAD.isdisjoint(outcomes) or faults:
        return "failed"
    return "passed" if "passed" in outcomes and "not_run" not in outcomes else "incomplete"


def manifest_bytes(manifest: Manifest) -> bytes:
    """A manifest as it is written: sorted, a field a line."""
    return msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=1) + b"\n"


def manifest_check(manifest: Manifest) -> str:
    """``sha256:`` of the canonical JSON of the manifest with ``check`` left empty."""
    return sha256_ref(canonical_without_floats(msgspec.structs.replace(manifest, check="")))


def root_hash(refs: Iterable[tuple[str, str | None]]) -> str:
    """``sha256:`` of the canonical JSON of [[id, ref], …] in order of id (evidence.md)."""
    return canonical_ref(sorted(refs))
