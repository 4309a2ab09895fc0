"""A control that lies elsewhere: an answer counts for the run and the profile that were asked for, and for no other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_fluxscenario.gears.in_process import InProcessGear
from pytest_fluxscenario.gears.port import Gear, GearControl, GearError, GearSaysError, Stage
from pytest_fluxscenario.gears.remote import RemoteGear
from pytest_fluxscenario.gears.wire import Ask, failed
from pytest_fluxscenario.model.request import Actor, Environment, Given, Request
from pytest_fluxscenario.model.response import Response
from pytest_fluxscenario.packs.files import FolderFiles
from pytest_fluxscenario.packs.load import load_pack
from pytest_fluxscenario.packs.pack import Pack
from tests.fakes.packs import write_pack

_ASKED = Request("work.do", Actor("agent-1", "agent"), {}, "run-1")


@dataclass
class Channel:
    """Keeps what it is asked, and answers as ``answer`` says."""

    answer: Callable[[Ask], dict[str, Any]]
    begins: bool = True
    asked: list[Ask] = field(default_factory=list)

    def ask(self, message: Ask) -> dict[str, Any]:
        self.asked.append(message)
        if message.op == "hello":
            return {"name": "far", "version": "1"}
        return self.answer(message)

    def close(self) -> None:
        pass

    def runs(self, op: str) -> list[str]:
        return [str(ask.run_id) for ask in self.asked if ask.op == op]


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    return load_pack(FolderFiles(str(write_pack(tmp_path / "small")), "small"))


def _stage(pack: Pack) -> Stage:
    return Stage(pack, Environment(), datetime(2026, 1, 1, tzinfo=UTC), dict)


def _control(pack: Pack, gear: Gear) -> GearControl:
    return GearControl(gear, _stage(pack))


def _says(pack: Pack, **more: Any) -> dict[str, Any]:
    about = {"profile_id": pack.profile.id, "profile_version": pack.profile.version, "profile_hash": pack.profile_hash}
    return {"status": "ok", "route": "Continue", "run_id": "run-1", **about, **more}


def _echo(pack: Pack, **more: Any) -> Callable[[Ask], dict[str, Any]]:
    def answer(ask: Ask) -> dict[str, Any]:
        if ask.op != "decide":
            return {}
        assert isinstance(ask.request, Request)
        return _says(pack, **{"run_id": ask.request.run_id, **more})

    return answer


def test_a_server_is_told_a_run_of_its_own_and_a_program_the_scenarios(pack: Pack) -> None:
    for private in (False, True):
        channel = Channel(_echo(pack, reason="for {run-1}"))
        control = _control(pack, RemoteGear("mine", lambda channel=channel: channel, private))  # type: ignore[misc]  # mypy does not know the default
        control.begin("run-1", Given())
        assert control.decide(_ASKED)["run_id"] == "run-1"
        assert (channel.runs("begin") == ["run-1"]) is private


def test_a_program_that_is_told_of_no_beginning_has_a_new_run_for_each_scenario(pack: Pack) -> None:
    # Else what one scenario has written would still be there for the next.
    channel = Channel(_echo(pack), begins=False)
    gear = RemoteGear("mine", lambda: channel, True)
    for _ in range(2):
        control = _control(pack, gear)
        control.begin("run-1", Given())
        assert control.decide(_ASKED)["run_id"] == "run-1"
    runs = [ask.request.run_id for ask in channel.asked if isinstance(ask.request, Request)]
    assert len(set(runs)) == 2
    assert "run-1" not in runs


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("run", ["run-2", "fx-0123", "", None, 1, "missing"])
def test_an_answer_for_another_run_is_none(pack: Pack, private: bool, run: object) -> None:
    def answer(ask: Ask) -> dict[str, Any]:
        said = _says(pack, run_id=run)
        return {key: value for key, value in said.items() if value != "missing"}

    control = _control(pack, RemoteGear("mine", lambda: Channel(answer), private))
    control.begin("run-1", Given())
    with pytest.raises(GearError, match=r"the gear far 1 answers for the run '.*', and was asked for another"):
        control.decide(_ASKED)


def test_a_server_does_not_know_the_scenarios_own_name_of_a_run(pack: Pack) -> None:
    # It is nobody's there: whoever says it answers something else.
    control = _control(pack, RemoteGear("mine", lambda: Channel(lambda _: _says(pack, run_id="run-1"))))
    control.begin("run-1", Given())
    with pytest.raises(GearError, match="answers for the run 'run-1', and was asked for another"):
        control.decide(_ASKED)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"profile_hash": "sha256:" + "0" * 64}, "is under test"),
        ({"profile_version": "1.0.1"}, "is under test"),
        ({"profile_id": "other"}, "is under test"),
        ({"profile_id": None}, "is under test"),
        ({"reason": float("nan")}, "what JSON cannot say"),
        ({"reason": 1 << 60}, "what JSON cannot say"),
        ({"reason": object()}, "what JSON cannot say"),
    ],
)
def test_what_no_verdict_can_rest_on_is_refused(pack: Pack, more: dict[str, Any], said: str) -> None:
    control = _control(pack, RemoteGear("mine", lambda: Channel(_echo(pack, **more)), True))
    control.begin("run-1", Given())
    with pytest.raises(GearError, match=said):
        control.decide(_ASKED)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda pack: Response(**_says(pack, run_id="run-2")), "answers for the run 'run-2'"),
        (lambda pack: Response(**_says(pack, reason=float("inf"))), "what JSON cannot say"),
        (lambda _: ["ok"], "answers with a list, and not with an object"),
        (lambda _: None, "answers with a NoneType, and not with an object"),
    ],
)
def test_a_function_of_this_process_is_held_to_the_same(pack: Pack, answer: Callable[[Pack], Any], said: str) -> None:
    gear = InProcessGear("mine", "m", "f")
    control = SimpleNamespace(begin=lambda *_: None, approve=lambda *_: None, decide=lambda _: answer(pack))
    gear.__dict__["make"] = lambda _: control
    made = _control(pack, gear)
    made.begin("run-1", Given())
    with pytest.raises(GearError, match=said):
        made.decide(_ASKED)


def test_who_did_not_answer_is_not_asked_to_forget(pack: Pack) -> None:
    def silent(ask: Ask) -> dict[str, Any]:
        if ask.op == "decide":
            raise failed("mine", "did not answer")
        return {}

    def refusing(ask: Ask) -> dict[str, Any]:
        if ask.op == "decide":
            raise GearSaysError(failed("mine", "says: no").problems)
        return {}

    for answer, ends in ((silent, 0), (refusing, 1)):
        channel = Channel(answer)
        gear = RemoteGear("mine", lambda channel=channel: channel)  # type: ignore[misc]  # mypy does not know the default
        control = _control(pack, gear)
        control.begin("run-1", Given())
        with pytest.raises(GearError):
            control.decide(_ASKED)
        _control(pack, gear).begin("run-1", Given())
        assert len(channel.runs("end")) == ends
