"""Configuration files of the fleet: strict YAML, one frozen value each; what cannot be used is told by line."""

from __future__ import annotations

import os
from typing import Final, TypeVar

from msgspec import Struct

from pytest_fluxscenario.base.errors import FluxError, UsageError
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import read_source
from pytest_fluxscenario.packs.document import PackDocument, parse_document

_C = TypeVar("_C", bound=Struct)
#: What is wrong where one of them stands without the other.
PAIR: Final = "a certificate needs its key, and a key its certificate"


def read_config(path: str, kind: type[_C]) -> tuple[_C, PackDocument]:
    """The configuration in the file ``path``, and its document, for places.

    Raises DocumentError and UsageError with everything that is wrong with it.
    """
    source = read_source(path, path.removeprefix(os.path.join(os.getcwd(), "")), Limits())
    try:
        document = parse_document(source, Limits())
        return document.decode(kind), document
    except FluxError as error:
        raise UsageError(error.problems) from None


def split_address(text: str) -> tuple[str, int] | None:
    """Address and port; None where it is none. Port 0 is any that is free."""
    host, colon, port = text.rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if (
        not colon
        or not host
        or any(letter in host for letter in "[]/@ \t\r\n")
        or not port.isascii()
        or not port.isdigit()
    ):
        return None
    return (host, int(port)) if len(port) <= 5 and int(port) < 1 << 16 else None
