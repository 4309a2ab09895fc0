"""The quick reader of an index and the careful one: where the quick one says anything, both say the same."""

from __future__ import annotations

import random
from collections.abc import Mapping

import pytest

from pytest_fluxscenario.base.errors import DamageError
from pytest_fluxscenario.cas import index as index_module
from pytest_fluxscenario.cas.index import INDEX_LIMITS, KINDS, Index
from pytest_fluxscenario.cas.index_reader import read_quickly
from pytest_fluxscenario.documents.limits import Limits

_INDEX = Index(
    {
        "specs": {"card": {"v1.0.0": "a" * 64, "v1.10.0-rc.1": "0" * 64}, "a": {"v0.1.0": "b" * 64}},
        "profiles": {"visa": {"v2.0.0": "c" * 64}},
    }
)
_PIECES = [
    *(b"{", b"}", b'"', b":", b",", b" ", b"\n", b"null", b"1", b"[]", b"{}", b"\\u0061", b"\\n", b"\xc3\xa4", b"\x00"),
    *(b"latest", b"con", b"v1.0.0", b"v01.0.0", b"v1.0.0+b", b"specs", b"packs", b"a" * 64, b"A" * 64, b"sha256"),
    *(b'"v1.0.0": "' + b"a" * 64 + b'",', b'"a": {},', b'"x": {"v1.0.0": "' + b"d" * 64 + b'"},', b"v1.0.0\nv2.0.0"),
]


def carefully(data: bytes, patch: pytest.MonkeyPatch) -> Index | None:
    with patch.context() as without:
        without.setattr(index_module, "read_quickly", lambda *_: None)
        try:
            return Index.parse(data)
        except DamageError:
            return None


def quickly(data: bytes) -> Mapping[str, Mapping[str, Mapping[str, str]]] | None:
    return read_quickly(data, INDEX_LIMITS, frozenset(KINDS))


def test_what_is_written_is_read_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    for index in (_INDEX, Index(), Index({"specs": {f"n-{n}": {"v1.0.0": "f" * 64} for n in range(300)}})):
        data = index.to_bytes()
        found = quickly(data)
        careful = carefully(data, monkeypatch)
        assert careful is not None
        assert found == careful.names
        assert Index.parse(data).to_bytes() == data


def test_both_say_the_same_of_every_flipped_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    data = _INDEX.to_bytes()
    said = 0
    for position in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[position // 8] ^= 1 << position % 8
        said += _agree(bytes(flipped), monkeypatch)
    assert said > 100


def test_both_say_the_same_of_what_strangers_write(monkeypatch: pytest.MonkeyPatch) -> None:
    dice = random.Random(11)  # noqa: S311 - the same mutations every time
    whole = _INDEX.to_bytes()
    said = 0
    for _ in range(4_000):
        data = bytearray(whole)
        for _ in range(dice.randint(1, 3)):
            at = dice.randrange(len(data))
            data[at : at + dice.choice((0, 0, 1, 5, 70))] = dice.choice(_PIECES)
        said += _agree(bytes(data), monkeypatch)
    assert said > 20


@pytest.mark.parametrize(
    "data",
    [
        b'{"specs": {"a": {"v1.0.0": "' + b"a" * 64 + b'", "v1.0.0": "' + b"b" * 64 + b'"}}}',
        b'{"specs": {"a": {"v1.0.0": "' + b"a" * 64 + b'"}, "a": {"v1.0.0": "' + b"b" * 64 + b'"}}}',
        b'{"specs": {}, "specs": {}}',
        b'{"specs": {"a": {}}}',
        b'{"specs": {"a": {"latest": "' + b"a" * 64 + b'"}}}',
        b'{"specs": {"a": {"v1.0.0-' + b"x" * 58 + b'": "' + b"a" * 64 + b'"}}}',
        b'\xef\xbb\xbf{"specs": {}}',
    ],
    ids=["tag twice", "name twice", "kind twice", "no tag", "latest", "long tag", "mark"],
)
def test_what_the_careful_reader_has_to_look_at(data: bytes) -> None:
    assert quickly(data) is None


def test_limits_are_those_of_the_careful_reader() -> None:
    data = _INDEX.to_bytes()
    nodes = 1 + 3 + 3 + 4
    assert read_quickly(data, Limits(file_bytes=len(data), nodes=nodes), frozenset(KINDS)) is not None
    assert read_quickly(data, Limits(file_bytes=len(data) - 1, nodes=nodes), frozenset(KINDS)) is None
    assert read_quickly(data, Limits(file_bytes=len(data), nodes=nodes - 1), frozenset(KINDS)) is None


def _agree(data: bytes, patch: pytest.MonkeyPatch) -> bool:
    """Whether the quick reader said anything."""
    found = quickly(data)
    if found is None:
        return False
    careful = carefully(data, patch)
    assert careful is not None, data
    assert careful.names == found, data
    return True
