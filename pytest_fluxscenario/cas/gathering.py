"""The files of a pack that is to be filed: looked through, hashed, and left where they lie (store.md, "Import")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import StoreError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.cas.blobs import MOST_BYTES
from pytest_fluxscenario.cas.contents import Content, Lying
from pytest_fluxscenario.cas.scan import scan_folder
from pytest_fluxscenario.cas.trees import TreeEntry, encode_tree
from pytest_fluxscenario.documents.source import Root


@dataclass(frozen=True, slots=True)
class GatheredTree:
    """A folder or an archive whose files are read again when they are filed; never all of them are in memory."""

    #: Path to hash and mode, sorted by path.
    entries: Mapping[str, TreeEntry]
    #: Path to content, in the same order.
    files: Mapping[str, Content]
    #: To be left with ``with`` while the files are read.
    opened: Callable[[], AbstractContextManager[object]] = nullcontext
    #: The tree document.
    document: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "document", encode_tree(self.entries))

    @property
    def hash(self) -> str:
        """Hash of the tree document."""
        return sha256(self.document)

    def __getitem__(self, path: str) -> bytes:
        return b"".join(self.files[path].pieces())


def gather_folder(folder: str, name: str) -> GatheredTree:
    """The tree of ``folder``, shown as ``name``; the same folder gives the same hash on every machine.

    Raises StoreError for what cannot be in a pack and more than 64 MiB, DocumentError for a file that cannot be read.
    """
    entries: dict[str, TreeEntry] = {}
    files: dict[str, Content] = {}
    left = MOST_BYTES
    root = Root(folder)
    for file in scan_folder(folder, name):
        content = Lying.look(file.real, f"{name}/{file.path}", root, MOST_BYTES)
        left -= content.size
        if left < 0:
            message = f"holds more than {MOST_BYTES >> 20} MiB"
            raise StoreError.of("pack.size", Place(name), message, "keep large files out of the pack")
        entries[file.path] = TreeEntry(content.digest, file.mode)
        files[file.path] = content
    return GatheredTree(entries, files)
