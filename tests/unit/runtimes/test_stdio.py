"""Hooks as programs, a process for each call (control.md, "Hooks"; faults.md)."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path

import pytest

from pytest_fluxscenario.base.canonical import canonical
from pytest_fluxscenario.base.digest import sha256_ref
from pytest_fluxscenario.packs.hooks import RUNTIME_KINDS
from pytest_fluxscenario.runtimes.code import HookSettings
from pytest_fluxscenario.runtimes.make import MAKERS
from pytest_fluxscenario.runtimes.port import HookCall, HookUnavailable, input_hash
from tests.fakes.hooks import CALL, answering, descendants, descriptors, hook, once, work_folders


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where folders of hooks are made: whatever is left can be seen."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def test_a_hook_gets_the_call_as_one_line_and_gives_its_result_back(tmp_path: Path) -> None:
    logic = (
        "import json, sys\nlines = sys.stdin.buffer.read().split(b'\\n')\n"
        'print(json.dumps({"status": "ok", "facts": {"call": json.loads(lines[0]), "lines": len(lines)}}))\n'
    )
    found = once(tmp_path, logic)
    assert found.result == {"status": "ok", "facts": {"call": json.loads(CALL.line()), "lines": 2}}
    assert (found.status, found.diagnostics, found.errors) == ("ok", (), "")


def test_the_outcome_says_what_ran_on_what(tmp_path: Path) -> None:
    found = once(tmp_path, answering('{"b": 1, "a": "ä"}'))
    assert (found.runtime_id, found.runtime_kind) == ("local", "python_stdio")
    assert found.input_hash == input_hash(CALL)
    assert found.output_hash == sha256_ref(b'{"facts":{"a":"\xc3\xa4","b":1},"status":"ok"}')
    code = {"logic/main.py": hashlib.sha256((tmp_path / "logic" / "main.py").read_bytes()).hexdigest()}
    assert found.entrypoint_hash == sha256_ref(canonical(code))


def test_the_same_call_has_the_same_outcome(tmp_path: Path) -> None:
    with hook(tmp_path, answering('{"a": [*{"x", "y", "z"}]}')) as runtime:
        first = runtime.call(CALL)
        assert first.status == "ok"
        assert [runtime.call(CALL) for _ in range(3)] == [first] * 3


def test_it_runs_on_this_interpreter_with_the_modules_beside_it(tmp_path: Path) -> None:
    (tmp_path / "logic").mkdir()
    (tmp_path / "logic" / "beside.py").write_text("NAME = 'beside'\n")
    logic = "import beside, sys, os\n" + answering("[beside.NAME, sys.executable, os.listdir()]")
    found = once(tmp_path, logic)
    assert found.result is not None
    assert found.result["facts"] == ["beside", sys.executable, ["logic"]]


def test_it_sees_the_allowlist_and_what_is_named(tmp_path: Path) -> None:
    environment = {**os.environ, "MINE": "1", "OTHER": "2", "LD_PRELOAD_X": "3", "PYTHONPATH": "/", "LANG": "C"}
    settings = HookSettings.of(environment, ["MINE", "UNSET"])
    found = once(tmp_path, "import os\n" + answering("dict(os.environ)"), settings=settings)
    assert found.result is not None
    seen = found.result["facts"]
    assert set(seen) - {"LC_CTYPE"} == {
        "PATH",
        "LANG",
        "TZ",
        "HOME",
        "TMPDIR",
        "MINE",
        "FLUXSCENARIO_HOOK",
        "PYTHONHASHSEED",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONNOUSERSITE",
        "PYTHONUTF8",
    }
    assert (seen["PATH"], seen["LANG"], seen["TZ"], seen["MINE"]) == (os.environ["PATH"], "C.UTF-8", "UTC", "1")


def test_what_one_call_leaves_in_its_folders_is_gone_at_the_next(tmp_path: Path) -> None:
    logic = "import os, pathlib\nhome = os.environ['HOME']\n" + answering(
        "[sorted(os.listdir(home)), sorted(os.listdir('.')), pathlib.Path('logic/main.py').stat().st_mode]"
    )
    logic += "pathlib.Path(os.environ['HOME'], 'kept').touch()\npathlib.Path('kept').touch()\n"
    logic += "os.chmod('logic/main.py', 0o600)\nopen('logic/main.py', 'a').write('raise SystemExit(3)')\n"
    with hook(tmp_path, logic) as runtime:
        first = runtime.call(CALL)
        assert first.result is not None
        assert first.result["facts"] == [[], ["logic"], 0o100400]
        assert runtime.call(CALL) == first


def test_files_of_the_pack_keep_their_bytes_and_modes(tmp_path: Path) -> None:
    (tmp_path / "templates" / "deep").mkdir(parents=True)
    (tmp_path / "templates" / "deep" / "a.txt").write_bytes(b"\x00\r\n")
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "a.json").write_text("{}")
    tool = tmp_path / "logic" / "tool.sh"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho run\n")
    tool.chmod(0o755)
    logic = "import os, subprocess\n" + answering(
        "[list(open('templates/deep/a.txt', 'rb').read()), subprocess.check_output(['logic/tool.sh']).decode(),"
        " sorted(os.listdir('.'))]"
    )
    found = once(tmp_path, logic)
    assert found.result is not None
    assert found.result["facts"] == [[0, 13, 10], "run\n", ["logic", "templates"]]


def test_a_file_that_changed_since_the_pack_was_loaded_is_named(tmp_path: Path) -> None:
    with hook(tmp_path, answering("{}")) as runtime:
        (tmp_path / "logic" / "main.py").write_text(answering("{'other': 1}"))
        with pytest.raises(HookUnavailable) as caught:
            runtime.call(CALL)
    message = "packs/small/logic/main.py: has changed since the pack was loaded; a hook runs only what was looked at"
    assert str(caught.value) == f"{message} (run again)"


def test_a_change_after_the_first_call_changes_nothing(tmp_path: Path) -> None:
    with hook(tmp_path, answering("{'a': 1}")) as runtime:
        first = runtime.call(CALL)
        (tmp_path / "logic" / "main.py").write_text("raise SystemExit(3)")
        assert runtime.call(CALL) == first


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["no-such-program", "logic/main.py"], "the command 'no-such-program' of the hooks is not on PATH"),
        (["logic/main.py"], "the command 'logic/main.py' of the hooks may not be executed"),
        (["logic/gone"], "the command 'logic/gone' of the hooks is no file of the pack's logic"),
        (["logic/broken"], "the command of the hooks cannot be executed: Exec format error"),
        (["logic/shebang"], "the command of the hooks cannot be executed: No such file or directory"),
    ],
)
def test_a_command_that_cannot_be_started_is_no_outcome(tmp_path: Path, command: list[str], said: str) -> None:
    (tmp_path / "logic").mkdir()
    for name, text in (("broken", "\x7fELF"), ("shebang", "#!/no/such/interpreter\n")):
        (tmp_path / "logic" / name).write_text(text)
        (tmp_path / "logic" / name).chmod(0o755)
    with pytest.raises(HookUnavailable) as caught:
        once(tmp_path, "", command=command)
    assert str(caught.value).startswith(f"packs/small/hooks.yaml: {said}")


def test_a_program_of_the_pack_runs_by_its_path(tmp_path: Path) -> None:
    tool = tmp_path / "logic" / "tool"
    tool.parent.mkdir()
    tool.write_text('#!/bin/sh\nread line\necho \'{"status": "ok"}\'\n')
    tool.chmod(0o755)
    assert once(tmp_path, "", command=["logic/tool"]).result == {"status": "ok"}


def test_a_call_larger_than_a_pipe_arrives_whole(tmp_path: Path) -> None:
    call = HookCall("assess", "run-1", "small", "1.0.0", None, {"text": "x" * 900_000})
    found = once(tmp_path, answering("len(call['payload']['text'])"), call)
    assert found.result == {"status": "ok", "facts": 900_000}


def test_nothing_is_started_before_the_first_call_and_nothing_is_left_after_the_last(
    tmp_path: Path, temporary: Path
) -> None:
    before, open_before = descendants(), descriptors()
    with hook(tmp_path / "pack", answering("{}")) as runtime:
        assert (descendants(), work_folders(temporary)) == (before, [])
        for _ in range(3):
            assert runtime.call(CALL).status == "ok"
        # Between two calls there is the one that starts and ends the others.
        assert len(descendants() - before) == 1
        assert len(work_folders(temporary)) == 1
    assert (descendants(), descriptors(), work_folders(temporary)) == (before, open_before, [])


def test_a_runtime_that_was_closed_begins_again(tmp_path: Path) -> None:
    with hook(tmp_path, answering("{}")) as runtime:
        first = runtime.call(CALL)
        runtime.close()  # type: ignore[attr-defined]  # LazyHooks
        assert runtime.call(CALL) == first


def test_a_kind_that_this_version_does_not_run_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(MAKERS) == set(RUNTIME_KINDS)
    monkeypatch.setattr("pytest_fluxscenario.runtimes.make.MAKERS", {"other": ("no.module", "maker")})
    with pytest.raises(HookUnavailable, match=r"does not run hooks of the kind 'python_stdio' \(known: other\)"):
        once(tmp_path, "")


def test_a_fork_calls_its_own_hooks_and_leaves_those_of_its_parent_alone(tmp_path: Path, temporary: Path) -> None:
    """As `fluxrig mutate` forks its workers after it has called hooks itself."""
    logic = "import os\n" + answering("os.getppid()")
    with hook(tmp_path / "pack", logic) as runtime:
        before = runtime.call(CALL).result
        child = os.fork()
        if not child:
            found = [runtime.call(CALL).result for _ in range(3)]
            runtime.close()  # type: ignore[attr-defined]  # LazyHooks
            os._exit(0 if found[0] == found[1] == found[2] != before and len(work_folders(temporary)) == 1 else 1)
        ended, status = 0, 0
        while not ended:
            assert runtime.call(CALL).result == before
            ended, status = os.waitpid(child, os.WNOHANG)
        assert status == 0
        assert runtime.call(CALL).result == before
    assert work_folders(temporary) == []
