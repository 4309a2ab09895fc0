"""A process that is kept (``lifetime: session``): faster, and each call's outcome is that of a fresh one."""

from __future__ import annotations

import select
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from pytest_fluxscenario.runtimes.make import LazyHooks
from pytest_fluxscenario.runtimes.port import HookCall, HookRuntime
from pytest_fluxscenario.runtimes.stdio import StdioHooks
from tests.fakes.hooks import CALL, descendants, descriptors, hook, work_folders
from tests.fakes.waiting import PATIENCE

_LOOP = "import json, os, sys\ncalls = 0\nfor line in sys.stdin:\n    call = json.loads(line)\n    calls += 1\n"
_SAY = '    print(json.dumps({"status": "ok", "facts": {"pid": os.getpid(), "calls": calls}}), flush=True)\n'
_ONCE = 'import json, os, sys\nsys.stdin.readline()\nprint(json.dumps({"status": "ok", "facts": os.getpid()}))\n'


def _call(**payload: object) -> HookCall:
    return HookCall("assess", "run-1", "small", "1.0.0", None, dict(payload))


def _stdio(runtime: HookRuntime) -> StdioHooks:
    """What calls the hooks, once it has called one."""
    assert isinstance(runtime, LazyHooks)
    assert isinstance(runtime._runtime, StdioHooks)
    return runtime._runtime


def test_one_process_answers_every_call(tmp_path: Path) -> None:
    with hook(tmp_path, _LOOP + _SAY, lifetime="session") as runtime:
        found = [runtime.call(CALL).result for _ in range(3)]
    assert [one["facts"]["calls"] for one in found if one] == [1, 2, 3]
    assert len({one["facts"]["pid"] for one in found if one}) == 1


def test_it_ends_with_the_session_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    processes, opened = descendants(), descriptors()
    daemon = "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(60)\n"
    with hook(tmp_path / "pack", daemon + _LOOP + _SAY, lifetime="session") as runtime:
        assert runtime.call(CALL).status == "ok"
        assert len(descendants() - processes) == 3
    assert (descendants(), descriptors(), work_folders(temporary)) == (processes, opened, [])


def test_a_program_that_answers_once_is_started_again(tmp_path: Path) -> None:
    with hook(tmp_path, _ONCE, lifetime="session") as runtime:
        found = [runtime.call(CALL) for _ in range(4)]
    assert [one.status for one in found] == ["ok"] * 4
    assert len({one.result["facts"] for one in found if one.result}) == 4


FAULTS = {
    "exit": ("raise SystemExit(3)", "crash", "the hook ended with the exit status 3"),
    "end": ("raise SystemExit", "no_output", "the hook ended without a result"),
    "text": ("print('no', flush=True)", "invalid_json", "the hook's result is not JSON: *"),
    "two": ("print('{}\\n{}', flush=True)", "invalid_result", "the hook wrote more than one line"),
    "list": ("print('[]', flush=True)", "invalid_result", "the result is a list, not an object"),
    "flood": ("while True: print('x' * 65536, end='')", "output_limit", "the hook wrote a line of more than 1048576 *"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_as_that_of_a_fresh_process_and_the_next_call_begins_anew(tmp_path: Path, name: str) -> None:
    code, status, said = FAULTS[name]
    logic = f'{_LOOP}    if call["payload"].get("bad"):\n        {code}\n        continue\n{_SAY}'
    with hook(tmp_path, logic, lifetime="session") as runtime:
        fresh = runtime.call(_call(bad=True))
        good = runtime.call(_call())
        used = runtime.call(_call(bad=True))
        again = runtime.call(_call())
    assert (fresh.status, used.status) == (status, status)
    assert fresh.diagnostics == used.diagnostics
    [diagnostic] = fresh.diagnostics
    assert diagnostic.startswith(said[:-1]) if said.endswith("*") else diagnostic == said
    for found in (good, again):
        assert found.result is not None
        assert found.result["facts"]["calls"] == 1


def test_what_earlier_calls_have_spoilt_does_not_decide(tmp_path: Path) -> None:
    logic = f"{_LOOP}    if calls == 3: raise SystemExit(7)\n{_SAY}"
    with hook(tmp_path, logic, lifetime="session") as runtime:
        found = [runtime.call(CALL) for _ in range(5)]
    assert [one.status for one in found] == ["ok"] * 5


def test_time_is_counted_for_each_call_and_only_once(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    note = f'        open({str(asked)!r}, "a").write("x")\n'
    logic = f'{_LOOP}    if call["payload"].get("slow"):\n        import time\n{note}        time.sleep(600)\n{_SAY}'
    with hook(tmp_path / "pack", logic, lifetime="session") as runtime:
        before = runtime.call(_call())
        stdio = _stdio(runtime)
        whole = stdio.code
        stdio.code = replace(whole, runtime=msgspec.structs.replace(whole.runtime, timeout_ms=300))
        slow = runtime.call(_call(slow=True))
        stdio.code = whole
        after = runtime.call(_call())
    assert [one.status for one in (before, slow, after)] == ["ok", "timeout", "ok"]
    assert slow.diagnostics == ("the hook gave no result in time",)
    # A process that had answered before gets no second chance, which would take as long.
    assert asked.read_text() == "x"


def test_what_it_says_unasked_is_no_answer(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    heard.mkdir()
    late = f"    while not os.path.exists(os.path.join({str(heard)!r}, str(os.getpid()))): time.sleep(0.01)\n"
    late += '    print(json.dumps({"status": "ok", "facts": {"late": True}}), flush=True)\n'
    logic = f"import time\n{_LOOP}{_SAY}{late}"
    with hook(tmp_path / "pack", logic, lifetime="session") as runtime:
        for _ in range(3):
            found = runtime.call(CALL)
            assert found.result is not None
            assert "late" not in found.result["facts"]
            (heard / str(found.result["facts"]["pid"])).touch()
            # The late line is there before the next call.
            kept = _stdio(runtime)._kept
            assert kept is not None
            assert select.select([kept.stdout], [], [], PATIENCE)[0]


def test_a_long_call_and_what_it_writes_to_stderr(tmp_path: Path) -> None:
    logic = f'{_LOOP}    print("x" * 100_000, file=sys.stderr)\n{_SAY}'
    with hook(tmp_path, logic, lifetime="session") as runtime:
        for _ in range(3):
            found = runtime.call(_call(text="x" * 900_000))
            assert found.status == "ok"
            assert len(found.errors) <= 65_536
