"""What is done again and again survives whatever goes wrong in it, and says so once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

import pytest

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.fleet import repeating
from pytest_fluxscenario.fleet.repeating import Repeating
from tests.fakes.waiting import PATIENCE

_TRIED = "it could not be done, and it is tried again"


def _repeat(outcomes: Iterable[Exception | None]) -> int:
    """How often it was called, until all of the outcomes had come."""
    left, called, all_of_it = list(outcomes), 0, asyncio.Event()

    async def what() -> None:
        nonlocal called
        called += 1
        if not left:
            all_of_it.set()
            return
        outcome = left.pop(0)
        if outcome is not None:
            raise outcome

    async def main() -> None:
        made = Repeating(what, 0.001, "it could not be done", "it is done again", at_once=True).start()
        async with asyncio.timeout(PATIENCE):
            await all_of_it.wait()
        await made.stop()

    asyncio.run(main())
    return called


def _error(message: str) -> FluxError:
    return FluxError.of("a.code", Place("here"), message)


def _said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "fluxrig.mixer"]


def test_what_fails_is_said_once_and_when_it_goes_well_again(caplog: pytest.LogCaptureFixture) -> None:
    full, gone = _error("the disk is full"), _error("the disk is gone")
    called = _repeat([None, full, full, full, gone, None, None, full, None])
    assert called == 10
    assert _said(caplog) == [
        f"{_TRIED}: here: the disk is full",
        f"{_TRIED}: here: the disk is gone",
        "it is done again",
        f"{_TRIED}: here: the disk is full",
        "it is done again",
    ]
    assert {record.levelno for record in caplog.records if record.name == "fluxrig.mixer"} == {logging.WARNING}


def test_a_fault_of_our_own_does_not_end_it_and_is_said_with_its_place(caplog: pytest.LogCaptureFixture) -> None:
    called = _repeat([ZeroDivisionError("by zero"), ZeroDivisionError(), RecursionError(), None])
    assert called == 5
    assert _said(caplog)[:3] == [
        f"{_TRIED}: ZeroDivisionError: by zero",
        f"{_TRIED}: ZeroDivisionError",
        f"{_TRIED}: RecursionError",
    ]
    assert "in what\n" in caplog.text


def test_what_lasts_is_said_again_after_some_minutes(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter(range(0, 10_000, 250))
    monkeypatch.setattr(repeating, "seconds", lambda: next(now))
    _repeat([_error("the disk is full")] * 7)
    assert _said(caplog) == [f"{_TRIED}: here: the disk is full"] * 3 + ["it is done again"]


@pytest.mark.parametrize(("at_once", "called"), [(True, 1), (False, 0)])
def test_it_begins_at_once_where_it_is_told_to(at_once: bool, called: int) -> None:
    times = 0

    async def what() -> None:
        nonlocal times
        times += 1

    async def main() -> None:
        made = Repeating(what, 60, "it could not be done", "it is done again", at_once=at_once).start()
        # It goes on once, however often it is begun.
        made.start()
        await asyncio.sleep(0.01)
        await made.stop()
        await made.stop()

    asyncio.run(main())
    assert times == called


def test_what_is_under_way_is_broken_off() -> None:
    broken_off = False

    async def what() -> None:
        nonlocal broken_off
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            broken_off = True
            raise

    async def main() -> None:
        made = Repeating(what, 60, "it could not be done", "it is done again", at_once=True).start()
        await asyncio.sleep(0.01)
        async with asyncio.timeout(PATIENCE):
            await made.stop()

    asyncio.run(main())
    assert broken_off
