"""What a transport promises, held against both: within one process, and over a real NATS server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from pytest_fluxscenario.fleet.messages import subjects
from pytest_fluxscenario.fleet.messages.errors import SnakeError
from pytest_fluxscenario.fleet.snake.transport import Delivery, Terms, Transport
from tests.fakes.memory import matches
from tests.fakes.waiting import PATIENCE
from tests.fleet.conftest import Connecting

_WORK = subjects.work("default")
_SHORT = Terms(ack_wait=0.25)


@asynccontextmanager
async def _fleet(connecting: Connecting, terms: Terms = _SHORT) -> AsyncIterator[tuple[Transport, Transport]]:
    """The Mixer's connection, with its queues made, and a rack's."""
    async with connecting("mixer") as mixer, connecting("one") as rack:
        await mixer.prepare(terms)
        await mixer.open_queue(_WORK, terms)
        await mixer.open_queue(subjects.EVIDENCE, terms)
        yield mixer, rack


def test_what_is_published_is_taken_once(connecting: Connecting) -> None:
    async def main() -> None:
        async with _fleet(connecting) as (mixer, rack):
            stored = await mixer.publish(_WORK.of("run-1"), b"one", "k1")
            assert not stored.duplicate
            (taken,) = await rack.take(_WORK, 5, PATIENCE)
            assert (taken.data, taken.sequence, taken.deliveries) == (b"one", stored.sequence, 1)
            await taken.ack()
            assert await rack.take(_WORK, 5, 0.4) == []

    asyncio.run(main())


def test_several_are_done_with_at_once(connecting: Connecting) -> None:
    async def main() -> None:
        async with _fleet(connecting, Terms(ack_wait=1.0)) as (mixer, rack):
            for number in range(5):
                await mixer.publish(_WORK.of("run-1"), b"some", f"k{number}")
            taken = await rack.take(_WORK, 5, PATIENCE)
            await rack.done(taken[:4])
            (again,) = await rack.take(_WORK, 5, PATIENCE)
            assert (again.sequence, again.deliveries) == (taken[4].sequence, 2)
            await rack.done([again])
            await rack.done([])
            # Heard, and a moment later done.
            for _ in range(3_000):
                if not await mixer.waiting(_WORK.stream, _WORK.subject):
                    break
                await asyncio.sleep(0.01)
            else:
                pytest.fail("what is done with still waits")

    asyncio.run(main())


def test_a_key_that_is_known_is_kept_once(connecting: Connecting) -> None:
    async def main() -> None:
        async with _fleet(connecting) as (mixer, rack):
            first = await mixer.publish(_WORK.of("run-1"), b"one", "k1")
            again = await mixer.publish(_WORK.of("run-1"), b"other", "k1")
            assert (again.duplicate, again.sequence) == (True, first.sequence)
            taken = await rack.take(_WORK, 5, PATIENCE)
            assert [one.data for one in taken] == [b"one"]
            await taken[0].ack()
            # Also when the first is done with: that is what a rack that publishes again relies on.
            assert (await mixer.publish(_WORK.of("run-1"), b"one", "k1")).duplicate
            assert await rack.take(_WORK, 5, 0.3) == []

    asyncio.run(main())


def test_what_nobody_acknowledges_comes_again(connecting: Connecting) -> None:
    async def main() -> None:
        async with _fleet(connecting) as (mixer, rack):
            await mixer.publish(_WORK.of("run-1"), b"one", "k1")
            await rack.take(_WORK, 1, PATIENCE)
            (again,) = await rack.take(_WORK, 1, PATIENCE)
            assert (again.data, again.deliveries) == (b"one", 2)
            await again.ack()
            assert await rack.take(_WORK, 1, 0.4) == []

    asyncio.run(main())


def test_a_sign_of_progress_keeps_it(connecting: Connecting) -> None:
    async def main() -> None:
        loop, terms = asyncio.get_running_loop(), Terms(ack_wait=1.0)
        async with _fleet(connecting, Terms(ack_wait=60)) as (mixer, rack):
            await mixer.publish(_WORK.of("run-1"), b"kept", "k1")
            await mixer.publish(_WORK.of("run-1"), b"left", "k2")
            (kept,) = await rack.take(_WORK, 1, PATIENCE)
            (left,) = await rack.take(_WORK, 1, PATIENCE)
            await kept.in_progress()
            signs, again = [loop.time()], list[Delivery]()
            await mixer.open_queue(_WORK, terms)
            while not any(one.sequence == left.sequence for one in again):
                await kept.in_progress()
                signs.append(loop.time())
                again += await rack.take(_WORK, 1, 0.2)
            # Of two that somebody has, that one comes again of which nothing is said; the other with it where a machine
            # that had other things to do let its time pass as well.
            late = any(after - before > terms.ack_wait / 2 for before, after in pairwise([*signs, loop.time()]))
            assert late or [one.data for one in again] == [b"left"]

    asyncio.run(main())


def test_what_is_given_back_comes_at_once_or_after_the_delay(connecting: Connecting) -> None:
    async def main() -> None:
        async with _fleet(connecting, Terms(ack_wait=30)) as (mixer, rack):
            await mixer.publish(_WORK.of("run-1"), b"one", "k1")
            (taken,) = await rack.take(_WORK, 1, PATIENCE)
            await taken.nak()
            (taken,) = await rack.take(_WORK, 1, PATIENCE)
            begun = asyncio.get_running_loop().time()
            await taken.nak(0.5)
            (taken,) = await rack.take(_WORK, 1, PATIENCE)
            assert taken.deliveries == 3
            assert asyncio.get_running_loop().time() - begun >= 0.5

    asyncio.run(main())


def test_what_is_dropped_does_not_come_again(connecting: Connecting) -> None:
    async def main() -> None:
        async with _fleet(connecting) as (mixer, rack):
            await mixer.publish(_WORK.of("run-1"), b"one", "k1")
            (taken,) = await rack.take(_WORK, 1, PATIENCE)
            await taken.term()
            assert await rack.take(_WORK, 1, 0.5) == []

    asyncio.run(main())


def test_a_bound_of_deliveries_holds(connecting: Connecting) -> None:
    async def main() -> None:
        async with _fleet(connecting, Terms(ack_wait=0.2, most_deliveries=2)) as (mixer, rack):
            await mixer.publish(_WORK.of("run-1"), b"one", "k1")
            assert len(await rack.take(_WORK, 1, PATIENCE)) == 1
            assert len(await rack.take(_WORK, 1, PATIENCE)) == 1
            assert await rack.take(_WORK, 1, 0.5) == []

    asyncio.run(main())


def test_two_takers_share_a_queue(connecting: Connecting) -> None:
    async def main() -> None:
        async with _fleet(connecting, Terms(ack_wait=30)) as (mixer, one), connecting("two") as two:
            for number in range(20):
                await mixer.publish(_WORK.of("run-1"), b"%d" % number, f"k{number}")
            seen: list[bytes] = []
            for rack in (one, two, one, two):
                for taken in await rack.take(_WORK, 5, 1):
                    seen.append(taken.data)
                    await taken.ack()
            assert sorted(seen, key=int) == [b"%d" % number for number in range(20)]

    asyncio.run(main())


def test_pools_are_apart(connecting: Connecting) -> None:
    async def main() -> None:
        async with _fleet(connecting) as (mixer, rack):
            other = subjects.work("other")
            await mixer.open_queue(other, _SHORT)
            await mixer.publish(other.of("run-1"), b"one", "k1")
            assert await rack.take(_WORK, 1, 0.3) == []
            (taken,) = await rack.take(other, 1, PATIENCE)
            await taken.ack()

    asyncio.run(main())


def test_what_is_withdrawn_is_not_given_out(connecting: Connecting) -> None:
    async def main() -> None:
        async with _fleet(connecting) as (mixer, rack):
            mine = subjects.work("default", "mine")
            await mixer.open_queue(mine, Terms())
            for number, run in enumerate(("run-1", "run-2", "run-1", "run-2")):
                await mixer.publish(_WORK.of(run), b"%d" % number, f"k{number}")
            await mixer.publish(mine.of("run-1"), b"mine", "k4")
            await mixer.publish(subjects.work("other").of("run-1"), b"other", "k5")
            assert await mixer.withdraw(_WORK.stream, subjects.work_of("default", "run-1")) == 3
            assert await mixer.withdraw(_WORK.stream, subjects.work_of("default", "run-1")) == 0
            assert [one.data for one in await rack.take(_WORK, 5, PATIENCE)] == [b"1", b"3"]
            assert await mixer.waiting(_WORK.stream, mine.subject) == 0
            # That of another pool is another run's.
            assert await mixer.waiting(_WORK.stream, subjects.work("other").subject) == 1

    asyncio.run(main())


def test_a_queue_that_is_opened_again_has_the_new_terms(connecting: Connecting) -> None:
    async def main() -> None:
        async with _fleet(connecting, Terms(ack_wait=60)) as (mixer, rack):
            await mixer.publish(_WORK.of("run-1"), b"one", "k1")
            await rack.take(_WORK, 1, PATIENCE)
            assert await rack.take(_WORK, 1, 0.3) == []
            # Also for what somebody has in his hands.
            await mixer.open_queue(_WORK, Terms(ack_wait=0.25))
            (again,) = await rack.take(_WORK, 1, PATIENCE)
            assert again.deliveries == 2
            await mixer.open_queue(_WORK, Terms(ack_wait=60))
            assert await rack.take(_WORK, 1, 0.6) == []

    asyncio.run(main())


def test_a_stream_that_is_prepared_again_has_the_new_terms(connecting: Connecting) -> None:
    async def main() -> None:
        async with _fleet(connecting, Terms(dedupe=3600)) as (mixer, _):
            await mixer.prepare(Terms(dedupe=0.2))
            await mixer.publish(_WORK.of("run-1"), b"one", "k1")
            async with asyncio.timeout(PATIENCE):
                # Without a pause, which nothing could wake it from.
                while (await mixer.publish(_WORK.of("run-1"), b"one", "k1")).duplicate:
                    await mixer.waiting(_WORK.stream, _WORK.subject)

    asyncio.run(main())


async def _refusal(mixer: Transport, key: str) -> SnakeError | None:
    """What is said of a message of 1,000 bytes; None where there was room for it."""
    try:
        await mixer.publish(_WORK.of("run-1"), b"x" * 1_000, key)
    except SnakeError as error:
        return error
    return None


def test_a_stream_that_is_full_refuses_and_takes_again_when_there_is_room(connecting: Connecting) -> None:
    async def main() -> None:
        async with _fleet(connecting, Terms(most_bytes=20_000)) as (mixer, rack):
            kept = 0
            while (full := await _refusal(mixer, f"k{kept}")) is None:
                kept += 1
            assert full.problems[0].code == "snake.full"
            assert "there is no more room for flux.work.default" in str(full)
            assert 10 <= kept <= 20
            # What is kept is there, and a duplicate of it is none too many.
            taken = await rack.take(_WORK, 3, PATIENCE)
            for delivery in taken:
                await delivery.ack()
            await mixer.publish(_WORK.of("run-1"), b"x" * 1_000, f"k{kept}")
            assert await mixer.waiting("flux-work", _WORK.subject) == kept + 1 - len(taken)

    asyncio.run(main())


def test_what_nobody_has_acknowledged_is_counted(connecting: Connecting) -> None:
    async def main() -> None:
        async with _fleet(connecting) as (mixer, rack):
            stream, subject = _WORK.stream, _WORK.subject
            assert await mixer.waiting(stream, subject) == 0
            for number in range(3):
                await mixer.publish(_WORK.of(f"run-{number}"), b"%d" % number, f"k{number}")
            await mixer.publish(subjects.work("other").of("run-1"), b"other", "k9")
            (taken,) = await rack.take(_WORK, 1, PATIENCE)
            assert await mixer.waiting(stream, subject) == 3
            assert await mixer.waiting(stream, _WORK.of("run-1")) == 1
            await taken.ack()
            assert await mixer.waiting(stream, subject) == 2

    asyncio.run(main())


def test_no_more_is_taken_than_was_asked_for(connecting: Connecting) -> None:
    async def main() -> None:
        async with _fleet(connecting, Terms(ack_wait=60)) as (mixer, rack):
            assert await rack.take(_WORK, 3, 0.2) == []
            taking = asyncio.create_task(rack.take(_WORK, 3, PATIENCE))
            await asyncio.sleep(0.1)
            for number in range(6):
                await mixer.publish(_WORK.of("run-1"), b"%d" % number, f"k{number}")
            assert 1 <= len(first := await taking) <= 3
            # What was not taken is there for another at once, and not held for the one that asked for several.
            rest = await mixer.take(_WORK, 6, PATIENCE)
            assert sorted(one.data for one in first + rest) == [b"%d" % number for number in range(6)]

    asyncio.run(main())


def test_a_look_takes_what_is_there_and_waits_for_nothing(connecting: Connecting) -> None:
    async def main() -> None:
        async with _fleet(connecting) as (mixer, rack):
            begun = asyncio.get_running_loop().time()
            assert [await rack.take(_WORK, most, 0) for most in (1, 5)] == [[], []]
            assert asyncio.get_running_loop().time() - begun < 1
            await mixer.publish(_WORK.of("run-1"), b"a", "a")
            (taken,) = await rack.take(_WORK, 1, 0)
            assert taken.data == b"a"

    asyncio.run(main())


def test_a_taker_is_woken_by_what_is_published(connecting: Connecting) -> None:
    async def main() -> None:
        async with _fleet(connecting) as (mixer, rack):
            taking = asyncio.create_task(rack.take(_WORK, 1, 2 * PATIENCE))
            await asyncio.sleep(0.1)
            await mixer.publish(_WORK.of("run-1"), b"one", "k1")
            done, _ = await asyncio.wait([taking], timeout=PATIENCE)
            assert done
            assert [one.data for one in await taking] == [b"one"]

    asyncio.run(main())


def test_evidence_of_all_runs_goes_to_the_mixer(connecting: Connecting) -> None:
    async def main() -> None:
        async with _fleet(connecting) as (mixer, rack):
            await rack.publish(subjects.evidence("r1"), b"a", "k1")
            await rack.publish(subjects.evidence("r2"), b"b", "k2")
            taken = await mixer.take(subjects.EVIDENCE, 5, PATIENCE)
            if len(taken) < 2:
                taken += await mixer.take(subjects.EVIDENCE, 5, PATIENCE)
            assert [one.data for one in taken] == [b"a", b"b"]
            assert all(before.sequence < after.sequence for before, after in pairwise(taken))

    asyncio.run(main())


def test_asking_and_telling(connecting: Connecting) -> None:
    async def main() -> None:
        async with _fleet(connecting) as (mixer, rack):
            heard: list[tuple[str, bytes]] = []

            async def hello(subject: str, data: bytes) -> bytes:
                heard.append((subject, data))
                return b"welcome " + data

            async def beat(subject: str, data: bytes) -> None:
                heard.append((subject, data))

            await mixer.subscribe(subjects.HELLO, hello)
            listening = await mixer.subscribe(subjects.HEARTBEATS, beat)
            assert await rack.request(subjects.HELLO, b"one", PATIENCE) == b"welcome one"
            await rack.send(subjects.heartbeat("one"), b"1")
            await rack.request(subjects.HELLO, b"again", PATIENCE)
            await listening.end()
            await rack.send(subjects.heartbeat("one"), b"2")
            await rack.request(subjects.HELLO, b"last", PATIENCE)
            assert [data for _, data in heard] == [b"one", b"1", b"again", b"last"]
            assert heard[1][0] == "flux.agent.heartbeat.one"

    asyncio.run(main())


def test_a_request_that_nobody_answers_ends(connecting: Connecting) -> None:
    async def main() -> None:
        async with _fleet(connecting) as (_, rack):
            with pytest.raises(SnakeError, match=r"nobody answers on flux\.content\.get"):
                await rack.request(subjects.CONTENT, b"", 0.3)

    asyncio.run(main())


def test_a_closed_connection_says_so(connecting: Connecting) -> None:
    async def main() -> None:
        async with _fleet(connecting) as (_, rack):
            states = [rack.connected]
            await rack.close()
            await rack.close()
            assert [*states, rack.connected] == [True, False]
            with pytest.raises(SnakeError):
                await rack.send(subjects.heartbeat("one"), b"")

    asyncio.run(main())


@pytest.mark.parametrize(
    ("pattern", "subject", "fits"),
    [
        ("flux.work.*", "flux.work.a", True),
        ("flux.work.*", "flux.work.a.b", False),
        ("flux.telemetry.>", "flux.telemetry.a.b", True),
        ("flux.telemetry.>", "flux.telemetry", False),
        ("flux.a", "flux.b", False),
    ],
)
def test_what_a_pattern_means(pattern: str, subject: str, fits: bool) -> None:
    assert matches(pattern, subject) is fits
