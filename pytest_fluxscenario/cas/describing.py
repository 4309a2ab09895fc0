"""What an artifact is, for people who choose one: its size and title, and what its scenarios run on (store.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import DocumentError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.base.values import lookup
from pytest_fluxscenario.cas.index import Kind
from pytest_fluxscenario.cas.paths import MANIFEST_FILES
from pytest_fluxscenario.cas.scenarios import RunsOn, is_scenario_file, scenarios_of
from pytest_fluxscenario.cas.store import Store
from pytest_fluxscenario.cas.trees import StoredTree, decode_tree, is_tree
from pytest_fluxscenario.documents.elements import read_elements
from pytest_fluxscenario.documents.json import Json
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.documents.suffixes import SUFFIXES

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

    #: Bytes of its content; of all files of a pack or suite.
    size: int
    #: Escaped and cut; empty where the content gives none.
    title: str
    #: Files of a pack or suite; None for a document.
    files: int | None = None
    #: What the scenarios in it run on, each once.
    runs_on: tuple[RunsOn, ...] = ()
    #: How many scenarios there are in it: in a pack its own.
    scenarios: int = 0


@dataclass(slots=True)
class Describer:
    """Describes artifacts of one store. Each blob is read and verified once, however many artifacts hold it."""

    store: Store
    _artifacts: dict[tuple[Kind, str], Description] = field(default_factory=dict, init=False)
    #: Hash of a file of a tree to its size, and to the scenarios in it where it was looked for them.
    _sizes: dict[str, int] = field(default_factory=dict, init=False)
    _scenarios: dict[str, tuple[RunsOn, ...]] = field(default_factory=dict, init=False)

    def describe(self, kind: Kind, digest: str) -> Description:
        """What has that hash, as an artifact of that kind. Raises StoreError, DamageError."""
        known = self._artifacts.get((kind, digest))
        if known is None:
            data = self.store.read(digest)
            known = self._tree(kind, digest, data) if is_tree(data) else _document(kind, data)
            self._artifacts[kind, digest] = known
        return known

    def _tree(self, kind: Kind, digest: str, document: bytes) -> Description:
        blobs = self.store.blobs
        tree = StoredTree(blobs, digest, decode_tree(document, Place(f"{blobs.name}/{digest[:2]}/{digest}")))
        manifest = next((file for file in MANIFEST_FILES if file in tree.entries), None)
        title = ""
        found: list[RunsOn] = []
        size = 0
        for path, entry in tree.entries.items():
            holds = path.endswith(SUFFIXES) if kind == "scenarios" else is_scenario_file(path)
            if path == manifest or entry.hash not in (self._scenarios if holds else self._sizes):
                data = tree[path]
                self._sizes[entry.hash] = len(data)
                if holds:
                    self._scenarios[entry.hash] = scenarios_of(_content(data, path))
                if path == manifest:
                    title = _title(_content(data, path))
            size += self._sizes[entry.hash]
            found += self._scenarios[entry.hash] if holds else ()
        return Description(size, title, len(tree), tuple(dict.fromkeys(found)), len(found))


def _document(kind: Kind, data: bytes) -> Description:
    content = _content(data)
    found = scenarios_of(content) if kind == "scenarios" else ()
    return Description(len(data), _title(content), None, tuple(dict.fromkeys(found)), len(found))


def _content(data: bytes, name: str | None = None) -> list[Json]:
    """The documents of a file; none where it cannot be read. Without a name it may be JSON or YAML."""
    names = (name,) if name else ("document.json", "document.yaml") if _like_json(data) else ("document.yaml",)
    for one in names:
        try:
            return read_documents(data, one)
        except DocumentError:
            continue
    return []


def document_name(data: bytes) -> str:
    """A file name for a document that has none, whose suffix says how it is to be read."""
    return "document.json" if _like_json(data) and _is_json(data) else "document.yaml"


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


def _like_json(data: bytes) -> bool:
    return data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")


def _title(documents: Sequence[Json]) -> str:
    content: Any = documents[0] if documents else None
    found = (lookup(content, path) for path in _TITLES)
    title = next((title for title in found if isinstance(title, str) and title), "")
    line = shown(" ".join(title.split()))
    return line if len(line) <= _TITLE_LENGTH else line[: _TITLE_LENGTH - 1].rstrip() + "…"
