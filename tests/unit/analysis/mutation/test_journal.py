"""What is kept of a hunt that is cut off, and what is not taken for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_fluxscenario.analysis.mutation.hunt import Verdict
from pytest_fluxscenario.analysis.mutation.journal import Journal
from pytest_fluxscenario.base.fs import WriteError

_KILLED = Verdict("killed", "one", 2)
_SURVIVED = Verdict("survived", "", 5, ("a", "b"))


def _cut_off(folder: Path) -> Journal:
    journal = Journal.of(str(folder), pack="p", suite="s")
    assert journal.open() == {}
    journal.add("first", _KILLED)
    journal.add("second", _SURVIVED)
    journal.close()
    return journal


def test_another_hunt_goes_on_where_one_was_cut_off(tmp_path: Path) -> None:
    _cut_off(tmp_path)
    journal = Journal.of(str(tmp_path), suite="s", pack="p")
    assert journal.open() == {"first": _KILLED, "second": _SURVIVED}
    journal.add("third", _KILLED)
    journal.close()
    again = Journal.of(str(tmp_path), pack="p", suite="s")
    assert list(again.open()) == ["first", "second", "third"]
    again.finish()
    assert list(tmp_path.iterdir()) == []


def test_a_hunt_on_something_else_begins_anew(tmp_path: Path) -> None:
    before = _cut_off(tmp_path)
    other = Journal.of(str(tmp_path), pack="p", suite="changed")
    assert other.path != before.path
    assert other.open() == {}
    other.close()
    forged = Journal(before.path, "sha256:" + "0" * 64)
    assert forged.open() == {}
    forged.close()


@pytest.mark.parametrize("keep", [1, 40, 150, 190])
def test_what_was_cut_in_the_middle_of_a_line_is_left(tmp_path: Path, keep: int) -> None:
    journal = _cut_off(tmp_path)
    whole = Path(journal.path).read_bytes()
    Path(journal.path).write_bytes(whole[:keep])
    known = Journal.of(str(tmp_path), pack="p", suite="s")
    assert list(known.open()) == ["first", "second"][: whole[:keep].count(b"\n") - 1 if b"\n" in whole[:keep] else 0]
    known.close()


def test_bytes_that_are_no_journal_are_none(tmp_path: Path) -> None:
    journal = _cut_off(tmp_path)
    for junk in (b"", b"\xff\xfe\n", b"[]\n", b'{"key": 1}\n', b"\n\n\n"):
        Path(journal.path).write_bytes(junk)
        again = Journal.of(str(tmp_path), pack="p", suite="s")
        assert again.open() == {}
        again.close()


def test_two_hunts_do_not_write_into_one_journal(tmp_path: Path) -> None:
    one = Journal.of(str(tmp_path), pack="p")
    one.open()
    with pytest.raises(WriteError):
        Journal.of(str(tmp_path), pack="p").open()
    one.close()
