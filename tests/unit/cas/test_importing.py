from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_fluxscenario
from pytest_fluxscenario.base.errors import DamageError, DocumentError, FluxError, StoreError
from pytest_fluxscenario.base.fs import WriteError
from pytest_fluxscenario.cas.importing import Imported
from pytest_fluxscenario.cas.index import Index
from pytest_fluxscenario.cas.lock import locked
from pytest_fluxscenario.cas.store import open_store
from pytest_fluxscenario.cas.trees import read_tree
from tests.fakes.imports import import_file, import_tree


def file(folder: Path, text: str, name: str = "thing.yaml") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def spec(folder: Path, text: str, name: str | None = None, tag: str | None = None) -> Imported:
    return import_file(str(folder / "store"), "specs", file(folder, text), name, tag)


def state(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != ".lock"}


@pytest.mark.parametrize(
    ("text", "name", "tag"),
    [
        ("spec: {id: card, version: '2.2.0'}\nmeta: {name: x, version: '9.0.0'}\n", "card", "v2.2.0"),
        ("meta: {name: pay-flow, version: v1.0.0-rc.1}\nid: x\n", "pay-flow", "v1.0.0-rc.1"),
        ("process: {id: review, version: '1.0.0'}\nprofile: {id: x}\n", "review", "v1.0.0"),
        ("profile: {id: review, version: '1.1.0'}\nid: x\n", "review", "v1.1.0"),
        ("id: one\nname: two\nversion: '3.0.0'\n", "one", "v3.0.0"),
        ("name: two\n", "two", "v0.1.0"),
        ("{}\n", "thing", "v0.1.0"),
        ("- id: a\n- id: b\n", "thing", "v0.1.0"),
        ("id: a\n---\nid: b\n", "thing", "v0.1.0"),
    ],
)
def test_name_and_tag_are_what_the_document_declares(tmp_path: Path, text: str, name: str, tag: str) -> None:
    imported = spec(tmp_path, text)
    assert (imported.name, imported.tag, imported.new) == (name, tag, True)
    opened = open_store(str(tmp_path / "store"))
    assert opened is not None
    assert opened.read(imported.hash) == text.encode()


def test_name_and_tag_that_are_given_count(tmp_path: Path) -> None:
    imported = spec(tmp_path, "id: one\nversion: 1\n", "other", "v7.0.0")
    assert str(imported) == f"other:v7.0.0 sha256:{imported.hash}"


def test_without_a_tag_the_minor_after_the_highest(tmp_path: Path) -> None:
    assert spec(tmp_path, "a: 1\n").tag == "v0.1.0"
    assert spec(tmp_path, "a: 2\n").tag == "v0.2.0"
    spec(tmp_path, "a: 3\n", tag="v1.9.3")
    spec(tmp_path, "a: 4\n", tag="v1.10.0-rc.1")
    assert spec(tmp_path, "a: 5\n").tag == "v1.11.0"
    spec(tmp_path, "a: 6\n", tag="v2.999999999.0")
    with pytest.raises(StoreError, match="no minor version after"):
        spec(tmp_path, "a: 7\n")


def test_the_same_again_is_the_same_artifact(tmp_path: Path) -> None:
    first = spec(tmp_path, "a: 1\n", tag="v1.0.0")
    spec(tmp_path, "a: 2\n", tag="v2.0.0")
    before = state(tmp_path / "store")
    assert spec(tmp_path, "a: 1\n") == Imported("specs", "thing", "v1.0.0", first.hash, new=False)
    assert not spec(tmp_path, "a: 1\n", tag="v1.0.0").new
    assert state(tmp_path / "store") == before
    assert spec(tmp_path, "a: 1\n", tag="v3.0.0").new


def test_a_tag_is_immutable(tmp_path: Path) -> None:
    spec(tmp_path, "id: x\nversion: '1.0.0'\n")
    before = state(tmp_path / "store")
    with pytest.raises(StoreError, match=r"x:v1\.0\.0 exists with other content"):
        spec(tmp_path, "id: x\nversion: '1.0.0'\nmore: 1\n")
    assert state(tmp_path / "store") == before


