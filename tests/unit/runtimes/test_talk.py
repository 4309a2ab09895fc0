"""What a child says, piece by piece."""

from __future__ import annotations

from pytest_fluxscenario.runtimes.talk import LINE_BYTES, Heard


class _Watched(bytearray):
    """Output that nobody may search from its beginning."""

    def __contains__(self, _: object) -> bool:
        raise AssertionError("all of the output was searched again")


def test_a_line_that_comes_byte_by_byte_is_noticed_at_its_end_and_searched_once() -> None:
    heard = Heard(out=_Watched())
    for byte in b"x" * 1000:
        assert heard.take(bytes([byte])) is None
        assert not heard.whole_line
    assert heard.take(b"\n") is None
    assert heard.whole_line


def test_a_line_is_too_long_also_where_it_comes_in_pieces() -> None:
    heard = Heard()
    pieces = [heard.take(b"x" * 1024) for _ in range(LINE_BYTES // 1024)]
    assert set(pieces) == {None}
    assert heard.take(b"x") == "long_line"
    assert not heard.whole_line
