"""What a session runs from the store: ``--fluxscenario-ref``, and ids that were pasted (store.md, "Run by ref").

Refs are resolved here once, before a worker is started; what the session is given to collect is what they resolved to.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.names import parse_ref
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.active import read_active, write_active
from pytest_fluxscenario.cas.index import INDEX_FILE, Resolved
from pytest_fluxscenario.cas.store import Store, is_store
from pytest_fluxscenario.model.evidence import RunRef
from pytest_fluxscenario.plugin.configuration.options import OPTIONS
from pytest_fluxscenario.plugin.configuration.settings import usage_error
from pytest_fluxscenario.plugin.session.keys import ASKED_INDEX
from pytest_fluxscenario.plugin.session.session import open_session_store
from pytest_fluxscenario.runner.stored import SEPARATOR, bare_name_hint, describe_found, find_stored

_OPTION: Final = "--fluxscenario-ref"
#: Where a worker finds the ref that its controller runs; empty where there is none.
REF_KEY: Final = "fluxscenario_ref"
NOTHING_ACTIVE: Final = "no ref was run before, so nothing is run from the store"


@dataclass(slots=True)
class Stored:
    """What a session runs from its store."""

    store: Store
    #: The index, which stands for the store among what pytest collects, and its node id.
    index: Path
    nodeid: str
    found: list[Resolved] = field(default_factory=list)
    #: What each was asked for as, in the same order.
    asked: list[str] = field(default_factory=list)
    #: What the option named.
    named: Resolved | None = None

    def add(self, text: str, found: Resolved) -> str:
        """Take what a ref resolved to; gives the argument of pytest that collects it."""
        if found not in self.found:
            self.found.append(found)
            self.asked.append(text)
        return f"{self.index}{SEPARATOR}{found}"

    def run_refs(self) -> tuple[RunRef, ...]:
        """What the manifest of the evidence says of it."""
        pairs = zip(self.asked, self.found, strict=True)
        return tuple(RunRef(asked, str(found), found.kind, f"sha256:{found.hash}") for asked, found in pairs)

    def remember(self, ids: list[str]) -> None:
        """Remember what the option named as the last active one, when some of it is among the items that will run."""
        if self.named is not None and any(one.startswith(f"{self.nodeid}{SEPARATOR}{self.named}::") for one in ids):
            write_active(self.store, self.named)


#: Not there where nothing is.
STORED: pytest.StashKey[Stored] = pytest.StashKey()


def take_refs(config: pytest.Config) -> None:
    """Put what the option and the arguments name of the store among what pytest collects.

    Raises pytest.UsageError for a ref that names nothing, and for a store that cannot be used.
    """
    try:
        _take(config)
    except FluxError as error:
        raise usage_error(error) from None


def _take(config: pytest.Config) -> None:
    text = config.stash[OPTIONS].ref
    given = config.args_source is pytest.Config.ArgsSource.ARGS or text is None
    arguments = list(config.args) if given else []
    store = open_session_store(config, config.stash[OPTIONS])
    stored = None if store is None else _stored(config, store)
    arguments = [_pasted(config, argument, stored) for argument in arguments]
    if text is not None and "/" in text:
        arguments.append(text)
    elif text is not None:
        found = _find(config, text, store)
        note = _Notes(text, found)
        config.pluginmanager.register(note, "fluxscenario-ref")
        if found is not None and stored is not None:
            stored.named = found
            arguments.append(stored.add(text, found))
    if stored is not None and stored.found:
        config.stash[STORED] = stored
        config.stash[ASKED_INDEX] = stored.index
        arguments = _without_overlap(config, stored, arguments)
    config.args = arguments
    config.args_source = pytest.Config.ArgsSource.ARGS


def _stored(config: pytest.Config, store: Store) -> Stored:
    index = Path(os.path.abspath(store.folder), INDEX_FILE)
    inside = index.is_relative_to(config.rootpath)
    return Stored(store, index, (index.relative_to(config.rootpath) if inside else index).as_posix())


def _find(config: pytest.Config, text: str, store: Store | None) -> Resolved | None:
    """What the option names; None where it asks for the last active ref and there is none. Raises FluxError."""
    pinned = getattr(config, "workerinput", {}).get(REF_KEY)
    text = text if pinned is None else pinned
    if store is None:
        if not text:
            return None
        hint = "import something, or name a store with --fluxscenario-store"
        raise pytest.UsageError(f"{_OPTION}: there is no store to look up '{shown(text, 80)}' in ({hint})")
    if not text:
        active = read_active(store) if pinned is None else None
        return None if active is None else find_stored(store, active)
    ref = parse_ref(text)
    if isinstance(ref, str):
        there = os.path.exists(os.path.join(config.invocation_params.dir, text))
        hint = f"for the path write ./{shown(text)}" if there else bare_name_hint(store, text)
        raise pytest.UsageError(f"{_OPTION}: {ref}" + (f" ({hint})" if hint else ""))
    return find_stored(store, ref)


def _pasted(config: pytest.Config, argument: str, stored: Stored | None) -> str:
    """An argument; one that names something below an index, with what its ref resolves to."""
    path, separator, rest = argument.partition(SEPARATOR)
    index = Path(os.path.abspath(os.path.join(config.invocation_params.dir, path)))
    if not separator or index.name != INDEX_FILE or not is_store(str(index.parent)):
        return argument
    if stored is None or not os.path.samefile(stored.index, index):
        hint = f"add --fluxscenario-store={shown(os.path.dirname(path) or '.')}"
        raise pytest.UsageError(f"{shown(argument)}: this is not the store of the session ({hint})")
    text, separator, rest = rest.partition(SEPARATOR)
    ref = parse_ref(text)
    if isinstance(ref, str):
        raise pytest.UsageError(f"{shown(argument)}: {ref}")
    return stored.add(text, find_stored(stored.store, ref)) + separator + rest


def _without_overlap(config: pytest.Config, stored: Stored, arguments: list[str]) -> list[str]:
    """The arguments without those of the store, where a folder that is named holds it: pytest walks into it then.

    pytest drops arguments that lie in a folder among them, or collects them twice, depending on its version.
    """
    start = f"{stored.index}{SEPARATOR}"
    others = [argument for argument in arguments if not argument.startswith(start)]
    folders = [Path(os.path.abspath(os.path.join(config.invocation_params.dir, one))) for one in others]
    above = [folder for folder in folders if folder.is_dir() and stored.index.is_relative_to(folder)]
    if not above:
        return arguments
    refs = {str(found) for found in stored.found}
    part = next((one for one in arguments if one.startswith(start) and one.removeprefix(start) not in refs), None)
    if part is not None:
        hint = f"run it without the folder, or all of it with {_OPTION}"
        raise pytest.UsageError(f"{shown(part)}: lies in a folder that is named too ({hint})")
    top = max(above, key=lambda folder: len(folder.parts))
    folder = stored.index.parent.parent
    while folder.is_relative_to(top) and folder != top:
        if config.hook.pytest_ignore_collect(collection_path=folder, config=config):
            hint = f"run it without the folder {shown(top)}"
            raise pytest.UsageError(
                f"{_OPTION}: pytest does not look into {shown(folder)}, where the store is ({hint})"
            )
        folder = folder.parent
    return others


class _Notes:
    """Says at the terminal what is run from the store."""

    def __init__(self, text: str, found: Resolved | None) -> None:
        self._text = text
        self._found = found

    def pytest_report_header(self) -> str | None:
        """What the ref resolved to."""
        if self._found is None:
            return None
        return f"fluxscenario: {describe_found(self._text, self._found)}"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """That nothing was, however quiet the run is: it must not look like one of scenarios that passed."""
        if self._found is None:
            terminalreporter.write_line(f"fluxscenario: {NOTHING_ACTIVE}", yellow=True)
