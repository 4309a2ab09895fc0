"""Trees: a folder of files as one blob that names the others (store.md, "Import").

``{"files":{path:{"hash":…,"mode":"644"|"755"}},"schema":"flux.tree.v1"}`` in canonical JSON: one folder, one hash.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from pytest_fluxscenario.base.canonical import canonical
from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import DocumentError, FluxError, StoreError
from pytest_fluxscenario.base.names import hash_fault
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.blobs import MOST_BYTES, Blobs
from pytest_fluxscenario.cas.paths import path_fault, same_but_for_case
from pytest_fluxscenario.cas.scan import MOST_ENTRIES, Mode, scan_folder
from pytest_fluxscenario.documents.elements import read_elements
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import Source, read_source

TREE_SCHEMA: Final = "flux.tree.v1"
#: A tree of the most entries with the longest paths.
_TREE_LIMITS: Final = Limits(file_bytes=8 << 20, depth=4)
_HEAD: Final = b'{"files":{'
_TAIL: Final = b'},"schema":"' + TREE_SCHEMA.encode() + b'"}'


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One file of a tree."""

    #: 64 hex digits.
    hash: str
    mode: Mode = "644"


def encode_tree(entries: Mapping[str, TreeEntry]) -> bytes:
    """The tree document of these files."""
    files = {path: {"hash": entry.hash, "mode": entry.mode} for path, entry in entries.items()}
    return canonical({"schema": TREE_SCHEMA, "files": files})


def is_tree(data: bytes) -> bool:
    """Whether ``data`` is written as a tree document; reading it may still find fault with it."""
    return data.startswith(_HEAD) and data.endswith(_TAIL)


def decode_tree(data: bytes, place: Place) -> dict[str, TreeEntry]:
    """The files of a tree document, sorted by path.

    Raises StoreError where the bytes are not what ``encode_tree`` writes: another schema, impossible paths, two names
    equal but for case.
    """
    try:
        content = read_elements(Source("tree.json", data, sha256(data)), _TREE_LIMITS, split=False)[0].data
    except DocumentError:
        raise _not_a_tree(place, "it is not JSON") from None
    files = content.get("files") if isinstance(content, dict) and content.get("schema") == TREE_SCHEMA else None
    if not isinstance(files, dict):
        raise _not_a_tree(place, f"it does not say {TREE_SCHEMA}")
    if len(files) > MOST_ENTRIES:
        raise _not_a_tree(place, f"it has more than {MOST_ENTRIES} files")
    entries = {path: _entry(path, value, place) for path, value in sorted(files.items())}
    pairs = same_but_for_case(entries)
    if pairs:
        raise _not_a_tree(place, f"{shown(pairs[0][1])} and {shown(pairs[0][0])} differ only in case")
    # Catches everything else: other fields, other spellings of the same, white space.
    if encode_tree(entries) != data:
        raise _not_a_tree(place, "it is not in canonical form")
    return entries


def _entry(path: str, value: Any, place: Place) -> TreeEntry:
    fault = path_fault(path)
    if fault:
        raise _not_a_tree(place, f"'{shown(path)}': {fault}")
    digest, mode = (value.get("hash"), value.get("mode")) if isinstance(value, dict) else (None, None)
    if not isinstance(digest, str) or hash_fault(digest) or mode not in ("644", "755"):
        raise _not_a_tree(place, f"'{shown(path)}' has no usable hash or mode")
    return TreeEntry(digest, "755" if mode == "755" else "644")


def _not_a_tree(place: Place, why: str) -> FluxError:
    return StoreError.of("store.not-a-tree", place, f"the blob is no tree of files: {why}")


class StoredTree(Mapping[str, bytes]):
    """The files of a tree in a store: read when they are asked for, and verified at every read."""

    def __init__(self, blobs: Blobs, digest: str, entries: Mapping[str, TreeEntry]) -> None:
        self._blobs = blobs
        self._entries = entries
        #: Hash of the tree document.
        self.hash = digest

    @property
    def entries(self) -> Mapping[str, TreeEntry]:
        """Path to hash and mode, sorted by path."""
        return self._entries

    def __getitem__(self, path: str) -> bytes:
        return self._blobs.read_named(self._entries[path].hash)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def read_tree(blobs: Blobs, digest: str) -> StoredTree:
    """The tree whose document has that hash. Raises StoreError, and DamageError where the blob is damaged."""
    data = blobs.read(digest)
    return StoredTree(blobs, digest, decode_tree(data, Place(f"{blobs.name or blobs.folder}/{digest[:2]}/{digest}")))


@dataclass(frozen=True, slots=True)
class BuiltTree:
    """A pack read into memory, from a folder or an archive."""

    #: Path to hash and mode, sorted by path.
    entries: Mapping[str, TreeEntry]
    #: Path to bytes, in the same order.
    files: Mapping[str, bytes]

    @property
    def document(self) -> bytes:
        """The tree document."""
        return encode_tree(self.entries)

    @property
    def hash(self) -> str:
        """Hash of the tree document."""
        return sha256(self.document)

    def __getitem__(self, path: str) -> bytes:
        return self.files[path]


class FileTree(Protocol):
    """What a stored tree and a built one have in common."""

    @property
    def hash(self) -> str:
        """Hash of the tree document."""
        ...

    @property
    def entries(self) -> Mapping[str, TreeEntry]:
        """Path to hash and mode, sorted by path."""
        ...

    def __getitem__(self, path: str, /) -> bytes: ...


def build_tree(folder: str, name: str) -> BuiltTree:
    """The tree of ``folder``, shown as ``name``; the same folder gives the same hash on every machine.

    Raises StoreError for what cannot be in a pack and more than 64 MiB, DocumentError for a file that cannot be read.
    """
    entries: dict[str, TreeEntry] = {}
    files: dict[str, bytes] = {}
    left = MOST_BYTES
    for file in scan_folder(folder, name):
        source = read_source(file.real, f"{name}/{file.path}", Limits(file_bytes=MOST_BYTES), root=folder)
        left -= len(source.data)
        if left < 0:
            message = f"holds more than {MOST_BYTES >> 20} MiB"
            raise StoreError.of("pack.size", Place(name), message, "keep large files out of the pack")
        entries[file.path] = TreeEntry(source.digest, file.mode)
        files[file.path] = source.data
    return BuiltTree(entries, files)
