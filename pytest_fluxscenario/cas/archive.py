"""Archives of packs, ``.fstpack``: a zip, judged whole before any of it is unpacked (store.md, "Import").

Nothing is written: what comes out is the same tree as that of the folder, whose files are read when they are filed.
"""

from __future__ import annotations

import os
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from pytest_fluxscenario.base.digest import Digest, sha256
from pytest_fluxscenario.base.errors import FluxError, StoreError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problems
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.blobs import MOST_BYTES
from pytest_fluxscenario.cas.contents import Content, unchanged
from pytest_fluxscenario.cas.gathering import GatheredTree
from pytest_fluxscenario.cas.paths import path_fault, same_but_for_case
from pytest_fluxscenario.cas.scan import MOST_ENTRIES, Mode, is_left_out
from pytest_fluxscenario.cas.trees import BuiltTree, TreeEntry
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import opened_source

#: The largest pack of the most files with the longest paths, stored as it is.
_MOST_ARCHIVE: Final = MOST_BYTES + MOST_ENTRIES * (8 << 10)
#: Bytes that may come out for each byte of the archive.
MOST_RATIO: Final = 20
_MOST_TOLD: Final = 20
_PIECE: Final = 1 << 20

_END: Final = b"PK\x05\x06"
_END64_LOCATOR: Final = b"PK\x06\x07"
_MEMBER: Final = b"PK\x01\x02"
_END_BYTES = 22
_COMMENT_MOST = 0xFFFF
_LOCATOR_BYTES = 20
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_UTF8 = 0x800
_UNIX = 3
_OWNER_MAY_RUN = 0o100
#: All that ``zipfile`` raises for bytes that it does not like.
_NOT_READABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)


class _Archive:
    """An archive that is opened when it is needed: many may be imported in one call."""

    def __init__(self, path: str, name: str) -> None:
        self._path, self.name = path, name
        self._held = ExitStack()
        self._zip: zipfile.ZipFile | None = None
        self.size = 0

    def __enter__(self) -> zipfile.ZipFile:
        with ExitStack() as held:
            descriptor, self.size = held.enter_context(
                opened_source(self._path, self.name, Limits(file_bytes=_MOST_ARCHIVE))
            )
            _count_entries(descriptor, self.size, Place(self.name))
            file = held.enter_context(os.fdopen(descriptor, "rb", closefd=False))
            try:
                self._zip = held.enter_context(zipfile.ZipFile(file))
            except _NOT_READABLE as error:
                raise _broken(Place(self.name), shown(error) or type(error).__name__) from error
            self._held = held.pop_all()
        return self._zip

    def __exit__(self, *_: object) -> None:
        self._zip = None
        self._held.close()

    def pieces(self, info: zipfile.ZipInfo, place: Place) -> Iterator[bytes]:
        """The bytes of one file, while the archive is open. Raises StoreError."""
        size = 0
        try:
            # Reads no more than the size that was counted, and holds the bytes against their checksum.
            with self._opened().open(info) as member:
                while piece := member.read(_PIECE):
                    size += len(piece)
                    yield piece
        except _NOT_READABLE as error:
            raise _broken(place, shown(error) or type(error).__name__) from error
        if size != info.file_size:
            raise _broken(place, "it is shorter than it says")

    def _opened(self) -> zipfile.ZipFile:
        if self._zip is None:
            raise ValueError("the archive is not open")
        return self._zip


@dataclass(frozen=True, slots=True)
class _Member:
    """The content of one file of an archive."""

    archive: _Archive
    info: zipfile.ZipInfo
    place: Place
    digest: str
    size: int

    def pieces(self) -> Iterator[bytes]:
        """The bytes, while the archive is open."""
        return unchanged(self.archive.pieces(self.info, self.place), self.digest, self.place.file)


def read_archive(path: str, name: str) -> BuiltTree:
    """The pack in the archive at ``path``, in memory. Raises what ``gather_archive`` does."""
    archive = _Archive(path, name)
    with archive as opened:
        members = _members(opened, archive.size, name)
        files = {path: b"".join(archive.pieces(info, _place(name, path))) for path, info in members.items()}
    return BuiltTree({path: TreeEntry(sha256(data), _mode(members[path])) for path, data in files.items()}, files)


def gather_archive(path: str, name: str) -> GatheredTree:
    """The pack in the archive at ``path``, shown as ``name``.

    Raises DocumentError where the file cannot be read, and StoreError for everything that no archive of a pack has:
    paths that are absolute or lead out, links, special or encrypted files, two names equal but for case, more than
    4,096 entries, 64 MiB, or 20 bytes for each byte of the archive, and bytes that their checksum denies.
    """
    archive = _Archive(path, name)
    entries: dict[str, TreeEntry] = {}
    files: dict[str, Content] = {}
    with archive as opened:
        for inside, info in _members(opened, archive.size, name).items():
            place = _place(name, inside)
            held = Digest()
            for piece in archive.pieces(info, place):
                held.add(piece)
            entries[inside] = TreeEntry(held.hex, _mode(info))
            files[inside] = _Member(archive, info, place, held.hex, info.file_size)
    return GatheredTree(entries, files, lambda: archive)


