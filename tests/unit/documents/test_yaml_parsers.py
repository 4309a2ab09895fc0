"""libyaml and the parser in Python, which PyYAML has where it was built without libyaml: one answer for both."""

from __future__ import annotations

import pytest
import yaml

from tests.unit.documents.reading import data, problems

TEXTS = [
    "%FOO x\n--- a",
    "%YAML 1.2\n%FOO\n--- a",
    "%YAMML 1.2\n--- a",
    "a: 1\n---\n\ufeff b",
    "# c\n\ufeffa: 1",
    "a: '\ufeff'",
]


def refusals(text: str) -> list[tuple[str, str, int]]:
    """Without the column: of a directive, libyaml names where its name ends."""
    return [(problem.code, problem.message, problem.place.line) for problem in problems("a.yaml", text)]


@pytest.mark.parametrize("text", TEXTS)
def test_what_only_one_parser_would_read_is_refused_by_both(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = refusals(text)
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    assert refusals(text) == first
    assert len(first) == 1


def test_the_messages_say_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    (directive,), (mark,) = problems("a.yaml", TEXTS[0]), problems("a.yaml", TEXTS[4])
    assert str(directive) == (
        "a.yaml:1:1: a directive that is not known: found unknown directive name (take the line out)"
    )
    assert str(mark) == (
        "a.yaml:2:1: the byte order mark U+FEFF, which parsers read differently "
        "(write it as an escape in double quotes)"
    )


def test_a_mark_at_the_beginning_and_an_escaped_one_are_read_by_both(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        assert data("a.yaml", '\ufeffa: "\\ufeff"') == {"a": "\ufeff"}
        assert data("a.yaml", "%YAML 1.2\n---\na: 1") == {"a": 1}
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
