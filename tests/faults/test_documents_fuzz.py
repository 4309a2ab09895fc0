"""200,000 documents that are nearly right: nothing foreign is raised, and both readers of JSON agree on each."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
import yaml

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import DocumentError
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.documents import Element, Limits, Source, read_elements, read_places
from pytest_fluxscenario.documents.elements import read_carefully, read_quickly
from tests.faults.mutate import JSON_DOCUMENTS, JSON_TOKENS, YAML_DOCUMENTS, YAML_TOKENS, mutated

LIMITS = Limits()
#: In parts, so that workers share them.
PARTS = range(4)
EACH = 25_000

WITHOUT_LINE = ("document.encoding", "document.empty", "document.file-size")


def source(name: str, data: bytes) -> Source:
    return Source(name, data, sha256(data))


def check(error: DocumentError) -> None:
    """What every refusal owes to its reader."""
    assert type(error) is DocumentError
    assert error.problems
    assert len(str(error)) <= 2048
    for problem in error.problems:
        assert problem.code.startswith("document.")
        assert problem.message
        assert problem.place.line or problem.code in WITHOUT_LINE
        assert "\n" not in str(problem)


def strict(data: bytes) -> Any:
    """The data by the standard library, which allows more: NaN, duplicate keys, large numbers."""
    return json.loads(data.decode("utf-8-sig"))


def readable(data: bytes) -> bool:
    try:
        strict(data)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("part", PARTS)
def test_mutated_json_is_read_or_refused_alike(part: int) -> None:
    read = quickly = 0
    for data in mutated(part, EACH, JSON_DOCUMENTS, JSON_TOKENS):
        each = source("a.json", data)
        quick = read_quickly(each, LIMITS, split=part % 2 == 0)
        careful: tuple[Element, ...] | None
        try:
            careful = read_carefully(each, LIMITS, split=part % 2 == 0)
        except DocumentError as error:
            check(error)
            careful = None
            if {problem.code for problem in error.problems} <= {"document.syntax", "document.trailing-text"}:
                assert not readable(data), data
        assert quick is None or quick == careful, data
        if careful is None:
            continue
        read += 1
        quickly += quick is not None
        value = strict(data)
        values = value if part % 2 == 0 and isinstance(value, list) else [value]
        assert [msgspec.json.encode(item) for item in values] == [element.encoded for element in careful], data
        assert repr(values) == repr([element.data for element in careful]), data
    # The test is about both: what is refused, and what is read, mostly by the quick way.
    assert EACH // 10 < read < EACH * 9 // 10
    assert quickly > read // 3


@pytest.mark.parametrize("part", PARTS)
def test_mutated_yaml_is_read_or_refused(part: int) -> None:
    read = 0
    for data in mutated(100 + part, EACH, YAML_DOCUMENTS, YAML_TOKENS):
        try:
            elements = read_elements(source("a.yaml", data), LIMITS)
        except DocumentError as error:
            check(error)
            continue
        read += 1
        lines = [(element.document, element.line) for element in elements]
        assert lines == sorted(lines), data
        assert all(0 < line <= data.count(b"\n") + 1 for _, line in lines), data
        assert [msgspec.json.decode(element.encoded) for element in elements] == [item.data for item in elements]
    assert EACH // 10 < read < EACH * 9 // 10


def outcome(data: bytes) -> str | None:
    """What is read, in full; None where it is refused."""
    try:
        return repr([(each.document, each.line, each.data) for each in read_elements(source("a.yaml", data), LIMITS)])
    except DocumentError as error:
        check(error)
        return None


def test_the_parser_in_python_reads_the_same_or_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    documents = tuple(mutated(7, 3_000, YAML_DOCUMENTS, YAML_TOKENS))
    first = [outcome(data) for data in documents]
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    second = [outcome(data) for data in documents]
    # Where a tab or a colon may stand they do not agree: a text is then read by one of them only.
    assert [(data, one, other) for data, one, other in zip(documents, first, second, strict=True)
            if one != other and one is not None and other is not None] == []  # fmt: skip
    assert sum((one is None) != (other is None) for one, other in zip(first, second, strict=True)) < 30


@pytest.mark.parametrize(("name", "documents", "tokens"), [
    ("a.json", JSON_DOCUMENTS, JSON_TOKENS), ("a.yaml", YAML_DOCUMENTS, YAML_TOKENS),
])  # fmt: skip
def test_places_are_refused_exactly_where_documents_are(
    name: str, documents: tuple[bytes, ...], tokens: tuple[bytes, ...]
) -> None:
    for data in mutated(11, 3_000, documents, tokens):
        each = source(name, data)
        try:
            elements = read_elements(each, LIMITS)
        except DocumentError as error:
            problems = error.problems
        else:
            places = read_places(each, LIMITS)
            for element in elements:
                assert places.at(element.document, element.pointer).line == element.line, data
            continue
        assert refusals(each) == problems, data


def refusals(each: Source) -> tuple[Problem, ...]:
    """What reading for places says of a document that cannot be read."""
    with pytest.raises(DocumentError) as caught:
        read_places(each, LIMITS)
    return caught.value.problems
