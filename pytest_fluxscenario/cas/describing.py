"""What an artifact is, for people who choose one: its size, its title, how many files (store.md)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import DocumentError
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.base.values import lookup
from pytest_fluxscenario.cas.paths import MANIFEST_FILES
from pytest_fluxscenario.cas.store import Store
from pytest_fluxscenario.cas.trees import StoredTree, is_tree, read_tree
from pytest_fluxscenario.documents.elements import read_elements
from pytest_fluxscenario.documents.json import Json
from pytest_fluxscenario.documents.source import Source

#: Where documents say what people call them; the first that is there counts.
_TITLES: Final = (
    "process.display_name",
    "profile.name",
    "spec.title",
    "spec.name",
    "meta.title",
    "display_name",
    "title",
    "name",
    "description",
    "profile.purpose",
)
_TITLE_LENGTH: Final = 80


@dataclass(frozen=True, slots=True)
class Description:
    """What can be said of one artifact."""

    #: Bytes of its content; of all files of a pack.
    size: int
    #: Escaped and cut; empty where the content gives none.
    title: str
    #: Files of a pack; None for a document.
    files: int | None = None


def describe(store: Store, digest: str) -> Description:
    """Size and title of what has that hash, read and verified. Raises StoreError, DamageError."""
    data = store.read(digest)
    if not is_tree(data):
        return Description(len(data), _title(data, document_name(data)))
    tree = read_tree(store.blobs, digest)
    return Description(sum(map(len, tree.values())), _tree_title(tree), len(tree))


def document_name(data: bytes) -> str:
    """A file name for a document that has none, whose suffix says how it is to be read."""
    return (
        "document.json"
        if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[") and _is_json(data)
        else "document.yaml"
    )


def read_documents(data: bytes, name: str) -> list[Json]:
    """The documents of a file. Raises DocumentError."""
    return [element.data for element in read_elements(Source(name, data, sha256(data)), split=False)]


def _is_json(data: bytes) -> bool:
    """Whether it is; what begins like it may be YAML."""
    try:
        read_documents(data, "document.json")
    except DocumentError:
        return False
    return True


def _tree_title(tree: StoredTree) -> str:
    manifest = next((file for file in MANIFEST_FILES if file in tree.entries), None)
    return _title(tree[manifest], manifest) if manifest else ""


def _title(data: bytes, name: str) -> str:
    try:
        content: Any = read_documents(data, name)[0]
    except DocumentError:
        return ""
    found = (lookup(content, path) for path in _TITLES)
    title = next((title for title in found if isinstance(title, str) and title), "")
    line = shown(" ".join(title.split()))
    return line if len(line) <= _TITLE_LENGTH else line[: _TITLE_LENGTH - 1].rstrip() + "…"
