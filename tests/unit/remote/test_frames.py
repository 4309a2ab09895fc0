"""Several contents in one body: what is packed comes back, and nothing else is taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_fluxscenario.remote import frames
from pytest_fluxscenario.remote.frames import framed, in_batches, unframed


@given(st.lists(st.binary(max_size=300)))
def test_what_is_packed_comes_back(contents: list[bytes]) -> None:
    assert unframed(framed(contents)) == contents


@pytest.mark.parametrize("body", [b"\0", b"\0\0\0\2x", b"\0\0\0\1xy", b"\xff\xff\xff\xff", framed([b"a", b"b"])[:-1]])
def test_what_is_cut_off_or_lies_is_none(body: bytes) -> None:
    assert unframed(body) is None


def test_batches_are_small_and_keep_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "_BATCH", 3)
    monkeypatch.setattr(frames, "_BATCH_BYTES", 10)
    contents = [b"a", b"b", b"c", b"d", b"e" * 9, b"f", b"g" * 40, b"h"]
    assert list(in_batches(contents)) == [contents[:3], contents[3:5], contents[5:6], contents[6:7], contents[7:]]
