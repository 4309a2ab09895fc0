"""What specs, scenarios and profiles share on the command line: filed, listed, shown, exported, compared (store.md)."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from pytest_fluxscenario.base.errors import StoreError
from pytest_fluxscenario.base.names import TagRef
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import did_you_mean, shown, shown_lines
from pytest_fluxscenario.cas.index import Kind, Resolved
from pytest_fluxscenario.cas.store import Store, no_store, open_store
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.cli.console.parser import Parser, command
from pytest_fluxscenario.cli.project.references import read_ref
from pytest_fluxscenario.cli.console.render import Outputs
from pytest_fluxscenario.cli.project.stores import add_store, newest_hint, store_folder

_JSON_HELP: Final = "one JSON document on standard output"
_REF_HELP: Final = "name:tag, name:latest or sha256:HASH (12 digits of it are enough)"
_IMPORT: Final = """\
Prints name:tag sha256:HASH for each. Its name is --name, else what it calls itself, else that of its file; its tag is
--tag, else the one that the same content has already, else the version that it declares, else the minor version after
the newest. A tag keeps its content for good: other content needs another tag. Several paths are filed together, or none
of them where one cannot be. No code is run.

exit status: 0 filed (or filed before), 1 a tag names other content, 2 unusable input, 3 a damaged store"""
_USED: Final = """\
The last column names scenarios of the store that run on the version; --json has all of them, as used_by."""
_LIST: Final[Mapping[Kind, str]] = {
    "profiles": _USED,
    "specs": _USED,
    "scenarios": "The last column has the profile that each runs on, and its spec; --json has all of them, as runs_on.",
}
_EXPORT: Final = """\
A document becomes a file, a pack a folder with the modes of its files. What stands at PATH is never overwritten without
--force; with it a file, or a folder that holds a pack and nothing else (for a suite: scenario files and nothing else),
is replaced as a whole."""
_DIFF: Final = """\
Documents are compared in their normalised form (JSON, keys sorted); packs by their files, and by the actions, gates and
artifact types of their profiles.

