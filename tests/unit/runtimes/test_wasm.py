"""Hooks as WebAssembly: what they are given, and how each fault ends (docs/hooks.md)."""

from __future__ import annotations

import builtins
import gc
import json
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pytest_fluxscenario.base.digest import sha256_ref
from pytest_fluxscenario.packs.files import FolderFiles
from pytest_fluxscenario.packs.load import load_pack
from pytest_fluxscenario.runtimes.make import Runtimes
from pytest_fluxscenario.runtimes.port import HookOutcome, HookRuntime, HookUnavailable, RuntimeMissing, input_hash
from pytest_fluxscenario.runtimes.wasm import _Program
from tests.fakes.hooks import CALL
from tests.fakes.packs import write_hook, write_pack
from tests.fakes.waiting import PATIENCE
from tests.fakes.wasm import ECHO, FUNCTIONS, OK, command, copied, say

wasmtime: Any = pytest.importorskip("wasmtime")


@contextmanager
def hook(folder: Path, module: bytes, timeout_ms: int = 20_000, *arguments: str) -> Iterator[HookRuntime]:
    """The runtime of a pack whose hook is ``module``."""
    if not (folder / "profile.yaml").exists():
        write_pack(folder)
    write_hook(folder, "", kind="wasm", command=["logic/main.wasm", *arguments], timeout_ms=timeout_ms)
    (folder / "logic" / "main.wasm").write_bytes(module)
    runtimes = Runtimes()
    try:
        yield runtimes.of(load_pack(FolderFiles(str(folder), "packs/small")))
    finally:
        runtimes.close()


def once(folder: Path, text: str, timeout_ms: int = 20_000, *arguments: str) -> HookOutcome:
    """The outcome of one call of a module that is written as text; a second call has the same."""
    with hook(folder, wasmtime.wat2wasm(text), timeout_ms, *arguments) as runtime:
        found = runtime.call(CALL)
        assert runtime.call(CALL) == found
        return found


def test_it_gets_the_call_as_one_line_and_gives_its_result_back(tmp_path: Path) -> None:
    found = once(tmp_path, ECHO)
    assert found.result == {"status": "ok", "facts": {"call": json.loads(CALL.line())}}
    assert (found.status, found.diagnostics, found.errors) == ("ok", (), "")
    assert (found.runtime_id, found.runtime_kind, found.input_hash) == ("local", "wasm", input_hash(CALL))
    assert found.output_hash == sha256_ref(b'{"facts":{"call":' + CALL.line() + b'},"status":"ok"}')


