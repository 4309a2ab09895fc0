"""Small WebAssembly commands, as text."""

from __future__ import annotations

OK = '{"status":"ok","facts":{"risky":false}}'

_TYPES = {
    "args_sizes_get": "i32 i32",
    "args_get": "i32 i32",
    "environ_sizes_get": "i32 i32",
    "clock_time_get": "i32 i64 i32",
    "fd_close": "i32",
    "fd_prestat_get": "i32 i32",
    "fd_read": "i32 i32 i32 i32",
    "fd_write": "i32 i32 i32 i32",
    "path_open": "i32 i32 i32 i32 i32 i64 i64 i32 i32",
    "poll_oneoff": "i32 i32 i32 i32",
    "random_get": "i32 i32",
    "sched_yield": "",
}
#: What the commands here import.
FUNCTIONS = (
    "\n".join(
        f'(import "wasi_snapshot_preview1" "{name}" (func ${name} (param {types}) (result i32)))'
        for name, types in _TYPES.items()
    )
    + '\n(import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))'
)


def command(body: str) -> str:
    """A command with one page of memory."""
    return f'(module {FUNCTIONS} (memory (export "memory") 1) (func (export "_start") {body}))'


def say(text: str, at: int = 4096, descriptor: int = 1) -> str:
    """Write ``text``, which is put into memory at ``at``."""
    data = text.encode()
    stores = (f"(i32.store8 (i32.const {at + number}) (i32.const {byte}))" for number, byte in enumerate(data))
    return "".join(stores) + copied(at, len(data), descriptor)


def copied(at: int, size: int, descriptor: int = 1) -> str:
    """Write what stands in memory."""
    return (
        f"(i32.store (i32.const 1000) (i32.const {at})) (i32.store (i32.const 1004) (i32.const {size}))"
        f"(drop (call $fd_write (i32.const {descriptor}) (i32.const 1000) (i32.const 1) (i32.const 1008)))"
    )


#: Answers with the call that it got as its only fact.
ECHO = command(
    f"""
    {say('{"status":"ok","facts":{"call":')}
    (i32.store (i32.const 0) (i32.const 8192)) (i32.store (i32.const 4) (i32.const 20000))
    (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    (i32.store (i32.const 1000) (i32.const 8192))
    (i32.store (i32.const 1004) (i32.sub (i32.load (i32.const 8)) (i32.const 1)))
    (drop (call $fd_write (i32.const 1) (i32.const 1000) (i32.const 1) (i32.const 1008)))
    {say("}}")}
    """
)
