from __future__ import annotations

import json
import time
from typing import Any

import pytest

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.problems import Problem, Problems
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.packs import schemas
from pytest_fluxscenario.packs.document import parse_document
from pytest_fluxscenario.packs.schemas import MOST_SUBSCHEMAS, check_schema


def check(schema: Any) -> list[Problem]:
    data = json.dumps(schema, indent=1).encode()
    problems = Problems()
    check_schema(parse_document(Source("schemas/x.json", data, sha256(data)), Limits()), problems)
    return problems.found


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://example.com/x", "type": "object"},
        {"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"a": {}}, "$ref": "#/definitions/a"},
        {
            "$defs": {"a": {"$anchor": "here"}, "b": True},
            "properties": {"x": {"$ref": "#here"}, "y": {"$ref": "#/$defs/b"}},
        },
        {"$defs": {"a/b~c d": {}}, "items": {"$ref": "#/$defs/a~1b~0c%20d"}},
        {"properties": {"child": {"$ref": "#"}}, "additionalProperties": False},
        {"items": {"allOf": [{"$ref": "#"}]}},
        {"const": {"$ref": "http://example.com"}, "enum": [{"$ref": "x"}], "default": {"$ref": "x"}},
        {"properties": {"$ref": {"type": "string"}, "const": {"type": "string"}}},
    ],
)
def test_schemas_that_are_in_order(schema: dict[str, Any]) -> None:
    assert check(schema) == []


@pytest.mark.parametrize(
    ("schema", "code", "pointer", "fragment"),
    [
        ({"$schema": "http://example.com/mine"}, "pack.schema-draft", "/$schema", "known: https://json-schema.org"),
        ({"$schema": 7}, "pack.schema-draft", "/$schema", "known"),
        ({"type": "strng"}, "pack.schema", "/type", "is no valid schema"),
        ({"properties": []}, "pack.schema", "/properties", "is no valid schema"),
        ({"items": {"minLength": -1}}, "pack.schema", "/items/minLength", "is no valid schema"),
        ({"$ref": "http://example.com/x"}, "pack.schema-ref", "/$ref", "leaves the schema"),
        ({"items": {"$ref": "file:///etc/passwd"}}, "pack.schema-ref", "/items/$ref", "leaves the schema"),
        ({"allOf": [{"$ref": "other.json"}]}, "pack.schema-ref", "/allOf/0/$ref", "leaves the schema"),
        ({"allOf": [{"$ref": "other.json#/$defs/a"}]}, "pack.schema-ref", "/allOf/0/$ref", "leaves the schema"),
        ({"properties": {"const": {"$ref": "//x"}}}, "pack.schema-ref", "/properties/const/$ref", "leaves the schema"),
        ({"if": {"then": {"$dynamicRef": "x#y"}}}, "pack.schema-ref", "/if/then/$dynamicRef", "leaves the schema"),
        (
            {"$defs": {"a": {"$anchor": "n"}, "b": {"$anchor": "n"}}},
            "pack.schema-ref",
            "/$defs/a/$anchor",
            "stands twice",
        ),
        ({"items": {"$recursiveRef": "#n"}}, "pack.schema-ref", "/items/$recursiveRef", "can only be '#'"),
        ({"$ref": "#/$defs/nothing"}, "pack.schema-ref", "/$ref", "leads to no schema"),
        ({"$ref": "#nothing"}, "pack.schema-ref", "/$ref", "leads to no schema"),
        ({"$defs": {"a": {"$id": "http://x/y"}}}, "pack.schema-ref", "/$defs/a/$id", "of its own"),
        ({"pattern": "("}, "pack.schema-pattern", "/pattern", "no regular expression"),
        ({"patternProperties": {"[": {}}}, "pack.schema-pattern", "/patternProperties/[", "no regular expression"),
        ({"$ref": "#"}, "pack.schema-loop", "", "lead back to here"),
        ({"allOf": [{"$ref": "#"}]}, "pack.schema-loop", "", "lead back to here"),
        (
            {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"not": {"$ref": "#/$defs/a"}}}},
            "pack.schema-loop",
            "",
            "lead back",
        ),
        ({"properties": {str(n): {} for n in range(MOST_SUBSCHEMAS)}}, "pack.schema-size", "", "more than 2000 parts"),
    ],
)
def test_schemas_that_are_not(schema: dict[str, Any], code: str, pointer: str, fragment: str) -> None:
    problem = check(schema)[0]
    assert problem.code == code
    assert fragment in str(problem)
    assert len(str(problem)) < 2_000
    if pointer:
        assert "".join(f"/{part}" for part in problem.place.pointer) == pointer


def test_a_long_chain_of_references_is_no_loop_and_costs_little() -> None:
    count = MOST_SUBSCHEMAS - 10
    links = {str(number): {"$ref": f"#/$defs/{number + 1}"} for number in range(count)}
    start = time.perf_counter()
    assert check({"$defs": {**links, str(count): {}}}) == []
    assert [problem.code for problem in check({"$defs": {**links, str(count): {"$ref": "#/$defs/0"}}})] == [
        "pack.schema-loop"
    ]
    assert time.perf_counter() - start < 60


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_long_list_in_a_schema_does_not_hold_everything_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schemas, "_FORM_SECONDS", 0.3)
    start = time.process_time()
    (problem,) = check({"type": [{"a": number} for number in range(3_000)]})
    assert time.process_time() - start < 20
    assert problem.code == "pack.schema-size"
    assert "takes more than 0.3 s of processor time" in problem.message


@pytest.mark.parametrize(
    ("schema", "pointer"),
    [
        (
            {"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"a": {"$ref": "#b"}}},
            "/properties/a/$ref",
        ),
        ({"items": {"$schema": "http://json-schema.org/draft-03/schema#"}}, "/items/$schema"),
        ({"items": {"$schema": 7}}, "/items/$schema"),
    ],
)
def test_one_draft_for_a_whole_schema(schema: dict[str, Any], pointer: str) -> None:
    """A part of another draft would be followed by rules that nobody held it against."""
    schema["$defs"] = {"x": {"$anchor": "b"}}
    assert ["".join(f"/{part}" for part in problem.place.pointer) for problem in check(schema)] == [pointer]


def test_parts_may_say_the_draft_of_the_whole_again() -> None:
    draft = "http://json-schema.org/draft-07/schema"
    assert check({"$schema": draft + "#", "items": {"$schema": draft}}) == []
