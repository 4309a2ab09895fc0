"""New scenario files."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from pytest_fluxscenario.analysis.drafts.write import write_new
from pytest_fluxscenario.base.fs import WriteError


def test_a_name_that_is_taken_gets_a_number(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "drafts"
    paths = [write_new(str(folder), "gate", f"text {number}\n") for number in range(3)]
    assert [Path(path).name for path in paths] == ["gate.scenario.yaml", "gate-2.scenario.yaml", "gate-3.scenario.yaml"]
    assert [Path(path).read_text(encoding="utf-8") for path in paths] == ["text 0\n", "text 1\n", "text 2\n"]


def test_writers_at_once_write_all_of_theirs(tmp_path: Path) -> None:
    texts = [f"text of {number}\n" for number in range(16)]
    threads = [threading.Thread(target=write_new, args=(str(tmp_path), "gate", text)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(path.read_text(encoding="utf-8") for path in tmp_path.iterdir()) == sorted(texts)


def test_a_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "drafts").write_text("mine", encoding="utf-8")
    with pytest.raises(WriteError, match="a file is in the way"):
        write_new(str(tmp_path / "drafts"), "gate", "text")
    assert (tmp_path / "drafts").read_text(encoding="utf-8") == "mine"