def _count_entries(descriptor: int, length: int, place: Place) -> None:
    """Before anything is built for each entry, of which so many bytes may declare a million."""
    begin = max(0, length - _END_BYTES - _COMMENT_MOST - _LOCATOR_BYTES)
    tail = os.pread(descriptor, length - begin, begin)
    found = tail.rfind(_END, max(0, len(tail) - _END_BYTES - _COMMENT_MOST))
    end = begin + found
    if found < 0 or end + _END_BYTES > length:
        raise _broken(place, "it is no zip, or its end is missing")
    size, offset, comment = struct.unpack_from("<LLH", tail, found + 12)
    if tail[max(0, found - _LOCATOR_BYTES) :].startswith(_END64_LOCATOR):
        raise _broken(place, "it is a zip for large files (zip64), which no pack needs")
    if size + offset != end or end + _END_BYTES + comment != length:
        raise _broken(place, "there are bytes before, between or after its parts")
    count, at, before = 0, offset, b""
    while at < end and count <= MOST_ENTRIES:
        piece = os.pread(descriptor, min(_PIECE, end - at), at)
        if not piece:
            break
        count += (before + piece).count(_MEMBER)
        # Shorter than what is looked for, so nothing is counted twice.
        before, at = piece[-len(_MEMBER) + 1 :], at + len(piece)
    if count > MOST_ENTRIES:
        raise StoreError.of("pack.entries", place, f"holds more than {MOST_ENTRIES} entries", "split the pack")


def _members(archive: zipfile.ZipFile, length: int, name: str) -> dict[str, zipfile.ZipInfo]:
    """The files of the archive that belong to a pack, sorted by path. Raises StoreError with all that is wrong."""
    problems = Problems()
    members: dict[str, zipfile.ZipInfo] = {}
    infos = archive.infolist()
    total = sum(info.file_size for info in infos)
    if total > MOST_BYTES:
        problems.add("pack.size", Place(name), f"holds {total} bytes unpacked", f"the limit is {MOST_BYTES >> 20} MiB")
    elif total > MOST_RATIO * length:
        message = f"unpacks to {total} bytes from {length}"
        problems.add("pack.ratio", Place(name), message, f"the limit is {MOST_RATIO}:1; store such files uncompressed")
    if sum(info.compress_size for info in infos) > length:
        problems.add("pack.archive", Place(name), "has entries that overlap")
    for info in infos:
        path = unicodedata.normalize("NFC", info.orig_filename.removesuffix("/"))
        place = _place(name, path)
        fault = _fault(info, path)
        if fault:
            code, message, hint = fault
            problems.add(code, place, message, hint)
        elif not info.is_dir() and not is_left_out(path):
            if path in members:
                problems.add("pack.twice", place, "is in the archive twice", "keep one")
            members[path] = info
    for one, other in same_but_for_case(members):
        problems.add(
            "pack.case", Place(f"{name}/{shown(other)}"), f"differs from {shown(one)} only in case", "rename one"
        )
    for path in members:
        above = next((part for part in _folders(path) if part in members), None)
        if above is not None:
            problems.add("pack.twice", Place(f"{name}/{shown(above)}"), "is a file and a folder", "rename one")
    if problems.found:
        raise StoreError(problems.found[:_MOST_TOLD])
    return dict(sorted(members.items()))


def _folders(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]


def _fault(info: zipfile.ZipInfo, path: str) -> tuple[str, str, str] | None:
    """Code, message and hint of what keeps an entry out of a pack; None where it may be in one."""
    if not path.isascii() and not info.flag_bits & _UTF8:
        return "pack.path", "has a name that is not marked as UTF-8", "pack it with a newer tool"
    # What the reader made of the name must be the name: a NUL, or a second name in an extra field, hides another.
    fault = path_fault(path)
    if fault or info.filename != info.orig_filename:
        return "pack.path", fault or "has two names", "rename it"
    kind = stat.S_IFMT(info.external_attr >> 16) if info.create_system == _UNIX else 0
    if stat.S_ISLNK(kind):
        return "pack.link", "is a link; a pack holds files only", "put a copy in its place"
    if kind and not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):
        return "pack.special-file", "is not a regular file", "take it out of the pack"
    if stat.S_ISDIR(kind) != info.is_dir() and kind:
        return "pack.special-file", "is a folder and a file at once", "pack it again"
    if info.flag_bits & _ENCRYPTED:
        return "pack.encrypted", "is encrypted", "pack it without a password"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "pack.compression", f"is compressed by method {info.compress_type}", "use deflate, or none"
    return None


def _mode(info: zipfile.ZipInfo) -> Mode:
    runs = info.create_system == _UNIX and (info.external_attr >> 16) & _OWNER_MAY_RUN
    return "755" if runs else "644"


def _place(name: str, path: str) -> Place:
    return Place(f"{name}/{shown(path)}")


def _broken(place: Place, why: str) -> FluxError:
    return StoreError.of("pack.archive", place, f"the archive cannot be read: {why}", "pack it again")
