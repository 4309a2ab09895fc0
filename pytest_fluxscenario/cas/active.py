"""The last active ref of a store: what an empty startup reference goes on with (store.md, "Run by ref").

It belongs to one machine: git does not keep it, no import writes it, and it names nothing that has to be kept.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Final

from pytest_fluxscenario.base.errors import DamageError, DocumentError
from pytest_fluxscenario.base.fs import WriteError, replace_file
from pytest_fluxscenario.base.names import Ref, parse_ref
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.cas.index import Resolved
from pytest_fluxscenario.cas.store import Store
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import read_source

ACTIVE_FILE: Final = ".active"
#: More than the longest ref.
_LIMITS: Final = Limits(file_bytes=256)
_HINT: Final = "remove the file, or run a ref: the next run writes it"


def read_active(store: Store) -> Ref | None:
    """The ref that was run last; None where none was. Raises DamageError where the file says something else."""
    data = _read(store)
    if data is None:
        return None
    text = data.decode("ascii", "replace")
    ref = parse_ref(text.removesuffix("\n"))
    # Written is what a ref resolved to: never ``latest``.
    if isinstance(ref, str) or f"{ref}\n" != text or text.endswith(":latest\n"):
        raise DamageError.of("store.active", Place(f"{store.name}/{ACTIVE_FILE}"), "holds no ref", _HINT)
    return ref


def write_active(store: Store, ref: Resolved) -> None:
    """Remember what was run. A store that cannot be written to is no error, and what stood there is not judged."""
    data = f"{ref}\n".encode()
    with suppress(DamageError):
        if _read(store) == data:
            return
    with suppress(WriteError):
        replace_file(os.path.join(store.folder, ACTIVE_FILE), data)


def _read(store: Store) -> bytes | None:
    path = os.path.join(store.folder, ACTIVE_FILE)
    if not os.path.lexists(path):
        return None
    try:
        return read_source(path, f"{store.name}/{ACTIVE_FILE}", _LIMITS, root=store.folder).data
    except DocumentError as error:
        raise DamageError(error.problems) from error
