"""The index of a store: kind to name to tag to hash (store.md)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import msgspec

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import DamageError, DocumentError, FluxError, StoreError
from pytest_fluxscenario.base.names import HashRef, Ref, hash_fault, name_fault, tag_fault, tag_order
from pytest_fluxscenario.base.place import Place, Pointer
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.base.text import did_you_mean, shown
from pytest_fluxscenario.base.values import type_name
from pytest_fluxscenario.cas.index_reader import read_quickly
from pytest_fluxscenario.documents.elements import read_elements
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.places import read_places
from pytest_fluxscenario.documents.source import Source

Kind = Literal["specs", "scenarios", "profiles"]
KINDS: Final[tuple[Kind, ...]] = ("specs", "scenarios", "profiles")
INDEX_FILE: Final = "index.json"
#: An index of some hundred thousand versions.
INDEX_LIMITS: Final = Limits(file_bytes=64 << 20, nodes=1_000_000)

_KNOWN: Final[Mapping[str, Kind]] = {kind: kind for kind in KINDS}
_LATEST = "latest"
#: Problems of one index that are told; the others are like them.
_MOST_PROBLEMS = 20
_MOST_LISTED = 12


class TagError(StoreError):
    """A tag that names other content: the input is good, and the answer is no."""

    exit_status = 1


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a ref means in one index."""

    kind: Kind
    #: None where the ref was a hash.
    name: str | None
    #: The tag, never ``latest``; None where the ref was a hash.
    tag: str | None
    #: 64 hex digits.
    hash: str

    def __str__(self) -> str:
        return f"{self.name}:{self.tag}" if self.name else f"sha256:{self.hash}"


