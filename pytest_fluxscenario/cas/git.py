"""What git holds of a folder: files of a commit, staged files, and their bytes. Git is asked, never told to write."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Final, Self

from pytest_fluxscenario.base.errors import StoreError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown

_CHUNK: Final = 1 << 20
#: Seconds that one question may take.
_PATIENCE: Final = 120
#: Git sets these for a hook, and where they are set they say which repository, and which staged state, is meant.
_OF_A_HOOK: Final = ("GIT_DIR", "GIT_INDEX_FILE")


class GitError(StoreError):
    """No git, no repository, or one that cannot be read."""


@dataclass(frozen=True, slots=True)
class GitFile:
    """One file as git holds it."""

    #: Six digits: ``100644``, ``120000`` for a link.
    mode: str
    #: The name that git gives the bytes.
    object: str


@dataclass(frozen=True, slots=True)
class Staged:
    """What the next commit holds of a folder."""

    #: Path below the folder to file.
    files: Mapping[str, GitFile]
    #: Paths that a merge has left open.
    unmerged: Sequence[str]


@dataclass(frozen=True, slots=True)
class Repository:
    """A working tree with its repository."""

    top: str
    _folder: str = field(repr=False)

    @classmethod
    def around(cls, folder: str) -> Self:
        """The repository that ``folder`` lies in, which need not be there; in a hook the one of the hook.

        Raises GitError.
        """
        place = Place(shown(folder))
        start = os.getcwd() if any(name in os.environ for name in _OF_A_HOOK) else _existing(folder)
        found = _run(("git", "rev-parse", "--show-toplevel"), start, place)
        if isinstance(found, str):
            raise GitError.of("git.repository", place, f"lies in no working tree of git: {found}")
        top = os.fsdecode(found.removesuffix(b"\n"))
        if not top:
            raise GitError.of("git.repository", place, "lies in no working tree of git")
        return cls(top, start)

    def inside(self, folder: str) -> str:
        """``folder`` relative to the working tree, with slashes; empty for the top. Raises GitError."""
        path = os.path.relpath(os.path.realpath(folder), os.path.realpath(self.top)).replace(os.sep, "/")
        if path == ".." or path.startswith("../"):
            message = f"lies out of the working tree {shown(self.top)}"
            raise GitError.of("git.repository", Place(shown(folder)), message)
        return "" if path == "." else path

    def commit(self, name: str) -> str | None:
        """The commit called so; None where there is none. Raises GitError."""
        found = _run(("git", "rev-parse", "--quiet", "--verify", f"{name}^{{commit}}"), self._folder, Place(self.top))
        return None if isinstance(found, str) else found.decode("ascii", "replace").strip()

    def files(self, commit: str, folder: str) -> dict[str, GitFile]:
        """The files of a commit below ``folder``: path below it to file. Raises GitError."""
        below = (f"{folder}/",) if folder else ()
        listed = self._list("ls-tree", "-r", "-z", "--full-tree", commit, "--", *below)
        return {path: GitFile(words[0], words[2]) for words, path in _entries(listed, folder) if words[1] != "commit"}

    def staged(self, folder: str) -> Staged:
        """What is staged below ``folder``. Raises GitError."""
        listed = self._list("ls-files", "-s", "-z", "--full-name", "--", f":(top,literal){folder}")
        files: dict[str, GitFile] = {}
        unmerged: dict[str, None] = {}
        for words, path in _entries(listed, folder):
            if words[2] == "0":
                files[path] = GitFile(words[0], words[1])
            else:
                unmerged[path] = None
        return Staged(files, tuple(unmerged))

    def objects(self) -> Objects:
        """A reader of bytes, to be used in a ``with``. Raises GitError there."""
        return Objects(self._folder)

    def _list(self, *arguments: str) -> bytes:
        place = Place(shown(self.top))
        found = _run(("git", *arguments), self._folder, place)
        if isinstance(found, str):
            raise GitError.of("git.failed", place, f"git cannot list its files: {found}")
        return found


class Objects:
    """Reads bytes that git holds, through one process, as long as the ``with`` lasts."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        command = ("git", "cat-file", "--batch")
        self._process = subprocess.Popen(  # noqa: S603 - git is what this module is for, and no shell is between
            command, cwd=self._folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        return self

    def __exit__(self, *_: object) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.communicate()

    def pieces(self, name: str) -> Iterator[bytes]:
        """The bytes that git calls ``name``, piece by piece. Raises GitError where it has none."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise GitError.of("git.failed", Place("git"), "is not running")
        try:
            process.stdin.write(name.encode() + b"\n")
            process.stdin.flush()
            head = process.stdout.readline().split()
        except OSError as error:
            raise _ended(error.strerror or type(error).__name__) from error
        if len(head) != 3 or not head[2].isdigit():
            raise GitError.of("git.object", Place("git"), f"cannot give the object {shown(name, 80)}", "run: git fsck")
        yield from _exactly(process.stdout, int(head[2]))

    def read(self, name: str, most: int) -> bytes:
        """The bytes that git calls ``name``; one more than ``most`` of them at the most. Raises GitError."""
        # To the end, so that what is asked next gets its own answer.
        pieces, length = [], 0
        for piece in self.pieces(name):
            if length <= most:
                pieces.append(piece)
            length += len(piece)
        return b"".join(pieces)[: most + 1]


def _exactly(stream: IO[bytes], left: int) -> Iterator[bytes]:
    """So many bytes, and the line feed behind them; they are taken out of the stream also when nobody wants them."""
    try:
        while left:
            piece = stream.read(min(left, _CHUNK))
            if not piece:
                raise _ended("it gave too little")
            left -= len(piece)
            yield piece
    finally:
        while left and (piece := stream.read(min(left, _CHUNK))):
            left -= len(piece)
        stream.read(1)


def _ended(why: str) -> GitError:
    error: GitError = GitError.of("git.failed", Place("git"), f"ended while it was read: {shown(why)}")
    return error


def _entries(listed: bytes, folder: str) -> Iterator[tuple[list[str], str]]:
    """The words and the path below ``folder`` of each entry that git lists."""
    below = len(folder) + 1 if folder else 0
    for entry in filter(None, listed.split(b"\0")):
        words, _, path = entry.partition(b"\t")
        yield words.decode("ascii").split(), os.fsdecode(path)[below:]


def _existing(folder: str) -> str:
    """The nearest folder upward that is there."""
    path = os.path.abspath(folder)
    while not os.path.isdir(path) and path != os.path.dirname(path):
        path = os.path.dirname(path)
    return path


def _run(command: Sequence[str], folder: str, place: Place) -> bytes | str:
    """What a command of git prints; a string where it fails: why. Raises GitError where there is no git."""
    environment = {**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(  # noqa: S603 - git is what this module is for, and no shell is between
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_PATIENCE,
        )
    except FileNotFoundError as error:
        raise GitError.of("git.none", place, "there is no git to ask", "install git, or add it to PATH") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else f"no answer in {_PATIENCE} seconds"
        raise GitError.of("git.failed", place, f"git cannot be asked: {shown(said)}") from error
    if done.returncode == 0:
        return done.stdout
    lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return shown(lines[0].removeprefix("fatal: ")) if lines else ""
