"""``fluxrig pack new``: a small pack to begin with, which passes its own check (cli.md)."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.names import name_fault
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.paths import MANIFEST_FILES, path_fault
from pytest_fluxscenario.cas.scan import is_left_out
from pytest_fluxscenario.cas.trees import BuiltTree, TreeEntry
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.cli.console.parser import Parser, command
from pytest_fluxscenario.cli.console.render import Outputs, plural

_NEW: Final = """\
Writes the folder ID: a manifest, rules, a hook in Python, and a scenario of each class, with comments that say what
each part is for. It passes its own check and its own scenarios. Nothing that is there is overwritten.

exit status: 0 written, 2 no possible id, or something in the way"""
#: What stands in the template for the id, and for a title made of it.
_ID: Final = b"new_pack_id"
_TITLE: Final = b"New pack title"
#: Written without quotes, YAML takes these for something else than a name.
_NO_NAMES: Final = frozenset({"null", "true", "false"})


def add(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the command."""
    one = command(commands, "new", "write a small pack to begin with", "fluxrig pack new release_gate --in packs", _NEW)
    one.add_argument("id", metavar="ID", help="lowercase letters, digits and '_', with a letter first")
    one.add_argument("--in", metavar="DIR", dest="folder", default=".", help="where its folder goes (default: here)")
    one.add_argument("--json", action="store_true", help="one JSON document on standard output")
    one.set_defaults(run=_new)


def _new(options: argparse.Namespace, outputs: Outputs) -> int:
    from pytest_fluxscenario.cas.exporting import export_tree

    name: str = options.id
    _check_id(name)
    folder = os.path.normpath(os.path.join(options.folder, name))
    _check_place(folder)
    tree = new_pack(name)
    export_tree(tree, folder)
    if options.json:
        outputs.json({"files": list(tree.files), "folder": folder, "hash": f"sha256:{tree.hash}", "id": name})
        return exits.DONE
    where = shown(folder)
    for line in (
        f"wrote {plural(len(tree.files), 'file')} in {where}",
        "",
        "next:",
        f"  fluxrig pack check {where}",
        f"  pytest {where}",
        f"  edit {where}/profile.yaml, and a scenario for each rule",
        f"  fluxrig profile import {where}",
    ):
        outputs.out.line(line)
    return exits.DONE


def new_pack(name: str) -> BuiltTree:
    """The files of a new pack of that id."""
    title = name.replace("_", " ").strip().capitalize().encode()
    content = {
        path: data.replace(_ID, name.encode()).replace(_TITLE, title)
        for path, data in sorted(_templates(files("pytest_fluxscenario.cli.pack") / "template", ""))
    }
    return BuiltTree({path: TreeEntry(sha256(data)) for path, data in content.items()}, content)


def _templates(folder: Traversable, under: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        path = f"{under}{entry.name}"
        if entry.is_dir():
            yield from _templates(entry, f"{path}/")
        elif not is_left_out(path):
            yield path, entry.read_bytes()


def _check_id(name: str) -> None:
    """Raise UsageError for what cannot be the id of a process, a name in the store and a folder on every system."""
    from pytest_fluxscenario.packs.manifest import id_fault

    fault = id_fault(name)
    if fault is None:
        other = name_fault(name) or path_fault(name) or ("YAML takes it for no text" if name in _NO_NAMES else None)
        if other is None:
            return
        fault = f"cannot be an id: {other}"
    better = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name.lower()).strip("_")[
        :64
    ]
    usable = better != name and not (id_fault(better) or name_fault(better) or path_fault(better))
    hint = f"did you mean '{better}'?" if usable else "such as release_gate"
    raise UsageError.of("new.id", Place("fluxrig pack new"), f"'{shown(name, 80)}' {fault}", hint)


def _check_place(folder: str) -> None:
    """Raise UsageError where something stands, or the folder would be a part of another pack."""
    place = Place(shown(folder))
    if os.path.lexists(folder):
        if os.path.islink(folder) or not os.path.isdir(folder):
            raise UsageError.of("new.exists", place, "is there already", "choose another id, or another --in DIR")
        if os.listdir(folder):
            hint = "choose another id, or another --in DIR"
            raise UsageError.of("new.exists", place, "is there already, and not empty", hint)
    above = os.path.dirname(os.path.realpath(folder))
    while True:
        if any(os.path.lexists(os.path.join(above, manifest)) for manifest in MANIFEST_FILES):
            message = f"would be a part of the pack in {shown(os.path.relpath(above))}"
            raise UsageError.of("new.inside", place, message, "choose a folder outside of it, with --in DIR")
        parent = os.path.dirname(above)
        if parent == above:
            return
        above = parent
