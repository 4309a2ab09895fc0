"""What is tested is what ships: the installed wheel, whole, and not the checkout beside it."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import pytest_fluxscenario

_ROOT = Path(__file__).resolve().parents[2]
_SOURCE = _ROOT / "pytest_fluxscenario"
_INSTALLED = Path(pytest_fluxscenario.__file__).resolve().parent

pytestmark = pytest.mark.skipif(
    os.environ.get("FLUXSCENARIO_EXPECT_WHEEL") != "1",
    reason="runs on the checkout; `make test` and tox install the wheel and set FLUXSCENARIO_EXPECT_WHEEL=1",
)


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in {".pyc", ".pyo"}
    }


def test_the_package_comes_from_site_packages() -> None:
    assert _INSTALLED.parent.name == "site-packages"
    assert not _INSTALLED.is_relative_to(_SOURCE)


def test_the_checkout_is_not_on_the_path() -> None:
    assert _ROOT not in {Path(entry or ".").resolve() for entry in sys.path}


def test_every_file_of_the_source_is_installed_unchanged() -> None:
    source, installed = _files(_SOURCE), _files(_INSTALLED)
    assert sorted(installed) == sorted(source)
    assert [name for name, data in source.items() if installed[name] != data] == []
    assert "py.typed" in installed


def test_the_metadata_is_that_of_the_project_file() -> None:
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    distribution = metadata.distribution(project["name"])
    assert distribution.version == project["version"] == pytest_fluxscenario.__version__
    assert {(entry.group, entry.name, entry.value) for entry in distribution.entry_points} == {
        ("pytest11", "fluxscenario", "pytest_fluxscenario.plugin.entry"),
        ("console_scripts", "fluxrig", "pytest_fluxscenario.cli.main:main"),
        ("console_scripts", "fluxrig-mixer", "pytest_fluxscenario.cli.mixer:main"),
    }
    core = {line for line in distribution.requires or () if "extra ==" not in line}
    assert core == set(project["dependencies"])


def test_pytest_loads_the_plugin_by_its_entry_point(request: pytest.FixtureRequest) -> None:
    assert request.config.pluginmanager.has_plugin("fluxscenario")


def test_the_command_starts() -> None:
    command = Path(sys.executable).parent / "fluxrig"
    answer = subprocess.run([command, "--help"], capture_output=True, text=True, check=False, timeout=60)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "fluxrig" in answer.stdout
