"""``fluxrig rack list`` and its companions, on a Mixer that runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_fluxscenario.cli.main import main
from pytest_fluxscenario.fleet.messages.keys import read_key
from tests.fakes.fleet import TOKEN, RunningMixer, running_mixer


@pytest.fixture
def mixer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningMixer]:
    with running_mixer(tmp_path, racks={"auto_adopt": False, "adopt": ("known",)}) as running:
        monkeypatch.setenv("FLUXRIG_API_URL", running.url)
        monkeypatch.setenv("FLUXRIG_API_TOKEN", TOKEN)
        yield running


def test_a_rack_from_its_hello_to_its_end(mixer: RunningMixer, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rack", "list"]) == 0
    assert (
        capsys.readouterr().err == "no rack has said hello yet (start one: fluxrig rack start -c configs/rack.yaml)\n"
    )
    new, known = mixer.rack("new"), mixer.rack("known")
    assert mixer.do(new.hello()).data.state == "pending"
    welcome = mixer.do(known.hello()).data
    assert welcome.state == "active"
    assert welcome.passport
    assert main(["rack", "list"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split()[:4] == ["NAME", "STATE", "LOAD", "DONE"]
    assert [row.split()[:3] for row in rows] == [["known", "active", "0/1"], ["new", "pending", "0/1"]]
    told = []
    for verb in ("approve", "suspend", "activate"):
        assert main(["rack", verb, "new"]) == 0
        told.append(capsys.readouterr().out)
    assert told == ["new: active\n", "new: suspended\n", "new: active\n"]
    assert mixer.do(new.hello()).data.passport
    assert main(["rack", "show", "new"]) == 0
    assert "  key         U" in capsys.readouterr().out
    assert main(["rack", "show", "new", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["gears"] == ["engine"]
    assert main(["rack", "remove", "new"]) == 0
    assert capsys.readouterr().out == "new: removed\n"
    assert main(["rack", "list", "--json"]) == 0
    assert [rack["name"] for rack in json.loads(capsys.readouterr().out)["racks"]] == ["known"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "nobody"), "there is no rack 'nobody' (see: fluxrig rack list)"),
        (("activate", "new"), "the rack 'new' is pending (fluxrig rack approve new)"),
        (("show", "../../etc"), "the path holds what no path here holds"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    mixer: RunningMixer, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    mixer.do(mixer.rack("new").hello())
    assert main(["rack", *arguments]) == 2
    assert capsys.readouterr().err == f"{mixer.url}: {said}\n"


def test_a_mixer_that_is_not_there(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FLUXRIG_API_URL", "http://127.0.0.1:1/")
    assert main(["rack", "list"]) == 2
    said = capsys.readouterr().err
    assert said.startswith(
        "http://127.0.0.1:1: the Mixer cannot be reached: Connection refused (start it: fluxrig-mixer"
    )
    monkeypatch.setenv("FLUXRIG_API_URL", "mixer")
    assert main(["rack", "list"]) == 2
    assert capsys.readouterr().err.startswith("FLUXRIG_API_URL: 'mixer' is no address of a Mixer")


def test_who_may_not_be_a_rack(mixer: RunningMixer) -> None:
    assert mixer.do(mixer.rack("one").hello()).kind == "welcome"
    another_key = mixer.do(mixer.rack("one").hello()).data
    assert another_key.message == "the name 'one' belongs to a rack with another key"
    other = mixer.do(mixer.rack("two", version="pytest-fluxscenario 9.9.9").hello()).data
    assert other.message.startswith("the rack 'two' is pytest-fluxscenario 9.9.9, and the Mixer is pytest-fluxscenario")
    assert "'mixer' is no name of a rack" in mixer.do(mixer.rack("mixer").hello()).data.message
    assert [rack.name for rack in mixer.client().racks()] == ["one"]


def test_a_rack_that_was_removed_waits_for_somebody_whatever_is_adopted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_mixer(tmp_path) as mixer:
        monkeypatch.setenv("FLUXRIG_API_URL", mixer.url)
        monkeypatch.setenv("FLUXRIG_API_TOKEN", TOKEN)
        rack = mixer.rack("one")
        assert mixer.do(rack.hello()).data.state == "active"
        assert main(["rack", "remove", "one"]) == 0
        assert mixer.do(rack.hello()).data.state == "pending"
        assert mixer.do(rack.hello()).data.passport == b""
        # Another key under the name is another rack: it is what the owner made room for.
        assert main(["rack", "remove", "one"]) == 0
        assert mixer.do(mixer.rack("one").hello()).data.state == "active"
        assert main(["rack", "remove", "one"]) == 0
    with running_mixer(tmp_path) as mixer:
        monkeypatch.setenv("FLUXRIG_API_URL", mixer.url)
        again = mixer.rack("one", key=rack.key)
        assert mixer.do(again.hello()).data.state == "pending"
        assert main(["rack", "approve", "one"]) == 0
        assert mixer.do(again.hello()).data.state == "active"
        assert main(["rack", "suspend", "one"]) == 0
        assert mixer.do(again.hello()).data.state == "suspended"
    capsys.readouterr()


def test_a_key_is_that_of_one_rack_and_of_no_other(mixer: RunningMixer) -> None:
    first = mixer.rack("known")
    assert mixer.do(first.hello()).data.state == "active"
    renamed = mixer.do(mixer.rack("renamed", key=first.key).hello()).data
    assert renamed.message == "the key of the rack 'renamed' is that of the rack 'known'"
    assert renamed.hint.startswith("was it renamed? fluxrig rack remove known")
    joining = read_key(str(mixer.folder / "data/keys/joining.nk"))
    assert joining is not None
    assert "has a key that is none of a rack's own" in mixer.do(mixer.rack("thief", key=joining).hello()).data.message
    # All that are let in after it still are.
    mixer.client().remove_rack("known")
    assert mixer.do(mixer.rack("renamed", key=first.key).hello()).data.state == "pending"
    assert mixer.client().tell_rack("renamed", "approve").state == "active"
    assert [rack.name for rack in mixer.client().racks()] == ["renamed"]


def test_whoever_was_never_seen_cannot_be_approved(mixer: RunningMixer, capsys: pytest.CaptureFixture[str]) -> None:
    for verb in ("approve", "suspend", "activate", "remove"):
        assert main(["rack", verb, "nobody"]) == 2
        assert capsys.readouterr().err == f"{mixer.url}: there is no rack 'nobody' (see: fluxrig rack list)\n"
