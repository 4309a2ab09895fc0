"""The root of a run and the ini keys that hold there, found as pytest finds them: the same scenarios get the same ids.

Not read: ``addopts``, ``PYTEST_ADDOPTS`` and conftest.py, which only pytest can follow.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import iniconfig

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown

_Section = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ini:
    """The root, and what pytest's configuration file says there."""

    root: str
    #: The file; empty where there is none.
    file: str = ""
    values: _Section = field(default_factory=dict)


def find_ini(folders: Sequence[str], start: str) -> Ini:
    """The root of ``folders`` (absolute), for a command that was started in ``start``, and its configuration.

    The nearest folder from their common folder upward with pytest's configuration (pytest.toml, pytest.ini,
    pyproject.toml, tox.ini, setup.cfg), else with a pyproject.toml, else with a setup.py, else the common folder of
    them and ``start``. Raises UsageError for a file that cannot be read.
    """
    common = os.path.commonpath(folders) if folders else start
    found = _configured([common])
    if found is not None:
        return found
    for folder in _upward(common):
        if os.path.isfile(os.path.join(folder, "setup.py")):
            return Ini(folder)
    found = _configured(folders)
    if found is not None:
        return found
    root = os.path.commonpath([start, common])
    return Ini(common if root == os.path.dirname(root) else root)


def _configured(folders: Iterable[str]) -> Ini | None:
    project = ""
    for start in folders:
        for folder in _upward(start):
            for name, read in _READERS.items():
                path = os.path.join(folder, name)
                if not os.path.isfile(path):
                    continue
                if name == _PROJECT and not project:
                    project = path
                values = _read(path, read)
                if values is not None:
                    return Ini(folder, path, values)
    return Ini(os.path.dirname(project), project) if project else None


def _upward(folder: str) -> Iterator[str]:
    while True:
        yield folder
        above = os.path.dirname(folder)
        if above == folder:
            return
        folder = above


def _read(path: str, read: Callable[[str, str], _Section | None]) -> _Section | None:
    try:
        with open(path, encoding="utf-8") as file:
            section = read(path, file.read())
        if section is None or isinstance(section, dict):
            return section
        raise TypeError("pytest's configuration is no table")
    except (
        OSError,
        UnicodeDecodeError,
        tomllib.TOMLDecodeError,
        iniconfig.ParseError,
        TypeError,
        AttributeError,
    ) as error:
        # Guessing would mean not to redact what the file says is secret.
        raise UsageError.of("ini.unreadable", Place(shown(path)), f"cannot be read: {shown(error)}") from error


def _pytest_toml(_: str, text: str) -> _Section:
    section: _Section = tomllib.loads(text).get("pytest", {})
    return section


def _pyproject(_: str, text: str) -> _Section | None:
    section = tomllib.loads(text).get("tool", {}).get("pytest", {})
    native = {key: value for key, value in section.items() if key != "ini_options"}
    return native or section.get("ini_options")


def _pytest_ini(path: str, text: str) -> _Section:
    return _ini(path, text, "pytest") or {}


def _tox(path: str, text: str) -> _Section | None:
    return _ini(path, text, "pytest")


def _setup_cfg(path: str, text: str) -> _Section | None:
    return _ini(path, text, "tool:pytest")


def _ini(path: str, text: str, name: str) -> _Section | None:
    parsed = iniconfig.IniConfig(path, data=text)
    return dict(parsed[name].items()) if name in parsed.sections else None


_PROJECT = "pyproject.toml"
_READERS: Mapping[str, Callable[[str, str], _Section | None]] = {
    "pytest.toml": _pytest_toml,
    ".pytest.toml": _pytest_toml,
    "pytest.ini": _pytest_ini,
    ".pytest.ini": _pytest_ini,
    _PROJECT: _pyproject,
    "tox.ini": _tox,
    "setup.cfg": _setup_cfg,
}
