"""Two documents side by side, however much differs."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from pytest_fluxscenario.cas.store import open_store
from pytest_fluxscenario.cli.store.comparing import Difference, compare
from tests.fakes.imports import import_file


def difference(tmp_path: Path, *texts: str) -> Difference:
    hashes = []
    for number, text in enumerate(texts):
        path = tmp_path / f"{number}.yaml"
        path.write_text(text, encoding="utf-8")
        hashes.append(import_file(str(tmp_path / "store"), "specs", str(path), "card", f"v1.{number}.0").hash)
    store = open_store(str(tmp_path / "store"))
    assert store is not None
    return compare(store, hashes[0], hashes[1], ("card:v1.0.0", "card:v1.1.0"), profiles=False)


def test_what_takes_too_long_to_align_is_compared_by_its_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_fluxscenario.base.patience.PATIENCE", 0.05)
    chance = random.Random(1)  # noqa: S311 - the same numbers each time
    sides = [[chance.randrange(500) for _ in range(10_000)] for _ in range(2)]
    found = difference(tmp_path, *("".join(f"- {number}\n" for number in [*side, 9]) for side in sides))
    assert found.notes == ("they differ in too much to show where: these are the lines that only one of them has",)
    assert found.lines[:2] == ("--- card:v1.0.0", "+++ card:v1.1.0")
    assert not found.same
    for sign, one, other in (("-", sides[0], sides[1]), ("+", sides[1], sides[0])):
        more = sum(max(0, one.count(number) - other.count(number)) for number in range(500))
        assert sum(line.startswith(sign) for line in found.lines[2:]) == more


def test_the_same_lines_in_another_order_still_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_fluxscenario.base.patience.PATIENCE", 0.05)
    chance = random.Random(1)  # noqa: S311 - the same numbers each time
    numbers = [chance.randrange(500) for _ in range(10_000)]
    shuffled = chance.sample(numbers, len(numbers))
    # The last stays, so that no comma makes a difference.
    found = difference(tmp_path, *("".join(f"- {number}\n" for number in [*side, 9]) for side in (numbers, shuffled)))
    assert found.notes
    assert not found.same
