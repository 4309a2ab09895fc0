"""One thing at a time is imported into a store, as tests want it."""

from __future__ import annotations

from pytest_fluxscenario.cas.importing import Imported, file_all, read_file, read_folder
from pytest_fluxscenario.cas.index import Kind
from pytest_fluxscenario.cas.lock import PATIENCE
from pytest_fluxscenario.documents.limits import Limits


def import_file(
    store: str,
    kind: Kind,
    path: str,
    name: str | None = None,
    tag: str | None = None,
    *,
    limits: Limits = Limits(),
    patience: float = PATIENCE,
) -> Imported:
    """File one document."""
    return file_all(store, (read_file(kind, path, name, tag, limits),), patience)[0]


def import_tree(
    store: str,
    folder: str,
    name: str | None = None,
    tag: str | None = None,
    *,
    limits: Limits = Limits(),
    patience: float = PATIENCE,
) -> Imported:
    """File one pack as a whole."""
    return file_all(store, (read_folder(folder, name, tag, limits),), patience)[0]
