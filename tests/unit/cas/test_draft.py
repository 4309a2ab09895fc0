"""Many entries at a time get the tags that they would get one after another."""

from __future__ import annotations

import random

import pytest

from pytest_fluxscenario.base.errors import StoreError
from pytest_fluxscenario.base.names import tag_order
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.cas.draft import Draft
from pytest_fluxscenario.cas.index import Index, TagError, highest

_TAGS = ["v1.0.0", "v0.3.0", "v2.0.0-rc.1", "v10.0.0", None, None, None]


def test_all_at_once_is_one_after_another() -> None:
    dice = random.Random(3)  # noqa: S311 - the same entries every time
    for _ in range(200):
        one, many = Index(), Draft(Index())
        for _ in range(20):
            name, digest = dice.choice("ab"), dice.choice("0123456789abcdef") * 64
            declared, asked = dice.choice(_TAGS), dice.choice(_TAGS)
            alone = Draft(one)
            tag = asked or alone.choose("specs", name, declared, digest, Place("x"))
            assert tag == (asked or many.choose("specs", name, declared, digest, Place("x")))
            held = one.names.get("specs", {}).get(name, {}).get(tag, digest)
            if held != digest:
                for put in (alone.put, many.put):
                    with pytest.raises(TagError, match=f"{name}:{tag} exists with other content"):
                        put("specs", name, tag, digest)
                continue
            new = alone.put("specs", name, tag, digest)
            assert many.put("specs", name, tag, digest) == new
            after = alone.done()
            assert (after is not one) == new
            one = after
        assert many.done().to_bytes() == one.to_bytes()


def test_the_index_itself_stays_as_it_is() -> None:
    index = Index({"specs": {"a": {"v1.0.0": "a" * 64}}})
    draft = Draft(index)
    assert draft.put("specs", "a", "v1.0.0", "a" * 64) is False
    assert draft.done() is index
    draft.put("specs", "a", "v1.1.0", "b" * 64)
    draft.put("profiles", "b", "v1.0.0", "b" * 64)
    assert index.names == {"specs": {"a": {"v1.0.0": "a" * 64}}}
    assert draft.done().names["specs"]["a"] == {"v1.0.0": "a" * 64, "v1.1.0": "b" * 64}


def test_there_is_no_minor_after_the_last() -> None:
    draft = Draft(Index({"specs": {"a": {"v1.999999999.0": "a" * 64}}}))
    with pytest.raises(StoreError, match="no minor version after"):
        draft.choose("specs", "a", None, "b" * 64, Place("x"))


def test_the_highest_tag_is_that_of_semver() -> None:
    dice = random.Random(4)  # noqa: S311 - the same tags every time
    for _ in range(500):
        tags = [
            f"v{dice.choice((0, 1, 9, 10))}.{dice.choice((0, 9, 10, 100))}.{dice.choice((0, 2, 11))}"
            + dice.choice(("", "", "-rc.1", "-rc.10", "-alpha", "-a.b-c.9"))
            for _ in range(dice.randint(1, 12))
        ]
        assert highest(tags) == max(tags, key=tag_order)
    with pytest.raises(ValueError, match="empty"):
        highest([])
