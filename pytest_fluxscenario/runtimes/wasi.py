"""The world of a WebAssembly hook: its call on standard input, its output, and nothing else (docs/hooks.md).

A part of WASI preview 1, and all in memory: no files, no network, no environment. The clock stands still, and chance is
the same for the same call, so that one call has one result. What is missing answers that it is not there.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pytest_fluxscenario.runtimes.talk import OUTPUT_BYTES, STDERR_BYTES

MODULE: Final = "wasi_snapshot_preview1"

_DONE: Final = 0
_BAD_DESCRIPTOR: Final = 8
_FAULT: Final = 21
_INVALID: Final = 28
_NOT_THERE: Final = 52
_NO_SEEK: Final = 70
_STANDARD: Final = range(3)
_CHARACTERS: Final = 2
_MOST_VECTORS: Final = 1024
_MOST_CHANCE: Final = 1 << 16
_ADDRESS: Final = 0xFFFFFFFF
_EXIT: Final = "proc_exit"
_TYPES: Final = {"i": "i32", "I": "i64"}


class ExitedError(Exception):
    """The hook has ended itself."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class SpentError(Exception):
    """The hook has asked for more than it had calls for."""


class TooMuchError(Exception):
    """The hook has written more than any hook may."""


class _AddressError(Exception):
    """An address outside of the hook's memory."""


class Memory:
    """The memory of the hook that calls, addressed as it does it."""

    def __init__(self, caller: Any) -> None:
        self._caller = caller
        self._memory = caller.get("memory")
        # A module that exports something else by that name has no memory that it could be answered in.
        self._size = self._memory.data_len(caller) if hasattr(self._memory, "data_len") else 0

    def read(self, at: int, size: int) -> bytes:
        """``size`` bytes. Raises where they are not all there."""
        at &= _ADDRESS
        if at + size > self._size:
            raise _AddressError
        return bytes(self._memory.read(self._caller, at, at + size)) if size else b""

    def write(self, at: int, data: bytes) -> None:
        """Put ``data`` there. Raises where it does not fit."""
        at &= _ADDRESS
        if at + len(data) > self._size:
            raise _AddressError
        if data:
            self._memory.write(self._caller, data, at)

    def put(self, layout: str, at: int, *values: int) -> None:
        """Put numbers there."""
        self.write(at, struct.pack(layout, *values))

    def vectors(self, at: int, count: int) -> list[tuple[int, int]]:
        """A list of addresses and sizes."""
        flat = struct.unpack(f"<{2 * count}I", self.read(at, 8 * count))
        return list(zip(flat[::2], flat[1::2], strict=True))


@dataclass(slots=True)
class World:
    """One call's."""

    arguments: tuple[bytes, ...]
    input: bytes
    #: How often the hook may still ask for anything: what a call costs here, its fuel does not pay.
    calls: int
    out: bytearray = field(default_factory=bytearray)
    errors: bytearray = field(default_factory=bytearray)
    _taken: int = 0
    _chance: int = 0
    _written: int = 0

    def call(self, name: str, caller: Any, *values: int) -> int | None:
        """What the hook gets for calling ``name``. Raises ExitedError, TooMuchError, SpentError."""
        self.calls -= 1
        if self.calls < 0:
            raise SpentError
        if name == _EXIT:
            raise ExitedError(values[0] & 0xFF)
        known = _FUNCTIONS.get(name)
        if known is None:
            return _NOT_THERE
        try:
            return known[1](self, Memory(caller), *values)
        except _AddressError:
            return _FAULT

    def take(self, size: int) -> bytes:
        """The next bytes of standard input."""
        data = self.input[self._taken : self._taken + size]
        self._taken += len(data)
        return data

    def say(self, descriptor: int, data: bytes) -> None:
        """Some output. Raises TooMuchError."""
        self._written += len(data)
        if self._written > OUTPUT_BYTES:
            raise TooMuchError
        if descriptor == 1:
            self.out += data
        else:
            self.errors += data
            if len(self.errors) > 2 * STDERR_BYTES:
                del self.errors[:-STDERR_BYTES]

    def chance(self, size: int) -> bytes:
        """Bytes that look like chance, and are the same for each call of the same input."""
        self._chance += 1
        return hashlib.shake_256(self._chance.to_bytes(8, "big") + self.input).digest(size)


def _read(world: World, memory: Memory, descriptor: int, at: int, count: int, result: int) -> int:
    if descriptor != 0:
        return _BAD_DESCRIPTOR
    if not 0 <= count <= _MOST_VECTORS:
        return _INVALID
    taken = 0
    for start, size in memory.vectors(at, count):
        piece = world.take(size)
        memory.write(start, piece)
        taken += len(piece)
        if len(piece) < size:
            break
    memory.put("<I", result, taken)
    return _DONE


