"""Two artifacts of the store side by side: what a person wants to know before taking the newer one."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import DocumentError, FluxError
from pytest_fluxscenario.base.patience import TooSlowError, patience
from pytest_fluxscenario.base.text import shown, shown_lines
from pytest_fluxscenario.base.values import same
from pytest_fluxscenario.cas.describing import document_name, read_documents
from pytest_fluxscenario.cas.store import Store
from pytest_fluxscenario.cas.trees import StoredTree, TreeEntry, is_tree, read_tree
from pytest_fluxscenario.cli.console.render import Outputs
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.model.profile import Profile
from pytest_fluxscenario.packs.files import LoneProfile, TreeFiles
from pytest_fluxscenario.packs.load import load_lone_profile, load_pack

_STYLES: Final[Mapping[str, str]] = {"+": "green", "-": "red", "@": "dim"}


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs among things that have names."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    #: Name to what changed in it.
    changed: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)

    def to_json(self) -> dict[str, Any]:
        """The changes as JSON."""
        return {"added": list(self.added), "removed": list(self.removed), "changed": dict(self.changed)}


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two artifacts."""

    #: Whether they are the same bytes.
    identical: bool
    #: Files of packs.
    files: Changes = Changes()
    #: Parts of the profile, by what they are: ``action``, ``gate``, ``artifact type``, ``profile``.
    parts: Mapping[str, Changes] = field(default_factory=dict)
    #: A unified diff of documents in their normalised form.
    lines: tuple[str, ...] = ()
    #: Why a profile could not be compared part by part.
    notes: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether nothing differs but the way in which the same is written."""
        return not (self.files or any(self.parts.values()) or self.lines)


def compare(store: Store, old: str, new: str, names: tuple[str, str], *, profiles: bool) -> Difference:
    """The difference between what two hashes name; ``names`` head the diff of documents.

    Raises StoreError, DamageError.
    """
    if old == new:
        store.read(old)
        return Difference(identical=True)
    before, after = store.read(old), store.read(new)
    if is_tree(before) and is_tree(after):
        one, other = read_tree(store.blobs, old), read_tree(store.blobs, new)
        notes: list[str] = []
        parts: Mapping[str, Changes] = {}
        if profiles:
            parts = _profile_parts(_pack_profile(one, names[0], notes), _pack_profile(other, names[1], notes))
        return Difference(identical=False, files=_files(one.entries, other.entries), parts=parts, notes=tuple(notes))
    notes = []
    found: Mapping[str, Changes] = {}
    if profiles:
        sides = [_any_profile(store, digest, name, notes) for digest, name in zip((old, new), names, strict=True)]
        found = _profile_parts(*sides)
    if is_tree(before) or is_tree(after):
        tree = "a pack" if profiles else "a suite"
        kinds = [tree if is_tree(data) else "a document" for data in (before, after)]
        said = f"{names[0]} is {kinds[0]}, {names[1]} is {kinds[1]}"
        return Difference(identical=False, parts=found, lines=(shown(said),), notes=tuple(notes))
    lines = _unified(before, after, names, notes)
    return Difference(identical=False, parts=found, lines=lines, notes=tuple(notes))


def _files(old: Mapping[str, TreeEntry], new: Mapping[str, TreeEntry]) -> Changes:
    changed: dict[str, str] = {}
    for path in sorted(old.keys() & new.keys()):
        said = []
        if old[path].hash != new[path].hash:
            said.append("content")
        if old[path].mode != new[path].mode:
            said.append(f"mode {old[path].mode} to {new[path].mode}")
        if said:
            changed[path] = ", ".join(said)
    return Changes(tuple(sorted(new.keys() - old.keys())), tuple(sorted(old.keys() - new.keys())), changed)


def _any_profile(store: Store, digest: str, name: str, notes: list[str]) -> Profile | None:
    data = store.read(digest)
    if is_tree(data):
        return _pack_profile(read_tree(store.blobs, digest), name, notes)
    source = Source(document_name(data), data, sha256(data))
    try:
        return load_lone_profile(LoneProfile(source, name), "store").profile
    except FluxError as error:
        notes.append(_unusable(name, error))
        return None


def _pack_profile(tree: StoredTree, name: str, notes: list[str]) -> Profile | None:
    try:
        return load_pack(TreeFiles(tree, name), "store").profile
    except FluxError as error:
        if error.exit_status == 3:
            raise
        notes.append(_unusable(name, error))
        return None


def _unusable(name: str, error: FluxError) -> str:
    return f"{shown(name)} has no usable profile to compare: {error.problems[0]}"


def _profile_parts(old: Profile | None, new: Profile | None) -> Mapping[str, Changes]:
    if old is None or new is None:
        return {}
    before, after = msgspec.to_builtins(old), msgspec.to_builtins(new)
    parts: dict[str, Changes] = {}
    for key, noun in (("actions", "action"), ("gates", "gate"), ("artifact_types", "artifact type")):
        one = {part["id"]: part for part in before.pop(key, ())}
        other = {part["id"]: part for part in after.pop(key, ())}
        changed = {
            name: _said(one[name], other[name]) for name in one if name in other and not same(one[name], other[name])
        }
        if not changed and list(one) != list(other) and one.keys() == other.keys():
            changed = {"": "in another order"}
        added = tuple(name for name in other if name not in one)
        removed = tuple(name for name in one if name not in other)
        parts[noun] = Changes(added, removed, changed)
    rest = {key: _said({key: before.get(key)}, {key: after.get(key)}) for key in sorted(before.keys() | after.keys())}
    parts["profile"] = Changes(changed={key: said for key, said in rest.items() if said})
    return parts


def _said(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """``field: old -> new`` for each field that differs."""
    keys = [key for key in dict.fromkeys((*old, *new)) if not same(old.get(key), new.get(key))]
    return "; ".join(f"{key}: {_value(old.get(key))} -> {_value(new.get(key))}" for key in keys)


def _value(value: Any) -> str:
    return "nothing" if value is None else shown(json.dumps(value, ensure_ascii=False), 120)


def _unified(old: bytes, new: bytes, names: tuple[str, str], notes: list[str]) -> tuple[str, ...]:
    one, other = map(shown, names)
    before, after = _normalised(old), _normalised(new)
    try:
        # Quadratic in the worst case, and both may come from strangers.
        with patience():
            return tuple(difflib.unified_diff(before, after, one, other, lineterm=""))
    except TooSlowError:
        notes.append("they differ in too much to show where: these are the lines that only one of them has")
        return (f"--- {one}", f"+++ {other}", *_only(before, after, "-"), *_only(after, before, "+"))


def _only(lines: Sequence[str], others: Sequence[str], sign: str) -> list[str]:
    """The lines of one side that the other has not, or less often."""
    left = Counter(lines) - Counter(others)
    return [f"{sign}{line}" for line, count in left.items() for _ in range(count)]


def _normalised(data: bytes) -> list[str]:
    """The content alone, keys sorted; as it is written where it cannot be read as a document."""
    try:
        documents = read_documents(data, document_name(data))
    except DocumentError:
        return shown_lines(data.decode("utf-8", "replace")).split("\n")
    texts = [json.dumps(one, indent=2, sort_keys=True, ensure_ascii=False) for one in documents]
    return shown_lines("\n---\n".join(texts)).split("\n")


def tell_difference(difference: Difference, outputs: Outputs) -> None:
    """Print it, for people."""
    if difference.same:
        outputs.out.line("identical" if difference.identical else "the same content, written in another way")
    for noun, changes in {"file": difference.files, **difference.parts}.items():
        for path in changes.added:
            outputs.out.line(f"+ {noun} {shown(path)}", "green")
        for path in changes.removed:
            outputs.out.line(f"- {noun} {shown(path)}", "red")
        for path, said in changes.changed.items():
            outputs.out.line(f"~ {noun} {shown(path)}: {said}" if path else f"~ {noun}s {said}", "yellow")
    for line in difference.lines:
        outputs.out.line(line, _STYLES.get(line[:1], ""))
    for note in difference.notes:
        outputs.err.line(note, "yellow")
