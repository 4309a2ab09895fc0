"""Whether records and manifest tell the same story: outcomes, verdicts, profiles and coverage (evidence.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import msgspec
from msgspec import UNSET, UnsetType

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.evidence.coverage_index import STOPS, Index, Observed
from pytest_fluxscenario.model.coverage import NOUNS, Point
from pytest_fluxscenario.model.evidence import (
    Manifest,
    ManifestScenario,
    ProfileCoverage,
    ProfileRef,
    ScenarioOutcome,
    SpecRef,
    Verdict,
    Volatile,
)


class _Role(msgspec.Struct, frozen=True):
    role: str


class _Request(msgspec.Struct, frozen=True):
    action: str
    actor: _Role


class _Call(msgspec.Struct, frozen=True):
    hook_id: str
    status: str


class _Plan(msgspec.Struct, frozen=True):
    mode: str


class _Response(msgspec.Struct, frozen=True):
    status: str
    route: str | UnsetType = UNSET
    gate_id: str | UnsetType = UNSET
    created_artifact_types: tuple[str, ...] | UnsetType = UNSET
    idempotent_replay: bool = False
    materialization: _Plan | UnsetType = UNSET
    hook_calls: tuple[_Call, ...] = ()


class _Step(msgspec.Struct, frozen=True):
    verdict: Verdict
    request: _Request | UnsetType = UNSET
    approval: _Role | UnsetType = UNSET
    response: _Response | UnsetType = UNSET
    mismatches: tuple[msgspec.Raw, ...] = ()


class _Scenario(msgspec.Struct, frozen=True):
    hash: str


class ResultView(msgspec.Struct, frozen=True):
    """What of a result is compared with the manifest; the rest is covered by the result's hash."""

    verdict: Verdict
    scenario: _Scenario
    profile: ProfileRef
    steps: tuple[_Step, ...]
    routes: tuple[str, ...]
    gates: tuple[str, ...]
    specs: tuple[SpecRef, ...] = ()


#: What records show by themselves, as a sentence says it; the rest follows from rules that no record holds.
_SHOWN: dict[tuple[str, str], str] = {
    ("actions", "requested"): "was requested",
    ("actions", "allowed"): "was allowed",
    (STOPS, "named"): "stopped a request",
    ("gates", "fired"): "fired",
    ("routes", "returned"): "was returned",
    ("artifacts", "created"): "was created",
    ("hooks", "answered"): "answered",
    ("hooks", "failed"): "failed",
    ("materializations", "planned"): "was planned",
    ("roles", "acted"): "acted",
}
#: Outcome to the verdicts that its record may have. Absent: a record may say anything, or there may be none.
#: ``failed`` with ``passed`` is an xfail that is strict, and passed.
_FITTING: dict[ScenarioOutcome, tuple[Verdict, ...]] = {
    "passed": ("passed",),
    "failed": ("failed", "passed"),
    "xfailed": ("failed", "error"),
    "skipped": (),
}


