"""The files of a pack that a reviewer has to read: its trusted document, the code of its hooks, its schemas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pytest_fluxscenario.base.digest import sha256_ref
from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.model.review import SourceView
from pytest_fluxscenario.packs.pack import Pack
from pytest_fluxscenario.packs.stages import Draft

#: Where the code of hooks lies, beside the files that their command names.
CODE_FOLDER: Final = "logic/"
#: The longest text of one file, and of all of them, in bytes.
_MOST: Final = 64 << 10
_MOST_IN_ALL: Final = 512 << 10


def sources_of(draft: Draft, pack: Pack | None) -> tuple[SourceView, ...]:
    """Each file once, in that order. Raises DamageError of a store that does not give its files."""
    left = _MOST_IN_ALL
    found = []
    for path in dict.fromkeys(_paths(draft, pack)):
        source = _source(draft, path, min(_MOST, left))
        if source is not None:
            left -= len(source.text.encode("utf-8", "replace"))
            found.append(source)
    return tuple(found)


def _paths(draft: Draft, pack: Pack | None) -> Iterator[str]:
    if draft.manifest is not None and draft.manifest.manifest.docs.trusted_source:
        yield draft.manifest.manifest.docs.trusted_source
    command = draft.hooks.hooks.runtime.command if draft.hooks is not None else ()
    yield from (path for path in (pack.code if pack else ()) if path.startswith(CODE_FOLDER) or path in command)
    if draft.profile is not None:
        yield from (kind.schema for kind in draft.profile.profile.artifact_types if kind.schema)


def _source(draft: Draft, path: str, most: int) -> SourceView | None:
    if draft.files.fault(path):
        return None
    try:
        data = draft.files.content(path)
    except FluxError as error:
        if error.exit_status == 3:
            raise
        return None
    digest = sha256_ref(data)
    if len(data) > most:
        return SourceView(path, digest, "", f"{len(data)} bytes are too many for a packet: read the file")
    try:
        return SourceView(path, digest, data.decode("utf-8"))
    except UnicodeDecodeError:
        return SourceView(path, digest, "", f"{len(data)} bytes that are no text")
