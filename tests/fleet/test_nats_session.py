"""What is not waited for any more is also not complained about."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from pytest_fluxscenario.fleet.snake.nats_session import bounded


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_what_fails_while_its_waiter_ends_leaves_no_traceback(steps: int) -> None:
    """In whichever step of the loop: a rack that ends while its server does says nothing of it."""
    complaints: list[dict[str, Any]] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, said: complaints.append(said))
        fails = asyncio.Event()

        async def doing() -> None:
            await fails.wait()
            raise OSError(111, "refused")

        waiter = asyncio.create_task(bounded(doing(), 5))
        await asyncio.sleep(0.01)
        fails.set()
        for _ in range(steps):
            await asyncio.sleep(0)
        waiter.cancel()
        with pytest.raises((asyncio.CancelledError, OSError)):
            await waiter
        del waiter
        await asyncio.sleep(0)
        gc.collect()

    asyncio.run(main())
    gc.collect()
    assert complaints == []
