"""Slots of a rack that end at nearly the same time: told of together, and never held up for long."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from pytest_fluxscenario.fleet.rack.pace import Pace
from tests.fakes.waiting import PATIENCE
from tests.fleet.desk import until


async def _slot(pace: Pace, seconds: float, said: list[str], telling: float = 0.0) -> None:
    with pace.running():
        await asyncio.sleep(seconds)
        said.append("ended")
    async with pace.recording():
        said.append("told")
        await asyncio.sleep(telling)


def test_what_ends_shortly_after_one_another_is_told_of_together() -> None:
    async def main() -> list[str]:
        pace, said = Pace(), list[str]()
        # Once before: a rack knows how long its latest scenario has taken.
        await _slot(pace, 0, said)
        said.clear()
        turns = [asyncio.Event() for _ in range(3)]

        async def slot(number: int) -> None:
            with pace.running():
                await turns[number].wait()
            async with pace.recording():
                said.append(f"told {number}")

        slots = [asyncio.create_task(slot(number)) for number in range(3)]
        for number, turn in enumerate(turns):
            await asyncio.sleep(0)
            said.append(f"ends {number}")
            turn.set()
        await asyncio.gather(*slots)
        return said

    assert asyncio.run(main()) == ["ends 0", "ends 1", "ends 2", "told 2", "told 0", "told 1"]


def test_nobody_waits_longer_than_a_moment_for_one_that_takes_long() -> None:
    async def main() -> tuple[list[str], float]:
        pace, said, loop = Pace(), list[str](), asyncio.get_running_loop()
        long = asyncio.create_task(_slot(pace, 5, []))
        await asyncio.sleep(0)
        begun = loop.time()
        await _slot(pace, 0, said)
        took = loop.time() - begun
        long.cancel()
        with suppress(asyncio.CancelledError):
            await long
        return said, took

    said, took = asyncio.run(main())
    assert said == ["ended", "told"]
    assert took < 1


def test_who_ran_for_long_and_who_is_alone_waits_for_nobody() -> None:
    async def main() -> None:
        pace = Pace()
        pace._moment = 60
        long = asyncio.create_task(_slot(pace, 60, []))
        await asyncio.sleep(0)
        await _slot(pace, 0.02, [])
        await pace.settle()
        long.cancel()
        with suppress(asyncio.CancelledError):
            await long
        await _slot(pace, 0, [])
        await pace.settle()

    asyncio.run(asyncio.wait_for(main(), PATIENCE))


def test_there_is_most_room_when_what_is_told_is_told() -> None:
    async def main() -> list[str]:
        pace, said = Pace(), list[str]()
        pace._moment = 60
        slots = [asyncio.create_task(_slot(pace, 0, said, telling=0.1)) for _ in range(2)]
        await until(lambda: said.count("told") == 2)
        settling = asyncio.create_task(pace.settle())
        await asyncio.sleep(0)
        assert not settling.done()
        await settling
        said.append("settled")
        assert not pace._recording
        await asyncio.gather(*slots)
        return said

    assert asyncio.run(main())[-1] == "settled"


def test_who_is_cancelled_meanwhile_is_no_matter_to_others() -> None:
    async def main() -> None:
        pace = Pace()
        await _slot(pace, 0, [])
        long = asyncio.create_task(_slot(pace, 0.005, []))
        await asyncio.sleep(0)
        given_back = asyncio.create_task(_slot(pace, 0, []))
        other = asyncio.create_task(_slot(pace, 0, []))
        await asyncio.sleep(0.0005)
        given_back.cancel()
        await asyncio.gather(long, other)
        assert (pace._running, pace._recording) == (0, 0)

    asyncio.run(asyncio.wait_for(main(), PATIENCE))
