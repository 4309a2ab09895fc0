"""The machine stops while something is imported: whatever is left is a store that verifies (faults.md, "Store")."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatch
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from pytest_fluxscenario.base import batch, fs, syncfs
from pytest_fluxscenario.base.batch import Batch
from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.cas import importing, sums, writing
from pytest_fluxscenario.cas.checking import check_store
from pytest_fluxscenario.cas.importing import file_all, read_file
from pytest_fluxscenario.cas.store import open_store
from tests.fakes.disk import Call, Disk, State, states_after, states_during
from tests.fakes.imports import import_file, import_tree

#: What a writer that died may leave behind, and nothing worse.
_LEFT = {"store.unreferenced", "store.temporary", "store.unfiled"}
_GIT = {
    "store/.gitattributes": b"* -text\nindex.json merge=fluxrig-store\nindex.sum merge=union\n",
    "store/.gitignore": b"/.lock\n/.active\n.*.tmp\n",
}
ONE, TWO = b"name: one\n", b"name: two\n"
BATCH = (b"name: a\n", b"name: b\n")


class World:
    """A disk, documents beside it, and a place where states of it are looked at."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.disk = Disk(folder / "disk")
        self.disk.root.mkdir()
        self._verdicts: dict[tuple[State, tuple[bytes, ...]], str] = {}

    def file(self, data: bytes, at: Path | None = None) -> None:
        path = self.folder / "document.yaml"
        path.write_bytes(data)
        import_file(str((at or self.disk.root) / "store"), "specs", str(path), "thing")

    def files(self, *contents: bytes) -> None:
        """Several documents in one call."""
        paths = [self.folder / f"{number}.yaml" for number in range(len(contents))]
        for path, data in zip(paths, contents, strict=True):
            path.write_bytes(data)
        file_all(str(self.disk.root / "store"), [read_file("specs", str(path), "thing") for path in paths])

    def pack(self) -> None:
        pack = self.folder / "pack"
        (pack / "logic").mkdir(parents=True)
        (pack / "process.manifest.yaml").write_bytes(b"process: {id: review, version: '1.0.0'}\n")
        (pack / "logic" / "main.py").write_bytes(b"print()\n")
        import_tree(str(self.disk.root / "store"), str(pack))

    def fault(self, state: State, filed: Sequence[bytes]) -> str:
        """What is wrong with a state in which these documents were filed; empty where nothing is."""
        key = (state, tuple(filed))
        if key not in self._verdicts:
            self._verdicts[key] = self._look(state, filed)
        return self._verdicts[key]

    def _look(self, state: State, filed: Sequence[bytes]) -> str:
        place = self.folder / "look"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        for path, data in state:
            if data is None:
                (place / path).mkdir()
            else:
                (place / path).write_bytes(data)
        checked = check_store(str(place / "store"), "store")
        problems = checked.problems if checked else ()
        told = [str(one) for one in problems if one.severity == "error" or one.code not in _LEFT]
        held = dict(state)
        if "store/index.json" in held:
            told += [f"{path} is not as it should be" for path, data in _GIT.items() if held.get(path) != data]
        else:
            told = [line for line in told if ".gitattributes" not in line]
        store = open_store(str(place / "store"), "store") if not told else None
        for data in filed:
            known = store.index.names.get("specs", {}).get("thing", {}).values() if store else ()
            if sha256(data) not in known:
                told.append(f"{data!r} was filed, and is gone")
        return "; ".join(told) or self._goes_on(place)

    def _goes_on(self, place: Path) -> str:
        """Whether the next import works."""
        try:
            self.file(b"name: later\n", place)
        except FluxError as error:
            return f"the next import: {error}"
        return ""

    def faults(self, states: Iterable[State], *filed: bytes) -> list[str]:
        return [fault for state in states if (fault := self.fault(state, filed))]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    # What survives a crash is what the model says; the real disk need not be waited for.
    monkeypatch.setattr(os, "fsync", lambda _: None)
    return World(tmp_path)


def first(world: World) -> tuple[bytes, ...]:
    """The calls of the first import of a store; gives what was filed before."""
    world.disk.begin()
    with world.disk.watching():
        world.file(ONE)
    return ()


def later(world: World) -> tuple[bytes, ...]:
    """The calls of an import into a store that is there."""
    world.file(ONE)
    world.disk.begin()
    with world.disk.watching():
        world.file(TWO)
    return (ONE,)


@pytest.mark.parametrize("run", [first, later])
def test_whatever_a_crash_leaves_verifies(world: World, run: Callable[[World], tuple[bytes, ...]]) -> None:
    filed = run(world)
    states = states_during(world.disk.start, world.disk.calls)
    assert len(states) > 10
    assert world.faults(states, *filed) == []
    # Once import has returned, what it filed is there for good.
    done = states_after(world.disk.start, world.disk.calls)
    assert world.faults(done, *filed, TWO if filed else ONE) == []


def test_whatever_a_crash_leaves_of_a_pack_verifies(world: World) -> None:
    world.disk.begin()
    with world.disk.watching():
        world.pack()
    assert world.faults(states_during(world.disk.start, world.disk.calls)) == []


