"""What a setting means."""

from __future__ import annotations

import pytest

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.gears.in_process import InProcessGear
from pytest_fluxscenario.gears.opening import open_gear
from pytest_fluxscenario.gears.port import GearError
from pytest_fluxscenario.gears.remote import RemoteGear
from pytest_fluxscenario.gears.settings import GearSettings


def test_nothing_is_the_engine() -> None:
    assert open_gear(GearSettings()) is None


@pytest.mark.parametrize(
    "text",
    [
        "stdio:./gear --fast 'a b'",
        "http://localhost:8091/",
        "https://gear.test/x?y=1",
        "mcp:gear",
        "mcp+http://[::1]:1/",
    ],
)
def test_what_lies_elsewhere_is_not_started_yet(text: str) -> None:
    gear = open_gear(GearSettings(text))
    assert isinstance(gear, RemoteGear)
    gear.close()


def test_a_function_is_imported_when_it_is_needed() -> None:
    gear = open_gear(GearSettings("no.such.module:make"))
    assert isinstance(gear, InProcessGear)
    with pytest.raises(GearError, match="cannot be imported: ModuleNotFoundError"):
        _ = gear.about
    for name, said in (("json:nothing", "AttributeError"), ("json:__name__", "is no function")):
        gear = open_gear(GearSettings(name))
        assert gear is not None
        with pytest.raises(GearError, match=said):
            _ = gear.about


@pytest.mark.parametrize(
    "text",
    [
        "gear",
        "stdio:",
        "stdio: ",
        "stdio:'",
        "mcp:",
        "http://",
        "http://user:secret@host/",
        "http://host:99999/",
        "http://ho st/",
        "http://host/\r\nX: y",
        "mcp+http:",
        "ftp://host/",
        "a b:c",
        ":x",
        "x:",
    ],
)
def test_what_means_nothing_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(UsageError, match="the gear '"):
        open_gear(GearSettings(text))