def _write(world: World, memory: Memory, descriptor: int, at: int, count: int, result: int) -> int:
    if descriptor not in (1, 2):
        return _BAD_DESCRIPTOR
    if not 0 <= count <= _MOST_VECTORS:
        return _INVALID
    vectors = memory.vectors(at, count)
    if sum(size for _, size in vectors) > OUTPUT_BYTES:
        raise TooMuchError
    data = b"".join(memory.read(start, size) for start, size in vectors)
    world.say(descriptor, data)
    memory.put("<I", result, len(data))
    return _DONE


def _sizes(strings: tuple[bytes, ...], memory: Memory, count_at: int, size_at: int) -> int:
    memory.put("<I", count_at, len(strings))
    memory.put("<I", size_at, sum(len(one) + 1 for one in strings))
    return _DONE


def _strings(strings: tuple[bytes, ...], memory: Memory, list_at: int, at: int) -> int:
    for number, one in enumerate(strings):
        memory.put("<I", list_at + 4 * number, at & _ADDRESS)
        memory.write(at, one + b"\0")
        at += len(one) + 1
    return _DONE


def _stat(memory: Memory, descriptor: int, layout: str, at: int, *values: int) -> int:
    if descriptor not in _STANDARD:
        return _BAD_DESCRIPTOR
    memory.put(layout, at, *values)
    return _DONE


def _standard(descriptor: int, answer: int) -> int:
    return answer if descriptor in _STANDARD else _BAD_DESCRIPTOR


def _random(world: World, memory: Memory, at: int, size: int) -> int:
    if not 0 <= size <= _MOST_CHANCE:
        return _INVALID
    memory.write(at, world.chance(size))
    return _DONE


def _time(memory: Memory, at: int, nanoseconds: int) -> int:
    memory.put("<Q", at, nanoseconds)
    return _DONE


#: Name to the types of its parameters (32 or 64 bits, as ``i`` and ``I``) and what it does. Each gives an error number.
_FUNCTIONS: Final[Mapping[str, tuple[str, Callable[..., int]]]] = {
    "args_sizes_get": ("ii", lambda world, memory, count, size: _sizes(world.arguments, memory, count, size)),
    "args_get": ("ii", lambda world, memory, at, data: _strings(world.arguments, memory, at, data)),
    "environ_sizes_get": ("ii", lambda _, memory, count, size: _sizes((), memory, count, size)),
    "environ_get": ("ii", lambda _, memory, at, data: _strings((), memory, at, data)),
    "clock_res_get": ("ii", lambda _, memory, _clock, at: _time(memory, at, 1)),
    "clock_time_get": ("iIi", lambda _, memory, _clock, _precision, at: _time(memory, at, 0)),
    "fd_close": ("i", lambda _, _memory, descriptor: _standard(descriptor, _DONE)),
    "fd_fdstat_get": (
        "ii",
        lambda _, memory, descriptor, at: _stat(memory, descriptor, "<BxHxxxxQQ", at, _CHARACTERS, 0, 0, 0),
    ),
    "fd_filestat_get": (
        "ii",
        lambda _, memory, descriptor, at: _stat(
            memory, descriptor, "<QQB7xQQQQQ", at, 0, 0, _CHARACTERS, 0, 0, 0, 0, 0
        ),
    ),
    "fd_prestat_get": ("ii", lambda _, _memory, _descriptor, _at: _BAD_DESCRIPTOR),
    "fd_prestat_dir_name": ("iii", lambda _, _memory, _descriptor, _at, _size: _BAD_DESCRIPTOR),
    "fd_read": ("iiii", _read),
    "fd_seek": ("iIii", lambda _, _memory, descriptor, _offset, _whence, _at: _standard(descriptor, _NO_SEEK)),
    "fd_tell": ("ii", lambda _, _memory, descriptor, _at: _standard(descriptor, _NO_SEEK)),
    "fd_write": ("iiii", _write),
    "random_get": ("ii", _random),
    "sched_yield": ("", lambda _, _memory: _DONE),
}


def fits(name: str, parameters: Sequence[str], results: Sequence[str]) -> bool:
    """Whether a module may import ``name`` with these types; what is not there needs an error number to say so."""
    if name == _EXIT:
        return (list(parameters), list(results)) == (["i32"], [])
    known = _FUNCTIONS.get(name)
    wanted = parameters if known is None else [_TYPES[letter] for letter in known[0]]
    return list(parameters) == list(wanted) and list(results) == ["i32"]
