"""``index.sum``: the lines that entries of the index are held against."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import DamageError
from pytest_fluxscenario.cas.index import Index
from pytest_fluxscenario.cas.sums import Entry, Sums, add_to_sums, entries, fits, read_sums

A, B = "a" * 64, "b" * 64
ONE, TWO = Entry("specs", "card", "v1.0.0", A), Entry("profiles", "visa", "v2.0.0", B)
INDEX = Index({"specs": {"card": {"v1.0.0": A}}, "profiles": {"visa": {"v2.0.0": B}}})


def lines(folder: Path) -> list[str]:
    return (folder / "index.sum").read_text().splitlines()


def test_a_line_says_the_entry_and_checks_itself() -> None:
    text = f"specs card v1.0.0 {A}"
    assert ONE.line().decode() == f"{text} {sha256(text.encode())[:16]}"
    assert Sums.parse(ONE.line() + b"\n") == Sums(frozenset({str(ONE)}))


def test_entries_are_those_of_the_index() -> None:
    assert set(entries(INDEX)) == {ONE, TWO}
    assert list(entries(Index())) == []


def test_every_bit_flip_and_truncation_of_a_line_shows() -> None:
    whole = ONE.line() + b"\n"
    for position in range(len(whole) * 8):
        flipped = bytearray(whole)
        flipped[position // 8] ^= 1 << position % 8
        sums = Sums.parse(bytes(flipped))
        assert sums.damaged
        assert next(number for number, _ in sums.damaged) == 1
    for length in range(1, len(whole)):
        assert Sums.parse(whole[:length]).damaged
    assert Sums.parse(b"") == Sums(frozenset())


def test_lines_in_any_order_and_twice_are_what_git_may_make_of_them() -> None:
    data = b"\n".join((ONE.line(), b"", TWO.line(), ONE.line(), b""))
    assert Sums.parse(data) == Sums(frozenset({str(ONE), str(TWO)}))


def test_where_there_is_none_it_is_made_of_the_index(tmp_path: Path) -> None:
    assert read_sums(str(tmp_path), "store") is None
    add_to_sums(str(tmp_path), INDEX, ())
    assert lines(tmp_path) == [TWO.line().decode(), ONE.line().decode()]


def test_a_line_is_added_in_its_place_and_the_others_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "index.sum").write_bytes(ONE.line() + b"\nspoilt\n")
    add_to_sums(str(tmp_path), INDEX, (TWO,))
    assert lines(tmp_path) == [TWO.line().decode(), ONE.line().decode(), "spoilt"]


def test_an_entry_that_changed_is_not_confirmed_by_the_next_import(tmp_path: Path) -> None:
    add_to_sums(str(tmp_path), Index(), ())
    add_to_sums(str(tmp_path), INDEX, (TWO,))
    assert lines(tmp_path) == [TWO.line().decode()]


def test_nothing_is_written_where_nothing_is_new(tmp_path: Path) -> None:
    add_to_sums(str(tmp_path), INDEX, (ONE,))
    before = (tmp_path / "index.sum").stat()
    add_to_sums(str(tmp_path), INDEX, (ONE, TWO))
    assert (tmp_path / "index.sum").stat().st_ino == before.st_ino


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_what_is_no_file_is_damage(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "index.sum"
    if kind == "link":
        (tmp_path.parent / "elsewhere").write_bytes(b"")
        path.symlink_to(tmp_path.parent / "elsewhere")
    elif kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    with pytest.raises(DamageError, match=r"store/index\.sum"):
        read_sums(str(tmp_path), "store")


def test_what_imports_make_fits_and_nothing_else(tmp_path: Path) -> None:
    add_to_sums(str(tmp_path), INDEX, ())
    data = (tmp_path / "index.sum").read_bytes()
    assert fits(INDEX, data)
    assert fits(Index(), b"")
    assert not fits(Index(), data)
    assert not fits(INDEX, b"")
    # In order all the same, which is for the careful reader to say.
    assert not fits(INDEX, ONE.line() + b"\n" + TWO.line() + b"\n")
    for position in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[position // 8] ^= 1 << position % 8
        assert not fits(INDEX, bytes(flipped))
