"""What a large collection made is passed over by the garbage collector, and given back at the end."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import cast

import pytest

from pytest_fluxscenario.plugin.session.garbage import settle, settle_again


class _Config:
    """What of pytest's config is used."""

    def __init__(self) -> None:
        self.stash = pytest.Stash()
        self.cleanups: list[Callable[[], None]] = []

    def add_cleanup(self, cleanup: Callable[[], None]) -> None:
        self.cleanups.append(cleanup)


@pytest.fixture
def config() -> Iterator[_Config]:
    gc.unfreeze()
    yield _Config()
    gc.unfreeze()


def test_a_large_collection_is_frozen_until_the_session_ends(config: _Config) -> None:
    settle(cast("pytest.Config", config), 500)
    frozen = gc.get_freeze_count()
    assert frozen > 0
    kept: list[list[int]] = [[] for _ in range(100)]
    settle_again(cast("pytest.Config", config), ran_code=False)
    assert gc.get_freeze_count() > frozen
    assert len(kept) == 100
    for cleanup in config.cleanups:
        cleanup()
    assert gc.get_freeze_count() == 0


def test_a_small_one_is_left_to_the_collector(config: _Config) -> None:
    settle(cast("pytest.Config", config), 499)
    settle_again(cast("pytest.Config", config), ran_code=True)
    assert (gc.get_freeze_count(), config.cleanups) == (0, [])


@pytest.mark.parametrize("items", [0, 5_000])
def test_nothing_is_frozen_where_the_collector_is_off(config: _Config, items: int) -> None:
    gc.disable()
    try:
        settle(cast("pytest.Config", config), items)
    finally:
        gc.enable()
    assert gc.get_freeze_count() == 0
