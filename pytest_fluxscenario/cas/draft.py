"""Entries that are to go into an index, many at a time: which tag each gets, what is refused (store.md, "Import")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from pytest_fluxscenario.base.errors import StoreError
from pytest_fluxscenario.base.names import tag_order
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.cas.index import Index, Kind, highest, is_new

FIRST_TAG: Final = "v0.1.0"
_MOST_NUMBER: Final = 999_999_999


@dataclass(slots=True)
class _Name:
    """The tags of one name."""

    tags: Mapping[str, str]
    #: The same, once something was added.
    own: dict[str, str] | None = None
    #: Hash to its tags; made when that is asked a second time.
    by_hash: dict[str, list[str]] | None = None
    asked: bool = False
    #: Empty until it is asked for.
    top: str = ""

    def tags_of(self, digest: str) -> list[str]:
        """The tags of that content."""
        if not self.asked:
            self.asked = True
            return [tag for tag, held in self.tags.items() if held == digest]
        if self.by_hash is None:
            self.by_hash = {}
            for tag, held in self.tags.items():
                self.by_hash.setdefault(held, []).append(tag)
        return self.by_hash.get(digest, [])

    def highest(self) -> str:
        """The highest tag; there is one."""
        self.top = self.top or highest(self.tags)
        return self.top

    def put(self, tag: str, digest: str) -> None:
        """Add a tag that is not there."""
        if self.own is None:
            self.tags = self.own = dict(self.tags)
        self.own[tag] = digest
        if self.by_hash is not None:
            self.by_hash.setdefault(digest, []).append(tag)
        if self.top:
            self.top = highest((self.top, tag))


@dataclass(slots=True)
class Draft:
    """An index, and what is added to it; the index itself stays as it is."""

    index: Index
    _names: dict[tuple[Kind, str], _Name] = field(default_factory=dict)

    def choose(self, kind: Kind, name: str, declared: str | None, digest: str, place: Place) -> str:
        """The tag for content that nobody gave one.

        That which it has already, else ``declared``, else the minor after the highest. Raises StoreError where there is
        none after it.
        """
        held = self._name(kind, name)
        if declared is not None and held.tags.get(declared) == digest:
            return declared
        same = held.tags_of(digest)
        if same:
            return highest(same)
        if declared is not None:
            return declared
        return _next_minor(held.highest(), place) if held.tags else FIRST_TAG

    def put(self, kind: Kind, name: str, tag: str, digest: str) -> bool:
        """Add an entry; false where it is there.

        Raises TagError where the tag names other content (a tag is immutable), StoreError where a part is not well
        formed.
        """
        held = self._name(kind, name)
        if not is_new(self.index.file, kind, name, tag, digest, held.tags):
            return False
        held.put(tag, digest)
        return True

    def done(self) -> Index:
        """The index with what was added; the same one where nothing was."""
        changed = {key: held.own for key, held in self._names.items() if held.own is not None}
        if not changed:
            return self.index
        kinds: dict[Kind, dict[str, Mapping[str, str]]]
        kinds = {kind: dict(names) for kind, names in self.index.names.items()}
        for (kind, name), tags in changed.items():
            kinds.setdefault(kind, {})[name] = tags
        return replace(self.index, names=kinds)

    def _name(self, kind: Kind, name: str) -> _Name:
        held = self._names.get((kind, name))
        if held is None:
            held = self._names[kind, name] = _Name(self.index.names.get(kind, {}).get(name, {}))
        return held


def _next_minor(top: str, place: Place) -> str:
    version = tag_order(top)
    if version.minor >= _MOST_NUMBER:
        raise StoreError.of("store.tag", place, f"there is no minor version after {top}", "give a tag with --tag")
    return f"v{version.major}.{version.minor + 1}.0"
