"""Errors carry every problem, each on one line with its place, and survive pickling."""

from __future__ import annotations

import pickle

import pytest

from pytest_fluxscenario.base.digest import sha256, sha256_ref
from pytest_fluxscenario.base.errors import DamageError, DocumentError, FluxError, ProfileError, StoreError, UsageError
from pytest_fluxscenario.base.fs import WriteError
from pytest_fluxscenario.base.place import Place, json_pointer
from pytest_fluxscenario.base.problems import Problem, Problems
from pytest_fluxscenario.control.memory import GivenError
from pytest_fluxscenario.runtimes.port import HookUnavailable

KINDS = [
    DamageError,
    DocumentError,
    FluxError,
    ProfileError,
    StoreError,
    UsageError,
    WriteError,
    GivenError,
    HookUnavailable,
]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_goes_through_a_pipe_whole(kind: type[FluxError]) -> None:
    problems = (
        Problem("a.b", Place("f", 1, 2, ("x", 0)), "is bad", "fix it"),
        Problem("c", Place("g"), "warns", "", "warning"),
    )
    error = kind(problems)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - what xdist does
    assert type(again) is kind
    assert again.problems == problems
    assert str(again) == str(error) == "f:1:2: is bad (fix it)\ng: warns"
    assert again.place == Place("f", 1, 2, ("x", 0))


@pytest.mark.parametrize("folder", ["/home/me", "/home/me/"])
def test_an_error_is_seen_from_a_folder(folder: str) -> None:
    problems = [Problem("a", Place(file, 3), "is bad") for file in ("/home/me/a/b", "/home/met/a", "c", "/home/me")]
    error = WriteError(problems).seen_from(folder)
    assert type(error) is WriteError
    assert [problem.place.file for problem in error.problems] == ["a/b", "/home/met/a", "c", "/home/me"]
    assert error.problems[0] == Problem("a", Place("a/b", 3), "is bad")


@pytest.mark.parametrize("kind", KINDS)
def test_the_exit_status_tells_damage_from_unusable_input(kind: type[FluxError]) -> None:
    assert kind.exit_status == (3 if kind is DamageError else 2)
    assert issubclass(kind, FluxError)


def test_the_error_of_a_single_problem() -> None:
    error = StoreError.of("store.x", Place("index.json", 3), "is bad")
    assert isinstance(error, StoreError)
    assert (str(error), error.problems[0].code) == ("index.json:3: is bad", "store.x")


def test_an_error_without_problems_has_an_empty_place() -> None:
    assert (FluxError(()).place, str(FluxError(()))) == (Place(""), ""), (
        Place("a\nb\x1b\udcff", 1),
        "a\\x0ab\\x1b\\udcff:1",
    )


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (Place("f"), "f"),
        (Place("f", 3), "f:3"),
        (Place("f", 3, 7), "f:3:7"),
        (Place("f", 0, 7), "f"),
        (Place(""), ""),
        (Place("a\nb\x1b\udcff", 1), "a\\x0ab\\x1b\\udcff:1"),
    ],
)
def test_a_place_is_written_as_editors_read_it(place: Place, text: str) -> None:
    assert str(place) == text


def test_places_sort_by_where_they_stand() -> None:
    rising = [Place("a", 1, 1), Place("a", 2), Place("a", 10, 1), Place("b", 1)]
    assert sorted({*rising}) == rising


@pytest.mark.parametrize(
    ("pointer", "text"),
    [((), ""), (("a", 0, "b"), "/a/0/b"), (("a/b", "m~n", "~1"), "/a~1b/m~0n/~01"), (("",), "/")],
)
def test_a_pointer_is_written_as_rfc_6901_says(pointer: tuple[str | int, ...], text: str) -> None:
    assert json_pointer(pointer) == text


def test_problems_are_kept_in_order_and_told_apart_by_severity() -> None:
    problems = Problems()
    problems.add("one", Place("f"), "a")
    problems.add("two", Place("f"), "b", "hint", "warning")
    problems.add("three", Place("f"), "c")
    assert [problem.code for problem in problems] == ["one", "two", "three"]
    assert [problem.code for problem in problems.errors] == ["one", "three"]
    assert [problem.code for problem in problems.warnings] == ["two"]
    assert [str(problem) for problem in problems] == ["f: a", "f: b (hint)", "f: c"]


def test_digests() -> None:
    # FIPS 180-4 gives the digest of "abc".
    assert sha256(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256_ref(b"abc") == "sha256:" + sha256(b"abc")
