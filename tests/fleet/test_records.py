"""The records of a run in memory: a list, whatever of it is compressed."""

from __future__ import annotations

import tracemalloc

import pytest

from pytest_fluxscenario.fleet.records import RecordList
from pytest_fluxscenario.remote.api import ItemDone

_RECORD = '{"result":"' + "what records have in common " * 80 + '"}'


def _done(number: int) -> ItemDone:
    return ItemDone(number, f"scenarios/{number}.json::s", 1, "rack-1", "ran", record=f"{number}{_RECORD}", seen="ff")


def _list(count: int) -> tuple[RecordList, list[ItemDone]]:
    made, plain = RecordList(), [_done(number + 1) for number in range(count)]
    for done in plain:
        made.append(done)
    return made, plain


@pytest.mark.parametrize("count", [0, 1, 299, 300, 301, 1_234])
def test_it_is_a_list(count: int) -> None:
    made, plain = _list(count)
    assert len(made) == count
    assert list(made) == plain
    several: list[slice] = [
        slice(None),
        slice(0, 5),
        slice(95, 205),
        slice(count - 3, None),
        slice(count, None),
        slice(None, None, 97),
    ]
    for part in several:
        assert made[part] == plain[part]
    for at in range(0, count, 61):
        assert made[at] == plain[at]
        assert made[at - count] == plain[at - count]
    assert made.since(count // 2, 7) == plain[count // 2 : count // 2 + 7]
    with pytest.raises(IndexError):
        made[count]


def test_it_is_small() -> None:
    tracemalloc.start()
    made = RecordList()
    for number in range(2_000):
        made.append(_done(number + 1))
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert held < 2_000 * len(_RECORD) / 4
