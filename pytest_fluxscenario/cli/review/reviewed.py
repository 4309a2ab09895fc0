"""The pack that a packet is of, wherever it lies: opened, checked, and its scenarios run for the packet."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pytest_fluxscenario.analysis.pack_check import Checked, check_pack
from pytest_fluxscenario.base.errors import DocumentError, FluxError, ProfileError, UsageError
from pytest_fluxscenario.base.names import parse_ref
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.gathering import gather_folder
from pytest_fluxscenario.cas.index import INDEX_FILE
from pytest_fluxscenario.cas.store import Store
from pytest_fluxscenario.cli.console.interrupts import Interrupts
from pytest_fluxscenario.cli.console.progress import Progress
from pytest_fluxscenario.cli.project.ini import find_ini
from pytest_fluxscenario.cli.project.paths import seen_from
from pytest_fluxscenario.cli.project.selection import Chosen, Target, choose
from pytest_fluxscenario.cli.project.settings import Asked, Settings, make_settings
from pytest_fluxscenario.cli.project.stores import open_run_store
from pytest_fluxscenario.cli.running.items import Ended
from pytest_fluxscenario.cli.running.recording import Recording
from pytest_fluxscenario.cli.running.session import Session
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.evidence.redact import Redactor
from pytest_fluxscenario.model.evidence import RunRef
from pytest_fluxscenario.packs.files import FolderFiles, LoneProfile, PackFiles, TreeFiles
from pytest_fluxscenario.packs.load import load_pack
from pytest_fluxscenario.packs.opening import Archive, folder_of, is_archive, open_pack, open_stored
from pytest_fluxscenario.packs.pack import Pack
from pytest_fluxscenario.packs.scenario_files import scenario_paths
from pytest_fluxscenario.runner.archived import read_archived
from pytest_fluxscenario.runner.stored import SEPARATOR, read_stored


@dataclass(frozen=True)
class ReviewedPack:
    """A pack, everything that was found in it, and the documents of its scenarios."""

    settings: Settings
    store: Store | None
    checked: Checked
    #: None where the pack has errors.
    pack: Pack | None
    #: 64 hex digits of its files as the store would file them; empty where they cannot be filed.
    tree_hash: str
    chosen: tuple[Chosen, ...]
    #: What was asked for, where it is in the store.
    refs: tuple[RunRef, ...] = ()


def open_reviewed(argument: str, asked: Asked, start: str) -> ReviewedPack:
    """The pack that ``argument`` names: its folder, manifest or archive, or a ref of the store.

    Raises UsageError where there is none, StoreError, DamageError, and what reading an archive raises.
    """
    path = os.path.normpath(os.path.join(start, argument))
    if "\0" in argument or (not os.path.lexists(path) and ":" in argument and "/" not in argument):
        return _stored(argument, asked, start)
    if is_archive(path) and not os.path.isdir(path):
        settings = make_settings(find_ini([os.path.dirname(path)], start), asked, start)
        where = seen_from(settings.root, path)
        files = open_pack(path, where, Limits.parse(settings.limits))
        return _reviewed(settings, open_run_store(settings, start), files, _archived(Archive(path, where), files))
    folder = folder_of(path, shown(argument))
    settings = make_settings(find_ini([folder], start), asked, start)
    where = seen_from(settings.root, folder)
    files = FolderFiles(folder, "" if where == "." else where, Limits.parse(settings.limits))
    chosen = choose([Target(folder)], settings)
    return _reviewed(settings, open_run_store(settings, start), files, tuple(chosen))


def _stored(argument: str, asked: Asked, start: str) -> ReviewedPack:
    settings = make_settings(find_ini([start], start), asked, start)
    store = open_run_store(settings, start)
    ref = parse_ref(argument)
    if store is None or isinstance(ref, str):
        said = "there is no store to look it up in, and no such file" if store is None else ref
        raise UsageError.of("pack.none", Place(shown(argument)), f"there is no such pack: {said}")
    found = store.resolve("profiles", ref)
    place = f"{found.name}/{found.tag}" if found.name else f"sha256/{found.hash[:12]}"
    files = open_stored(store, found.hash, f"{store.name}/{place}", Limits.parse(settings.limits))
    if isinstance(files, LoneProfile):
        raise UsageError.of(
            "review.no-pack", Place(shown(argument)), "is a profile alone", "a review needs a pack with scenarios"
        )
    begin = INDEX_FILE if store.name == "." else f"{store.name}/{INDEX_FILE}"
    # A pack without scenarios can be reviewed too: the packet says so.
    documents = read_stored(store, found) if scenario_paths(files) else ()
    chosen = tuple(Chosen("", f"{begin}{SEPARATOR}{one.id}", None, one) for one in documents)
    ran = RunRef(argument, str(found), found.kind, f"sha256:{found.hash}")
    return _reviewed(settings, store, files, chosen, (ran,), (str(found), found.hash))


def _archived(archive: Archive, files: PackFiles) -> tuple[Chosen, ...]:
    documents = read_archived(archive, files) if scenario_paths(files) else ()
    return tuple(Chosen(archive.path, f"{archive}::{one.path}", None, one) for one in documents)


def _reviewed(
    settings: Settings,
    store: Store | None,
    files: PackFiles,
    chosen: Sequence[Chosen],
    refs: tuple[RunRef, ...] = (),
    stored: tuple[str, str] | None = None,
) -> ReviewedPack:
    checked = check_pack(files)
    try:
        pack = load_pack(files) if stored is None else load_pack(files, "store", *stored)
    except (DocumentError, ProfileError):
        # The pack check has told why.
        pack = None
    return ReviewedPack(settings, store, checked, pack, _tree_hash(files), tuple(chosen), refs)


def _tree_hash(files: PackFiles) -> str:
    try:
        if isinstance(files, FolderFiles):
            return gather_folder(files.folder, files.where or ".").hash
        return files.tree.hash if isinstance(files, TreeFiles) else ""
    except FluxError as error:
        if error.exit_status == 3:
            raise
        # What cannot be filed has no hash; the pack check tells why.
        return ""


class _Watch:
    """Listens to the run, which tells of itself by its evidence."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._count = 0

    def ended(self, ended: Ended) -> None:  # noqa: ARG002 - the signature of the port
        self._count += 1
        self._progress.tell(f"{self._count} scenarios")

    def broken(self, file: str, error: FluxError) -> None:
        """The evidence says it."""

    def warned(self, problem: Problem) -> None:
        """The pack check says it."""


def run_for_review(reviewed: ReviewedPack, folder: str, redactor: Redactor, start: str, progress: Progress) -> bool:
    """Run the pack's scenarios, with evidence in ``folder``; False where there was nothing to run.

    Raises what a session raises, WriteError for evidence that cannot be written, KeyboardInterrupt.
    """
    session = Session(reviewed.settings, start, _Watch(progress), redactor)
    recording = Recording(folder, redactor, session.tally, reviewed.refs)
    with Interrupts() as interrupts:
        try:
            session.run(reviewed.chosen, recording, interrupts)
        finally:
            session.suite.close()
            recording.finish()
            progress.end()
    for fault in recording.faults:
        hint = "name another folder with --evidence"
        raise type(fault)(replace(problem, hint=hint) for problem in fault.problems)
    return recording.writing
