"""What scripts rely on: exit statuses, where what is written, and no traceback for anything (cli.md)."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
from collections.abc import Mapping

import pytest

from pytest_fluxscenario.cli.main import NOUNS
from tests.fakes.packs import failing, scenario, step
from tests.fakes.waiting import PATIENCE, until
from tests.unit.cli.conftest import Rig

_STORE_VERBS = ("import", "list", "history", "show", "export", "diff")
_VERBS = (
    ("scenario", "run"),
    ("evidence", "verify"),
    ("evidence", "show"),
    ("evidence", "split"),
    *((noun, verb) for noun in ("spec", "scenario", "profile") for verb in _STORE_VERBS),
    ("store", "check"),
    ("store", "gc"),
    ("schema",),
)


@pytest.mark.parametrize("words", [(), *_VERBS], ids=" ".join)
def test_every_command_has_help_with_an_example(rig: Rig, words: tuple[str, ...]) -> None:
    answer = rig(*words, "--help")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "example: fluxrig" in answer.stdout


def test_the_version(rig: Rig) -> None:
    answer = rig("--version")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert re.fullmatch(r"pytest-fluxscenario [0-9].*\n", answer.stdout)


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("nonsense",),
        ("scenario",),
        ("scenario", "run"),
        ("scenario", "run", "nowhere"),
        ("scenario", "run", "--on-failure", "explode", "packs"),
        ("scenario", "run", "packs", "--redact", "("),
        ("scenario", "run", "packs", "--redact", "x*"),
        ("scenario", "run", "packs", "--store", "nowhere"),
        ("scenario", "run", "packs/small/scenarios/a.json::nope"),
        ("scenario", "run", "packs/small/profile.yaml"),
        ("scenario", "run", "packs::one"),
        ("scenario", "run", "packs", "-k", "nothing-is-called-so"),
        ("scenario", "run", "pack\x1b[2Js"),
        ("evidence", "verify", "nowhere"),
        ("evidence", "show", "packs"),
        ("evidence", "split", "packs", "out"),
        ("profile", "show", "small:v1.0.0"),
        ("profile", "list", "--store", "nowhere"),
        ("profile", "import", "nowhere.yaml"),
        ("profile", "import", "packs"),
        ("profile", "import", "packs/small", "--tag", "latest"),
        ("schema", "scenarioo"),
        ("--store", "\x1b[2J"),
    ],
    ids=" ".join,
)
def test_bad_usage_is_a_line_and_exit_2(rig: Rig, args: tuple[str, ...]) -> None:
    rig.add("a.json", scenario())
    answer = rig(*args)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "Traceback" not in answer.stderr
    assert "\x1b" not in answer.stderr
    said = answer.stderr.splitlines()
    assert said[0].startswith("usage: ") or len(said) == 1


def test_a_lone_surrogate_in_an_argument(rig: Rig) -> None:
    answer = subprocess.run(
        [*map(os.fsencode, rig.command("scenario", "run")), b"\xff\xfe"],
        cwd=rig.root,
        env=rig.environment(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert answer.returncode == 2
    assert b"there is no such file or folder" in answer.stderr


def test_hints_name_what_was_meant(rig: Rig) -> None:
    rig.add("a.json", scenario("begins"))
    assert "did you mean 'packs'?" in rig("scenario", "run", "pack").stderr
    assert "did you mean 'begins'?" in rig("scenario", "run", "packs/small/scenarios/a.json::begin").stderr
    assert "did you mean 'scenario'?" in rig("schema", "scenarioo").stderr


@pytest.mark.parametrize(
    ("documents", "status"),
    [
        ((scenario(),), 0),
        ((failing(),), 1),
        ((scenario("h", step("c", "work.check")),), 1),
        ((scenario(skip="no"),), 0),
    ],
    ids=["passed", "failed", "error", "skipped"],
)
def test_the_exit_status_is_the_verdict(rig: Rig, documents: tuple[object, ...], status: int) -> None:
    rig.add("a.json", *documents)
    assert rig.apart("scenario", "run", ".").returncode == status
    answer = rig("scenario", "run", ".", "--json")
    assert (answer.returncode, answer.stderr) == (status, "")


def test_a_damaged_store_is_exit_3(rig: Rig) -> None:
    rig.add("a.json", scenario())
    (rig.root / "store").mkdir()
    (rig.root / "store" / "index.json").write_text("{", encoding="utf-8")
    for args in (("scenario", "run", "packs"), ("profile", "list"), ("profile", "show", "small:latest")):
        answer = rig(*args)
        assert answer.returncode == 3
        assert "store/index.json:1:" in answer.stderr
        assert len(answer.stderr.splitlines()) == 1


# ---- streams -------------------------------------------------------------------------------------


def _on_a_terminal(rig: Rig, *args: str, env: Mapping[str, str] | None = None) -> str:
    main, child = pty.openpty()
    with subprocess.Popen(
        rig.command(*args), cwd=rig.root, env=rig.environment(env), stdout=child, stderr=child, stdin=child
    ) as process:
        os.close(child)
        pieces = []
        while select.select([main], [], [], PATIENCE)[0]:
            try:
                piece = os.read(main, 1 << 16)
            except OSError:
                break
            if not piece:
                break
            pieces.append(piece)
        process.wait(PATIENCE)
    os.close(main)
    return b"".join(pieces).decode()


def test_a_terminal_gets_progress_and_colour_and_a_pipe_plain_text(rig: Rig) -> None:
    rig.add("a.json", scenario("one"), failing("two"))
    seen = _on_a_terminal(rig, "scenario", "run", "packs")
    assert "\x1b[32m.\x1b[0m\x1b[31mF\x1b[0m" in seen
    plain = rig("scenario", "run", "packs").stdout
    assert "\x1b" not in plain
    assert not plain.startswith((".", "F"))
    uncoloured = _on_a_terminal(rig, "scenario", "run", "packs", env={"NO_COLOR": "1"})
    assert "\x1b" not in uncoloured
    assert uncoloured.startswith(".F")
    assert "\x1b" not in _on_a_terminal(rig, "scenario", "run", "packs", env={"TERM": "dumb"})
    assert "\x1b[31m" in _on_a_terminal(rig, "evidence", "show", ".fluxscenario/evidence")


@pytest.mark.parametrize(
    "args",
    [
        ("scenario", "run", "packs", "-v"),
        ("scenario", "run", "packs", "--json"),
        ("evidence", "show", "kept"),
        ("schema", "scenario"),
    ],
    ids=" ".join,
)
def test_a_reader_that_goes_away_is_no_trouble(rig: Rig, args: tuple[str, ...]) -> None:
    rig.add("a.json", *[failing(f"s{number}") for number in range(200)])
    rig("scenario", "run", "packs", "--evidence", "kept")
    read, write = os.pipe()
    os.close(read)
    answer = subprocess.run(
        rig.command(*args),
        cwd=rig.root,
        env=rig.environment(),
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    os.close(write)
    assert answer.stderr == b""
    assert answer.returncode == (1 if args[0] == "scenario" else 0)
    if args[0] == "scenario":
        # Nobody read it, and the evidence is whole all the same.
        assert rig("evidence", "verify", ".fluxscenario/evidence").returncode == 0


@pytest.mark.parametrize("args", [("scenario", "run", "packs"), ("schema",), ("--version",)], ids=" ".join)
def test_started_without_standard_output(rig: Rig, args: tuple[str, ...]) -> None:
    rig.add("a.json", scenario())
    command = ["sh", "-c", 'exec "$@" >&-', "sh", *rig.command(*args)]
    answer = subprocess.run(
        command, cwd=rig.root, env=rig.environment(), stderr=subprocess.PIPE, check=False, timeout=60
    )
    assert (answer.returncode, answer.stderr) == (0, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no full disk to offer")
def test_a_full_disk_is_told(rig: Rig) -> None:
    with open("/dev/full", "wb") as full:
        answer = subprocess.run(
            rig.command("schema", "scenario"),
            env=rig.environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
    assert answer.returncode == 2
    assert answer.stderr == b"standard output cannot be written: No space left on device\n"


def test_a_narrow_encoding_ends_nothing(rig: Rig) -> None:
    rig.add("a.json", scenario("one", step("grüßen ✓")))
    answer = rig.apart("scenario", "run", "packs", "-v", env={"PYTHONIOENCODING": "ascii"})
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "gr\\xfc\\xdfen" in answer.stdout


@pytest.mark.parametrize("more", [(), ("--json",)], ids=["plain", "json"])
def test_an_interrupted_run_says_so_and_leaves_incomplete_evidence(rig: Rig, more: tuple[str, ...]) -> None:
    steps = [step(f"s{number}") for number in range(50)]
    rig.add("many.json", scenario("many", *steps, parameters=[{"n": one} for one in range(2_000)]))
    log = rig.root / ".fluxscenario" / "evidence" / "records.jsonl"
    with subprocess.Popen(
        rig.command("scenario", "run", "packs", *more),
        cwd=rig.root,
        env=rig.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        until(lambda: log.exists() and log.stat().st_size)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert told == "interrupted\n"
    verified = rig("evidence", "verify", ".fluxscenario/evidence")
    assert verified.returncode == 1
    assert "evidence intact" in verified.stdout
    assert "verdict incomplete" in verified.stdout


def test_only_the_noun_that_is_asked_for_is_imported(rig: Rig) -> None:
    code = (
        "import sys\nfrom pytest_fluxscenario.cli.main import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
        "print([name for name in sys.modules if name.startswith(('msgspec', 'yaml', 'jsonschema', 'pytest.'))])"
    )
    answer = subprocess.run(
        [rig.command()[0], "-P", "-c", code],
        env=rig.environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert answer.stdout.endswith("\n[]\n")
    assert all(noun in answer.stdout for noun in NOUNS)