class Ledger:
    """Adds up what the records say."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        #: Redaction changes names in records that the manifest keeps, and may change numbers into text.
        self._redacted = bool(manifest.redactions)
        self._listed = frozenset(manifest.profiles)
        self._profiles: set[ProfileRef] = set()
        self._specs: set[SpecRef] = set()
        self._coverage = {one.profile: _Claims(one) for one in manifest.coverage}
        self._declared = frozenset(self._coverage)
        #: What was seen and has no record: an attempt that a rerun replaced, a record that could not be written.
        self._more_seen = bool(manifest.errors)

    def add(self, entry: ManifestScenario | None, result: bytes, volatile: bytes) -> Iterator[tuple[str, str]]:
        """One record whose hash is right; gives (code, message). ``entry`` is None where the manifest is older."""
        try:
            view = msgspec.json.decode(result, type=ResultView)
        except msgspec.ValidationError as error:
            if not self._redacted:
                yield "contradiction", f"the result has not the shape of one: {shown(error)}"
            return
        if b'"earlier":' in volatile:
            self._more_seen = self._more_seen or bool(msgspec.json.decode(volatile, type=Volatile).earlier)
        self._profiles.add(view.profile)
        if view.profile in self._declared:
            self._coverage[view.profile].add(view)
        follows = verdict_of(view.steps)
        if follows != view.verdict:
            yield "contradiction", f"the verdict says {view.verdict}, but its steps make it {follows}"
        if entry is None:
            return
        # Redaction leaves no other verdict behind.
        fitting = _FITTING.get(entry.outcome)
        if fitting is not None and view.verdict not in fitting:
            yield "contradiction", f"the manifest says {entry.outcome}, but the record's verdict is {view.verdict}"
        if self._redacted:
            return
        if entry.hash != view.scenario.hash:
            yield (
                "contradiction",
                f"ran the scenario {view.scenario.hash}, but the manifest says {shown(entry.hash, 80)}",
            )
        if view.profile not in self._listed:
            name = f"{shown(view.profile.id, 80)} {shown(view.profile.hash, 80)}"
            yield "contradiction", f"ran on the profile {name}, which the manifest does not list"
        yield from self._unlisted(view)

    def _unlisted(self, view: ResultView) -> Iterator[tuple[str, str]]:
        self._specs.update(view.specs)
        for spec in view.specs:
            if spec not in self._manifest.specs:
                name = f"{shown(spec.ref, 160)} {shown(spec.hash, 80)}"
                yield "contradiction", f"was held against the spec {name}, which the manifest does not list"

    def faults(self) -> Iterator[str]:
        """What the manifest says of all records together and they do not show."""
        if self._redacted:
            return
        for ref in sorted(self._listed - self._profiles, key=lambda profile: profile.hash):
            yield f"lists the profile {shown(ref.id, 80)} {shown(ref.hash, 80)}, which no record ran on"
        for spec in sorted(set(self._manifest.specs) - self._specs, key=lambda spec: (spec.ref, spec.hash)):
            yield f"lists the spec {shown(spec.ref, 160)} {shown(spec.hash, 80)}, which no record names"
        for ref in sorted(self._profiles - self._declared, key=lambda profile: profile.hash):
            yield f"has no coverage of the profile {shown(ref.id, 80)} {shown(ref.hash, 80)}"
        for said in self._manifest.coverage:
            if said.profile not in self._profiles and self._more_seen:
                continue
            if said.profile not in self._profiles:
                yield f"has coverage of the profile {shown(said.profile.id, 80)}, which no record ran on"
                continue
            for point, covered in self._coverage[said.profile].wrong():
                if not (covered and self._more_seen):
                    noun = "gate" if point.kind == STOPS else NOUNS[point.kind]
                    what = f"the {noun} {shown(point.name, 80)} {_SHOWN[point.kind, point.way]}"
                    says = "says" if covered else "does not say"
                    yield f"coverage {says} that {what}; the records show otherwise"


class _Claims:
    """What the manifest says of one profile, and what records show of it."""

    def __init__(self, said: ProfileCoverage) -> None:
        #: Actions, gates and routes stand there twice; each must be right.
        self._claims = [(Point("actions", name, "requested"), mark) for name, mark in said.actions.items()]
        self._claims += [(Point(STOPS, name, "named"), mark) for name, mark in said.gates.items()]
        self._claims += [(Point("routes", name, "returned"), mark) for name, mark in said.routes.items()]
        if said.points is not UNSET:
            self._claims += [
                (Point(kind, name, way), bool(mark))
                for kind, names in said.points.items()
                for name, ways in names.items()
                for way, mark in ways.items()
                if (kind, way) in _SHOWN
            ]
        self._index = Index(tuple(dict.fromkeys(point for point, _ in self._claims)))
        self._observed = Observed(self._index)
        self._mask = 0

    def add(self, view: ResultView) -> None:
        """One record."""
        self._mask |= self._observed.steps(view.steps)

    def wrong(self) -> Iterator[tuple[Point, bool]]:
        """The claims that records contradict."""
        for point, covered in self._claims:
            if covered != bool(self._mask & self._index.bits[point]):
                yield point, covered


class Stepped(Protocol):
    """What of a step its scenario's verdict follows from."""

    @property
    def verdict(self) -> Verdict:
        """Its own."""
        ...

    @property
    def mismatches(self) -> Sequence[object]:
        """What differs."""
        ...


def verdict_of(steps: Iterable[Stepped]) -> Verdict:
    """The verdict of a scenario with these steps: ``passed`` only where each of them was reached and passed."""
    # What differs says failed, whatever the step's own verdict says.
    verdicts = {"failed" if step.mismatches else step.verdict for step in steps}
    for worst in ("error", "failed", "skipped"):
        if worst in verdicts:
            return worst
    return "passed" if verdicts else "skipped"
