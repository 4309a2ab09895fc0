from __future__ import annotations

import hashlib
import io
import random
import stat
import struct
import tracemalloc
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from pytest_fluxscenario.base.errors import DocumentError, FluxError, StoreError
from pytest_fluxscenario.cas import archive as archive_module
from pytest_fluxscenario.cas.archive import gather_archive, read_archive
from pytest_fluxscenario.cas.gathering import gather_folder
from pytest_fluxscenario.cas.trees import build_tree

Entry = tuple[zipfile.ZipInfo, bytes]


def entry(name: str, data: bytes = b"x", mode: int = stat.S_IFREG | 0o644) -> Entry:
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = mode << 16
    return info, data


def zipped(entries: Iterable[Entry], method: int = zipfile.ZIP_STORED, comment: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for info, data in entries:
            archive.writestr(info, data, method)
        archive.comment = comment
    return buffer.getvalue()


def told(tmp_path: Path, data: bytes) -> list[str]:
    (tmp_path / "p.fstpack").write_bytes(data)
    with pytest.raises(FluxError) as caught:
        read_archive(str(tmp_path / "p.fstpack"), "p.fstpack")
    return [str(problem) for problem in caught.value.problems]


def fill(folder: Path) -> Path:
    for name, text in {"process.manifest.yaml": "process: {id: x}\n", "logic/run.py": "1\n", "ä.md": "e\n"}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "logic" / "run.py").chmod(0o755)
    return folder


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_archive_of_a_folder_is_the_tree_of_the_folder(tmp_path: Path, method: int) -> None:
    folder = fill(tmp_path / "pack")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "run.pyc").write_bytes(b"cache")
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_bytes(b"ref")
    (folder / ".DS_Store").write_bytes(b"finder")
    with zipfile.ZipFile(tmp_path / "p.fstpack", "w", method) as archive:
        for path in sorted(folder.rglob("*"), reverse=True):
            archive.write(path, path.relative_to(folder))
        archive.comment = b"made by hand"
    read = read_archive(str(tmp_path / "p.fstpack"), "p.fstpack")
    built = build_tree(str(folder), "pack")
    assert read == built
    gathered = gather_archive(str(tmp_path / "p.fstpack"), "p.fstpack")
    with gathered.opened():
        assert {path: b"".join(content.pieces()) for path, content in gathered.files.items()} == built.files
    assert gathered.document == built.document == gather_folder(str(folder), "pack").document
    assert list(read.files) == list(built.files)
    assert b'"mode":"755"' in read.document


@pytest.mark.parametrize(
    ("entries", "fragment"),
    [
        ([entry("/etc/passwd")], "the path is absolute"),
        ([entry("C:/x")], "the path is absolute"),
        ([entry("../x")], "the path leaves the pack"),
        ([entry("a/../../x")], "the path leaves the pack"),
        ([entry("a\\..\\x")], "which not every system allows"),
        ([entry("a//x")], "an empty part"),
        ([entry("con.yaml")], "cannot be a file name on every system"),
        ([entry("link", b"/etc/passwd", stat.S_IFLNK | 0o777)], "p.fstpack/link: is a link"),
        ([entry("pipe", b"", stat.S_IFIFO | 0o644)], "is not a regular file"),
        ([entry("device", b"", stat.S_IFCHR | 0o644)], "is not a regular file"),
        ([entry("folder", b"", stat.S_IFDIR | 0o755)], "is a folder and a file at once"),
        ([entry("A.md"), entry("a.md")], "differs from A.md only in case"),
        ([entry("A/x"), entry("a/y")], "only in case"),
        ([entry("a"), entry("a/b")], "p.fstpack/a: is a file and a folder"),
        ([entry("a\u0308"), entry("ä")], "is in the archive twice"),
        ([entry("../link", b"x", stat.S_IFREG), entry("/y")], "the path leaves"),
    ],
)
def test_what_no_pack_holds(tmp_path: Path, entries: list[Entry], fragment: str) -> None:
    assert any(fragment in line for line in told(tmp_path, zipped([entry("process.manifest.yaml"), *entries])))


def test_a_name_twice(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = zipped([entry("a", b"1"), entry("a", b"2")])
    assert told(tmp_path, data) == ["p.fstpack/a: is in the archive twice (keep one)"]


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    lines = told(tmp_path, zipped([entry("/a"), entry("../b"), entry("c", b"x", stat.S_IFLNK)]))
    assert len(lines) == 3


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_module._Archive, "pieces", None)
    (line,) = told(tmp_path, zipped([entry("zeros", bytes(1 << 20))], zipfile.ZIP_DEFLATED))
    assert "unpacks to 1048576 bytes from" in line
    assert "the limit is 20:1" in line
    monkeypatch.setattr(archive_module, "MOST_BYTES", 1 << 16)
    (line,) = told(tmp_path, zipped([entry(f"f{number}", bytes(8000)) for number in range(9)], zipfile.ZIP_DEFLATED))
    assert "holds 72000 bytes unpacked" in line


def test_the_ratio_that_is_allowed(tmp_path: Path) -> None:
    noise = hashlib.shake_256(b"noise").digest(1 << 14)
    data = zipped([entry("noise", noise), entry("zeros", bytes(18 * len(noise)))], zipfile.ZIP_DEFLATED)
    (tmp_path / "p.fstpack").write_bytes(data)
    assert len(read_archive(str(tmp_path / "p.fstpack"), "p").files) == 2


