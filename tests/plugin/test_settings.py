"""What is set and cannot be used is told in a line before anything runs, and pytest exits as for wrong usage."""

from __future__ import annotations

import pytest

from tests.fakes.packs import scenario
from tests.fakes.project import Project, text_of

_MATCHERS, _REDACT = "pytest_fluxscenario_matchers", "pytest_fluxscenario_redact"
_INI = {
    "fluxscenario_redact=[": ["fluxscenario_redact: '[' is no regular expression: unterminated character set at *"],
    "fluxscenario_redact=a*": ["fluxscenario_redact: 'a*' matches the empty text (name at least one character)"],
    "fluxscenario_redact_env=SHORT": ["fluxscenario_redact_env: the value of SHORT is too short to be redacted (*"],
    "fluxscenario_limits=depth=x": ["fluxscenario_limits: 'x' is not a number for the limit depth (*"],
    "fluxscenario_limits=depht=9 nodes=0": [
        "fluxscenario_limits: no limit is named 'depht' (did you mean 'depth'?)",
        "fluxscenario_limits: '0' is not a number for the limit nodes (*",
    ],
    "fluxscenario_on_failure=x": ["fluxscenario_on_failure is 'x'; it can be 'continue' or 'stop'"],
}
_HOOKS = {
    f"{_MATCHERS}(config): return {{'even': len}}": f"{_MATCHERS}: 'even' is no name of a matcher (names begin with *",
    f"{_MATCHERS}(config): return {{4: len}}": f"{_MATCHERS}: '4' is no name of a matcher (names begin with 'x-')",
    f"{_MATCHERS}(config): return {{'x-even': 2}}": f"{_MATCHERS}: 'x-even' is a value of type int (give a function *",
    f"{_MATCHERS}(config): return ['x-even']": f"{_MATCHERS}: a plugin gives a list of str (give functions by name*",
    f"{_MATCHERS}(config): raise RuntimeError('a\\nb')": f"conftest.py:1: {_MATCHERS} raised RuntimeError: a\\x0ab",
    f"{_REDACT}(config): return 'abc'": f"{_REDACT}: a plugin gives a value of type str (give a list of regular *",
    f"{_REDACT}(config): return 5": f"{_REDACT}: a plugin gives a value of type int (give a list of regular *",
    f"{_REDACT}(config): return [5]": f"{_REDACT}: a plugin gives a list of int (give a list of regular expressions)",
    f"{_REDACT}(config): return ['(']": "fluxscenario_redact: '(' is no regular expression: *",
    f"{_REDACT}(config): raise KeyError": f"conftest.py:1: {_REDACT} raised KeyError",
}


def _is_refused(result: pytest.RunResult, lines: list[str]) -> None:
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told = [line for line in text_of(result).splitlines() if line]
    assert len(told) == len(lines)
    result.stderr.fnmatch_lines([f"ERROR: {line.replace('[', '[[]')}" for line in lines], consecutive=False)


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHORT", "abc")


@pytest.mark.parametrize("setting", _INI)
def test_an_ini_key_that_cannot_be_used(project: Project, setting: str, plugin_args: tuple[str, ...]) -> None:
    project.add("a.json", scenario())
    _is_refused(project.run_with(plugin_args, "-o", setting), _INI[setting])
    assert not project.evidence.exists()


@pytest.mark.parametrize("hook", _HOOKS)
def test_a_hook_that_gives_what_cannot_be_used(project: Project, hook: str, plugin_args: tuple[str, ...]) -> None:
    project.add("a.json", scenario())
    project.text("conftest.py", f"def {hook}\n")
    _is_refused(project.run_with(plugin_args), [_HOOKS[hook]])
    assert not project.evidence.exists()


@pytest.mark.parametrize("hook", [*_HOOKS][:6])
def test_a_conftest_further_down_is_told_of_as_its_folder_is_collected(project: Project, hook: str) -> None:
    """pytest reads it only then, and goes on with other folders."""
    for name in ("a.json", "b.json"):
        project.add(name, scenario())
    project.text("packs/small/conftest.py", f"def {hook}\n")
    result = project.run()
    result.assert_outcomes(errors=1)
    line = _HOOKS[hook].replace("conftest.py", "packs/small/conftest.py").replace("[", "[[]")
    result.stdout.fnmatch_lines([line])
    assert "Traceback" not in text_of(result)
    assert "INTERNALERROR" not in text_of(result)
    assert "session.py" not in text_of(result)


def test_what_a_hook_raises_is_redacted(project: Project) -> None:
    project.ini("fluxscenario_redact = tok-[0-9]+")
    project.add("a.json", scenario())
    for name in (_MATCHERS, _REDACT):
        project.text("conftest.py", f"def {name}(config): raise OSError('https://tok-77@host')\n")
        _is_refused(project.spawn(), [f"conftest.py:1: {name} raised OSError: https://[redacted]@host"])


def test_a_project_without_scenarios_is_told_too(project: Project) -> None:
    project.text("test_one.py", "def test_one(): pass\n")
    _is_refused(project.run("-o", "fluxscenario_limits=depth=x", "test_one.py"), _INI["fluxscenario_limits=depth=x"])


def test_nothing_is_loaded_where_nothing_is_set(project: Project) -> None:
    """A project without scenarios does not pay for the check."""
    project.text(
        "test_one.py",
        "import sys\n"
        "def test_one():\n"
        "    assert 'pytest_fluxscenario.plugin.entry' in sys.modules\n"
        "    assert 'pytest_fluxscenario.plugin.configuration.settings' not in sys.modules\n",
    )
    project.spawn("test_one.py").assert_outcomes(passed=1)


def test_what_can_be_used_is(project: Project, plugin_args: tuple[str, ...]) -> None:
    project.text(
        "conftest.py",
        f"def {_MATCHERS}(config): return {{'x-even': lambda argument, actual: True}}\n"
        f"def {_REDACT}(config): return ('tok-[0-9]+',)\n",
    )
    project.ini("fluxscenario_limits = depth=32 nodes=5000", "fluxscenario_redact = sec-[0-9]+")
    project.add("a.json", scenario())
    project.run_with(plugin_args).assert_outcomes(passed=1)


def test_a_folder_that_would_move_the_root_is_refused(project: Project) -> None:
    outside = project.root.parent / "kept"
    outside.mkdir()
    project.add("a.json", scenario())
    option = "--fluxscenario-evidence"
    result = project.run(option, str(outside))
    _is_refused(
        result, [f"{option}: pytest takes a folder that stands apart for a path of tests (write {option}=*kept)"]
    )
    assert not list(outside.iterdir())
    project.run(f"{option}={outside}").assert_outcomes(passed=1)
    assert (outside / "manifest.json").is_file()