@pytest.mark.parametrize(
    ("text", "tag", "fragment"),
    [
        ("id: Big\n", None, "thing.yaml:1:5: 'Big' cannot be the name in the store"),
        ("id: 7\n", None, "thing.yaml:1:5: must be a string, not a number"),
        ("id: x\nversion: 2.2\n", None, "thing.yaml:2:10: must be a string, not a number"),
        ("id: x\nversion: '2.2'\n", None, "thing.yaml:2:10: the version '2.2' cannot be a tag"),
        ("id: x\n", "1.0.0", "a tag begins with 'v': v1.0.0"),
        ("id: x\n", "latest", "'latest' is computed"),
        ("id: x\n", "v1.0.0+build", "without build metadata"),
    ],
)
def test_what_cannot_be_filed(tmp_path: Path, text: str, tag: str | None, fragment: str) -> None:
    with pytest.raises(StoreError) as caught:
        spec(tmp_path, text, tag=tag)
    assert fragment in str(caught.value)
    assert not (tmp_path / "store").exists()


def test_what_is_no_document_is_not_filed(tmp_path: Path) -> None:
    with pytest.raises(DocumentError):
        spec(tmp_path, "a: [\n")
    with pytest.raises(DocumentError):
        import_file(str(tmp_path / "store"), "specs", str(tmp_path / "nothing.yaml"))


def test_git_is_told_to_leave_line_endings_alone(tmp_path: Path) -> None:
    spec(tmp_path, "a: 1\n")
    told = "* -text\nindex.json merge=fluxrig-store\nindex.sum merge=union\n"
    assert (tmp_path / "store" / ".gitattributes").read_text() == told
    (tmp_path / "store" / ".gitattributes").write_text("* -text\n*.x binary\n")
    spec(tmp_path, "a: 2\n")
    assert "binary" in (tmp_path / "store" / ".gitattributes").read_text()


def pack(folder: Path, version: str = "1.0.0") -> Path:
    (folder / "logic").mkdir(parents=True, exist_ok=True)
    (folder / "process.manifest.yaml").write_text(f"process:\n  id: review\n  version: '{version}'\n")
    (folder / "logic" / "main.py").write_text("raise SystemExit('this code must never run')\n")
    return folder


def test_a_pack_is_imported_whole_and_twice_the_same(tmp_path: Path) -> None:
    first = import_tree(str(tmp_path / "store"), str(pack(tmp_path / "one")))
    second = import_tree(str(tmp_path / "store"), str(pack(tmp_path / "two")))
    assert (first.kind, first.name, first.tag, first.new) == ("profiles", "review", "v1.0.0", True)
    assert (second.hash, second.new) == (first.hash, False)
    elsewhere = import_tree(str(tmp_path / "elsewhere"), str(tmp_path / "two"))
    assert elsewhere.hash == first.hash
    opened = open_store(str(tmp_path / "store"))
    assert opened is not None
    assert list(read_tree(opened.blobs, first.hash)) == ["logic/main.py", "process.manifest.yaml"]