def test_entries_that_share_their_bytes(tmp_path: Path) -> None:
    """A bomb that repeats one compressed stream under many names."""
    data = zipped([entry("a", hashlib.shake_256(b"noise").digest(4000)), entry("b", b"")])
    end = data.rfind(b"PK\x05\x06")
    size, offset = struct.unpack_from("<LL", data, end + 12)
    first = data[offset : data.index(b"PK\x01\x02", offset + 1)]
    many = b"".join(first[:46] + bytes([97 + number]) + first[47:] for number in range(20))
    forged = data[:offset] + many + data[end : end + 8] + struct.pack("<HHLLH", 20, 20, len(many), offset, 0)
    assert size > len(first)
    assert any("entries that overlap" in line for line in told(tmp_path, forged))


def test_too_many_entries_are_counted_before_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = zipped_many(4_097)
    monkeypatch.setattr(zipfile, "ZipFile", None)
    assert told(tmp_path, data) == ["p.fstpack: holds more than 4096 entries (split the pack)"]
    # The count that the archive gives itself does not matter.
    end = data.rfind(b"PK\x05\x06")
    assert told(tmp_path, data[: end + 8] + struct.pack("<HH", 1, 1) + data[end + 12 :])[0].endswith("(split the pack)")


def test_as_many_entries_as_there_may_be(tmp_path: Path) -> None:
    (tmp_path / "p.fstpack").write_bytes(zipped_many(4_096))
    assert len(read_archive(str(tmp_path / "p.fstpack"), "p").files) == 4_096


def zipped_many(count: int) -> bytes:
    return zipped(entry(f"f{number}", b"") for number in range(count))


def test_an_encrypted_entry(tmp_path: Path) -> None:
    data = bytearray(zipped([entry("a", b"secret")]))
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + at] |= 1
    assert told(tmp_path, bytes(data)) == ["p.fstpack/a: is encrypted (pack it without a password)"]


def test_a_method_that_is_not_deflate(tmp_path: Path) -> None:
    assert "is compressed by method 14" in told(tmp_path, zipped([entry("a", b"x" * 99)], zipfile.ZIP_LZMA))[0]


def test_a_broken_checksum(tmp_path: Path) -> None:
    data = zipped([entry("a", b"the content")]).replace(b"the content", b"the CONTENT", 1)
    assert "p.fstpack/a: the archive cannot be read: Bad CRC-32" in told(tmp_path, data)[0]


def test_a_name_that_is_two(tmp_path: Path) -> None:
    """The two headers of an entry disagree; and what stands behind a NUL is seen by some readers only."""
    data = zipped([entry("good.md")]).replace(b"good.md", b"evil.md", 1)
    assert "differ" in told(tmp_path, data)[0]
    assert "which not every system allows" in told(tmp_path, zipped([entry("good-md")]).replace(b"good-", b"good\0"))[0]


def test_a_name_in_no_known_encoding(tmp_path: Path) -> None:
    data = zipped([entry("good.md")]).replace(b"good", b"g\xfc\xfcd")
    assert "is not marked as UTF-8" in told(tmp_path, data)[0]


@pytest.mark.parametrize(
    ("change", "fragment"),
    [
        (lambda _: b"", "it is no zip, or its end is missing"),
        (lambda _: b"PK\x05\x06", "it is no zip, or its end is missing"),
        (lambda _: b"process: {id: x}\n", "it is no zip, or its end is missing"),
        (lambda data: data[:-1], "its end is missing"),
        (lambda data: data + b"more", "there are bytes before, between or after"),
        (lambda data: b"#!/bin/sh\n" + data, "there are bytes before, between or after"),
        (lambda data: data[:-22] + b"PK\x06\x07" + bytes(16) + data[-22:], "zip64"),
        (lambda data: data[: len(data) // 2], "its end is missing"),
    ],
)
def test_what_is_no_archive(tmp_path: Path, change: Callable[[bytes], bytes], fragment: str) -> None:
    (line,) = told(tmp_path, change(zipped([entry("a"), entry("b")])))
    assert line.startswith("p.fstpack: the archive cannot be read: ")
    assert fragment in line


def test_a_file_that_is_not_there_or_no_file(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.fstpack", tmp_path):
        with pytest.raises(DocumentError):
            read_archive(str(path), "p.fstpack")


def test_damaged_archives_are_errors_and_nothing_else(tmp_path: Path) -> None:
    chance = random.Random(3)  # noqa: S311 - no secret
    whole = zipped(
        [entry("x.yaml", b"process: {id: x}\n" * 9), entry("ä/b", b"y" * 99), entry("z/", b"", stat.S_IFDIR)],
        zipfile.ZIP_DEFLATED,
    )
    path = tmp_path / "p.fstpack"
    path.write_bytes(whole)
    good = read_archive(str(path), "p")
    longest: list[int] = []
    for _ in range(3_000):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 1, 2, 8))):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(data)
        try:
            read = read_archive(str(path), "p")
        except StoreError as error:
            longest.append(max(len(str(problem)) for problem in error.problems))
        else:
            # Times, versions and modes are free; what a file holds is not.
            assert set(read.files.values()) <= set(good.files.values())
    assert len(longest) > 1_000
    assert max(longest) < 2_000


def test_a_wide_directory_takes_little_memory(tmp_path: Path) -> None:
    one = struct.pack("<4s42x", b"PK\x01\x02")
    data = one * 400_000
    forged = data + struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 1, 1, len(data), 0, 0)
    tracemalloc.start()
    assert "more than 4096 entries" in told(tmp_path, forged)[0]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * len(forged)
