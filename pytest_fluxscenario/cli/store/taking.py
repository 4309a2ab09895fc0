"""What ``import`` is given: files, folders, archives, standard input, each made ready before anything is filed."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import Final

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import FluxError, UsageError
from pytest_fluxscenario.base.near import near_path
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.archive import gather_archive
from pytest_fluxscenario.cas.describing import document_name
from pytest_fluxscenario.cas.importing import Imported, file_all, read_file, read_folder, stem_of
from pytest_fluxscenario.cas.index import Kind
from pytest_fluxscenario.cas.parcels import Parcel, document_parcel, tree_parcel
from pytest_fluxscenario.cas.paths import ARCHIVE_SUFFIX, MANIFEST_FILES
from pytest_fluxscenario.cas.store import is_store
from pytest_fluxscenario.cli.console.progress import Progress
from pytest_fluxscenario.cli.console.render import Outputs
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.documents.suffixes import SUFFIXES
from pytest_fluxscenario.packs.opening import is_archive

STANDARD_INPUT: Final = "-"
#: From so many on, a terminal shows how far the work is, after as many each.
_MANY: Final = 20
#: Lines that are told of many bad files.
_MOST_PROBLEMS: Final = 100


def import_paths(
    kind: Kind,
    paths: Sequence[str],
    store: str,
    name: str | None,
    tag: str | None,
    outputs: Outputs,
    *,
    suite: bool = False,
) -> list[Imported]:
    """File what the paths name, together or not at all; a terminal is shown how far it is.

    With ``suite`` each path is a folder whose scenario files become one artifact.

    Raises UsageError for paths that cannot be meant, and whatever reading and filing raise: all problems of all files
    at once.
    """
    found = [one for path in paths for one in (_suite_folder(path) if suite else _expand(kind, path))]
    if name is not None and len(found) > 1:
        message = f"--name names one artifact, and these are {len(found)}"
        raise UsageError.of("import.name", Place(shown(" ".join(paths))), message, "import them one by one")
    progress = Progress(outputs.err, beat=0)
    parcels: list[Parcel] = []
    errors: list[FluxError] = []
    for path in found:
        try:
            parcel = _read_suite(path, name, tag) if suite else _read(kind, path, name, tag)
        except FluxError as error:
            errors.append(error)
            continue
        parcels.append(parcel)
        _step(progress, "read", len(parcels), len(found))
    try:
        _refuse(errors)
        filed = file_all(store, parcels, progress=lambda number: _step(progress, "filed", number, len(found)))
    finally:
        progress.end()
    outputs.problems(_other_versions(parcels))
    return filed


def _other_versions(parcels: Sequence[Parcel]) -> Iterator[Problem]:
    """A word where a tag says another version than what is filed under it: scenarios look profiles up by their tags."""
    for parcel in parcels:
        if parcel.other_version is not None:
            message = f"is filed as {parcel.tag}, but says that its version is {shown(parcel.other_version, 80)}"
            hint = "a tag stays taken: file the next one without --tag, or correct the version in it"
            yield Problem("import.other-version", parcel.place, message, hint, "warning")


def _step(progress: Progress, what: str, number: int, count: int) -> None:
    if count >= _MANY and (number % _MANY == 0 or number == count):
        progress.tell(f"{what} {number} of {count}")


def _refuse(errors: Sequence[FluxError]) -> None:
    """Raises the errors as one."""
    if not errors:
        return
    problems = [problem for error in errors for problem in error.problems]
    if len(problems) > _MOST_PROBLEMS:
        more = f"there are {len(problems) - _MOST_PROBLEMS} problems more"
        problems = [*problems[:_MOST_PROBLEMS], Problem("import.more", Place("fluxrig"), more)]
    raise type(errors[0])(problems)


def _expand(kind: Kind, path: str) -> Iterator[str]:
    """A folder as the files in it that are meant; a pack, and anything else, as itself."""
    if path == STANDARD_INPUT:
        if kind == "profiles":
            hint = f"give a pack's folder, its archive (*{ARCHIVE_SUFFIX}), or a profile"
            raise UsageError.of("import.input", Place("-"), "standard input is for specs and scenarios", hint)
        yield path
        return
    path = os.path.normpath(path)
    if not os.path.lexists(path):
        raise UsageError.of("import.missing", Place(shown(path)), "there is no such file or folder", near_path(path))
    if kind == "profiles":
        yield (os.path.dirname(path) or ".") if os.path.basename(path) in MANIFEST_FILES else path
    elif os.path.isdir(path):
        files = list(_scenario_files(path) if kind == "scenarios" else _documents(path))
        if not files:
            raise UsageError.of("import.nothing", Place(shown(path)), f"there is no {kind[:-1]} file in this folder")
        yield from files
    else:
        yield path


def _suite_folder(path: str) -> Iterator[str]:
    if os.path.isdir(path):
        yield os.path.normpath(path)
        return
    hint = "leave --suite out" if os.path.lexists(path) else near_path(path)
    raise UsageError.of("import.suite", Place(shown(path)), "is no folder, and a suite is made of one", hint)


def _read_suite(folder: str, name: str | None, tag: str | None) -> Parcel:
    from pytest_fluxscenario.cas.suites import read_suite

    files = [os.path.relpath(path, folder).replace(os.sep, "/") for path in _scenario_files(folder)]
    if not files:
        raise UsageError.of("import.nothing", Place(shown(folder)), "there is no scenario file in this folder")
    return read_suite(folder, files, name, tag)


def _scenario_files(folder: str) -> Iterator[str]:
    """The files that ``fluxrig scenario run`` would take from the folder."""
    from pytest_fluxscenario.cli.project.ini import find_ini
    from pytest_fluxscenario.cli.project.selection import choose, folders_of, read_targets
    from pytest_fluxscenario.cli.project.settings import Asked, make_settings

    start = os.getcwd()
    targets = read_targets([folder], start)
    for chosen in choose(targets, make_settings(find_ini(folders_of(targets), start), Asked(), start)):
        yield os.path.relpath(chosen.path, start) if not os.path.isabs(folder) else chosen.path


def _documents(folder: str) -> Iterator[str]:
    """Every YAML and JSON file, by path; links, stores and folders whose name begins with a dot are left alone."""
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith(".") and not is_store(os.path.join(here, one)))
        for file in sorted(files):
            path = os.path.join(here, file)
            if file.endswith(SUFFIXES) and not file.startswith(".") and not os.path.islink(path):
                yield path


def _read(kind: Kind, path: str, name: str | None, tag: str | None) -> Parcel:
    if path == STANDARD_INPUT:
        return document_parcel(kind, _standard_input(), None, name, tag)
    if kind != "profiles":
        return read_file(kind, path, name, tag)
    if os.path.isdir(path):
        return read_folder(path, name, tag)
    if is_archive(path):
        return tree_parcel(gather_archive(path, path), path, stem_of(path), name, tag)
    return read_file(kind, path, name, tag)


def _standard_input() -> Source:
    most = Limits().file_bytes
    # One byte more than there may be, so that its reader sees that it is too long.
    data = sys.stdin.buffer.read(most + 1) if sys.stdin is not None else b""
    return Source(document_name(data).replace("document", "stdin"), data, sha256(data))
