"""What comes again while a rack has it in its hands, or has recorded it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.fleet.messages.errors import SnakeError
from pytest_fluxscenario.fleet.rack.hands import Hands
from pytest_fluxscenario.fleet.snake.transport import Delivery
from tests.fleet.desk import until

_KEY = "run-0001.a.1"


@dataclass
class Given:
    """A delivery of a server that may have forgotten it."""

    name: str
    said: list[str]
    forgotten: bool = False
    data: bytes = b""
    sequence: int = 1
    deliveries: int = field(default=1)

    async def _say(self, word: str) -> None:
        self.said.append(f"{self.name} {word}")
        if self.forgotten:
            raise SnakeError.of("snake.failed", Place(""), "no answer")

    async def ack(self) -> None:
        await self._say("ack")

    async def nak(self, delay: float = 0) -> None:
        await self._say("nak")

    async def term(self) -> None:
        await self._say("term")

    async def in_progress(self) -> None:
        await self._say("progress")


async def _ack(several: Sequence[Delivery]) -> None:
    for delivery in several:
        await delivery.ack()


def test_what_comes_again_while_it_is_under_way_is_not_begun_twice() -> None:
    async def main() -> list[str]:
        hands, said = Hands(_ack), list[str]()
        held = hands.take(_KEY, Given("first", said))
        assert held is not None
        with held.kept(0.01):
            assert hands.take(_KEY, Given("second", said)) is None
            await until(lambda: said.count("second progress") > 1)
        hands.ended(held, recorded=True)
        await hands.told()
        return said

    # The later delivery is the one that means something to the server.
    assert asyncio.run(main())[-1] == "second ack"


def test_what_comes_again_after_it_was_recorded_is_acknowledged_and_not_run() -> None:
    async def main() -> list[str]:
        hands, said = Hands(_ack), list[str]()
        held = hands.take(_KEY, Given("first", said, forgotten=True))
        assert held is not None
        hands.ended(held, recorded=True)
        await hands.told()
        assert hands.take(_KEY, Given("again", said)) is None
        await hands.told()
        return said

    said = asyncio.run(main())
    assert said.count("again ack") == 1
    # It is tried a second time, and then left: whoever gave it out has forgotten it.
    assert said.count("first ack") == 2


def test_what_ends_at_the_same_moment_is_acknowledged_at_once() -> None:
    async def main() -> list[int]:
        told, said = list[int](), list[str]()

        async def done(several: Sequence[Delivery]) -> None:
            told.append(len(several))
            await _ack(several)

        hands = Hands(done)
        several = [hands.take(f"run-0001.{name}.1", Given(name, said)) for name in "abc"]
        for held in several:
            assert held is not None
            hands.ended(held, recorded=True)
        await hands.told()
        assert said == ["a ack", "b ack", "c ack"]
        return told

    assert asyncio.run(main()) == [3]


def test_what_was_not_recorded_is_taken_again() -> None:
    async def main() -> None:
        hands, said = Hands(_ack), list[str]()
        held = hands.take(_KEY, Given("first", said))
        assert held is not None
        hands.ended(held, recorded=False)
        assert hands.take(_KEY, Given("again", said)) is not None
        # Another attempt, and what is handed out anew, is another scenario.
        assert hands.take("run-0001.a.2", Given("other", said)) is not None
        assert hands.take("run-0001.a.1.7", Given("anew", said)) is not None
        await hands.told()
        assert said == []

    asyncio.run(main())
