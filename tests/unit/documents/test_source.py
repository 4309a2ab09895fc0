from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

import pytest

from pytest_fluxscenario.base.errors import DocumentError
from pytest_fluxscenario.documents import Root, read_source
from pytest_fluxscenario.documents.limits import Limits


def refusal(path: Path | str, limits: Limits = Limits(), root: str | Root | None = None) -> tuple[str, str]:
    with pytest.raises(DocumentError) as caught:
        read_source(str(path), "shown.json", limits, root)
    (problem,) = caught.value.problems
    assert str(problem).startswith("shown.json: ")
    return problem.code.removeprefix("document."), problem.message


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_the_bytes_are_those_that_were_hashed(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"\xef\xbb\xbf{}\r\n")
    read = read_source(str(path), "a.json")
    assert (read.name, read.data) == ("a.json", b"\xef\xbb\xbf{}\r\n")
    assert read.digest == hashlib.sha256(read.data).hexdigest()


def test_an_empty_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"")
    assert read_source(str(path), "a.json", root=str(tmp_path)).data == b""


def test_the_limit_of_bytes_may_be_reached_and_not_passed(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"12345")
    assert read_source(str(path), "a.json", Limits(file_bytes=5)).data == b"12345"
    assert refusal(path, Limits(file_bytes=4)) == ("file-size", "holds 5 bytes")


def test_a_large_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.touch()
    os.truncate(path, 1 << 40)
    assert refusal(path)[0] == "file-size"


@pytest.mark.parametrize("rest", [1, 100_000])
def test_a_file_that_grew_is_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rest: int) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"1" * 10)
    earlier = os.stat(path)
    path.write_bytes(b"1" * 10 + b"2" * rest)
    monkeypatch.setattr("os.fstat", lambda _: earlier)
    assert read_source(str(path), "a.json").data == b"1" * 10 + b"2" * rest
    assert refusal(path, Limits(file_bytes=10)) == ("file-size", "grew while it was read")
    assert refusal(path, Limits(file_bytes=10 + rest - 1))[0] == "file-size"


def test_a_file_that_says_no_size_is_read_up_to_the_limit() -> None:
    assert read_source("/proc/self/status", "status").data.startswith(b"Name:")
    assert refusal("/proc/self/status", Limits(file_bytes=10)) == ("file-size", "grew while it was read")


def test_a_file_that_shrank_is_read_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"12345")
    earlier = os.stat(path)
    path.write_bytes(b"1")
    monkeypatch.setattr("os.fstat", lambda _: earlier)
    assert read_source(str(path), "a.json").data == b"1"


@pytest.mark.parametrize("with_root", [False, True])
def test_what_is_no_file_is_named_and_never_waited_for(tmp_path: Path, with_root: bool) -> None:
    root = str(tmp_path) if with_root else None
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "folder.json").mkdir()
    before = open_descriptors()
    assert refusal(tmp_path / "pipe.json", root=root) == ("not-a-file", "is a named pipe, not a file")
    assert refusal(tmp_path / "folder.json", root=root) == ("not-a-file", "is a directory, not a file")
    assert open_descriptors() == before


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null", "/dev/tty"])
def test_a_device_is_refused(device: str) -> None:
    assert refusal(device) == ("not-a-file", "is a device, not a file")


def test_a_socket_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket has to be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("s.json")
        assert refusal("s.json") == ("not-a-file", "is a socket, not a file")


def test_what_the_system_says_is_passed_on(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.json") == ("unreadable", "cannot be read: No such file or directory")
    assert refusal(tmp_path / ("n" * 300))[1] == "cannot be read: File name too long"
    os.symlink("loop.json", tmp_path / "loop.json")
    assert refusal(tmp_path / "loop.json", root=str(tmp_path))[0] == "unreadable"


@pytest.mark.parametrize("path", ["a\x00b", "a\ud800b"])
def test_a_path_that_no_system_knows_is_unreadable(path: str) -> None:
    assert refusal(path)[0] == "unreadable"


def test_an_error_while_reading_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"12345")

    def broken(descriptor: int, length: int) -> bytes:
        raise OSError(5, "Input/output error")

    before = open_descriptors()
    monkeypatch.setattr("os.read", broken)
    assert refusal(path) == ("unreadable", "cannot be read: Input/output error")
    assert open_descriptors() == before


class TestRoot:
    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        (tmp_path / "outside").mkdir()
        (tmp_path / "outside" / "o.json").write_bytes(b"1")
        root = tmp_path / "root"
        (root / "in").mkdir(parents=True)
        (root / "in" / "i.json").write_bytes(b"2")
        os.symlink(tmp_path / "outside" / "o.json", root / "out.json")
        os.symlink("in/i.json", root / "within.json")
        os.symlink(tmp_path / "outside", root / "folder")
        os.symlink("in", root / "inner")
        return root

    @pytest.mark.parametrize("name", ["in/i.json", "within.json", "inner/i.json"])
    def test_links_within_the_root_are_followed(self, root: Path, name: str) -> None:
        assert read_source(str(root / name), name, root=str(root)).data == b"2"

    def test_a_link_out_of_the_root_is_refused_and_says_where_it_leads(self, root: Path) -> None:
        code, message = refusal(root / "out.json", root=str(root))
        assert code == "link-out"
        assert message == f"is a link out of the root, to {root.parent}/outside/o.json"

    def test_a_folder_that_leads_out_of_the_root_is_refused(self, root: Path) -> None:
        code, message = refusal(root / "folder" / "o.json", root=str(root))
        assert code == "link-out"
        assert message == f"lies out of the root, in {root.parent}/outside"

    def test_a_file_beside_the_root_is_refused(self, root: Path) -> None:
        assert refusal(root.parent / "outside" / "o.json", root=str(root))[0] == "link-out"
        assert refusal(root / ".." / "outside" / "o.json", root=str(root))[0] == "link-out"

    def test_a_folder_whose_name_begins_like_the_root_is_outside(self, root: Path) -> None:
        (root.parent / "root2").mkdir()
        (root.parent / "root2" / "x.json").write_bytes(b"1")
        assert refusal(root.parent / "root2" / "x.json", root=str(root))[0] == "link-out"

    def test_without_a_root_links_are_followed(self, root: Path) -> None:
        assert read_source(str(root / "out.json"), "out.json").data == b"1"

    def test_the_root_may_be_a_link_itself(self, root: Path) -> None:
        os.symlink(root, root.parent / "alias")
        alias = root.parent / "alias"
        assert read_source(str(alias / "in" / "i.json"), "i.json", root=str(alias)).data == b"2"
        assert read_source(str(alias / "within.json"), "i.json", root=str(root)).data == b"2"

    def test_a_root_looks_at_a_folder_once(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        looks: list[str] = []
        real = os.path.realpath

        def counted(path: str) -> str:
            looks.append(path)
            return real(path)

        monkeypatch.setattr("os.path.realpath", counted)
        kept = Root(str(root))
        for _ in range(3):
            read_source(str(root / "in" / "i.json"), "i.json", root=kept)
        assert len(looks) == 2  # the root and the folder

    def test_every_folder_is_the_root_of_the_file_system(self, root: Path) -> None:
        assert read_source(str(root / "out.json"), "out.json", root="/").data == b"1"

    def test_where_links_cannot_be_refused_in_opening_they_are_looked_for(
        self, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pytest_fluxscenario.documents.source.NO_FOLLOW", 0)
        assert refusal(root / "out.json", root=str(root))[0] == "link-out"
        assert read_source(str(root / "within.json"), "w", root=str(root)).data == b"2"
