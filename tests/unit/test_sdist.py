"""What git keeps at the top is what the sdist ships: a new file there must not be forgotten."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.fakes.git import has_git

_ROOT = Path(__file__).resolve().parents[2]
#: What hatchling adds by itself.
_ALWAYS = {".gitignore", "LICENSE", "README.md", "pyproject.toml"}

pytestmark = pytest.mark.skipif(
    not has_git() or not (_ROOT / ".git").exists(), reason="only a checkout knows which files are kept"
)


def test_everything_at_the_top_of_the_repository_ships() -> None:
    told = subprocess.run(
        ["git", "ls-files", "-z"], cwd=_ROOT, capture_output=True, text=True, check=True, timeout=60
    ).stdout
    kept = {path.partition("/")[0] for path in told.split("\0") if path}
    targets = tomllib.loads((_ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]
    assert sorted(kept - _ALWAYS - set(targets["sdist"]["only-include"])) == []
