"""The lower bounds that pyproject.toml promises are the ones that tox installs."""

from __future__ import annotations

import configparser
import re
import tomllib
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


def test_the_oldest_environments_pin_every_lower_bound() -> None:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(_ROOT / "tox.ini", encoding="utf-8")
    pins = re.findall(r"^oldest: (\S+)$", tox["testenv"]["deps"], flags=re.MULTILINE)
    extras = project["optional-dependencies"]
    shipped = [one for name in sorted(extras) if name not in ("lint", "test") for one in extras[name]]
    promised = [*project["dependencies"], *shipped]
    assert pins == [dependency.replace(">=", "==") for dependency in promised]
    assert set(shipped) <= set(extras["test"])


def test_each_supported_python_has_its_environments() -> None:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(_ROOT / "tox.ini", encoding="utf-8")
    named = re.findall(r"Python :: 3\.(\d+)$", "\n".join(project["classifiers"]), flags=re.MULTILINE)
    factors = re.search(r"py\{([\d,]+)\}-\{oldest,newest\}", tox["tox"]["env_list"])
    assert factors is not None
    assert factors[1].split(",") == [f"3{minor}" for minor in named]
    assert project["requires-python"] == f">=3.{named[0]}"
