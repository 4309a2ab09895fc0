"""Which files and scenarios a command line names (scenario.md; the same files that pytest collects)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.near import near_path
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.paths import ARCHIVE_SUFFIX
from pytest_fluxscenario.cas.store import is_store
from pytest_fluxscenario.cli.project.paths import seen_from
from pytest_fluxscenario.cli.project.settings import Settings
from pytest_fluxscenario.documents.suffixes import FOLDER, MARKED, SUFFIXES
from pytest_fluxscenario.packs.opening import is_archive
from pytest_fluxscenario.runner.archived import LooseDocument

#: How much of a file that is named is looked at, to see whether it holds scenarios.
_LOOK = 1 << 16


@dataclass(frozen=True, slots=True)
class Target:
    """One argument: a folder or a file, and the scenario of the file that is asked for."""

    path: str
    wanted: str | None = None


@dataclass(slots=True)
class Chosen:
    """One document of scenarios, and what of it is asked for."""

    #: The file, or the archive that it lies in; empty in the store.
    path: str
    #: How it is shown, and the first part of the ids of its scenarios.
    name: str
    #: None for everything; else names: ``id`` or ``id[row]``.
    wanted: set[str] | None
    #: The document, where it lies in no folder.
    loose: LooseDocument | None = None


def read_targets(arguments: Sequence[str], start: str, hint: Callable[[str], str] = lambda _: "") -> list[Target]:
    """The arguments as paths that exist. Raises UsageError; ``hint`` says what else something may be that does not."""
    targets = []
    for argument in arguments:
        path, colons, wanted = argument.partition("::")
        full = os.path.normpath(os.path.join(start, path))
        if "\0" in path or not os.path.exists(full):
            raise _missing(argument, path, full, hint(path))
        if colons and os.path.isdir(full):
            raise UsageError.of(
                "target.folder",
                Place(shown(argument)),
                "a folder has no scenarios of its own",
                "name a file before '::'",
            )
        targets.append(Target(full, wanted if colons else None))
    return targets


def folders_of(targets: Sequence[Target]) -> list[str]:
    """The folders that the root is looked for from."""
    return [target.path if os.path.isdir(target.path) else os.path.dirname(target.path) for target in targets]


def choose(targets: Sequence[Target], settings: Settings) -> list[Chosen]:
    """The scenario files of the targets, each once. Raises UsageError for a file that is named and is none."""
    chosen: dict[str, Chosen] = {}
    for target in targets:
        for path, name in _files(target, settings):
            known = chosen.get(path)
            wanted = None if target.wanted is None else {target.wanted}
            if known is None:
                chosen[path] = Chosen(path, name, wanted)
            elif wanted is None or known.wanted is None:
                known.wanted = None
            else:
                known.wanted |= wanted
    return list(chosen.values())


def _files(target: Target, settings: Settings) -> Iterator[tuple[str, str]]:
    name = seen_from(settings.root, target.path)
    if os.path.isdir(target.path):
        prefix = "" if name == "." else name + "/"
        yield from _walk(target.path, prefix, settings, {os.path.realpath(target.path)})
    elif is_archive(name) or _is_scenario_file(target.path, name, settings) or _looks_like_one(target.path):
        yield target.path, name
    else:
        hint = (
            f"a scenario file ends in {', '.join(MARKED)}, lies in a folder named {FOLDER}, or has a profile_id in "
            f"it; an archive of a pack ends in {ARCHIVE_SUFFIX}"
        )
        raise UsageError.of("target.not-a-scenario", Place(shown(name)), "is no scenario file", hint)


def _walk(folder: str, prefix: str, settings: Settings, above: set[str]) -> Iterator[tuple[str, str]]:
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        said = shown(error.strerror or type(error).__name__)
        raise UsageError.of("target.unreadable", Place(shown(prefix or folder)), f"cannot be listed: {said}") from error
    simple = not settings.files
    inside = os.path.basename(folder) == FOLDER
    for entry in found:
        name = entry.name
        if not _leads_somewhere(entry):
            continue
        if name.endswith(SUFFIXES) and entry.is_file():
            if (simple and (inside or name.endswith(MARKED))) or (
                not simple and _is_scenario_file(entry.path, prefix + name, settings)
            ):
                yield entry.path, prefix + name
        elif not simple and is_archive(name) and entry.is_file() and _is_matched(prefix + name, settings):
            yield entry.path, prefix + name
        elif entry.is_dir() and not _is_left_out(entry, settings):
            real = os.path.realpath(entry.path) if entry.is_symlink() else entry.path
            if real not in above:
                yield from _walk(entry.path, f"{prefix}{name}/", settings, above | {real})


def _leads_somewhere(entry: os.DirEntry[str]) -> bool:
    """Whether it is no link, or one that can be followed to its end."""
    return not entry.is_symlink() or os.path.exists(entry.path)


def _is_left_out(entry: os.DirEntry[str], settings: Settings) -> bool:
    if entry.name == "__pycache__" or any(_matches(pattern, entry) for pattern in settings.no_recurse):
        return True
    marks = (os.path.join(entry.path, "pyvenv.cfg"), os.path.join(entry.path, "conda-meta", "history"))
    return any(map(os.path.isfile, marks)) or (entry.name == "store" and is_store(entry.path))


def _matches(pattern: str, entry: os.DirEntry[str]) -> bool:
    if os.sep not in pattern:
        return fnmatch(entry.name, pattern)
    return fnmatch(entry.path, pattern if os.path.isabs(pattern) else f"*{os.sep}{pattern}")


def _is_scenario_file(path: str, name: str, settings: Settings) -> bool:
    if not path.endswith(SUFFIXES):
        return False
    if settings.files:
        return _is_matched(name, settings)
    return path.endswith(MARKED) or os.path.basename(os.path.dirname(path)) == FOLDER


def _is_matched(name: str, settings: Settings) -> bool:
    """Whether a pattern of the configuration names the file."""
    return any(fnmatch(name, one) or fnmatch(os.path.basename(name), one) for one in settings.files)


def _looks_like_one(path: str) -> bool:
    """Whether a file that is named says itself that it holds scenarios."""
    if not path.endswith(SUFFIXES) or not os.path.isfile(path):
        return False
    try:
        with open(path, "rb") as file:
            return b"profile_id" in file.read(_LOOK)
    except OSError:
        return False


def _missing(argument: str, path: str, full: str, hint: str) -> UsageError:
    hint = hint or near_path(full) or "give a file, a folder, file::id, or a ref as name:tag"
    error: UsageError = UsageError.of(
        "target.missing", Place(shown(path or argument)), "there is no such file or folder", hint
    )
    return error
