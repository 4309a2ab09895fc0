"""Which store a command means."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path

import pytest

from pytest_fluxscenario.base.errors import StoreError
from pytest_fluxscenario.cli.project.ini import find_ini
from pytest_fluxscenario.cli.project.settings import Asked, make_settings
from pytest_fluxscenario.cli.project.stores import open_run_store, store_folder
from tests.fakes.imports import import_file


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "project"
    (root / "deep").mkdir(parents=True)
    (root / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "card.yaml").write_text("title: A card\n")
    import_file(str(root / "store"), "specs", str(tmp_path / "card.yaml"))
    import_file(str(tmp_path / "other"), "specs", str(tmp_path / "card.yaml"))
    monkeypatch.delenv("FLUXRIG_STORE", raising=False)
    monkeypatch.chdir(root / "deep")
    return root


def opened(here: Path, store: str | None = None) -> str | None:
    start = os.getcwd()
    found = open_run_store(make_settings(find_ini([str(here)], start), Asked(store), start), start)
    return None if found is None else found.name


def test_the_option_comes_before_the_variable_and_that_before_what_is_found(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store_folder(Namespace(store=None)) == os.path.join("..", "store")
    monkeypatch.setenv("FLUXRIG_STORE", "by/variable")
    assert store_folder(Namespace(store=None)) == "by/variable"
    assert store_folder(Namespace(store="by/option")) == "by/option"


def test_without_any_a_store_is_made_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FLUXRIG_STORE", raising=False)
    monkeypatch.chdir(tmp_path)
    assert store_folder(Namespace(store=None)) == "store"


def test_the_store_of_a_run_is_shown_from_the_root(here: Path) -> None:
    assert opened(here) == "store"
    assert opened(here, str(here.parent / "other")) == str(here.parent / "other")


def test_a_store_that_is_named_has_to_be_there_and_one_that_is_found_has_not(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StoreError, match=r"name a folder with an index\.json"):
        opened(here, "nowhere")
    monkeypatch.chdir(here.parent)
    assert opened(here) is None
