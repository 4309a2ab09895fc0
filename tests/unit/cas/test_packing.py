from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import pytest_fluxscenario
from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.cas.archive import read_archive
from pytest_fluxscenario.cas.blobs import MOST_BYTES
from pytest_fluxscenario.cas.packing import pack_tree
from pytest_fluxscenario.cas.trees import BuiltTree, TreeEntry, build_tree

_FILES = {
    "process.manifest.yaml": b'process: {id: x, version: "1.0.0"}\n',
    "logic/run.py": b"print()\n" * 500,
    "logic-and-more.md": b"",
    "scenarios/\u00e4.scenario.yaml": "id: \u00e4\n".encode(),
}
_RUNS = "logic/run.py"


def fill(folder: Path, names: list[str]) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_FILES[name])
    (folder / _RUNS).chmod(0o755)
    return folder


@pytest.fixture
def tree(tmp_path: Path) -> BuiltTree:
    return build_tree(str(fill(tmp_path / "pack", list(_FILES))), "pack")


def test_the_bytes_are_these_on_every_machine_and_python(tree: BuiltTree) -> None:
    assert sha256(pack_tree(tree)) == "529f9b94efc8fe140efb1f0f7a741fe6c2a508c169cd03be9299bbf07eae7d65"


def test_reading_gives_the_same_tree(tmp_path: Path, tree: BuiltTree) -> None:
    (tmp_path / "p.fstpack").write_bytes(pack_tree(tree))
    read = read_archive(str(tmp_path / "p.fstpack"), "p.fstpack")
    assert read == tree
    assert read.hash == tree.hash
    assert read.entries[_RUNS].mode == "755"


def test_what_is_in_it(tmp_path: Path, tree: BuiltTree) -> None:
    (tmp_path / "p.fstpack").write_bytes(pack_tree(tree))
    with zipfile.ZipFile(tmp_path / "p.fstpack") as archive:
        infos = archive.infolist()
    assert [info.filename for info in infos] == sorted(_FILES)
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert {info.compress_type for info in infos} == {zipfile.ZIP_STORED}
    modes = {info.filename: info.external_attr >> 16 for info in infos}
    assert modes.pop(_RUNS) == 0o100755
    assert set(modes.values()) == {0o100644}


_PACK = """\
import os, sys
from pytest_fluxscenario.cas.blobs import MOST_BYTES
from pytest_fluxscenario.cas.packing import pack_tree
from pytest_fluxscenario.cas.trees import build_tree
os.umask(int(sys.argv[2], 8))
sys.stdout.buffer.write(pack_tree(build_tree(sys.argv[1], "pack")))
"""


@pytest.mark.parametrize(("umask", "zone", "when"), [("077", "Asia/Kathmandu", 0), ("000", "UTC", 2_000_000_000)])
def test_neither_umask_nor_zone_nor_time_nor_order_matters(
    tmp_path: Path, tree: BuiltTree, umask: str, zone: str, when: int
) -> None:
    names = sorted(_FILES, reverse=bool(when))
    folder = fill(tmp_path / "other name", names)
    for name in names:
        (folder / name).chmod(0o700 if name == _RUNS else 0o600)
        os.utime(folder / name, (when, when))
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "run.pyc").write_bytes(b"cache")
    answer = subprocess.run(
        [sys.executable, "-c", _PACK, folder, umask],
        env={
            "TZ": zone,
            "LC_ALL": "C",
            "SOURCE_DATE_EPOCH": "1",
            "PYTHONPATH": str(Path(pytest_fluxscenario.__file__).parent.parent),
        },
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert answer.stdout == pack_tree(tree)


def test_the_largest_pack_comes_back(tmp_path: Path) -> None:
    half = bytes(MOST_BYTES // 2)
    files = {"a": half, "b": half}
    tree = BuiltTree({name: TreeEntry(sha256(data)) for name, data in files.items()}, files)
    data = pack_tree(tree)
    assert len(data) > MOST_BYTES
    (tmp_path / "p.fstpack").write_bytes(data)
    assert read_archive(str(tmp_path / "p.fstpack"), "p.fstpack").hash == tree.hash
