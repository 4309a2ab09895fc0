"""What every document is once it has been read."""

from __future__ import annotations

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

#: Integers beyond this are not the same number for every reader of JSON (RFC 8259, section 6).
INTEGER_MOST = (1 << 53) - 1
