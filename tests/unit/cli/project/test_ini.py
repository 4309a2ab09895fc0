"""The root and the ini values are pytest's: held against pytest's own answer."""

from __future__ import annotations

import inspect
import warnings
from pathlib import Path
from typing import Any

import pytest
from _pytest.config.findpaths import determine_setup

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.cli.project.ini import find_ini
from pytest_fluxscenario.cli.project.settings import Asked, make_settings

_LAYOUTS: dict[str, dict[str, str]] = {
    "nothing": {},
    "pytest.ini": {"pytest.ini": "[pytest]\nfluxscenario_redact = a\n"},
    "empty pytest.ini": {"pytest.ini": ""},
    "hidden pytest.ini": {"a/.pytest.ini": "[pytest]\n"},
    "nearest": {"pytest.ini": "[pytest]\n", "a/pytest.ini": "[pytest]\nfluxscenario_redact = b\n"},
    "pyproject with options": {"pyproject.toml": "[tool.pytest.ini_options]\nfluxscenario_redact = ['a', 'b c']\n"},
    "pyproject without": {"pyproject.toml": "[project]\nname = 'x'\n"},
    "pyproject below an ini": {"a/pyproject.toml": "", "pytest.ini": "[pytest]\n"},
    "two pyprojects": {"a/pyproject.toml": "", "pyproject.toml": ""},
    "tox": {"tox.ini": "[pytest]\nfluxscenario_redact =\n    a\n    b # not a comment\n"},
    "tox without": {"a/tox.ini": "[tox]\n", "tox.ini": "[pytest]\n"},
    "setup.cfg": {"setup.cfg": "[tool:pytest]\nfluxscenario_redact = a\n"},
    "setup.cfg without": {"a/setup.cfg": "[metadata]\n"},
    "setup.py": {"a/setup.py": ""},
    "order in a folder": {
        "tox.ini": "[pytest]\nfluxscenario_redact = t\n",
        "pyproject.toml": "[tool.pytest.ini_options]\n",
    },
    "ini below the common folder": {"a/b/pytest.ini": "[pytest]\nfluxscenario_redact = deep\n"},
}
_TARGETS = {
    "one folder": ["a/b"],
    "a file": ["a/b/x.json"],
    "two folders": ["a/b", "a/c"],
    "apart": ["a/b", "d"],
    "top": ["."],
}


def _make(root: Path, files: dict[str, str]) -> None:
    for name in ("a/b/x.json", "a/c/y.json", "d/z.json"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("{}", encoding="utf-8")
    for name, text in files.items():
        (root / name).write_text(text, encoding="utf-8")


def _plain(value: Any) -> Any:
    return getattr(value, "value", value)


@pytest.mark.parametrize("start", [".", "a", "d"])
@pytest.mark.parametrize("targets", _TARGETS)
@pytest.mark.parametrize("layout", _LAYOUTS)
def test_root_and_values_are_those_that_pytest_finds(tmp_path: Path, layout: str, targets: str, start: str) -> None:
    _make(tmp_path, _LAYOUTS[layout])
    paths = [tmp_path / name for name in _TARGETS[targets]]
    folders = [str(path if path.is_dir() else path.parent) for path in paths]
    asked: dict[str, Any] = {
        "inifile": None,
        "override_ini": None,
        "args": [str(path) for path in paths],
        "rootdir_cmd_arg": None,
        "invocation_dir": tmp_path / start,
    }
    # Pytest 8 is not asked for overrides here.
    known = inspect.signature(determine_setup).parameters
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        answer: Any = determine_setup(**{name: value for name, value in asked.items() if name in known})
    ini = find_ini(folders, str(tmp_path / start))
    assert ini.root == str(answer[0])
    assert dict(ini.values) == {key: _plain(value) for key, value in answer[2].items()}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pytest.ini", "[pytest"),
        ("pytest.ini", "no section = 1"),
        ("pyproject.toml", "= 1"),
        ("pyproject.toml", "tool = 1"),
        ("pyproject.toml", "[tool]\npytest = 1"),
        ("pytest.toml", "pytest = 1"),
        ("pyproject.toml", "[tool.pytest]\nini_options = 1"),
    ],
)
def test_a_file_that_cannot_be_read_is_no_empty_one(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=name.replace(".", r"\.")):
        make_settings(find_ini([str(tmp_path)], str(tmp_path)), Asked(), str(tmp_path))


@pytest.mark.parametrize("value", ["1", "{a = 1}", "[1]", "true"])
def test_a_redaction_of_the_wrong_type_is_not_passed_over(tmp_path: Path, value: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.pytest]\nfluxscenario_redact = {value}\n", encoding="utf-8")
    with pytest.raises(UsageError, match="fluxscenario_redact is"):
        make_settings(find_ini([str(tmp_path)], str(tmp_path)), Asked(), str(tmp_path))
