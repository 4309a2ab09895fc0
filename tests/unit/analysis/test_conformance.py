"""The scenarios of `fluxrig gear check`: the engine holds, and a control that breaks a rule is found at that rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pytest_fluxscenario.analysis.conformance import Shown, examine
from pytest_fluxscenario.control.port import Control
from pytest_fluxscenario.gears.engine import engine_desk
from pytest_fluxscenario.gears.port import FEATURES, About, Only
from pytest_fluxscenario.gears.remote import RemoteGear
from pytest_fluxscenario.gears.serving import Desk
from pytest_fluxscenario.gears.wire import Ask, encode, read_reply
from pytest_fluxscenario.model.request import Approval, Given, Request
from pytest_fluxscenario.model.response import Response
from pytest_fluxscenario.packs.files import FolderFiles
from pytest_fluxscenario.packs.load import load_pack
from pytest_fluxscenario.packs.resolve import Resolver
from pytest_fluxscenario.runner.suite import Suite, make_subject
from pytest_fluxscenario.runtimes.make import Runtimes

Change = Callable[["Broken", Request], Response | Mapping[str, Any] | None]


@dataclass
class Channel:
    """A desk without a wire."""

    desk: Desk
    begins: bool = True

    def ask(self, message: Ask) -> dict[str, Any]:
        return read_reply(self.desk.answer(encode(message)), "broken", 0)

    def close(self) -> None:
        pass


@dataclass
class Broken:
    """The engine, but for one thing."""

    real: Control
    change: Change | None
    approve_all: bool = False

    def begin(self, run_id: str, given: Given) -> None:
        self.real.begin(run_id, given)

    def decide(self, request: Request) -> Any:
        answer = None if self.change is None else self.change(self, request)
        return self.real.decide(request) if answer is None else answer

    def approve(self, run_id: str, approval: Approval) -> None:
        if self.approve_all:
            approval = msgspec.structs.replace(approval, decision="approved", role="approver", expires_at=None)
        self.real.approve(run_id, approval)


@pytest.fixture(scope="module")
def check() -> Iterator[Callable[..., list[Shown]]]:
    """Examines a gear that answers with the engine, changed."""
    folder = Path(str(files("pytest_fluxscenario.gears") / "conformance"))
    runtimes = Runtimes()
    pack = load_pack(FolderFiles(str(folder), "conformance"))
    subject = make_subject(pack, runtimes)
    assert subject.hooks is not None
    desk = engine_desk(pack, subject.rules, subject.hooks, "1")
    scenarios = sorted((str(path), f"conformance/scenarios/{path.name}") for path in (folder / "scenarios").iterdir())

    def run(
        change: Change | None = None, features: frozenset[str] = frozenset(FEATURES), only: str = "", **more: Any
    ) -> list[Shown]:
        broken = Desk(About("broken", "1", features), lambda opening: Broken(desk.make(opening), change, **more))
        suite = Suite(str(folder.parent), Resolver(str(folder.parent), None))
        suite.gears = Only(RemoteGear("broken", lambda: Channel(broken)))
        return list(examine(suite, [one for one in scenarios if only in one[1]]))

    yield run
    runtimes.close()


def departing(found: list[Shown]) -> set[str]:
    return {one.id.rpartition("::")[2] for one in found if one.finding == "departs"}


def test_the_engine_holds_and_each_rule_is_shown(check: Callable[..., list[Shown]]) -> None:
    found = check()
    assert {one.finding for one in found} == {"holds"}
    assert {one.rule[:7] for one in found} == {f"rule_{number:02}" for number in range(2, 13)}
    with as_file(files("pytest_fluxscenario.gears") / "conformance") as folder:
        assert (folder / "profile.yaml").is_file()


def no_replay(broken: Broken, request: Request) -> Any:
    return (
        broken.real.decide(msgspec.structs.replace(request, idempotency_key=None)) if request.idempotency_key else None
    )


def approver_is_agent(broken: Broken, request: Request) -> Any:
    if request.actor.role != "approver":
        return None
    actor = msgspec.structs.replace(request.actor, role="agent")
    return broken.real.decide(msgspec.structs.replace(request, actor=actor))


def payload_approves(broken: Broken, request: Request) -> Any:
    if "approval_record" in request.payload and request.run_id is not None:
        broken.approve(request.run_id, Approval("approver", "conformance.need"))
    return None


def loose_values(broken: Broken, request: Request) -> Any:
    if request.action != "when.equals" or request.payload.get("a") != "1":
        return None
    return broken.real.decide(msgspec.structs.replace(request, payload={**request.payload, "a": 1}))


def real_without_values(broken: Broken, request: Request) -> Any:
    answer = broken.real.decide(request)
    plain = msgspec.to_builtins(answer)
    if request.action == "note.send" and "gate_id" not in plain and plain["status"] == "nok":
        return {**plain, "status": "ok", "route": "MaterializeAllowed"}
    return plain


def other_route(broken: Broken, request: Request) -> Any:
    plain = msgspec.to_builtins(broken.real.decide(request))
    return {**plain, "route": "Continue"} if plain.get("route") == "MaterializeMock" else plain


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (no_replay, {"replay_gives_the_stored_answer", "other_payload_is_a_conflict"}),
        (approver_is_agent, {"approver_does_not_act"}),
        (payload_approves, {"a_payload_is_no_approval"}),
        (loose_values, {"equals_is_strict"}),
        (real_without_values, {"real_takes_these_values"}),
        (other_route, {"shadow_is_a_mock", "scope_fields_are_needed"}),
    ],
)
def test_a_control_that_breaks_a_rule_is_found(
    check: Callable[..., list[Shown]], change: Change, found: set[str]
) -> None:
    assert found <= departing(check(change))


def _as(change: Callable[[Request], Request]) -> Change:
    """The engine, asked something else."""
    return lambda broken, request: broken.real.decide(change(request))


def _says(change: Callable[[Request, dict[str, Any]], dict[str, Any]]) -> Change:
    """The engine, whose answer is another."""
    return lambda broken, request: change(request, msgspec.to_builtins(broken.real.decide(request)))


def _actor(request: Request, **more: str) -> Request:
    return msgspec.structs.replace(request, actor=msgspec.structs.replace(request.actor, **more))


def _keyed(request: Request, payload: Any, actor: bool = True) -> Request:
    """The same under a key that holds less of the request than it should."""
    said = (request.action, payload, (request.actor.id, request.actor.role) if actor else "")
    key = None if request.idempotency_key is None else f"{request.idempotency_key} {said}"
    return msgspec.structs.replace(request, idempotency_key=key)


def _without(*names: str) -> Change:
    return _says(lambda _, answer: {name: value for name, value in answer.items() if name not in names})


def _yes(_: Request, answer: dict[str, Any]) -> dict[str, Any]:
    kept = {name: answer[name] for name in ("run_id", "profile_id", "profile_version", "profile_hash")}
    return {**answer, **kept, "status": "ok", "route": "Continue"}


#: Something that a rule forbids, and the rule: each control is the engine but for that.
_BROKEN: dict[str, tuple[str, Change]] = {
    "strangers are agents": ("02", _as(lambda r: _actor(r, role="agent") if r.actor.role == "stranger" else r)),
    "approvers are told the contract": (
        "02",
        _as(lambda r: _actor(r, role="agent") if r.action.startswith("fst.") else r),
    ),
    "no key is heeded": ("03", _as(lambda r: msgspec.structs.replace(r, idempotency_key=None))),
    "another request under a key is a new one": ("03", _as(lambda r: _keyed(r, str(r.payload)))),
    "replays are not told": ("03", _says(lambda _, a: {**a, "idempotent_replay": False})),
    "conflicts are not told": ("03", _without("idempotency_conflict")),
    "a conflict is let through": (
        "03",
        _says(lambda r, a: _yes(r, a) if a.get("idempotency_conflict") else a),
    ),
    "complete runs go on": ("04", _says(lambda r, a: _yes(r, a) if "complete" in a.get("reason", "") else a)),
    "completion is not told": ("04", _says(lambda _, a: {**a, "completion_report_exists": False})),
    "undeclared actions are taken": (
        "05",
        _says(lambda r, a: _yes(r, a) if r.action == "note.wirte" else a),
    ),
    "no near name is told": ("05", _says(lambda _, a: {**a, "instruction": "No."} if "instruction" in a else a)),
    "all roles may ask": ("06", _as(lambda r: _actor(r, role="system") if r.action == "roles.system_only" else r)),
    "users may ask": ("06", _as(lambda r: _actor(r, role="agent") if r.action == "needs.note" else r)),
    "gates do not fire": ("07", _says(lambda r, a: _yes(r, a) if "gate_id" in a else a)),
    "gates give no reason of their own": ("07", _says(lambda _, a: {**a, "reason": "No."} if "gate_id" in a else a)),
    "gates all say Blocked": ("07", _says(lambda _, a: {**a, "route": "Blocked"} if "gate_id" in a else a)),
    "the environment is not looked at": (
        "08",
        _says(lambda r, a: _yes(r, a) if r.action == "tools.use" and "gate_id" not in a else a),
    ),
    "the environment comes before gates": (
        "08",
        _as(lambda r: msgspec.structs.replace(r, payload={}) if r.action == "tools.use" else r),
    ),
    "candidates are all admitted": (
        "09",
        _says(lambda r, a: {**_yes(r, a), "created_artifacts": ["x"]} if r.action == "note.write" else a),
    ),
    "sources are not looked at": ("09", _as(lambda r: _actor(r, role="agent") if r.action == "note.write" else r)),
    "validators are not heard": (
        "09",
        _as(
            lambda r: (
                msgspec.structs.replace(r, payload={**r.payload, "weight": "right"}) if r.action == "note.check" else r
            )
        ),
    ),
    "scope fields may be empty": (
        "10",
        _as(
            lambda r: (
                msgspec.structs.replace(r, payload={**r.payload, "to": r.payload.get("to") or "x"})
                if r.action.startswith("letter.")
                else r
            )
        ),
    ),
    "no plan is told": ("10", _without("materialization")),
    "runs complete with nothing": ("11", _says(lambda r, a: _yes(r, a) if r.action == "run.close" else a)),
    "nothing missing is named": ("11", _without("missing_artifacts")),
    "the route is always Continue": ("12", _says(lambda _, a: {**a, "route": "Continue"})),
    "no next actions are told": ("12", _says(lambda _, a: {**a, "next_allowed_actions": []})),
}


@pytest.mark.parametrize("name", _BROKEN)
def test_what_breaks_a_rule_is_found_at_that_rule(check: Callable[..., list[Shown]], name: str) -> None:
    rule, change = _BROKEN[name]
    assert "departs" in {one.finding for one in check(change, only=f"rule_{rule}")}


def test_each_rule_is_broken_here() -> None:
    assert {rule for rule, _ in _BROKEN.values()} == {f"{number:02}" for number in range(2, 13)}


@pytest.mark.parametrize(
    "field",
    [
        "next_allowed_actions",
        "evidence_refs",
        "idempotent_replay",
        "completion_report_exists",
        "hook_calls",
        "created_artifacts",
        "reason",
        "instruction",
        "gate_type",
        "required_approval",
    ],
)
def test_an_answer_that_leaves_out_what_it_has_to_have_departs(check: Callable[..., list[Shown]], field: str) -> None:
    drops = ("created_artifacts", "created_artifact_types") if field == "created_artifacts" else (field,)
    found = [one for one in check(_without(*drops), only="rule_07_approvals") if one.finding == "departs"]
    assert any(field in one.why for one in found)


def test_approvals_that_all_count_are_found(check: Callable[..., list[Shown]]) -> None:
    departs = departing(check(approve_all=True))
    assert {"an_approval_opens", "the_newest_decides", "an_expired_approval_is_none"} <= departs


def test_what_a_gear_cannot_do_is_not_shown_and_departs_from_nothing(check: Callable[..., list[Shown]]) -> None:
    found = check(features=frozenset())
    assert departing(found) == set()
    unshown = {one.id.rpartition("::")[2] for one in found if one.finding == "unshown"}
    assert {"given_records_count", "an_approval_opens", "a_hook_that_fails_stops"} <= unshown
    assert {one.why for one in found if one.finding == "unshown"} >= {
        "the gear broken 1 does not take approvals (it does not name the feature 'approve')"
    }


def test_another_profile_is_never_taken_for_the_one_under_test(check: Callable[..., list[Shown]]) -> None:
    def lie(broken: Broken, request: Request) -> Any:
        plain = msgspec.to_builtins(broken.real.decide(request))
        return {**plain, "profile_hash": "sha256:" + "0" * 64}

    found = check(lie)
    assert {one.finding for one in found} == {"departs"}
    assert "is under test" in found[0].why


def test_the_run_has_its_own_name_again(check: Callable[..., list[Shown]]) -> None:
    seen: list[str] = []

    def look(_broken: Broken, request: Request) -> None:
        seen.append(request.run_id or "")

    assert {one.finding for one in check(look, only="rule_03")} == {"holds"}
    assert all(run.startswith("fx-") and len(run) == 35 for run in seen)
    assert len({*seen}) == len(check(only="rule_03"))