@dataclass(frozen=True, slots=True)
class Index:
    """One state of an index. Every name, tag and hash in it is well formed."""

    names: Mapping[Kind, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    #: How the file is shown.
    file: str = INDEX_FILE

    @classmethod
    def parse(cls, data: bytes, file: str = INDEX_FILE) -> Index:
        """Read the bytes of an ``index.json``; ``latest`` tags are left out.

        Raises DamageError with what is no index in it: not JSON, an unknown kind, an impossible name, tag or hash.
        """
        quickly = read_quickly(data, INDEX_LIMITS, _KNOWN.keys())
        if quickly is not None:
            return cls({_KNOWN[word]: named for word, named in quickly.items()}, file)
        source = Source(file, data, sha256(data))
        try:
            content = read_elements(source, INDEX_LIMITS, split=False)[0].data
        except DocumentError as error:
            raise DamageError(error.problems) from error
        faults: list[tuple[Pointer, str, str, str]] = []
        index = cls(_kinds(content, faults), file)
        if faults:
            places = read_places(source, INDEX_LIMITS)
            raise DamageError(
                Problem("store.index-" + code, places.at(0, pointer, key=code != "hash"), message, hint)
                for pointer, code, message, hint in faults[:_MOST_PROBLEMS]
            )
        return index

    def to_bytes(self) -> bytes:
        """The index as the file holds it: keys sorted, an entry a line, so that git merges it."""
        # Sorted here: msgspec's own sorting takes a second for ten thousand tags that are nearly in order.
        content = {
            kind: {name: {tag: tags[tag] for tag in sorted(tags)} for name, tags in sorted(self.names[kind].items())}
            if kind in self.names
            else {}
            for kind in sorted(KINDS)
        }
        return msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"

    def tags(self, kind: Kind, name: str) -> tuple[str, ...]:
        """The tags of a name, highest first; empty where there is no such name."""
        return tuple(sorted(self.names.get(kind, {}).get(name, {}), key=tag_order, reverse=True))

    def resolve(self, kind: Kind, ref: Ref) -> Resolved:
        """What ``ref`` means among the artifacts of ``kind``; a hash means itself.

        Raises StoreError that says what there is instead.
        """
        if isinstance(ref, HashRef):
            return Resolved(kind, None, None, ref.hash)
        tags = self.names.get(kind, {}).get(ref.name)
        if tags is None:
            raise self._unknown_name(kind, ref.name)
        tag = highest(tags) if ref.tag == _LATEST else ref.tag
        found = tags.get(tag)
        if found is None:
            known = self.tags(kind, ref.name)
            listed = ", ".join(known[:_MOST_LISTED]) + (", …" if len(known) > _MOST_LISTED else "")
            message = f"{_noun(kind)} '{ref.name}' has no tag {tag}"
            raise StoreError.of("store.unknown-tag", Place(self.file), message, f"it has {listed}")
        return Resolved(kind, ref.name, tag, found)

    def _unknown_name(self, kind: Kind, name: str) -> FluxError:
        known = self.names.get(kind, {})
        other = next((one for one in KINDS if one != kind and name in self.names.get(one, {})), None)
        hint = f"{_noun(other)} of that name exists" if other else did_you_mean(name, known)
        message = f"the store has no {_WORDS[kind]} '{shown(name, 80)}'"
        return StoreError.of("store.unknown-name", Place(self.file), message, hint or f"it has no {kind} at all")


def is_new(file: str, kind: Kind, name: str, tag: str, digest: str, held: Mapping[str, str]) -> bool:
    """Whether an entry is to be added to what is ``held`` under its name in the index shown as ``file``.

    Raises TagError where the tag names other content (a tag is immutable), StoreError where a part is not well formed.
    """
    fault = name_fault(name) or tag_fault(tag) or hash_fault(digest)
    if fault:
        raise StoreError.of("store.entry", Place(file), f"{shown(name, 80)}:{shown(tag, 80)}: {fault}")
    known = held.get(tag)
    if known is not None and known != digest:
        message = f"{_noun(kind)} {name}:{tag} exists with other content, sha256:{known[:12]}…; a tag is immutable"
        raise TagError.of("store.tag-immutable", Place(file), message, "give the new content a new tag")
    return known is None


def highest(tags: Collection[str]) -> str:
    """The highest of some tags by SemVer precedence, prereleases included. Raises ValueError where there is none."""
    # Numbers come first in precedence, so few tags are left to be compared in full: a name may have thousands.
    left = [tag.split(".", 2) for tag in tags]
    for part in range(2):
        top = _largest({parts[part] for parts in left})
        left = [parts for parts in left if parts[part] == top]
    patch = _largest({parts[2].split("-", 1)[0] for parts in left})
    candidates = [".".join(parts) for parts in left if parts[2].split("-", 1)[0] == patch]
    return candidates[0] if len(candidates) == 1 else max(candidates, key=tag_order)


def _largest(numbers: Collection[str]) -> str:
    """Of numbers without leading zeros, as text."""
    longest = max(map(len, numbers))
    return max([number for number in numbers if len(number) == longest])


_WORDS: Final[Mapping[Kind, str]] = {"specs": "spec", "scenarios": "scenario", "profiles": "profile"}


def _noun(kind: Kind) -> str:
    return "a " + _WORDS[kind]


def _kinds(content: Any, faults: list[tuple[Pointer, str, str, str]]) -> Mapping[Kind, Mapping[str, Mapping[str, str]]]:
    kinds: dict[Kind, Mapping[str, Mapping[str, str]]] = {}
    for word, named in _members(content, (), faults):
        kind = _KNOWN.get(word)
        if kind is None:
            hint = did_you_mean(word, KINDS)
            faults.append(((word,), "kind", f"'{shown(word, 80)}' is no kind of artifact", hint))
            continue
        kinds[kind] = _names(named, kind, faults)
    return kinds


def _names(named: Any, kind: Kind, faults: list[tuple[Pointer, str, str, str]]) -> dict[str, Mapping[str, str]]:
    names: dict[str, Mapping[str, str]] = {}
    for name, tags in _members(named, (kind,), faults):
        fault = name_fault(name)
        if fault:
            faults.append(((kind, name), "name", f"'{shown(name, 80)}' cannot be a name: {fault}", ""))
            continue
        kept: dict[str, str] = {}
        for tag, digest in _members(tags, (kind, name), faults):
            if tag == _LATEST:
                continue
            pointer = (kind, name, tag)
            fault = tag_fault(tag)
            if fault:
                faults.append((pointer, "tag", f"'{shown(tag, 80)}' cannot be a tag: {fault}", ""))
            elif not isinstance(digest, str) or hash_fault(digest):
                faults.append((pointer, "hash", f"{name}:{tag} has no usable hash: {hash_fault('')}", ""))
            else:
                kept[tag] = digest
        if kept:
            names[name] = kept
    return names


def _members(value: Any, pointer: Pointer, faults: list[tuple[Pointer, str, str, str]]) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    faults.append((pointer, "shape", f"an object is needed here, not {type_name(value)}", ""))
    return []