def test_a_changed_pack_needs_a_new_version(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    import_tree(store, str(pack(tmp_path / "pack")))
    (tmp_path / "pack" / "README.md").write_text("more")
    with pytest.raises(StoreError, match="a tag is immutable"):
        import_tree(store, str(tmp_path / "pack"))
    assert import_tree(store, str(pack(tmp_path / "pack", "1.1.0"))).tag == "v1.1.0"


def test_what_is_no_pack(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no process\.manifest\.yaml"):
        import_tree(str(tmp_path / "store"), str(tmp_path))
    linked = pack(tmp_path / "pack")
    (linked / "link").symlink_to("/etc/passwd")
    with pytest.raises(StoreError, match="is a link"):
        import_tree(str(tmp_path / "store"), str(linked))
    assert not (tmp_path / "store").exists()


def test_importing_again_repairs_a_blob(tmp_path: Path) -> None:
    store = tmp_path / "store"
    imported = import_tree(str(store), str(pack(tmp_path / "pack")))
    opened = open_store(str(store))
    assert opened is not None
    for blob in (store / "blobs").rglob("*/*"):
        blob.write_bytes(b"damaged")
    import_tree(str(store), str(tmp_path / "pack"))
    assert len(dict(read_tree(opened.blobs, imported.hash))) == 2


def test_a_damaged_index_is_left_as_it_is(tmp_path: Path) -> None:
    spec(tmp_path, "a: 1\n")
    index = tmp_path / "store" / "index.json"
    for broken in (b"{", b'{"specs": {}, "wires": {}}'):
        index.write_bytes(broken)
        with pytest.raises(DamageError):
            spec(tmp_path, "a: 2\n")
        assert index.read_bytes() == broken
    index.unlink()
    with pytest.raises(DamageError, match="the index is missing, but blobs exist"):
        spec(tmp_path, "a: 2\n")
    assert not index.exists()


def test_the_index_comes_before_the_first_blob_and_the_tag_after_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / "store"
    seen: list[tuple[str, bytes]] = []
    real = os.replace

    def watch(source: str, target: str) -> None:
        seen.append((os.path.relpath(target, store), Path(source).read_bytes()))
        real(source, target)

    monkeypatch.setattr(os, "replace", watch)
    import_tree(str(store), str(pack(tmp_path / "pack")))
    names = [name for name, _ in seen]
    assert names[:3] == [".gitattributes", ".gitignore", "index.json"]
    assert seen[2][1] == Index().to_bytes()
    assert all(name.startswith("blobs/") for name in names[3:-2])
    assert len(names) == 3 + 3 + 1 + 1
    assert names[-2:] == ["index.sum", "index.json"]


def test_who_waits_in_vain_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    spec(tmp_path, "a: 1\n")
    with locked(str(tmp_path / "store"), "store"), pytest.raises(StoreError) as caught:
        import_file(str(tmp_path / "store"), "specs", file(tmp_path, "a: 2\n"), patience=0.05)
    assert f"locked by another process (pid {os.getpid()}) for 0.05 seconds" in str(caught.value)
    assert spec(tmp_path, "a: 2\n").new


def test_the_lock_goes_with_its_process(tmp_path: Path) -> None:
    spec(tmp_path, "a: 1\n")
    code = "import fcntl,os,sys; f=open(sys.argv[1],'r+'); fcntl.flock(f, fcntl.LOCK_EX); os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "store" / ".lock")], check=False)
    assert import_file(str(tmp_path / "store"), "specs", file(tmp_path, "a: 2\n"), patience=0).new


def test_the_lock_is_never_taken_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / ".lock").symlink_to(tmp_path / "victim")
    with pytest.raises(WriteError):
        spec(tmp_path, "a: 1\n")
    assert not (tmp_path / "victim").exists()


def test_a_store_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("")
    with pytest.raises(FluxError) as caught:
        spec(tmp_path, "a: 1\n")
    assert str(tmp_path / "store") in str(caught.value)


#: A program of its own: a process that multiprocessing starts would have to find this module, which is on no path.
_IMPORT_MANY = """\
import sys
from pathlib import Path
from pytest_fluxscenario.cas.importing import file_all, read_file

folder, worker, count = sys.argv[1:]
for number in range(int(count)):
    path = Path(folder, f"{worker}-{number}.yaml")
    path.write_text(f"name: shared\\nworker: {worker}\\nnumber: {number}\\n")
    file_all(str(Path(folder, "store")), [read_file("specs", str(path))])
"""


def test_imports_of_many_processes_lose_nothing(tmp_path: Path) -> None:
    workers, count = 4, 25
    home = Path(pytest_fluxscenario.__file__).parents[1]
    running = [
        subprocess.Popen(
            [sys.executable, "-P", "-c", _IMPORT_MANY, str(tmp_path), str(worker), str(count)],
            env={**os.environ, "PYTHONPATH": str(home)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for worker in range(workers)
    ]
    ended = [(process.communicate(timeout=120)[1], process.returncode) for process in running]
    assert ended == [("", 0)] * workers
    opened = open_store(str(tmp_path / "store"))
    assert opened is not None
    tags = opened.index.tags("specs", "shared")
    assert list(tags) == [f"v0.{minor}.0" for minor in range(workers * count, 0, -1)]
    contents = {opened.read(opened.index.names["specs"]["shared"][tag]) for tag in tags}
    assert len(contents) == workers * count
    assert not list((tmp_path / "store").rglob("*.tmp"))
