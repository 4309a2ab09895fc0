"""A large run is shown, and its records are sent, without all that they say being held."""

from __future__ import annotations

import secrets
import tracemalloc
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_fluxscenario.cas.store import blobs_of
from pytest_fluxscenario.fleet.mixer.content import Content
from pytest_fluxscenario.fleet.mixer.history.records import RecordList
from pytest_fluxscenario.fleet.mixer.runs.evidence import RunEvidence
from pytest_fluxscenario.fleet.mixer.web.page_run import _groups
from pytest_fluxscenario.remote.api import ItemDone

_COUNT, _BYTES = 400, 20_000


@pytest.fixture(scope="module")
def run() -> Any:
    """Nothing of it but what is looked at: 8 MB of records, the last of which has the first id."""
    records = RecordList()
    for number in range(_COUNT):
        record = f'{{"n":{number},"x":"{secrets.token_hex(_BYTES // 2)}"}}'
        done = ItemDone(number + 1, f"s{_COUNT - number:04}", 1, "one", "ran", record=record, verdict="passed")
        batch = records.packed([done])
        if batch.words:
            records.learn(batch.words)
        records.append(batch.texts[0], batch.rows[0])
    return SimpleNamespace(records=records, open=(), run="a-large-run")


def test_a_page_holds_what_it_shows(run: Any) -> None:
    tracemalloc.start()
    groups = _groups(run)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [item for item, _, _ in groups["passed"]] == [f"s{number + 1:04}" for number in range(_COUNT)]
    assert peak < _COUNT * _BYTES / 4


def test_records_are_sent_from_a_file(run: Any, tmp_path: Path) -> None:
    evidence = RunEvidence(Content(None, blobs_of(str(tmp_path / "content"))), str(tmp_path / "scratch"))
    tracemalloc.start()
    path = evidence.lines(run)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    assert [line[: line.index(",")] for line in lines] == [f'{{"n":{_COUNT - 1 - number}' for number in range(_COUNT)]
    assert peak < _COUNT * _BYTES / 4
