"""Hints for a path that is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_fluxscenario.base.near import near_path


def test_what_has_nearly_the_name_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "announcement").mkdir()
    (tmp_path / "other.yaml").write_text("")
    monkeypatch.chdir(tmp_path)
    for path in ("anouncement", "./anouncement/", str(tmp_path / "anouncement")):
        assert near_path(path) == "did you mean 'announcement'?"


@pytest.mark.parametrize("path", ["quite-another", "no/such/folder/announcement", "announce\0ment/x", ""])
def test_nothing_else_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    (tmp_path / "announcement").mkdir()
    monkeypatch.chdir(tmp_path)
    assert near_path(path) == ""


def test_a_name_that_moves_a_cursor_is_escaped(tmp_path: Path) -> None:
    (tmp_path / "announce\x1b[2Jment").mkdir()
    assert near_path(str(tmp_path / "announcement")) == "did you mean 'announce\\x1b[2Jment'?"
