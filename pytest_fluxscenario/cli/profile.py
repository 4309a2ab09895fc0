"""``fluxrig profile``: file process packs in the store, and look at what is there (store.md)."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from typing import Any

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import DocumentError, FluxError, StoreError
from pytest_fluxscenario.base.names import HashRef, Ref, parse_ref
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown, shown_lines
from pytest_fluxscenario.base.values import ABSENT, lookup
from pytest_fluxscenario.cas.importing import import_file, import_tree
from pytest_fluxscenario.cas.paths import MANIFEST_FILES
from pytest_fluxscenario.cas.store import STORE_FOLDER, Store, find_store, open_store
from pytest_fluxscenario.cas.trees import StoredTree, is_tree, read_tree
from pytest_fluxscenario.cli import exits
from pytest_fluxscenario.cli.parser import Parser, command, verbs
from pytest_fluxscenario.cli.render import Outputs, table
from pytest_fluxscenario.documents.elements import read_elements
from pytest_fluxscenario.documents.source import Source

#: Where documents say what people call them; the first that is there counts.
_TITLES = ("process.display_name", "profile.name", "display_name", "title", "name")
#: Shortest part of a hash that may stand for it.
_PREFIX = 12


def add(parser: argparse.ArgumentParser) -> None:
    """Add the commands."""
    commands = verbs(parser)
    more = (
        "A folder with a process.manifest.yaml is filed as a whole. Prints name:tag sha256:HASH.\nNothing of it is run."
    )
    example = "fluxrig profile import scenarios/local_patch_review"
    one = command(commands, "import", "file a process pack, or a profile alone, in the store", example, more)
    one.add_argument("path", metavar="PATH", help="a pack's folder, or a profile as YAML or JSON")
    one.add_argument("--name", help="instead of the name that it gives itself")
    one.add_argument("--tag", help="instead of the version that it gives itself, such as v1.2.0")
    _add_store(one)
    one.set_defaults(run=_import)
    one = command(commands, "list", "list the profiles of the store", "fluxrig profile list --json")
    one.add_argument("--json", action="store_true", help="one JSON document on standard output")
    _add_store(one)
    one.set_defaults(run=_list)
    more = "A pack is shown as its tree: mode, hash and path of each file."
    one = command(commands, "show", "print what a ref names", "fluxrig profile show local_patch_review:latest", more)
    one.add_argument("ref", metavar="REF", help="name:tag, name:latest or sha256:HASH (12 digits of it are enough)")
    _add_store(one)
    one.set_defaults(run=_show)


def _add_store(parser: Parser) -> None:
    where = (
        "the store (default: FLUXRIG_STORE, else store/ of the nearest folder upward that has one, else store/ here)"
    )
    parser.add_argument("--store", metavar="DIR", help=where)


def _folder(options: argparse.Namespace) -> str:
    given = options.store or os.environ.get("FLUXRIG_STORE")
    if given:
        return str(given)
    found = find_store(os.getcwd())
    return os.path.relpath(found) if found else STORE_FOLDER


def _open(options: argparse.Namespace) -> Store:
    folder = _folder(options)
    store = open_store(folder, shown(folder))
    if store is None:
        hint = "make one with: fluxrig profile import PATH"
        raise StoreError.of("store.none", Place(shown(folder)), "there is no store", hint)
    return store


def _import(options: argparse.Namespace, outputs: Outputs) -> int:
    path = os.path.normpath(options.path)
    if os.path.basename(path) in MANIFEST_FILES:
        path = os.path.dirname(path) or "."
    if os.path.isdir(path):
        imported = import_tree(_folder(options), path, options.name, options.tag)
    else:
        imported = import_file(_folder(options), "profiles", path, options.name, options.tag)
    outputs.out.line(str(imported))
    return exits.DONE


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    tag: str
    latest: bool
    hash: str
    #: Bytes of the content; None where it cannot be read.
    size: int | None
    title: str


def _list(options: argparse.Namespace, outputs: Outputs) -> int:
    store = _open(options)
    faults: list[FluxError] = []
    rows = [
        _row(store, name, tag, tag == tags[0], faults)
        for name in sorted(store.index.names.get("profiles", {}))
        for tags in (store.index.tags("profiles", name),)
        for tag in tags
    ]
    if options.json:
        outputs.json(
            [
                {"name": row.name, "tag": row.tag, "latest": row.latest, "hash": f"sha256:{row.hash}", "size": row.size}
                | {"title": row.title}
                for row in rows
            ]
        )
    elif rows:
        cells = [
            (row.name, row.tag, "latest" if row.latest else "", row.hash[:_PREFIX], _size(row.size), row.title)
            for row in rows
        ]
        for number, line in enumerate(table(("NAME", "TAG", "", "HASH", "SIZE", "TITLE"), cells)):
            outputs.out.line(line, "" if number else "bold")
    outputs.out.flush()
    for fault in faults:
        outputs.error(fault)
    return max((fault.exit_status for fault in faults), default=exits.DONE)


def _row(store: Store, name: str, tag: str, latest: bool, faults: list[FluxError]) -> _Row:
    digest = store.index.names["profiles"][name][tag]
    try:
        data = store.read(digest)
        if is_tree(data):
            tree = read_tree(store.blobs, digest)
            return _Row(name, tag, latest, digest, sum(map(len, tree.values())), _tree_title(tree))
        return _Row(name, tag, latest, digest, len(data), _title(data))
    except FluxError as error:
        faults.append(error)
        return _Row(name, tag, latest, digest, None, "")


def _tree_title(tree: StoredTree) -> str:
    manifest = next((file for file in MANIFEST_FILES if file in tree.entries), None)
    return _title(tree[manifest], manifest) if manifest else ""


def _title(data: bytes, name: str = "profile.yaml") -> str:
    try:
        content: Any = read_elements(Source(name, data, sha256(data)), split=False)[0].data
    except DocumentError:
        return ""
    found = (lookup(content, path) for path in _TITLES)
    return next((shown(title, 80) for title in found if title is not ABSENT and isinstance(title, str)), "")


def _size(size: int | None) -> str:
    return "?" if size is None else str(size)


def _show(options: argparse.Namespace, outputs: Outputs) -> int:
    store = _open(options)
    digest = store.resolve("profiles", _ref(store, options.ref)).hash
    data = store.read(digest)
    if is_tree(data):
        tree = read_tree(store.blobs, digest)
        for path, entry in tree.entries.items():
            outputs.out.line(f"{entry.mode} {entry.hash} {shown(path)}")
    elif outputs.out.terminal:
        # What a stranger wrote may hold what moves a cursor; a pipe gets the bytes.
        outputs.out.line(shown_lines(data.decode("utf-8", "replace")).rstrip("\n"))
    else:
        outputs.out.data(data)
    return exits.DONE


def _ref(store: Store, text: str) -> Ref:
    """The ref that is written; a part of a hash is enough here (store.md). Raises StoreError."""
    kind, _, part = text.partition(":")
    short = kind == "sha256" and _PREFIX <= len(part) < 64 and not set(part) - set("0123456789abcdef")
    if short:
        try:
            found = [name for name in os.listdir(os.path.dirname(store.blobs.path(part))) if name.startswith(part)]
        except OSError:
            found = []
        if len(found) == 1:
            return HashRef(found[0])
        message = f"{len(found) or 'no'} blobs have a hash that begins with {part}"
        raise StoreError.of("store.prefix", Place(store.name), message, "give more digits" if found else "")
    ref = parse_ref(text)
    if isinstance(ref, str):
        raise StoreError.of("store.ref", Place(store.name), ref)
    return ref
