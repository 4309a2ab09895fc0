"""The types as a user meets them: ``mypy --strict`` from outside, on the package that is installed."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

import pytest_fluxscenario
from tests.fakes.packs import scenario, step
from tests.fakes.project import Project

_HERE = Path(__file__).resolve().parent
_SAMPLES = ("user_conftest.py", "user_mistakes.py")


def _mypy(folder: Path, *files: str) -> list[str]:
    """The errors of ``mypy --strict`` in ``folder``, as ``file line code``."""
    env = {name: value for name, value in os.environ.items() if name not in {"MYPYPATH", "PYTHONPATH"}}
    home = Path(pytest_fluxscenario.__file__).resolve().parents[1]
    if home.name != "site-packages":  # run from a checkout that is not installed
        env["MYPYPATH"] = str(home)
    # No configuration, as none of this repository's stands above somebody else's project; a cache of its own, as
    # runs at the same time must not share one.
    options = ("--strict", "--config-file=", "--cache-dir=cache", "--no-error-summary", "--no-pretty")
    answer = subprocess.run(
        [sys.executable, "-P", "-m", "mypy", *options, *files],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    errors = [line for line in answer.stdout.splitlines() if ": note: " not in line]
    assert (answer.returncode, answer.stderr) == (1 if errors else 0, "")
    return [" ".join((*line.split(":")[:2], line.rpartition("[")[2].rstrip("]"))) for line in errors]


@pytest.mark.skipif(
    importlib.util.find_spec("mypy") is None, reason="mypy is not installed; `make lint` has it and runs this"
)
def test_mypy_finds_each_mistake_of_a_user_and_nothing_else(tmp_path: Path) -> None:
    for name in _SAMPLES:
        (tmp_path / name).write_text((_HERE / name).read_text("utf-8"), "utf-8")
    # Once more without the ignores: that an error is silenced does not say that it is the one on that line.
    lines = (_HERE / "user_mistakes.py").read_text("utf-8").splitlines()
    bare = [line.partition("  # type: ignore[") for line in lines]
    (tmp_path / "bare.py").write_text("\n".join(code for code, _, _ in bare), "utf-8")
    expected = [
        f"bare.py {number} {code.partition(']')[0]}" for number, (_, found, code) in enumerate(bare, 1) if found
    ]
    assert len(expected) > 5
    assert _mypy(tmp_path, *_SAMPLES, "bare.py") == expected


def test_what_type_checks_also_runs(project: Project) -> None:
    project.text("packs/small/conftest.py", (_HERE / "user_conftest.py").read_text("utf-8"))
    refused = {"status": "nok", "route": {"x-begins-with": "Blo"}}
    project.add("a.json", scenario("one", step(), step("finish", "work.finish", expect=refused)))
    project.run().assert_outcomes(passed=1)
    (record,) = project.records()
    assert record["volatile"]["notes"] == {"owner": "one"}
