"""Payloads made from schemas are admissible, where the schema is of a kind that is known."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from pytest_fluxscenario.analysis.space.construct import construct, values_at

_MADE: dict[str, dict[str, Any]] = {
    "nothing is asked": {},
    "kinds": {
        "required": ["s", "i", "n", "b", "o", "l", "z"],
        "properties": {
            "s": {"type": "string"},
            "i": {"type": "integer", "minimum": 3},
            "n": {"type": "number", "exclusiveMinimum": 0, "maximum": 9},
            "b": {"type": "boolean"},
            "o": {"type": "object", "required": ["in"], "properties": {"in": {"const": 4}}},
            "l": {"type": "array", "items": {"type": "string"}, "minItems": 2, "uniqueItems": True},
            "z": {"type": ["null", "integer"]},
        },
    },
    "words and forms": {
        "required": ["enum", "date", "mail", "long", "short", "odd"],
        "properties": {
            "enum": {"enum": ["low", "high"]},
            "date": {"type": "string", "format": "date"},
            "mail": {"type": "string", "format": "email"},
            "long": {"type": "string", "minLength": 30},
            "short": {"type": "string", "maxLength": 3},
            "odd": {"type": "integer", "multipleOf": 7},
        },
    },
    "references and alternatives": {
        "allOf": [{"required": ["a"], "properties": {"a": {"$ref": "#/$defs/amount"}}}],
        "oneOf": [{"required": ["b"], "properties": {"b": {"const": "x"}}}, {"required": ["c"]}],
        "$defs": {"amount": {"type": "integer", "minimum": 10}},
    },
    "an end to what refers to itself": {
        "required": ["below"],
        "properties": {"below": {"anyOf": [{"type": "null"}, {"$ref": "#"}]}},
    },
}


@pytest.mark.parametrize("name", _MADE)
def test_what_is_made_fits(name: str) -> None:
    schema = {"type": "object", **_MADE[name]}
    jsonschema.Draft202012Validator(schema).validate(construct([schema]))


def test_a_schema_that_needs_itself_for_ever_gives_something() -> None:
    schema = {"type": "object", "required": ["a"], "properties": {"a": {"$ref": "#"}}}
    assert "a" in construct([schema])


def test_several_schemas_are_put_together() -> None:
    one = {"required": ["a"], "properties": {"a": {"const": 1}}}
    other = {"required": ["a", "b"], "properties": {"a": {"const": 2}, "b": {"const": 3}}}
    assert construct([one, other]) == {"a": 1, "b": 3}


def test_the_values_that_a_schema_names_are_known() -> None:
    schema = {
        "properties": {
            "risk": {"enum": ["low", "high"]},
            "sure": {"type": "boolean"},
            "in": {"$ref": "#/$defs/in"},
            "free": {"type": "string"},
        },
        "$defs": {"in": {"properties": {"kind": {"const": "x"}}}},
    }
    assert values_at(schema, "risk") == ("low", "high")
    assert values_at(schema, "sure") == (True, False)
    assert values_at(schema, "in.kind") == ("x",)
    assert values_at(schema, "free") == ("example",)
    assert values_at(schema, "nowhere.at.all") == ()


@pytest.mark.parametrize(
    "odd", [{"required": "a"}, {"properties": []}, {"enum": []}, {"type": 3}, {"$ref": 3}, {"items": 1}]
)
def test_a_schema_that_is_odd_raises_nothing(odd: dict[str, Any]) -> None:
    schema = {"required": ["a"], "properties": {"a": odd}}
    assert isinstance(construct([schema, odd]), dict)
    values_at(odd, "a.b")
