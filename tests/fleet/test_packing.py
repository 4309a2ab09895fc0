"""Texts that are packed: each comes back whole, or not at all."""

from __future__ import annotations

import zlib

import pytest

from pytest_fluxscenario.fleet.mixer.history.packing import Packer, packed, words_of

_TEXTS = [b'{"record": "one of many that are much alike", "number": %d}' % number for number in range(20)]


def test_a_text_comes_back_whichever_dictionary_was_learned_after_it() -> None:
    packer = Packer()
    plain = packer.pack(_TEXTS[0])
    packer.learn(words_of(_TEXTS))
    first = packer.pack(_TEXTS[1])
    packer.learn(b"other words")
    second = packer.pack(_TEXTS[2])
    assert [packer.unpack(one) for one in (plain, first, second)] == _TEXTS[:3]
    assert len(first) < len(plain)


@pytest.mark.parametrize("words", [b"", words_of(_TEXTS)], ids=["without", "with"])
def test_no_part_of_a_packed_text_is_one(words: bytes) -> None:
    packer = Packer()
    packer.learn(words)
    whole = packed(_TEXTS[3], words)
    assert packer.unpack(whole) == _TEXTS[3]
    for length in range(len(whole)):
        with pytest.raises(zlib.error):
            packer.unpack(whole[:length])


def test_without_its_dictionary_a_text_is_not_made_up() -> None:
    with pytest.raises(KeyError):
        Packer().unpack(packed(_TEXTS[4], words_of(_TEXTS)))
