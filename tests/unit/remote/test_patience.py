"""A Mixer that does not answer is asked again, and what is told in the end says for how long."""

from __future__ import annotations

import socket

import pytest

from pytest_fluxscenario.remote.client import Client, UnreachableError, patiently
from pytest_fluxscenario.remote.trouble import offers, unreachable


def _nobody() -> UnreachableError:
    error = unreachable("http://127.0.0.1:1", ConnectionRefusedError(111, "Connection refused"), 5.0)
    assert isinstance(error, UnreachableError)
    return error


@pytest.mark.parametrize(
    ("wait", "said"), [(0.0, "refused (start it"), (0.3, "refused, tried for 0.3 seconds (start it")]
)
def test_whoever_gives_up_says_how_long_it_was_tried(wait: float, said: str) -> None:
    told: list[UnreachableError] = []

    def ask() -> None:
        raise _nobody()

    with pytest.raises(UnreachableError) as raised:
        patiently(Client("http://127.0.0.1:1"), wait, ask, told.append)
    assert said in str(raised.value)
    assert bool(told) == bool(wait)


def test_a_name_that_nobody_has_is_no_mixer_to_start() -> None:
    error = unreachable("http://nowhere.invalid", socket.gaierror(-2, "Name or service not known"), 5.0)
    said = "its name means nothing here: Name or service not known (is the address right?)"
    assert said in str(error)


def test_what_is_offered_is_counted_in_words() -> None:
    assert offers({"mine": 1, "engine": 2}) == "'engine' by 2 racks, 'mine' by 1 rack"
    assert offers({}) == "nothing"