exit status: 0 nothing differs, 1 something does"""


@dataclass(frozen=True, slots=True)
class Noun:
    """One kind of artifact, as the command line speaks of it."""

    kind: Kind
    word: str
    #: What is filed, for the help.
    what: str
    #: What PATH may be, for the help of ``import``.
    paths: str
    #: An artifact, and a path to import, in the examples.
    example: str
    path: str


def add_verbs(commands: argparse._SubParsersAction[Parser], noun: Noun) -> None:
    """Add the commands of the store to a noun."""
    _add_filing(commands, noun)
    _add_looking(commands, noun)
    if noun.kind != "scenarios":
        # Of scenarios there is more to compare than their text.
        _add_diff(commands, noun)


def _add_filing(commands: argparse._SubParsersAction[Parser], noun: Noun) -> None:
    rig = f"fluxrig {noun.word}"
    one = command(commands, "import", f"file {noun.what} in the store", f"{rig} import {noun.path}", _IMPORT)
    one.add_argument("paths", metavar="PATH", nargs="+", help=noun.paths)
    one.add_argument("--name", help="the name in the store, of one artifact")
    one.add_argument("--tag", help="the version in the store, such as v1.2.0")
    if noun.kind == "scenarios":
        one.add_argument(
            "--suite",
            action="store_true",
            help="file the scenario files of a folder as one suite, called as the folder",
        )
    _finish(one, noun, _import)


def _add_looking(commands: argparse._SubParsersAction[Parser], noun: Noun) -> None:
    word, rig = noun.word, f"fluxrig {noun.word}"
    one = command(commands, "list", f"list the {noun.kind} of the store", f"{rig} list --json", _LIST[noun.kind])
    one.add_argument("--json", action="store_true", help=_JSON_HELP)
    _finish(one, noun, _list)
    one = command(commands, "history", f"list the versions of a {word}, highest first", f"{rig} history {noun.example}")
    one.add_argument("name", metavar="NAME", help="a name in the store, without a tag")
    one.add_argument("--json", action="store_true", help=_JSON_HELP)
    _finish(one, noun, _history)
    tree = noun.kind == "profiles"
    show = "print a version: a document, or the files of a pack" if tree else "print a version as it was filed"
    more = "A pack is shown as mode, hash and path of each file." if tree else ""
    one = command(commands, "show", show, f"{rig} show {noun.example}:latest", more)
    one.add_argument("ref", metavar="REF", help=_REF_HELP)
    _finish(one, noun, _show)
    target = noun.example if tree else f"{noun.example}.yaml"
    example = f"{rig} export {noun.example}:latest build/{target}"
    one = command(commands, "export", "write a version as files again", example, _EXPORT)
    one.add_argument("ref", metavar="REF", help=_REF_HELP)
    one.add_argument("path", metavar="PATH", help="where it is written")
    one.add_argument("--force", action="store_true", help="replace what stands there")
    _finish(one, noun, _export)


def _add_diff(commands: argparse._SubParsersAction[Parser], noun: Noun) -> None:
    example = f"fluxrig {noun.word} diff {noun.example}:v0.1.0 {noun.example}:latest"
    one = command(commands, "diff", "say what differs between two versions", example, _DIFF)
    one.add_argument("old", metavar="OLD", help=_REF_HELP)
    one.add_argument("new", metavar="NEW", help="the same")
    one.add_argument("--json", action="store_true", help=_JSON_HELP)
    _finish(one, noun, diff_stored)


def _finish(parser: Parser, noun: Noun, run: Callable[[Noun, argparse.Namespace, Outputs], int]) -> None:
    add_store(parser, more=", else store/ here")
    parser.set_defaults(run=partial(run, noun))


def _open(noun: Noun, options: argparse.Namespace) -> Store:
    folder = store_folder(options)
    store = open_store(folder, shown(folder))
    if store is None:
        raise no_store(folder, shown(folder), f"make one with: fluxrig {noun.word} import PATH")
    return store


def _resolve(noun: Noun, store: Store, text: str, options: argparse.Namespace) -> Resolved:
    """What a ref on the command line means. Raises StoreError."""
    ref = read_ref(store, text)
    if isinstance(ref, str):
        known = store.index.names.get(noun.kind, {})
        hint = newest_hint(options, text, noun.kind) or ("" if ":" in text else did_you_mean(text, known))
        raise StoreError.of("store.ref", Place(store.name), ref, hint)
    return store.resolve(noun.kind, ref)


# ---- the commands --------------------------------------------------------------------------------


def _import(noun: Noun, options: argparse.Namespace, outputs: Outputs) -> int:
    from pytest_fluxscenario.cli.store.taking import import_paths

    suite = noun.kind == "scenarios" and options.suite
    folder = store_folder(options)
    filed = import_paths(noun.kind, options.paths, folder, options.name, options.tag, outputs, suite=suite)
    for imported in filed:
        outputs.out.line(str(imported))
    if noun.kind == "profiles":
        from pytest_fluxscenario.cli.store.usable import warn_unusable

        outputs.out.flush()
        for path in options.paths:
            warn_unusable(path, outputs)
    return exits.DONE


def _list(noun: Noun, options: argparse.Namespace, outputs: Outputs) -> int:
    from pytest_fluxscenario.cli.store.listing import tell

    store = _open(noun, options)
    return tell(store, noun.kind, sorted(store.index.names.get(noun.kind, {})), outputs, json=options.json)


def _history(noun: Noun, options: argparse.Namespace, outputs: Outputs) -> int:
    from pytest_fluxscenario.cli.store.listing import tell

    store = _open(noun, options)
    name = str(options.name)
    # Asked for its newest version, the index says what exists instead.
    store.resolve(noun.kind, TagRef(name, "latest"))
    return tell(store, noun.kind, [name], outputs, json=options.json)


def _show(noun: Noun, options: argparse.Namespace, outputs: Outputs) -> int:
    from pytest_fluxscenario.cas.trees import is_tree, read_tree

    store = _open(noun, options)
    digest = _resolve(noun, store, options.ref, options).hash
    data = store.read(digest)
    if is_tree(data):
        for path, entry in read_tree(store.blobs, digest).entries.items():
            outputs.out.line(f"{entry.mode} {entry.hash} {shown(path)}")
    elif outputs.out.terminal:
        # What a stranger wrote may hold what moves a cursor; a pipe gets the bytes.
        outputs.out.line(shown_lines(data.decode("utf-8", "replace")).rstrip("\n"))
    else:
        outputs.out.data(data)
    return exits.DONE


def _export(noun: Noun, options: argparse.Namespace, outputs: Outputs) -> int:
    from pytest_fluxscenario.cas.exporting import export_file, export_tree
    from pytest_fluxscenario.cas.trees import is_tree, read_tree

    store = _open(noun, options)
    resolved = _resolve(noun, store, options.ref, options)
    inside = os.path.realpath(store.folder)
    if os.path.commonpath([inside, os.path.realpath(options.path)]) == inside:
        raise StoreError.of(
            "export.store", Place(shown(options.path)), "lies in the store", "name a place outside of it"
        )
    data = store.read(resolved.hash)
    if is_tree(data):
        export_tree(read_tree(store.blobs, resolved.hash), options.path, force=options.force)
    else:
        export_file(data, options.path, force=options.force)
    outputs.out.line(f"{resolved} in {shown(options.path)}")
    return exits.DONE


def diff_stored(noun: Noun, options: argparse.Namespace, outputs: Outputs) -> int:
    """Say what differs between two versions of an artifact; gives the exit status."""
    from pytest_fluxscenario.cli.store.comparing import compare, tell_difference

    store = _open(noun, options)
    old, new = _resolve(noun, store, options.old, options), _resolve(noun, store, options.new, options)
    difference = compare(store, old.hash, new.hash, (str(old), str(new)), profiles=noun.kind == "profiles")
    if options.json:
        outputs.json(
            {
                "old": f"sha256:{old.hash}",
                "new": f"sha256:{new.hash}",
                "identical": difference.identical,
                "same": difference.same,
                "files": difference.files.to_json(),
                "parts": {noun: changes.to_json() for noun, changes in difference.parts.items()},
                "lines": list(difference.lines),
                "notes": list(difference.notes),
            }
        )
    else:
        tell_difference(difference, outputs)
    return exits.DONE if difference.same else exits.NO