def test_it_is_not_told_who_runs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its arguments are those of the pack, its environment is empty, its clock stands still."""
    monkeypatch.setenv("SECRET", "token")
    text = command(
        f"""
        (drop (call $args_sizes_get (i32.const 0) (i32.const 4)))
        (drop (call $args_get (i32.const 16) (i32.const 1024)))
        (drop (call $environ_sizes_get (i32.const 8) (i32.const 12)))
        (drop (call $clock_time_get (i32.const 0) (i64.const 1) (i32.const 32)))
        (if (i32.or (i32.load (i32.const 8)) (i32.load (i32.const 12))) (then unreachable))
        (if (i64.ne (i64.load (i32.const 32)) (i64.const 0)) (then unreachable))
        {say('{"status":"ok","diagnostics":["', 2048)}
        {copied(1024, len("logic/main.wasm"))}
        {say('"]}', 2100)}
        """
    )
    found = once(tmp_path, text)
    assert found.result == {"status": "ok", "diagnostics": ["logic/main.wasm"]}


def test_chance_is_the_same_for_the_same_call(tmp_path: Path) -> None:
    """``once`` calls twice; the first random byte decides between two results, and other bytes follow it."""
    text = command(
        f"""
        (drop (call $random_get (i32.const 0) (i32.const 8)))
        (drop (call $random_get (i32.const 8) (i32.const 8)))
        (if (i64.eq (i64.load (i32.const 0)) (i64.load (i32.const 8))) (then unreachable))
        (if (i64.eqz (i64.load (i32.const 0))) (then unreachable))
        (if (i32.and (i32.load8_u (i32.const 0)) (i32.const 1)) (then {say(OK)}) (else {say('{"status":"error"}')}))
        """
    )
    assert once(tmp_path, text).diagnostics == ()


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ("", "no_output", "the hook ended without a result"),
        (say("nope"), "invalid_json", "the hook's result is not JSON: 'nope' where a value should be in column 1"),
        (say("[1]"), "invalid_result", "the result is a list, not an object"),
        (say(OK + "\n" + OK), "invalid_result", "the hook wrote more than one line"),
        ("(call $proc_exit (i32.const 3))", "crash", "the hook ended with the exit status 3"),
        (say(OK) + "(call $proc_exit (i32.const 3))", "crash", "the hook ended with the exit status 3"),
        ("unreachable", "crash", "the hook was stopped by a trap: unreachable (memory: 1 of 64 MiB)"),
        ("(drop (i32.div_u (i32.const 1) (i32.const 0)))", "crash", "a trap: integer division by zero (memory"),
        ("(drop (i32.load (i32.const 70000)))", "crash", "a trap: memory out of bounds (memory: 1 of 64 MiB)"),
        (
            "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable",
            "crash",
            "a trap: unreachable (memory: 64 of 64 MiB)",
        ),
    ],
)
def test_each_fault_has_its_own_words(tmp_path: Path, body: str, status: str, said: str) -> None:
    found = once(tmp_path, command(body))
    assert (found.status, found.result, found.output_hash) == (status, None, "")
    assert said in found.diagnostics[0]


def test_it_may_end_itself_when_it_has_answered(tmp_path: Path) -> None:
    found = once(tmp_path, command(say(OK) + "(call $proc_exit (i32.const 0)) unreachable"))
    assert found.result == json.loads(OK)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("(loop $l (br $l))", "the hook used up its fuel, 10000000 units"),
        (
            "(loop $l (drop (call $sched_yield)) (br $l))",
            "the hook asked the system more than 400 times",
        ),
    ],
)
def test_what_does_not_end_is_ended_by_count_and_not_by_the_speed_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, said: str
) -> None:
    # However slow it is.
    monkeypatch.setattr("pytest_fluxscenario.runtimes.wasm.Timer", lambda _, ends: threading.Timer(PATIENCE, ends))
    found = once(tmp_path, command(body), 200)
    assert (found.status, found.diagnostics) == ("timeout", (said,))


def test_time_ends_what_has_fuel_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_fluxscenario.runtimes.wasm.FUEL_PER_MS", 1 << 40)
    found = once(tmp_path, command("(loop $l (br $l))"), 50)
    assert (found.status, found.diagnostics) == ("timeout", ("the hook gave no result in time",))


def test_what_it_has_used_up_is_not_missing_in_the_next_call(tmp_path: Path) -> None:
    """Neither fuel, memory, nor what it has written; and no timer of one call ends another."""
    text = command(f"(drop (memory.grow (i32.const 900))) (i32.store8 (i32.const 9) (i32.const 1)) {say(OK)}")
    with hook(tmp_path, wasmtime.wat2wasm(text), 2_000) as runtime:
        assert {runtime.call(CALL).status for _ in range(20)} == {"ok"}


def test_it_cannot_sleep(tmp_path: Path) -> None:
    """What is missing answers that it is not there."""
    text = command(
        f"(if (i32.eq (call $poll_oneoff (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 52))"
        f" (then {say(OK)}))"
    )
    assert once(tmp_path, text).result == json.loads(OK)


def test_there_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    text = command(
        f"""
        (if (i32.ne (call $fd_prestat_get (i32.const 3) (i32.const 0)) (i32.const 8)) (then unreachable))
        (if (i32.ne (call $fd_close (i32.const 3)) (i32.const 8)) (then unreachable))
        (if (i32.ne (call $path_open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 6) (i32.const 0) (i64.const 0)
          (i64.const 0) (i32.const 0) (i32.const 0)) (i32.const 52)) (then unreachable))
        {say(OK)}
        """
    )
    assert once(tmp_path, text).result == json.loads(OK)


def test_too_much_output(tmp_path: Path) -> None:
    """64 KiB at a time: in one line, in short ones, and in one call that names one piece of memory often."""
    lines = "(i32.store8 (i32.const 100) (i32.const 10))"
    fill = "(memory.fill (i32.const 64) (i32.const 32) (i32.const 60000))"
    written = "(i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 60000))"
    write = "(drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))"
    flood = f"{fill} {lines} {written} (loop $l {write} (br $l))"
    assert once(tmp_path, command(flood)).diagnostics == ("the hook wrote more than 8388608 bytes",)
    often = """(loop $l (i32.store (i32.mul (local.get $n) (i32.const 8)) (i32.const 0))
        (i32.store (i32.add (i32.mul (local.get $n) (i32.const 8)) (i32.const 4)) (i32.const 65536))
        (local.set $n (i32.add (local.get $n) (i32.const 1))) (br_if $l (i32.lt_u (local.get $n) (i32.const 1024))))
        (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1024) (i32.const 8)))"""
    tracemalloc.start()
    try:
        found = once(tmp_path, command(f"(local $n i32) {often}"))
        assert tracemalloc.get_traced_memory()[1] < 24 << 20
    finally:
        tracemalloc.stop()
    assert found.diagnostics == ("the hook wrote more than 8388608 bytes",)
    long = f"{fill} {written} {write * 18}"
    found = once(tmp_path, command(long))
    assert (found.status, found.diagnostics) == ("output_limit", ("the hook wrote a line of more than 1048576 bytes",))


def test_standard_error_is_kept_for_people(tmp_path: Path) -> None:
    found = once(tmp_path, command(say("why\n", 512, descriptor=2) + say(OK)))
    assert (found.errors, found.result) == ("why\n", json.loads(OK))


@pytest.mark.parametrize(
    "body",
    [
        "(drop (call $fd_write (i32.const 1) (i32.const -8) (i32.const 1) (i32.const 0)))",
        "(drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const -1) (i32.const 0)))",
        "(drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1024) (i32.const -1)))",
        "(drop (call $fd_read (i32.const 0) (i32.const 65534) (i32.const 1) (i32.const 0)))",
        "(drop (call $random_get (i32.const 65535) (i32.const 2)))",
        "(drop (call $random_get (i32.const 0) (i32.const -1)))",
        "(drop (call $args_get (i32.const 65535) (i32.const 0)))",
    ],
)
def test_addresses_outside_of_its_memory_are_an_answer_and_no_fault_of_ours(tmp_path: Path, body: str) -> None:
    assert once(tmp_path, command(body)).status == "no_output"


def test_a_module_without_memory(tmp_path: Path) -> None:
    text = f'(module {FUNCTIONS} (func (export "_start") (drop (call $random_get (i32.const 0) (i32.const 1)))))'
    assert once(tmp_path, text).status == "no_output"


def test_more_memory_than_there_may_be(tmp_path: Path) -> None:
    found = once(tmp_path, '(module (memory (export "memory") 1025) (func (export "_start")))')
    assert (found.status, found.diagnostics) == (
        "crash",
        ("the hook needs more memory or tables than it may have (64 MiB)",),
    )


def test_endless_recursion(tmp_path: Path) -> None:
    text = '(module (memory (export "memory") 1) (func $f (export "_start") (call $f)))'
    assert "a trap: stack overflow" in once(tmp_path, text).diagnostics[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('(module (func (export "run")))', "exports no function _start without arguments"),
        ('(module (func (export "_start") (param i32)))', "exports no function _start without arguments"),
        ('(module (import "env" "f" (func)) (func (export "_start")))', "wants 'env.f', which no hook is given"),
        (
            '(module (import "wasi_snapshot_preview1" "fd_write" (func (param i32))) (func (export "_start")))',
            "wants 'fd_write' with other types than it has in WASI preview 1",
        ),
        (
            '(module (import "wasi_snapshot_preview1" "memory" (memory 1)) (func (export "_start")))',
            "wants 'wasi_snapshot_preview1.memory', which no hook is given",
        ),
    ],
)
def test_what_is_no_command_of_wasi_gives_no_outcome(tmp_path: Path, text: str, said: str) -> None:
    with hook(tmp_path, wasmtime.wat2wasm(text)) as runtime, pytest.raises(HookUnavailable) as caught:
        runtime.call(CALL)
    assert str(caught.value).startswith(f"packs/small/logic/main.wasm: {said}")


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (b"\0asm\1\0\0\0\xff\xff", "cannot be compiled: "),
        (b"(module)", "is no WebAssembly module in binary form (text is made binary by wat2wasm)"),
        (b"\0asm" + bytes(16 << 20), "holds 16777220 bytes (the limit is 16 MiB)"),
    ],
    ids=["broken", "text", "large"],
)
def test_what_is_no_module(tmp_path: Path, module: bytes, said: str) -> None:
    with hook(tmp_path, module) as runtime, pytest.raises(HookUnavailable) as caught:
        runtime.call(CALL)
    assert str(caught.value).startswith(f"packs/small/logic/main.wasm: {said}")


def test_only_what_was_looked_at_runs(tmp_path: Path) -> None:
    with hook(tmp_path, wasmtime.wat2wasm(command(say(OK)))) as runtime:
        (tmp_path / "logic" / "main.wasm").write_bytes(wasmtime.wat2wasm(command("unreachable")))
        with pytest.raises(HookUnavailable, match="has changed since the pack was loaded"):
            runtime.call(CALL)


def test_nothing_is_kept_when_it_is_closed(tmp_path: Path) -> None:
    for _ in range(3):
        with hook(tmp_path, wasmtime.wat2wasm(ECHO)) as runtime:
            assert runtime.call(CALL).status == "ok"
    gc.collect()
    assert [one for one in gc.get_objects() if type(one) is _Program] == []


def test_without_wasmtime_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module, real = wasmtime.wat2wasm(command(say(OK))), builtins.__import__

    def missing(name: str, *rest: Any) -> Any:
        if name == "wasmtime":
            raise ModuleNotFoundError(name)
        return real(name, *rest)

    with hook(tmp_path, module) as runtime:
        monkeypatch.setattr(builtins, "__import__", missing)
        with pytest.raises(RuntimeMissing, match=r"wasmtime is not installed \(pip install 'pytest-fluxscenario\[wasm"):
            runtime.call(CALL)
