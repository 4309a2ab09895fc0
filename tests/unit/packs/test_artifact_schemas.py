"""Payloads held against the schemas of a pack (faults.md, "Schemas of packs and specs")."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_fluxscenario.base import patience
from pytest_fluxscenario.base.errors import ProfileError
from pytest_fluxscenario.packs.artifact_schemas import ArtifactSchemas

_BRANCHING = {"type": "object", "additionalProperties": {"$ref": "#/$defs/a"}}


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"k": value}
    return value


def test_what_does_not_fit_is_told_by_path() -> None:
    schemas = ArtifactSchemas({"note": {"required": ["b"], "properties": {"a": {"type": "string"}}}})
    assert schemas.faults("note", {"a": "x", "b": 1}) == ()
    assert schemas.faults("other", {"a": 1}) == ()
    assert schemas.faults("note", {"a": 1}) == ("/: 'b' is a required property", "/a: 1 is not of type 'string'")


# A signal that comes within the collector's callback (Hypothesis has one) is lost, and told of; the next one counts.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("schema", "payload"),
    [
        ({"properties": {"a": {"pattern": "^(a+)+$"}}}, {"a": "a" * 40 + "!"}),
        ({"properties": {"a": {"uniqueItems": True}}}, {"a": [{"n": {"m": number}} for number in range(10_000)]}),
        (
            {"$defs": {"a": {"anyOf": [_BRANCHING, {**_BRANCHING, "minProperties": 1}]}}, "$ref": "#/$defs/a"},
            nested(30),
        ),
    ],
    ids=["pattern", "unique", "branches"],
)
def test_what_would_never_end_is_no_answer(
    monkeypatch: pytest.MonkeyPatch, schema: dict[str, Any], payload: dict[str, Any]
) -> None:
    monkeypatch.setattr(patience, "PATIENCE", 0.2)
    with pytest.raises(ProfileError, match=r"against the schema of note takes more than 0\.2 s of processor time"):
        ArtifactSchemas({"note": schema}).faults("note", payload)


def test_a_long_path_is_cut_and_escaped() -> None:
    schemas = ArtifactSchemas({"note": {"additionalProperties": {"additionalProperties": False}}})
    (told,) = schemas.faults("note", {"\x1b[31m" + "k" * 5_000: {"x": 1}})
    assert len(told) < 600
    assert "\x1b" not in told


_SECRET = "hunter2" * 60


@pytest.mark.parametrize(
    ("schema", "payload", "said"),
    [
        ({"properties": {"a": {"type": "integer"}}}, {"a": _SECRET}, "/a: the value is not of type 'integer'"),
        ({"properties": {"a": {"pattern": "^x$"}}}, {"a": _SECRET}, "/a: the value does not match '^x$'"),
        ({"properties": {"a": {"const": "x"}}}, {"a": [_SECRET]}, "/a: 'x' was expected"),
        ({"properties": {"a": {"enum": ["x"]}}}, {"a": {"b": _SECRET}}, "/a: the value is not one of ['x']"),
        ({"additionalProperties": False}, {_SECRET: 1}, "/: does not fit 'additionalProperties' of the schema"),
        ({"additionalProperties": {"type": "null"}}, {_SECRET: 1}, "a part of it: 1 is not of type 'null'"),
        ({"properties": {"a": {"type": "integer"}}}, {"a": "short"}, "/a: 'short' is not of type 'integer'"),
    ],
)
def test_a_value_is_told_whole_or_not_at_all(schema: dict[str, Any], payload: dict[str, Any], said: str) -> None:
    """What is cut cannot be redacted: half a secret matches no pattern."""
    assert ArtifactSchemas({"note": schema}).faults("note", payload) == (said,)
