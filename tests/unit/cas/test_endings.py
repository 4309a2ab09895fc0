from __future__ import annotations

import itertools

import pytest

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.cas.endings import Endings


@pytest.mark.parametrize(
    ("was", "is_now", "change"),
    [
        (b"a\nb\n\n", b"a\r\nb\r\n\r\n", "from LF to CRLF"),
        (b"a\r\nb\r\n", b"a\nb\n", "from CRLF to LF"),
        (b"a\r\nb\r\n", b"a\r\nb\n", "from CRLF to LF"),
        (b"a\nb\r", b"a\r\nb\r", "from LF to CRLF"),
        (b"a\nb\n", b"a\r\nc\r\n", ""),
        (b"a\n", b"", ""),
    ],
)
def test_a_change_shows_however_the_bytes_come(was: bytes, is_now: bytes, change: str) -> None:
    for cuts in itertools.product((False, True), repeat=max(len(is_now) - 1, 0)):
        endings = Endings()
        start = 0
        for position, cut in enumerate(cuts, 1):
            if cut:
                endings.add(is_now[start:position])
                start = position
        endings.add(is_now[start:])
        assert endings.change(sha256(was)) == change
