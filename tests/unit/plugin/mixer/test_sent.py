"""What items are called where they were sent to."""

from __future__ import annotations

from typing import Any, cast

import pytest

from pytest_fluxscenario.plugin.mixer.sent import Sent


class _Item:
    def __init__(self, nodeid: str) -> None:
        self.nodeid = nodeid


def _items(*ids: str) -> list[pytest.Item]:
    return cast("list[pytest.Item]", [_Item(one) for one in ids])


def _sent(items: list[pytest.Item], gear: str = "engine") -> Sent:
    sent = Sent()
    sent.collected(items)
    for item in items:
        sent.add(item, gear)
    return sent


def test_items_of_one_id_have_names_of_their_own() -> None:
    items = _items("a::x", "a::y", "a::x", "a::x")
    sent = _sent(items)
    assert list(sent) == ["a::x", "a::y", "a::x (2)", "a::x (3)"]
    assert [sent.name(item) for item in items] == list(sent)
    assert not any(map(sent.is_repeated, items))


def test_no_name_is_that_of_another_item() -> None:
    assert list(_sent(_items("x", "x", "x (2)"))) == ["x", "x (3)", "x (2)"]
    assert list(_sent(_items("x (2)", "x", "x"))) == ["x (2)", "x", "x (3)"]


def test_an_item_that_stands_twice_is_sent_once() -> None:
    items: Any = _items("x", "y")
    sent = _sent([*items, items[0]])
    assert list(sent) == ["x", "y"]
    assert [sent.is_repeated(item) for item in items] == [True, False]


def test_only_what_was_sent_has_a_gear() -> None:
    (item, other), sent = _items("x", "x"), Sent()
    sent.add(item, "own")
    assert item in sent
    assert other not in sent
    assert (sent.gear("x"), sent.gear("x (2)")) == ("own", "")
    with pytest.raises(KeyError):
        sent.name(other)
