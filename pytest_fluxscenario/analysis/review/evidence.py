"""The run that a packet relies on, read back from its evidence and held against the pack (evidence.md).

Records are read as plain data: redaction may have put text where something else stood.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from msgspec import UNSET

from pytest_fluxscenario.analysis.review.suite import Own, approval_said
from pytest_fluxscenario.base.errors import DamageError, UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.evidence.reading import RecordLine, parse_line, read_lines
from pytest_fluxscenario.evidence.verify import verify
from pytest_fluxscenario.model.evidence import Manifest, ManifestScenario, ProfileCoverage
from pytest_fluxscenario.model.review import RunView, ScenarioView, StepView

#: Problems of a damaged folder that are told.
_MOST_TOLD: Final = 10
_AGAIN: Final = "run the scenarios again, or let review run them: leave --from out"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What the evidence has to be of."""

    id: str
    version: str
    profile_hash: str
    #: ``sha256:`` over the code of hooks; empty where there is none.
    code_hash: str
    #: The pack's scenarios by ``path::name``.
    own: Mapping[str, Own]
    #: What redaction makes of a text: a pattern may match hashes too.
    mask: Callable[[str], str] = str

    def same(self, said: object, real: str) -> bool:
        """Whether evidence says ``real``, as it is or masked."""
        return said in (real, self.mask(real))


@dataclass(slots=True)
class Run:
    """What was read of one evidence folder."""

    view: RunView
    coverage: tuple[ProfileCoverage, ...]
    #: Hook to how often it was called, and how often that failed.
    calls: dict[str, tuple[int, int]] = field(default_factory=dict)


def read_run(folder: str, name: str, reviewed: Reviewed, *, fresh: bool) -> Run:
    """The run whose evidence lies in ``folder``, which the packet calls ``name``; ``fresh`` where it has just ended.

    Raises DocumentError where there is no evidence, DamageError for evidence that is not as it was written, UsageError
    for a run of other rules, other scenarios or other hooks than those of the pack.
    """
    verified = verify(folder)
    if verified.problems:
        raise DamageError(verified.problems[:_MOST_TOLD])
    manifest = verified.manifest
    reader = _Reader(name, reviewed, {entry.id: entry for entry in manifest.scenarios})
    for line in read_lines(folder):
        record = parse_line(line.data)
        if isinstance(record, RecordLine):
            reader.record(record)
    views = reader.views(fresh=fresh)
    if not fresh and not reader.matched:
        raise _other_rules(name, reviewed, manifest)
    counts: dict[str, int] = {}
    for view in views:
        counts[view.outcome] = counts.get(view.outcome, 0) + 1
    named = {view.id for view in views}
    run = RunView(
        verdict=manifest.verdict,
        root=manifest.root,
        folder=name,
        started=manifest.started,
        tool=manifest.tool,
        fresh=fresh,
        counts=dict(sorted(counts.items())),
        scenarios=tuple(views),
        elsewhere=sum(entry.id not in named for entry in manifest.scenarios),
        errors=tuple(f"{error.file}: {error.message}" for error in manifest.errors),
        redactions=dict(sorted(manifest.redactions.items())),
    )
    seen = tuple(one for one in manifest.coverage if reviewed.same(one.profile.hash, reviewed.profile_hash))
    return Run(run, seen, dict(sorted(reader.calls.items())))


def _other_rules(name: str, reviewed: Reviewed, manifest: Manifest) -> UsageError:
    ran = ", ".join(f"{shown(one.id, 80)} {shown(one.version, 40)} ({one.hash[:19]}…)" for one in manifest.profiles[:5])
    message = f"no scenario ran on {shown(reviewed.id, 80)} {shown(reviewed.version, 40)} as it is now"
    message += f" ({reviewed.profile_hash[:19]}…); the run was on {ran or 'no profile'}"
    error: UsageError = UsageError.of("review.other-rules", Place(name), message, _AGAIN)
    return error


