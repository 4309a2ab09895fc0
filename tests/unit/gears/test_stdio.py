"""Programs that answer, and those that do not: each in time, with the reason, and with nothing left behind."""

from __future__ import annotations

import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_fluxscenario.gears.port import GearError
from pytest_fluxscenario.gears.stdio import StdioChannel
from pytest_fluxscenario.gears.wire import Ask
from pytest_fluxscenario.model.request import Actor, Request
from tests.fakes.alive import has_ended, is_alive
from tests.fakes.waiting import PATIENCE, until

#: Answers a line, by its number.
ANSWER = """
import json
def answer(line, name="x"):
    print(json.dumps({"id": json.loads(line)["id"], "ok": {"name": name}}), flush=True)
"""


@pytest.fixture
def channels() -> Iterator[list[StdioChannel]]:
    made: list[StdioChannel] = []
    yield made
    for channel in made:
        channel._close(0.0)


def opened(channels: list[StdioChannel], code: str, timeout: float = PATIENCE) -> StdioChannel:
    channel = StdioChannel("mine", [sys.executable, "-S", "-c", f"import sys, os, time\n{ANSWER}\n{code}"], timeout)
    channels.append(channel)
    return channel


def test_one_program_answers_many_messages(channels: list[StdioChannel]) -> None:
    channel = opened(channels, "for line in sys.stdin: answer(line)")
    first = channel._live()
    assert channel.ask(Ask("hello")) == channel.ask(Ask("hello")) == {"name": "x"}
    assert channel._live() is first
    channel.close()
    assert first.returncode == 0
    channel.close()
    assert channel.ask(Ask("hello"))["name"] == "x"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("sys.exit(3)", "ended without an answer"),
        ("print('oh dear', file=sys.stderr); sys.exit(1)", "standard error ends with: oh dear"),
        ("input(); print('not json', flush=True); time.sleep(60)", "no strict JSON"),
        ("input(); print('[]', flush=True); time.sleep(60)", "no message of fst.gear.v1"),
        ("""input(); print('{"id": 1}', flush=True); time.sleep(60)""", "neither 'ok' nor 'error'"),
        ("""input(); print('{"id": 1, "ok": {}, "error": "x"}', flush=True); time.sleep(60)""", "or with both"),
        ("""input(); print('{"id": 1, "error": "no such rule"}', flush=True); time.sleep(60)""", "says: no such rule"),
        ("""input(); print('{"ok": {}}', flush=True); time.sleep(60)""", "answers no message, and was asked message 1"),
        ("""input(); print('{"id": 2, "ok": {}}', flush=True); time.sleep(60)""", "answers message 2"),
        (
            """input(); print('{"id": 1, "id": 1, "ok": {}}', flush=True); time.sleep(60)""",
            "the key 'id' stands here again",
        ),
        ("""input(); print('{"id": 1, "ok": {"a": NaN}}', flush=True); time.sleep(60)""", "no strict JSON"),
        ("""input(); print('{"id": 1, "ok": {"a": 1e999}}', flush=True); time.sleep(60)""", "no strict JSON"),
        ("""input(); print('{"id": 1, "ok": ' + '[' * 9999, flush=True); time.sleep(60)""", "no strict JSON"),
        ("""input(); print('{"id": true, "ok": {}}', flush=True); time.sleep(60)""", "no message of fst.gear.v1"),
        ("""input(); print('{"id": 1, "ok": [1]}', flush=True); time.sleep(60)""", "no message of fst.gear.v1"),
        ("input(); os.write(1, b'\\xff\\xfe\\n'); time.sleep(60)", "no strict JSON: "),
        ("input(); sys.stdout.write('x' * (9 << 20)); sys.stdout.flush(); time.sleep(60)", "more than 8 MiB"),
    ],
)
def test_what_is_no_answer_is_told(channels: list[StdioChannel], code: str, said: str) -> None:
    with pytest.raises(GearError, match=said) as caught:
        opened(channels, code, PATIENCE).ask(Ask("hello"))
    assert "\n" not in str(caught.value)


def test_who_reads_no_more_is_told_or_not_waited_for(channels: list[StdioChannel]) -> None:
    with pytest.raises(GearError, match=r"reads no more|did not answer"):
        opened(channels, "os.close(0); time.sleep(600)", 1.0).ask(Ask("hello"))


def test_silence_ends_in_time_and_the_whole_group_with_it(channels: list[StdioChannel], tmp_path: Path) -> None:
    note = tmp_path / "child"
    code = (
        f"pid = os.fork()\nif not pid: time.sleep(600)\nopen({str(note)!r}, 'w').write(str(pid))\n"
        "answer(sys.stdin.readline())\ntime.sleep(600)"
    )
    channel = opened(channels, code, PATIENCE)
    channel.ask(Ask("hello"))
    channel.timeout = 0.3
    begun = time.monotonic()
    with pytest.raises(GearError, match="did not answer within"):
        channel.ask(Ask("hello"))
    assert time.monotonic() - begun < PATIENCE
    child = int(note.read_text("utf-8"))
    assert has_ended(child), "what the gear started is still there"


