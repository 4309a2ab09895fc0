"""Whether a document has the shape that its type asks for, and every fault of one that has not (faults.md)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from pytest_fluxscenario.base.place import Place, Pointer
from pytest_fluxscenario.base.problems import Problem

if TYPE_CHECKING:
    from pytest_fluxscenario.documents.json import Json

T = TypeVar("T")
#: ``locate(pointer, key=False)``: the place of a value, or of its key.
Locate = Callable[..., Place]
_LOOKING_THROUGH: Final = Lock()


def decode(kind: type[T], encoded: bytes) -> T:
    """The JSON text ``encoded`` as a ``kind``.

    Raises msgspec.ValidationError where the shape is another one, and msgspec.DecodeError where it is no JSON.
    """
    known: Any = kind  # a class can be hashed, which type[T] does not promise
    decoded: T = _decoder(known).decode(encoded)
    return decoded


def make_ready(kind: Any) -> None:
    """See that any thread can read ``kind``, and all that it is made of, by msgspec's own functions.

    msgspec looks through a class when it is first read, in steps. Another thread that reads the class meanwhile uses
    what is not there yet, and ends the process.
    """
    _decoder(kind)


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    with _LOOKING_THROUGH:
        return msgspec.json.Decoder(kind)


def shape_problems(
    kind: Any,
    data: Json,
    locate: Locate,
    written: Callable[[Pointer], str | None] | None = None,
) -> list[Problem]:
    """Every fault in the shape of ``data``, by place; empty exactly where ``decode`` accepts it.

    ``written`` gives a scalar as the file writes it, so that a hint can say how to quote ``1.10``.
    """
    try:
        decode(kind, msgspec.json.encode(data))
    except msgspec.ValidationError as error:
        # Imported here: a session whose documents are all good never pays for it (about 60 ms).
        from pytest_fluxscenario.model.shape_faults import shape_faults

        return shape_faults(kind, data, str(error), locate, written or (lambda _pointer: None))
    return []
