"""The documents of scenarios in an archive that a command line names."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import did_you_mean, shown
from pytest_fluxscenario.cli.project.selection import Chosen
from pytest_fluxscenario.packs.loaded import LoadedPacks
from pytest_fluxscenario.packs.opening import Archive, is_archive
from pytest_fluxscenario.runner.archived import read_archived


def parts_of(chosen: Chosen, packs: LoadedPacks) -> Sequence[Chosen]:
    """The documents of an archive; anything else is one itself.

    Raises FluxError for an archive that cannot be used, UsageError where it has not what is asked for.
    """
    if chosen.loose is not None or not is_archive(chosen.path):
        return (chosen,)
    archive = Archive(chosen.path, chosen.name)
    documents = read_archived(archive, packs.open_archive(archive))
    if chosen.wanted is None:
        return [Chosen(chosen.path, f"{chosen.name}::{one.path}", None, one) for one in documents]
    known = {one.path: one for one in documents}
    parts: dict[str, Chosen] = {}
    for wanted in sorted(chosen.wanted):
        path, colons, name = wanted.partition("::")
        if path not in known:
            message = f"has no file '{shown(path)}'"
            raise UsageError.of("target.unknown", Place(chosen.name), message, did_you_mean(path, known))
        part = parts.setdefault(path, Chosen(chosen.path, f"{chosen.name}::{path}", set(), known[path]))
        if not colons:
            part.wanted = None
        elif part.wanted is not None:
            part.wanted.add(name)
    return list(parts.values())
