"""``fluxrig store``: check and gc (store.md)."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Rig


@pytest.fixture
def filed(rig: Rig) -> Rig:
    assert rig("profile", "import", "packs/small").returncode == 0
    return rig


def blobs(rig: Rig) -> list[Path]:
    return sorted((rig.root / "store" / "blobs").glob("*/*"))


def test_a_store_that_is_whole(filed: Rig) -> None:
    answer = filed("store", "check")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.startswith(f"store: 1 entry, {len(blobs(filed))} blobs, ")
    assert answer.stdout.endswith(" bytes: whole\n")


def test_a_damaged_store_is_3_with_a_line_for_each_fault(filed: Rig) -> None:
    one, two = blobs(filed)[:2]
    one.write_bytes(b"")
    two.write_bytes(b"other")
    answer = filed("store", "check")
    assert answer.returncode == 3
    assert len(answer.stderr.splitlines()) == 2
    for line, path in zip(answer.stderr.splitlines(), (one, two), strict=True):
        assert line.startswith(f"store/blobs/{path.parent.name}/{path.name}: ")
    assert answer.stdout.endswith(": damaged, 2 errors\n")


def test_json_is_one_document(filed: Rig) -> None:
    whole = filed("store", "check", "--json")
    assert (whole.returncode, whole.stderr) == (0, "")
    document = json.loads(whole.stdout)
    assert (document["verdict"], document["entries"], document["problems"]) == ("whole", 1, [])
    assert document["blobs"] == len(blobs(filed))
    assert document["bytes"] == sum(path.stat().st_size for path in blobs(filed))
    blobs(filed)[0].write_bytes(b"")
    damaged = filed("store", "check", "--json")
    assert (damaged.returncode, damaged.stderr) == (3, "")
    (problem,) = json.loads(damaged.stdout)["problems"]
    assert (problem["code"], problem["severity"]) == ("store.damaged-blob", "error")


def test_a_warning_is_no_damage(filed: Rig) -> None:
    (filed.root / "store" / ".gitattributes").unlink()
    answer = filed("store", "check")
    assert answer.returncode == 0
    assert answer.stderr.startswith("warning: store/.gitattributes: is missing")
    assert answer.stdout.endswith(": whole, 1 warning\n")


@pytest.mark.parametrize("verb", ["check", "gc"])
def test_no_store_is_2_and_none_is_made(rig: Rig, verb: str) -> None:
    answer = rig("store", verb)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "store: there is no such folder, and so no store (make one with: " in answer.stderr
    assert not (rig.root / "store").exists()


def test_gc_removes_what_is_old_and_says_so(filed: Rig) -> None:
    orphan = filed.root / "store" / "blobs" / "ab" / ("ab" * 32)
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"12345")
    before = blobs(filed)
    young = filed("store", "gc")
    assert (young.returncode, young.stdout) == (0, "store: removed 0 files, 0 bytes; 1 file too young\n")
    os.utime(orphan, (0, 0))
    dry = filed("store", "gc", "--dry-run")
    path = f"store/blobs/ab/{orphan.name}"
    assert dry.stdout == f"would remove {path}\nstore: would remove 1 file, 5 bytes\n"
    assert blobs(filed) == before
    assert filed("store", "gc").stdout == f"removed {path}\nstore: removed 1 file, 5 bytes\n"
    assert blobs(filed) == [one for one in before if one != orphan]


def test_gc_of_a_damaged_store_is_3(filed: Rig) -> None:
    (filed.root / "store" / "index.sum").write_text("x\n")
    answer = filed("store", "gc", "--grace", "0")
    assert answer.returncode == 3
    assert answer.stderr.startswith("store/index.sum:1: the line is not as it was written: x")


@pytest.mark.parametrize("days", ["-1", "x", "nan", "inf", "1e9", ""])
def test_a_grace_that_is_no_number_of_days_is_2(filed: Rig, days: str) -> None:
    answer = filed("store", "gc", f"--grace={days}")
    assert answer.returncode == 2
    assert "a number of days from 0 to 36500 is needed" in answer.stderr
