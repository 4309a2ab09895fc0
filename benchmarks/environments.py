"""The virtual environments of the tools: finding them, and making them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.tools.base import Tool

ROOT = Path(__file__).resolve().parent.parent

#: Environment to what is installed in it. Ours holds nothing but what a user of the plugin has.
PACKAGES: Mapping[str, tuple[str, ...]] = {
    "pytest": ("pytest", "pytest-xdist"),
    "behave": ("behave",),
    "pytest-bdd": ("pytest", "pytest-bdd"),
    "robot": ("robotframework",),
    # Tavern 3.7.1 does not load on pytest 9.2.
    "tavern": ("pytest<9.2", "tavern", str(ROOT / "benchmarks" / "tavern_backend")),
}

_VERSIONS = """
import importlib.metadata as metadata, json, sys
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = metadata.version(name)
    except metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


@dataclass(frozen=True, slots=True)
class Installed:
    """Where a tool runs, with the versions of what it needs."""

    #: The folder of its programs.
    programs: Path
    versions: Mapping[str, str]

    def program(self, name: str) -> Path:
        """The program of that name in this environment."""
        return self.programs / name


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a tool is left out."""

    reason: str


def _candidates(tool: Tool, tools: Path | None) -> Iterator[Path]:
    if tools is not None:
        yield tools / tool.environment / "bin"
    yield Path(sys.executable).parent
    program = shutil.which(tool.variants[0].argv[0])
    if program is not None:
        yield Path(program).parent


def _versions(python: Path, names: tuple[str, ...]) -> dict[str, str]:
    # -I keeps the checkout from passing for an installed distribution.
    argv = [str(python), "-I", "-c", _VERSIONS, *names]
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        return {}
    found: dict[str, str] = json.loads(done.stdout)
    return found


def find(tool: Tool, tools: Path | None) -> Installed | Missing:
    """The first of ``tools``, this interpreter and PATH that has all that the tool needs."""
    lacking = set(tool.needs)
    for programs in _candidates(tool, tools):
        python = programs / "python"
        if not python.exists():
            continue
        versions = _versions(python, tool.needs)
        lacking = min(lacking, set(tool.needs) - set(versions), key=len)
        if not lacking:
            return Installed(programs, versions)
    return Missing(f"not installed: {', '.join(sorted(lacking))}")


def _run(argv: list[str]) -> str:
    """Empty when the command ended well, else the end of what it said."""
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    return "" if done.returncode == 0 else "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])


def _pip(environment: Path, *arguments: str) -> list[str]:
    return [str(environment / "bin" / "python"), "-m", "pip", "-q", "--disable-pip-version-check", *arguments]


def set_up(tools: Path) -> Iterator[tuple[str, str]]:
    """Make every environment of ``PACKAGES`` below ``tools``, ours with the wheel of this checkout.

    Gives each environment's name with an empty text, or with the end of what went wrong; the others are made
    all the same.
    """
    for name, packages in PACKAGES.items():
        environment = tools / name
        said = _run([sys.executable, "-m", "venv", str(environment)])
        said = said or _run(_pip(environment, "install", "--upgrade", *packages))
        if name == "pytest":
            said = said or _install_wheel(environment, tools / "wheel")
        yield name, said


def _install_wheel(environment: Path, wheels: Path) -> str:
    """Build the wheel into an empty folder and install it: what is timed is what ships."""
    shutil.rmtree(wheels, ignore_errors=True)
    said = _run(_pip(environment, "wheel", "--no-deps", "--wheel-dir", str(wheels), str(ROOT)))
    built = [str(path) for path in wheels.glob("*.whl")]
    # Twice: with its dependencies first, then by force, since the version stays while the code changes.
    said = said or _run(_pip(environment, "install", *built))
    return said or _run(_pip(environment, "install", "--no-deps", "--force-reinstall", *built))
