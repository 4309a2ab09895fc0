"""Versions and tags."""

from __future__ import annotations

import pytest

from pytest_fluxscenario.model.labels import marker_fault, version_fault


@pytest.mark.parametrize("version", ["0.1.0", "1.10.0", "2.1.0-rc.1"])
def test_semver_is_a_version(version: str) -> None:
    assert version_fault(version) == ""


@pytest.mark.parametrize("version", ["1", "1.0", "latest", "01.0.0", "1.0.0+build", "1.0.0\n", "1.0.0\u200b", ""])
def test_anything_else_is_none(version: str) -> None:
    assert version_fault(version) == "SemVer, like 1.0.0 or 2.1.0-rc.1"


def test_a_leading_v_is_told_apart() -> None:
    assert version_fault("v1.0.0") == "write it without the v: 1.0.0"


@pytest.mark.parametrize("tag", ["slow", "_x", "A-b_9"])
def test_a_word_is_a_tag(tag: str) -> None:
    assert marker_fault(tag) == ""


@pytest.mark.parametrize("tag", ["9a", "-a", "a b", "a.b", "a\n", "é", ""])
def test_what_cannot_be_a_marker_is_no_tag(tag: str) -> None:
    assert "begins with a letter" in marker_fault(tag)


@pytest.mark.parametrize("tag", ["skip", "xfail", "parametrize", "not", "and"])
def test_words_that_pytest_acts_on_are_no_tags(tag: str) -> None:
    assert "a meaning of its own" in marker_fault(tag)