#: How the files of a batch are synced: while they are open, as they are closed, all at once.
WAYS = {"few": (16, False), "many": (1, False), "together": (1, True)}


def batched(world: World, way: str, patch: pytest.MonkeyPatch) -> tuple[bytes, ...]:
    """The calls of an import of two documents into a store that is there."""
    few, whole = WAYS[way]
    patch.setattr(writing, "Batch", partial(Batch, few=few))
    patch.setattr(syncfs, "syncs_whole", lambda _: whole)
    world.file(ONE)
    # So that the states are few enough to look at each: the folders of all but one blob are there.
    for data in BATCH[1:]:
        other = beside(data)
        (world.disk.root / "store" / "blobs" / sha256(other)[:2]).mkdir()
        (world.disk.root / "store" / "blobs" / sha256(other)[:2] / sha256(other)).write_bytes(other)
    world.disk.begin()
    with world.disk.watching():
        world.files(*BATCH)
    return (ONE,)


def beside(data: bytes) -> bytes:
    """Another blob of the same folder."""
    fillers = (f"filler: {number}\n".encode() for number in count())
    return next(filler for filler in fillers if sha256(filler)[:2] == sha256(data)[:2])


@pytest.mark.parametrize("way", WAYS)
def test_whatever_a_crash_leaves_of_a_batch_verifies(world: World, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    filed = batched(world, way, monkeypatch)
    calls, start = world.disk.calls, world.disk.start
    assert [call.what for call in calls].count("sync all") == (way == "together")
    states = states_during(start, calls)
    assert len(states) > 15
    assert world.faults(states, *filed) == []
    assert world.faults(states_after(start, calls), *filed, *BATCH) == []


@pytest.mark.parametrize("way", WAYS)
def test_no_sync_of_a_batch_may_be_left_out(world: World, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    filed = batched(world, way, monkeypatch)
    calls, start = world.disk.calls, world.disk.start
    syncs = [number for number, call in enumerate(calls) if call.what.startswith("sync")]
    # Of the blobs: two files or all at once, the folder of blobs, two folders in it; then two files and two names.
    assert len(syncs) == (8 if way == "together" else 9)
    harmless = []
    for number in syncs:
        fewer = without(calls, number)
        bad = world.faults(states_during(start, fewer), *filed)
        if not bad and not world.faults(states_after(start, fewer), *filed, *BATCH):
            harmless.append(str(calls[number]))
    # What makes everything durable does so for the new folder, too.
    assert harmless == (["sync folder store/blobs/"] if way == "together" else [])


def without(calls: Sequence[Call], number: int) -> list[Call]:
    return [call for position, call in enumerate(calls) if position != number]


@pytest.mark.parametrize(("run", "fewest"), [(first, 12), (later, 7)])
def test_no_sync_may_be_left_out(world: World, run: Callable[[World], tuple[bytes, ...]], fewest: int) -> None:
    filed = run(world)
    calls, start = world.disk.calls, world.disk.start
    syncs = [number for number, call in enumerate(calls) if call.what.startswith("sync")]
    assert len(syncs) >= fewest

    def is_harmless(*left_out: int) -> bool:
        fewer = [call for number, call in enumerate(calls) if number not in left_out]
        during = world.faults(states_during(start, fewer), *filed)
        return not during and not world.faults(states_after(start, fewer), *filed, TWO if filed else ONE)

    harmless = [number for number in syncs if is_harmless(number)]
    # Some folders are synced twice before anything relies on their names: then both may not be left out.
    assert {calls[number].folder for number in harmless} <= {"", "store"}
    for number in harmless:
        twins = [one for one in syncs if one != number and calls[one] == calls[number]]
        assert not all(is_harmless(number, one) for one in twins), f"{number}: {calls[number]}"


def test_what_a_killed_writer_left_is_made_sure_before_it_is_relied_on(world: World) -> None:
    """One process is killed at each of its calls, another imports the same; then the machine stops."""
    assert killed_and_again(world) == []


@pytest.mark.parametrize("folder", ["store/blobs/??", "store/blobs", "store", "."])
def test_no_sync_of_what_others_left_may_be_left_out(
    world: World, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def but_one(path: str) -> None:
        if not fnmatch(os.path.relpath(path, world.disk.root), folder):
            fs.sync_folder(path)

    for module in (batch, sums, importing):
        monkeypatch.setattr(module, "sync_folder", but_one)
    assert killed_and_again(world) != []


def killed_and_again(world: World) -> list[str]:
    bad: list[str] = []
    ended = False
    kill_at = 0
    while not ended:
        shutil.rmtree(world.disk.root)
        world.disk = Disk(world.disk.root)
        world.disk.root.mkdir()
        world.disk.begin()
        ended = True
        with world.disk.watching(kill_at):
            world.file(ONE)
        ended = len(world.disk.calls) < kill_at
        with world.disk.watching():
            world.file(ONE)
        bad += world.faults(states_after(world.disk.start, world.disk.calls), ONE)
        kill_at += 1
    assert kill_at > 20
    return bad
