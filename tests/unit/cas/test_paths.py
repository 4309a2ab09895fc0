from __future__ import annotations

import pytest

from pytest_fluxscenario.cas.paths import path_fault, same_but_for_case


@pytest.mark.parametrize("path", ["a", "a/b.json", "logic/main.py", "README.md", "ä/ö.md", ".hidden", "a b.txt", "..a"])
def test_paths_that_a_pack_may_hold(path: str) -> None:
    assert path_fault(path) is None


@pytest.mark.parametrize(
    ("path", "fragment"),
    [
        ("", "empty"),
        ("/a", "absolute"),
        ("C:/a", "absolute"),
        ("c:a", "absolute"),
        ("..", "leaves the pack"),
        ("a/../../b", "leaves the pack"),
        ("a/../b", "leaves the pack"),
        ("./a", "empty part or a '.'"),
        ("a//b", "empty part or a '.'"),
        ("a/", "empty part or a '.'"),
        ("a\\..\\b", "not every system allows"),
        ("a\0b", "not every system allows"),
        ("a\nb", "not every system allows"),
        ("a\udc80", "not every system allows"),
        ("a?", "not every system allows"),
        ("a\u202eb", "invisible"),
        ("a\u0308", "form NFC"),
        ("a/NUL.txt", "cannot be a file name"),
        ("com1", "cannot be a file name"),
        ("a.", "cannot be a file name"),
        ("a /b", "cannot be a file name"),
        ("ä" * 128, "cannot be a file name"),
        ("a/" * 600 + "b", "more than 1000 characters"),
    ],
)
def test_paths_that_it_may_not(path: str, fragment: str) -> None:
    assert fragment in (path_fault(path) or "")


def test_paths_that_are_one_where_case_is_ignored() -> None:
    assert same_but_for_case(["a/b", "a/c", "b"]) == []
    assert same_but_for_case(["a/b", "a/B"]) == [("a/b", "a/B")]
    assert same_but_for_case(["a/x", "A/y"]) == [("a", "A")]
    assert same_but_for_case(["straße", "STRASSE"]) == [("straße", "STRASSE")]