def test_a_line_too_many_is_never_taken_for_the_next_answer(channels: list[StdioChannel]) -> None:
    code = "for line in sys.stdin: answer(line); time.sleep(0.02); answer(line, 'stale')"
    channel = opened(channels, code)
    assert channel.ask(Ask("hello"))["name"] == "x"
    for _ in range(50):
        try:
            assert channel.ask(Ask("hello"))["name"] == "x"
        except GearError as error:
            found = str(error)
            break
    else:
        pytest.fail("lines out of step were not noticed")
    assert "more than one line for one message" in found or "answers message" in found
    # It is begun anew, and in step.
    assert channel.ask(Ask("hello"))["name"] == "x"


def test_what_was_said_before_anything_was_asked_is_no_answer(channels: list[StdioChannel]) -> None:
    ahead = """print('{"id": 1, "ok": {"name": "ahead"}}', flush=True)\nfor line in sys.stdin: answer(line)"""
    channel = opened(channels, ahead)
    source = channel._live().stdout
    assert source is not None
    assert select.select([source], [], [], PATIENCE)[0]
    with pytest.raises(GearError, match="more than one line for one message"):
        channel.ask(Ask("hello"))


def test_an_answer_before_the_question_has_been_read_is_none(channels: list[StdioChannel]) -> None:
    # It has read one byte of a message that no pipe holds, and knows already.
    code = """os.read(0, 1); print('{"id": 1, "ok": {"name": "ahead"}}', flush=True); time.sleep(60)"""
    channel = opened(channels, code)
    with pytest.raises(GearError, match="more than one line for one message"):
        channel.ask(Ask("decide", request=Request("a", Actor("a", "agent"), {"text": "x" * (4 << 20)}, "run-1")))


def test_a_gear_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    gear = f"import os, time; open({str(note)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    code = f"""
import sys
from pytest_fluxscenario.gears.stdio import StdioChannel
StdioChannel("mine", [sys.executable, "-S", "-c", {gear!r}], 60.0)._live()
print("there", flush=True)
sys.stdin.read()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as session:
        assert session.stdout is not None
        assert session.stdout.readline() == b"there\n"
        until(lambda: note.exists() and note.read_text("utf-8"))
        session.kill()
    assert has_ended(int(note.read_text("utf-8"))), "the gear is still there"


@pytest.mark.parametrize("command", [["/nowhere/gear"], ["/etc/passwd"], ["x\0y"]])
def test_a_program_that_cannot_be_started_is_told(command: list[str], channels: list[StdioChannel]) -> None:
    channel = StdioChannel("mine", command, PATIENCE)
    channels.append(channel)
    with pytest.raises(GearError, match="cannot be started"):
        channel.ask(Ask("hello"))


#: Starts something that leaves group and session, and is nobody's child: its number goes to a file.
ESCAPES = """
if not os.fork():
    os.setsid()
    if os.fork(): os._exit(0)
    for stream in range(3): os.close(stream)
    open({path!r} + ".new", "w").write(str(os.getpid()))
    os.rename({path!r} + ".new", {path!r})
    time.sleep(300)
    os._exit(0)
while not os.path.exists({path!r}): time.sleep(0.01)
"""


def _escaped(path: Path) -> int:
    pid = int(path.read_text())
    assert is_alive(pid)
    return pid


@pytest.mark.parametrize("end", ["closed", "silent", "ends by itself"])
def test_nothing_that_it_has_started_is_left(channels: list[StdioChannel], tmp_path: Path, end: str) -> None:
    path = tmp_path / "pid"
    rest = {"closed": "", "silent": "input(); time.sleep(60)", "ends by itself": "input(); sys.exit(3)"}[end]
    code = f"{ESCAPES.format(path=str(path))}answer(sys.stdin.readline())\n{rest}\nfor line in sys.stdin: answer(line)"
    channel = opened(channels, code, PATIENCE)
    channel.ask(Ask("hello"))
    pid = _escaped(path)
    if end == "closed":
        channel.close()
    else:
        channel.timeout = 0.3 if end == "silent" else PATIENCE
        with pytest.raises(GearError, match=r"did not answer within|ended without an answer"):
            channel.ask(Ask("hello"))
    assert has_ended(pid)


def test_what_is_no_program_is_told_by_whoever_watches_over_it(channels: list[StdioChannel], tmp_path: Path) -> None:
    program = tmp_path / "gear"
    program.write_bytes(b"\x7fELF nothing")
    program.chmod(0o755)
    channel = StdioChannel("mine", [str(program)], PATIENCE)
    channels.append(channel)
    with pytest.raises(GearError, match=r"standard error ends with: cannot be started: Exec format error"):
        channel.ask(Ask("hello"))


def test_nothing_that_it_has_started_outlives_a_session_that_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    code = f"import sys, os, time\n{ANSWER}\n{ESCAPES.format(path=str(path))}for line in sys.stdin: answer(line)"
    session = (
        "import sys, time\n"
        "from pytest_fluxscenario.gears.stdio import StdioChannel\n"
        "from pytest_fluxscenario.gears.wire import Ask\n"
        "StdioChannel('mine', [sys.executable, '-S', '-c', sys.argv[1]], 30.0).ask(Ask('hello'))\n"
        "print('asked', flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", session, code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"asked\n"
        pid = _escaped(path)
        process.kill()
    assert has_ended(pid)
