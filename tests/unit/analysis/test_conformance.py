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
from pytest_fluxscenario.packs.files import FolderFiles
from pytest_fluxscenario.packs.load import load_pack
from pytest_fluxscenario.packs.resolve import Resolver
from pytest_fluxscenario.runner.suite import Suite, make_subject
from pytest_fluxscenario.runtimes.make import Runtimes

Change = Callable[["Broken", Request], Mapping[str, Any] | None]


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

    def run(change: Change | None = None, features: frozenset[str] = frozenset(FEATURES), **more: Any) -> list[Shown]:
        broken = Desk(About("broken", "1", features), lambda opening: Broken(desk.make(opening), change, **more))
        suite = Suite(str(folder.parent), Resolver(str(folder.parent), None))
        suite.gears = Only(RemoteGear("broken", lambda: Channel(broken)))
        return list(examine(suite, scenarios))

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

    assert {one.finding for one in check(look)} == {"holds"}
    assert all(run.startswith("fx-") and len(run) == 35 for run in seen)
    assert len({*seen}) == len(check())
