"""What a change of line endings would have made of bytes that come piece by piece."""

from __future__ import annotations

from pytest_fluxscenario.base.digest import Digest


class Endings:
    """The digests of a text with its line endings as LF and as CRLF."""

    def __init__(self) -> None:
        self._unix, self._dos = Digest(), Digest()
        #: A CR at the end of a piece, until it is known what follows.
        self._left = b""

    def add(self, piece: bytes) -> None:
        """The next piece."""
        piece = self._left + piece
        self._left = b"\r" if piece.endswith(b"\r") else b""
        self._put(piece.removesuffix(b"\r"))

    def change(self, digest: str) -> str:
        """Between which endings the text was changed, once all of it was added; empty where that is not its damage."""
        self._put(self._left)
        self._left = b""
        if self._unix.hex == digest:
            return "from LF to CRLF"
        return "from CRLF to LF" if self._dos.hex == digest else ""

    def _put(self, piece: bytes) -> None:
        unix = piece.replace(b"\r\n", b"\n")
        self._unix.add(unix)
        self._dos.add(unix.replace(b"\n", b"\r\n"))