class _Reader:
    """Collects what concerns the pack, one record after the other."""

    def __init__(self, name: str, reviewed: Reviewed, entries: Mapping[str, ManifestScenario]) -> None:
        self.matched = False
        self.calls: dict[str, tuple[int, int]] = {}
        self._name = name
        self._reviewed = reviewed
        self._entries = entries
        self._views: dict[str, ScenarioView] = {}
        self._own_seen: set[str] = set()
        #: What stands before the own scenarios in the ids of this run.
        self._before: set[str] = set()

    def record(self, record: RecordLine) -> None:
        """One record. Raises UsageError where it is of the pack in another state."""
        entry = self._entries.get(record.id)
        result = _object(msgspec.json.decode(record.result))
        profile, scenario = _object(result.get("profile")), _object(result.get("scenario"))
        reviewed = self._reviewed
        if entry is None:
            return
        if not reviewed.same(profile.get("hash"), reviewed.profile_hash):
            if (profile.get("id"), profile.get("version")) == (reviewed.id, reviewed.version):
                message = f"'{shown(record.id)}' ran on other rules: {shown(profile.get('hash'), 19)}…, the pack has "
                raise self._stale(message + f"{reviewed.profile_hash[:19]}…")
            return
        self.matched = True
        key = self._key(record.id)
        own = reviewed.own.get(key)
        if own is not None:
            if not reviewed.same(scenario.get("hash"), own.hash):
                raise self._stale(f"the scenario '{shown(record.id)}' has changed since it ran")
            self._own_seen.add(key)
            self._before.add(record.id.removesuffix(key))
        self._count(result.get("hooks"))
        steps = result.get("steps")
        views = tuple(_step(_object(step)) for step in steps) if isinstance(steps, list) else ()
        file = str(scenario.get("file", ""))
        self._views[record.id] = _view(entry, own, file, str(scenario.get("hash", "")), views)

    def views(self, *, fresh: bool) -> list[ScenarioView]:
        """All scenarios that concern the pack, in order of id: also those that left no record, or never ran."""
        for item_id, entry in self._entries.items():
            key = self._key(item_id)
            own = self._reviewed.own.get(key)
            if entry.ref is UNSET and (fresh or (own is not None and item_id.removesuffix(key) in self._before)):
                self._own_seen.add(key)
                self._views[item_id] = _view(entry, own, item_id.partition("::")[0], "", ())
        for key, own in self._reviewed.own.items():
            if key not in self._own_seen:
                absent = ManifestScenario(key, "not_run", note="not in this evidence")
                self._views[key] = _view(absent, own, "", "", ())
        return [self._views[item_id] for item_id in sorted(self._views)]

    def _key(self, item_id: str) -> str:
        """The end of an id that names a scenario of the pack; the id itself where none does."""
        own = self._reviewed.own
        path, colons, name = item_id.rpartition("::")
        while colons and f"{path}::{name}" not in own:
            at = min((found for found in (path.find("/"), path.find("::")) if found >= 0), default=-1)
            if at < 0:
                return item_id
            path = path[at:].lstrip("/:")
        return f"{path}::{name}"

    def _count(self, hooks: Any) -> None:
        calls = _object(hooks).get("calls")
        for call in map(_object, calls if isinstance(calls, list) else []):
            code = call.get("entrypoint_hash")
            if code and not self._reviewed.same(code, self._reviewed.code_hash):
                raise self._stale(f"the code of the hook {shown(call.get('hook_id'), 80)} has changed since it ran")
            name = str(call.get("hook_id"))
            before, failed = self.calls.get(name, (0, 0))
            self.calls[name] = before + 1, failed + (call.get("status") != "ok")

    def _stale(self, message: str) -> UsageError:
        error: UsageError = UsageError.of("review.stale", Place(self._name), message, _AGAIN)
        return error


def _view(
    entry: ManifestScenario, own: Own | None, file: str, digest: str, steps: tuple[StepView, ...]
) -> ScenarioView:
    return ScenarioView(
        id=entry.id,
        where=own.where if own is not None else file,
        classes=own.classes if own is not None else (),
        description=own.description if own is not None else "",
        begins=own.begins if own is not None else (),
        outcome=entry.outcome,
        note="" if entry.note is UNSET else entry.note,
        ref="" if entry.ref is UNSET else entry.ref,
        hash=own.hash if own is not None else digest,
        steps=steps,
    )


def _step(step: dict[str, Any]) -> StepView:
    request, approval, response = (_object(step.get(name)) for name in ("request", "approval", "response"))
    actor = _object(request.get("actor"))
    answer = [str(response[name]) for name in ("status", "route") if name in response]
    if response.get("gate_id"):
        answer.append(f"at {response['gate_id']}")
    if response.get("idempotent_replay") is True:
        answer.append("(stored answer)")
    if approval:
        name, verdict, differs = _said(step, "name"), _said(step, "verdict"), _differs(step)
        return StepView(name, approval_said(approval), "the trusted surface", "", "", "", verdict, differs)
    return StepView(
        name=_said(step, "name"),
        action=_said(request, "action"),
        actor=_said(actor, "role"),
        payload=_json(request["payload"]) if "payload" in request else "",
        key=_said(request, "idempotency_key"),
        answer=" ".join(answer),
        verdict=_said(step, "verdict"),
        differs=_differs(step),
    )


def _differs(step: dict[str, Any]) -> tuple[str, ...]:
    mismatches = step.get("mismatches")
    found = [
        f"{_said(one, 'field')}: expected {_json(one.get('expected'))}, came back "
        f"{_json(one['actual']) if 'actual' in one else 'nothing'}"
        for one in map(_object, mismatches if isinstance(mismatches, list) else [])
    ]
    return (*found, *([str(step["fault"])] if "fault" in step else ()))


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _said(data: Mapping[str, Any], name: str) -> str:
    return str(data.get(name, ""))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
