"""A word with an import: what is filed is bytes, and a tag stays taken, so whoever filed a broken pack should know."""

from __future__ import annotations

import os

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.archive import gather_archive
from pytest_fluxscenario.cas.paths import MANIFEST_FILES
from pytest_fluxscenario.cli.console.render import Outputs, plural
from pytest_fluxscenario.documents.source import read_source
from pytest_fluxscenario.packs.files import LoneProfile, TreeFiles
from pytest_fluxscenario.packs.load import load_lone_profile, load_pack
from pytest_fluxscenario.packs.opening import is_archive, open_pack


def warn_unusable(path: str, outputs: Outputs) -> None:
    """Say that the pack or profile at ``path``, which was filed, cannot be used, where that is so."""
    path = os.path.normpath(path)
    try:
        if is_archive(path) and os.path.isfile(path):
            # Not read into memory: only its documents are looked at.
            tree = gather_archive(path, path)
            with tree.opened():
                load_pack(TreeFiles(tree, path))
        elif os.path.isdir(path) or os.path.basename(path) in MANIFEST_FILES:
            load_pack(open_pack(path, "" if path == "." else path))
        else:
            load_lone_profile(LoneProfile(read_source(path, path), os.path.dirname(path)))
    except FluxError as error:
        errors = plural(len(error.problems), "error")
        message = f"is filed, but cannot be used, {errors}: {error.problems[0]}"
        hint = f"run: fluxrig pack check {shown(path)}"
        outputs.problems([Problem("import.unusable", Place(path), message, hint, "warning")])
