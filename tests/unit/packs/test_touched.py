"""What a pack is loaded from is enough to load it again, and holds no scenarios."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pytest_fluxscenario.packs.files import FolderFiles
from pytest_fluxscenario.packs.load import load_pack
from pytest_fluxscenario.packs.touched import touched_files
from tests.fakes.packs import scenario, write, write_hook, write_pack

_ROOT = Path(__file__).parents[3]
_PACKS = [
    path.parent for name in ("scenarios", "tests/packs") for path in (_ROOT / name).rglob("process.manifest.yaml")
]


@pytest.mark.parametrize("pack", _PACKS, ids=lambda path: path.name)
def test_a_pack_is_the_same_from_what_it_was_loaded_from(pack: Path, tmp_path: Path) -> None:
    files = FolderFiles(str(pack), "pack")
    for path in touched_files(files):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(pack / path, tmp_path / path)
    again, first = load_pack(FolderFiles(str(tmp_path), "pack")), load_pack(files)
    assert again.behaviour_hash == first.behaviour_hash
    assert again.warnings == first.warnings
    assert not (tmp_path / "scenarios").exists()


def test_all_that_hooks_may_see_is_in_it(tmp_path: Path) -> None:
    pack = write_hook(write_pack(tmp_path / "small"))
    write(pack / "scenarios" / "a.json", scenario())
    write(pack / "logic" / "scenarios" / "data.json", scenario())
    (pack / "README.md").write_text("# Not needed\n", encoding="utf-8")
    touched = touched_files(FolderFiles(str(pack), "small"))
    assert {"hooks.yaml", "logic/main.py", "logic/scenarios/data.json", "process.manifest.yaml"} < set(touched)
    assert "scenarios/a.json" not in touched
    assert "README.md" not in touched
