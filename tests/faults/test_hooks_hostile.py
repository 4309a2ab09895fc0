"""What a hook may do to whoever calls it (faults.md, "Hooks"): the call ends in time, and nothing is left of it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_fluxscenario.runtimes import process, talk
from pytest_fluxscenario.runtimes.port import HookCall, HookOutcome
from tests.fakes.hooks import CALL, answering, descendants, descriptors, hook, inside, once, work_folders
from tests.fakes.waiting import PATIENCE

#: Seconds for hooks that never end by themselves.
_SHORT = 0.25
_GRACE = process.GRACE
_OK = 'print(\'{"status": "ok"}\', flush=True)\n'
_READ = "import sys\nsys.stdin.readline()\n"


@pytest.fixture(autouse=True)
def nothing_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No process, no descriptor, no folder, whatever a test does, and however long their end takes here."""
    _grace(monkeypatch, PATIENCE)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    processes, opened = descendants(), descriptors()
    yield
    assert descendants() - processes == set()
    assert inside(temporary) == set()
    assert descriptors() == opened
    assert work_folders(temporary) == []


def _grace(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    for module in (process, talk):
        monkeypatch.setattr(module, "GRACE", seconds)


def outcome(folder: Path, logic: str, call: HookCall = CALL, timeout_ms: int = 20_000) -> HookOutcome:
    return once(folder, logic, call, timeout_ms=timeout_ms)


# ---- what a call says: each fault in its own words, the same every time

FAULTS = {
    "exit": ("raise SystemExit(3)", "crash", "the hook ended with the exit status 3"),
    "answer and exit": (_OK + "raise SystemExit(1)", "crash", "the hook ended with the exit status 1"),
    "exception": ("raise ValueError('x')", "crash", "the hook ended with the exit status 1"),
    "signal": (
        "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)",
        "crash",
        "the hook was ended by the signal SIGSEGV",
    ),
    "nothing": ("", "no_output", "the hook ended without a result"),
    "white space": ("print(' ')\nprint()", "no_output", "the hook ended without a result"),
    "closed stdout": (
        "import os\nos.close(1)\nos.close(2)\nos._exit(0)",
        "no_output",
        "the hook ended without a result",
    ),
    "text": ("print('ok')", "invalid_json", "the hook's result is not JSON: *"),
    "half": ("print('{\"status\": ', end='')", "invalid_json", "the hook's result is not JSON: *"),
    "bytes": (
        'import sys\nsys.stdout.buffer.write(b\'{"a": "\\xff"}\')',
        "invalid_json",
        "the hook's result is not UTF-8: the byte 0xff is not UTF-8",
    ),
    "mark": (
        'print(\'\\ufeff{"status": "ok"}\')',
        "invalid_json",
        "the hook's result is not JSON: it begins with a byte order mark",
    ),
    "nan": ('print(\'{"status": "ok", "facts": {"a": NaN}}\')', "invalid_json", "the hook's result is not JSON: *"),
    "twice": (
        'print(\'{"status": "ok", "status": "ok"}\')',
        "invalid_json",
        "the hook's result is not JSON: the key 'status' stands here again; *",
    ),
    "deep": ("print('[' * 100_000)", "invalid_json", "the hook's result is not JSON: nested too deep in column 65"),
    "list": ("print('[]')", "invalid_result", "the result is a list, not an object"),
    "two lines": (_OK + _OK, "invalid_result", "the hook wrote more than one line"),
    "many lines": (_OK + "print('x')", "invalid_result", "the hook wrote more than one line"),
    "long line": (
        "import sys\nsys.stdout.write('x' * ((1 << 20) + 1))",
        "output_limit",
        "the hook wrote a line of more than 1048576 bytes",
    ),
    "flood": (
        "import os\nwhile True: os.write(1, b'\\n' * 65536)",
        "output_limit",
        "the hook wrote more than 8388608 bytes",
    ),
    "flood of errors": (
        "import os\nwhile True: os.write(2, b'x' * 65536)",
        "output_limit",
        "the hook wrote more than 8388608 bytes",
    ),
    "memory": ("x = b'x' * (3 << 30)", "crash", "the hook ended with the exit status 1"),
    "large file": (
        "open('large', 'wb').truncate(1 << 30)",
        "crash",
        "the hook ended with the exit status 1",
    ),
    "descriptors": ("x = [open('/dev/null') for _ in range(1000)]", "crash", "the hook ended with the exit status 1"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_has_its_own_words(tmp_path: Path, name: str) -> None:
    logic, status, said = FAULTS[name]
    with hook(tmp_path, _READ + logic, timeout_ms=20_000) as runtime:
        found, again = runtime.call(CALL), runtime.call(CALL)
    assert found.status == status
    assert found.result is None
    [diagnostic] = found.diagnostics
    assert diagnostic.startswith(said[:-1]) if said.endswith("*") else diagnostic == said
    assert (again.status, again.diagnostics, again.output_hash) == (status, found.diagnostics, "")


def test_one_long_text_is_no_fault(tmp_path: Path) -> None:
    found = outcome(tmp_path, answering("{'a': 'x' * 1_000_000}"))
    assert found.status == "ok"


# ---- hooks that do not listen, or do not end

ENDLESS = {
    "sleeps": "import time\ntime.sleep(600)\n",
    "answers and stays": f"import time\n{_OK}time.sleep(600)\n",
    "closes all and stays": "import os, time\nos.closerange(0, 3)\ntime.sleep(600)\n",
    "ignores orders to end": "import signal, time\nfor n in (1, 2, 3, 15): signal.signal(n, signal.SIG_IGN)\n"
    "while True: time.sleep(1)\n",
    "stops itself": "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\n",
    "computes": "while True: pass\n",
    "forks": "import os, time\nfor _ in range(20): os.fork() or time.sleep(600)\ntime.sleep(600)\n",
    "leaves its session": "import os, time\nif os.fork(): time.sleep(600)\nos.setsid()\nif os.fork(): os._exit(0)\n"
    "time.sleep(600)\n",
}


@pytest.mark.parametrize("name", ENDLESS)
def test_the_timeout_ends_it(tmp_path: Path, name: str) -> None:
    with hook(tmp_path, ENDLESS[name], timeout_ms=int(_SHORT * 1000)) as runtime:
        runtime.call(CALL)
        begun = time.monotonic()
        found = runtime.call(CALL)
        spent = time.monotonic() - begun
        # What starts and ends the others is there, and nothing else.
        assert len(inside(tmp_path)) == 1
    assert (found.status, found.diagnostics) == ("timeout", ("the hook gave no result in time",))
    # It would go on for ten minutes, or for ever.
    assert _SHORT <= spent < 2 * PATIENCE


@pytest.mark.parametrize("lifetime", ["call", "session"])
def test_a_warden_that_does_not_answer_is_waited_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lifetime: str
) -> None:
    """A hook may stop it: the call takes its timeout, and the grace for the end of its processes (faults.md)."""
    _grace(monkeypatch, _GRACE)
    waits: list[float] = []
    real = process._wait

    def wait(descriptor: int, left: float) -> bool:
        waits.append(left)
        return real(descriptor, left)

    monkeypatch.setattr(process, "_wait", wait)
    logic = "import os, signal, time\nos.kill(os.getppid(), signal.SIGSTOP)\ntime.sleep(600)\n"
    with hook(tmp_path, logic, timeout_ms=int(_SHORT * 1000), lifetime=lifetime) as runtime:
        for _ in range(2):
            found = runtime.call(CALL)
            assert (found.status, found.diagnostics) == ("timeout", ("the hook gave no result in time",))
            assert inside(tmp_path) == set()
    assert waits == []
    assert _GRACE < 0.5


def test_a_hook_that_never_reads_gets_no_one_stuck(tmp_path: Path) -> None:
    call = HookCall("assess", "run-1", "small", "1.0.0", None, {"text": "x" * 900_000})
    assert outcome(tmp_path, _OK, call).status == "ok"
    assert outcome(tmp_path, f"import os\nos.close(0)\n{_OK}", call).status == "ok"
    found = outcome(tmp_path, "import time\ntime.sleep(600)\n", call, timeout_ms=250)
    assert found.status == "timeout"


# ---- hooks that leave something behind

_ESCAPES = {
    "holds the pipe": "import os, time\nif os.fork() == 0:\n    time.sleep(600)\n",
    "holds the pipe in its own session": "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(600)\n",
    "a daemon": "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
    "        time.sleep(600)\n"
    "    os._exit(0)\n",
    "a daemon without an environment": "import os, sys\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
    "        os.execve('/bin/sleep', ['sleep', '600'], {})\n    os._exit(0)\n",
    "a chain of forks": "import os, time\nfor _ in range(8):\n    if os.fork(): break\n    os.setsid()\n"
    "else:\n    time.sleep(600)\n",
}


@pytest.mark.parametrize("name", _ESCAPES)
def test_what_it_leaves_behind_is_ended_and_not_waited_for(tmp_path: Path, name: str) -> None:
    with hook(
        tmp_path, f"import os\nfirst = os.getpid()\n{_ESCAPES[name]}if os.getpid() == first:\n    {_OK}"
    ) as runtime:
        runtime.call(CALL)
        # Where it was waited for, the call would end by its timeout.
        found = runtime.call(CALL)
        assert len(inside(tmp_path)) == 1
    assert found.status == "ok", found


def test_a_bomb_of_forks_ends_with_the_call(tmp_path: Path) -> None:
    """Each process leaves the session and makes two more, to a depth that cannot take the machine along."""
    bomb = (
        "import os, time\n"
        "def burst(depth):\n"
        "    for _ in range(2):\n"
        "        if depth and os.fork() == 0:\n"
        "            os.setsid()\n"
        "            burst(depth - 1)\n"
        "            os._exit(0)\n"
        "    time.sleep(600)\n"
        "burst(6)\n"
    )
    with hook(tmp_path, bomb, timeout_ms=400) as runtime:
        assert runtime.call(CALL).status == "timeout"
        assert len(inside(tmp_path)) <= 1


def test_a_hook_that_kills_its_warden_is_found_all_the_same(tmp_path: Path) -> None:
    logic = "import os, signal, time\nparent = os.getppid()\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(600)\n"
    logic += "os.kill(parent, signal.SIGKILL)\ntime.sleep(600)\n"
    with hook(tmp_path, logic, timeout_ms=20_000) as runtime:
        for _ in range(2):
            found = runtime.call(CALL)
            assert (found.status, found.diagnostics) == ("crash", ("the hook ended the process that watches over it",))
            assert inside(tmp_path) == set()


# ---- what a hook finds


def test_it_inherits_no_descriptor(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    try:
        found = outcome(tmp_path, "import os\n" + answering("sorted(int(n) for n in os.listdir('/proc/self/fd'))"))
    finally:
        os.close(reader)
        os.close(writer)
    assert found.result is not None
    # The fourth is that of the listing itself.
    assert found.result["facts"] == [0, 1, 2, 3]


def test_it_has_no_terminal_and_the_usual_signals(tmp_path: Path) -> None:
    logic = "import os, signal\n" + answering(
        "[os.getsid(0) == os.getpid(), [int(signal.getsignal(n)) for n in (signal.SIGTERM, signal.SIGHUP)],"
        " sorted(signal.pthread_sigmask(signal.SIG_BLOCK, []))]"
    )
    found = outcome(tmp_path, logic)
    assert found.result is not None
    assert found.result["facts"] == [True, [int(signal.SIG_DFL)] * 2, []]


def test_it_cannot_become_another_user(tmp_path: Path) -> None:
    logic = answering("[line for line in open('/proc/self/status') if line.startswith('NoNewPrivs')][0].split()[1]")
    assert outcome(tmp_path, logic).result == {"status": "ok", "facts": "1"}


def test_standard_error_is_drained_and_its_end_is_kept(tmp_path: Path) -> None:
    logic = f"import sys\nsys.stderr.write('x' * 300_000 + 'the end')\nsys.stderr.flush()\n{_OK}"
    found = outcome(tmp_path, logic)
    assert found.status == "ok"
    assert len(found.errors) == 65_536
    assert found.errors.endswith("xthe end")


def test_a_link_in_place_of_a_folder_leads_nowhere(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    logic = answering("{}") + (
        f"import os\nhome = os.environ['HOME']\nos.rmdir(home)\nos.symlink({str(precious)!r}, home)\n"
        f"os.rename('logic', 'moved')\nos.symlink({str(precious)!r}, 'logic')\n"
    )
    with hook(tmp_path / "pack", logic) as runtime:
        for _ in range(3):
            assert runtime.call(CALL).status == "ok"
    assert (precious / "file").exists()
