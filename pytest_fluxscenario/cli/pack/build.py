"""``fluxrig pack build``: a pack as one file, the same bytes on every machine (cli.md)."""

from __future__ import annotations

import argparse
import os

from pytest_fluxscenario.base.digest import sha256_ref
from pytest_fluxscenario.base.errors import ProfileError, UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problems
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.archive import read_archive
from pytest_fluxscenario.cas.paths import ARCHIVE_SUFFIX
from pytest_fluxscenario.cas.trees import BuiltTree, build_tree
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.cli.console.parser import Parser, command
from pytest_fluxscenario.cli.console.render import Outputs
from pytest_fluxscenario.model.pack import Manifest

_BUILD = f"""\
PACK is a pack's folder, its manifest, or an archive. The result holds what an import of the folder takes, so it has the
same hash in the store; what no import takes is refused. The same folder gives the same bytes on every machine. Nothing
of the pack is run, and only its manifest is looked at: fluxrig pack check says whether the pack is valid.

FILE is by default the manifest's package.output_archive, else ID-VERSION{ARCHIVE_SUFFIX}, here.

exit status: 0 built (or there already), 2 a pack that cannot be packed, or another file in the way"""


def add(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the command."""
    example = "fluxrig pack build scenarios/local_patch_review -o build/local_patch_review.fstpack"
    one = command(commands, "build", "make one file of a pack", example, _BUILD)
    one.add_argument("pack", metavar="PACK", help="a pack's folder, its manifest, or an archive of it")
    one.add_argument("-o", "--output", metavar="FILE", help=f"what is written; it ends in {ARCHIVE_SUFFIX}")
    one.add_argument("--force", action="store_true", help="replace a file that stands there")
    one.add_argument("--json", action="store_true", help="one JSON document on standard output")
    one.set_defaults(run=_build)


def _build(options: argparse.Namespace, outputs: Outputs) -> int:
    from pytest_fluxscenario.cas.exporting import export_file
    from pytest_fluxscenario.cas.packing import pack_tree

    where, tree = _read(options.pack)
    manifest = _manifest(tree, where)
    path = _output(options.output, manifest, where)
    data = pack_tree(tree)
    if not _is_there(path, data):
        export_file(data, path, force=options.force)
    process = manifest.process
    if options.json:
        outputs.json(
            {
                "archive": path,
                "bytes": len(data),
                "digest": sha256_ref(data),
                "files": len(tree.files),
                "hash": f"sha256:{tree.hash}",
                "name": process.id,
                "tag": f"v{process.version}",
            }
        )
    else:
        outputs.out.line(f"{process.id}:v{process.version} sha256:{tree.hash} in {shown(path)}")
    return exits.DONE


def _read(path: str) -> tuple[str, BuiltTree]:
    """Where the pack lies, and its files. Raises UsageError, StoreError, DocumentError."""
    from pytest_fluxscenario.packs.opening import folder_of, is_archive

    if is_archive(path) and os.path.isfile(path):
        return path, read_archive(path, path)
    folder = folder_of(path, shown(path))
    return folder, build_tree(folder, folder)


def _manifest(tree: BuiltTree, where: str) -> Manifest:
    """The manifest of the pack. Raises ProfileError for one that could not be imported, or that names no such files."""
    from pytest_fluxscenario.packs.files import TreeFiles
    from pytest_fluxscenario.packs.manifest import check_manifest, read_manifest

    files = TreeFiles(tree, "" if where == "." else where)
    problems = Problems()
    written = read_manifest(files, problems)
    check_manifest(written, files, problems)
    if problems.errors:
        raise ProfileError(problems.errors)
    return written.manifest


def _output(asked: str | None, manifest: Manifest, pack: str) -> str:
    """Where the archive goes. Raises UsageError."""
    process = manifest.process
    path = os.path.normpath(
        asked or manifest.package.output_archive or f"{process.id}-{process.version}{ARCHIVE_SUFFIX}"
    )
    place = Place(shown(path))
    if not path.endswith(ARCHIVE_SUFFIX):
        hint = f"write -o {shown(os.path.splitext(path)[0])}{ARCHIVE_SUFFIX}"
        raise UsageError.of("build.suffix", place, f"does not end in {ARCHIVE_SUFFIX}", hint)
    inside = os.path.realpath(pack)
    if os.path.isdir(inside) and os.path.commonpath([inside, os.path.realpath(path)]) == inside:
        # The next archive would hold this one.
        outside = os.path.join(os.path.relpath(os.path.dirname(os.path.abspath(pack))), os.path.basename(path))
        hint = f"write -o {shown(os.path.normpath(outside))}"
        raise UsageError.of("build.inside", place, "lies in the pack, and would become a part of it", hint)
    return path


def _is_there(path: str, data: bytes) -> bool:
    """Whether the very same archive stands there already."""
    try:
        if os.path.getsize(path) != len(data) or not os.path.isfile(path):
            return False
        with open(path, "rb") as file:
            return file.read(len(data) + 1) == data
    except OSError:
        return False
