"""The records of a run in memory: a list, whatever of it is compressed."""

from __future__ import annotations

import tracemalloc

import msgspec
import pytest
from msgspec import structs

from pytest_fluxscenario.fleet.mixer.history.records import Batch, RecordList
from pytest_fluxscenario.remote.api import ItemDone

_RECORD = '{"result":"' + "what records have in common " * 80 + '"}'


def _done(number: int) -> ItemDone:
    return ItemDone(number, f"scenarios/{number}.json::s", 1, "rack-1", "ran", record=f"{number}{_RECORD}", seen="ff")


def _list(count: int) -> tuple[RecordList, list[ItemDone]]:
    made, plain = RecordList(), [_done(number + 1) for number in range(count)]
    for start in range(0, count, 7):
        _add(made, made.packed(plain[start : start + 7]))
    return made, plain


def _add(made: RecordList, batch: Batch) -> None:
    if batch.words:
        made.learn(batch.words)
    for text, row in zip(batch.texts, batch.rows, strict=True):
        made.append(text, row)


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
    since = made.since(count // 2, 7)
    assert [msgspec.json.decode(text, type=ItemDone) for text in since] == plain[count // 2 : count // 2 + 7]
    with pytest.raises(IndexError):
        made[count]


def test_it_is_small() -> None:
    tracemalloc.start()
    made = RecordList()
    for number in range(2_000):
        _add(made, made.packed([_done(number + 1)]))
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    # Besides the last ones, which are there as they are.
    assert held < 300 * len(_RECORD) + 2_000 * len(_RECORD) / 8


def test_what_has_no_record_makes_no_dictionary() -> None:
    made = RecordList()
    skipped = ItemDone(1, "a", 1, "", "skipped", "not here", counts="skipped")
    batch = made.packed([skipped])
    assert batch.words == b""
    _add(made, batch)
    batch = made.packed([_done(2), structs.replace(skipped, number=3)])
    assert _RECORD.encode() in batch.words.replace(b'\\"', b'"')
    _add(made, batch)
    _add(made, made.packed([_done(4)]))
    assert [done.number for done in made] == [1, 2, 3, 4]
    assert len(made.packed([_done(5)]).rows[0]) < 100


def test_a_list_that_could_not_be_stored_is_as_it_was() -> None:
    made = RecordList()
    first = made.packed([_done(1)])
    # What was packed is stored by whoever asked for it, or not: the next dictionary is another one, and both are known.
    second = made.packed([_done(100_000)])
    assert len(made) == 0
    made.learn(first.words)
    _add(made, second)
    assert made.unpacked(first.rows[0]) == first.texts[0]
    assert made.unpacked(second.rows[0]) == second.texts[0]
