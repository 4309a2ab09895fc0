"""Spec documents: which are usable, and what they say of payloads."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from pytest_fluxscenario.base import patience
from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import DocumentError
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.model.profile import Action, Profile
from pytest_fluxscenario.packs.specs import Spec, UncheckedError, load_spec

_DRAFT_7 = "http://json-schema.org/draft-07/schema#"


def load(text: str) -> Spec | None:
    data = text.encode()
    return load_spec(Source("specs/card.yaml", data, sha256(data)), "card:v1.0.0", Limits())


def spec(document: Any) -> Spec:
    loaded = load(document if isinstance(document, str) else json.dumps(document))
    assert loaded is not None
    return loaded


def told(loaded: Spec, action: str, payload: dict[str, Any]) -> list[str]:
    return ["/".join(map(str, fault.pointer)) + ": " + fault.message for fault in loaded.faults(action, payload)]


def test_a_json_schema_checks_the_payload_of_every_action() -> None:
    card = spec("type: object\nrequired: [pan]\nproperties: {pan: {type: string}}\n")
    for action in ("card.issue", "card.block"):
        assert card.checks(action)
        assert told(card, action, {"pan": "4111"}) == []
        assert told(card, action, {"pan": 4111}) == ["pan: 4111 is not of type 'string'"]
        assert told(card, action, {}) == [": 'pan' is a required property"]
    assert card.ref.ref == "card:v1.0.0"
    assert card.ref.hash == "sha256:" + card.document.source.digest


@pytest.mark.parametrize(
    "document",
    [
        {"$schema": _DRAFT_7, "title": "Card"},
        {"$schema": "https://json-schema.org/draft/2019-09/schema", "$id": "https://example.org/card"},
        {"minProperties": 1},
        {"$ref": "#/$defs/card", "$defs": {"card": {"type": "object"}}},
        {"spec": {"id": "card", "version": "1.0.0"}, "type": "object"},
    ],
)
def test_documents_that_are_a_schema(document: dict[str, Any]) -> None:
    assert told(spec(document), "any.action", {"a": 1}) == []


def test_each_action_has_its_schema_and_the_others_the_default() -> None:
    card = spec(
        {
            "spec": {"id": "card", "version": "1.0.0", "title": "Card", "owner": "team"},
            "schemas": {"issue": {"required": ["pan"]}, "block": {"$ref": "#/schemas/issue"}, "any": True, "no": False},
            "default": {"maxProperties": 0},
        }
    )
    assert told(card, "issue", {"pan": 1}) == told(card, "any", {"x": 1}) == told(card, "other", {}) == []
    assert told(card, "issue", {}) == told(card, "block", {}) == [": 'pan' is a required property"]
    assert told(card, "no", {}) == [": False schema does not allow {}"]
    assert len(told(card, "other", {"pan": 1})) == 1


def test_without_a_default_other_actions_are_not_checked() -> None:
    card = spec({"schemas": {"issue": False}, "default": None})
    assert not card.checks("block")
    assert told(card, "block", {"anything": []}) == []


@pytest.mark.parametrize("draft", [None, _DRAFT_7, "https://json-schema.org/draft/2019-09/schema"])
def test_definitions_are_shared(draft: str | None) -> None:
    document: dict[str, Any] = {
        "schemas": {"a/b~c d": {"properties": {"pan": {"$ref": "#/$defs/pan"}}}, "list": {"$ref": "#/$defs/tree"}},
        "$defs": {
            "pan": {"type": "string", "minLength": 4},
            "tree": {"properties": {"below": {"items": {"$ref": "#/$defs/tree"}}, "pan": {"$ref": "#/$defs/pan"}}},
        },
    }
    if draft:
        document["$schema"] = draft
    card = spec(document)
    assert told(card, "a/b~c d", {"pan": "12"}) == ["pan: '12' is too short"]
    assert told(card, "list", {"below": [{"below": [{}, {"pan": 1}]}]}) == [
        "below/0/below/1/pan: 1 is not of type 'string'"
    ]


def test_an_anchor_of_the_definitions_is_found() -> None:
    card = spec({"schemas": {"a": {"$ref": "#here"}}, "$defs": {"x": {"$anchor": "here", "maxProperties": 0}}})
    assert len(told(card, "a", {"b": 1})) == 1


@pytest.mark.parametrize(
    "text",
    [
        "name: visa\nfields: [pan]\n",
        "title: A card\n",
        "$defs: {a: {}}\n",
        "schema: {}\n",
        "schemas: {}\n",
        "schemas: {}\ndefault: null\n",
    ],
)
def test_a_document_that_says_nothing_as_a_schema_holds_none(text: str) -> None:
    assert load(text) is None


@pytest.mark.parametrize(
    ("document", "code", "place", "fragment"),
    [
        ("schemas: [1]\n", "spec.type", "1:10", "'schemas' must be an object"),
        ("schemas: {a: 1}\n", "spec.type", "1:14", "'a' must be"),
        ("schemas: {a: {}}\ndefualt: {}\n", "spec.unknown-field", "2:1", "did you mean 'default'?"),
        ("schemas: {a: {type: strng}}\n", "spec.schema", "1:21", "no valid schema"),
        ("schemas: {a: {}}\ndefault: {type: strng}\n", "spec.schema", "2:17", "no valid schema"),
        ("schemas: {a: {}}\n$defs: {b: {minLength: -1}}\n", "spec.schema", "2:24", "no valid schema"),
        ("schemas: {a: {$ref: 'https://example.org/x'}}\n", "spec.schema-ref", "1:21", "leaves the schema"),
        ("schemas: {a: {$ref: 'card.json'}}\n", "spec.schema-ref", "1:21", "leaves the schema"),
        ("schemas: {a: {$ref: '#'}}\n", "spec.schema-ref", "1:21", "leads to no schema"),
        ("schemas: {a: {$ref: '#/spec'}}\nspec: {id: a}\n", "spec.schema-ref", "1:21", "leads to no schema"),
        ("schemas: {a: {$defs: {b: {}}, $ref: '#/$defs/b'}}\n", "spec.schema-ref", "1:37", "begin at the top"),
        ("schemas: {a: {$anchor: b}, c: {$ref: '#b'}}\n", "spec.schema-ref", "1:38", "leads to no schema"),
        ("schemas: {a: {$id: 'https://x.org/a'}}\n", "spec.schema-ref", "1:15", "of its own"),
        (
            "schemas: {a: {$schema: 'http://json-schema.org/draft-03/schema#'}}\n",
            "spec.schema-draft",
            "1:24",
            "one draft",
        ),
        ("schemas: {a: {}}\n$schema: mine\n", "spec.schema-draft", "2:10", "no draft of JSON Schema"),
        ("schemas: {a: {$ref: '#/schemas/b'}, b: {$ref: '#/schemas/a'}}\n", "spec.schema-loop", "1:", "lead back"),
        ("schemas: {a: {pattern: '('}}\n", "spec.schema-pattern", "1:15", "no regular expression"),
        ("type: objct\n", "spec.schema", "1:7", "no valid schema"),
        ("type: object\nproperties: {a: {$ref: x.json}}\n", "spec.schema-ref", "2:24", "leaves the schema"),
        ("[1]\n", "spec.shape", "1:1", "an object is needed here, not a list"),
        ("type: object\n---\ntype: object\n", "spec.shape", "3", "a second document"),
    ],
)
def test_documents_that_cannot_be_used(document: str, code: str, place: str, fragment: str) -> None:
    with pytest.raises(DocumentError) as caught:
        load(document)
    problem = caught.value.problems[0]
    assert problem.code == code
    assert str(problem).startswith(f"specs/card.yaml:{place}")
    assert fragment in str(problem)
    assert len(str(problem).encode()) < 2_000


def test_an_action_that_the_profile_has_not_is_a_warning_at_its_key() -> None:
    profile = Profile("small", "1.0.0", ("agent",), (Action("work.start", ("agent",)),))
    card = spec("schemas:\n  work.start: {}\n  wrok.start: {}\n  fst.help.process_contract: {}\n")
    assert [str(warning) for warning in card.warnings_for(profile)] == [
        "specs/card.yaml:3:3: the profile 'small' 1.0.0 has no action 'wrok.start' (did you mean 'work.start'?)"
    ]
    assert spec("type: object\n").warnings_for(profile) == ()


@pytest.mark.parametrize(
    ("document", "payload"),
    [
        ({"properties": {"pan": {"pattern": "^(a+)+$"}}}, {"pan": "a" * 64 + "!"}),
        (
            {"properties": {"pan": {"uniqueItems": True}}},
            {"pan": [{"number": number, "list": [number] * 8} for number in range(10_000)]},
        ),
    ],
)
def test_what_takes_long_is_ended(
    monkeypatch: pytest.MonkeyPatch, document: dict[str, Any], payload: dict[str, Any]
) -> None:
    monkeypatch.setattr(patience, "PATIENCE", 0.3)
    start = time.process_time()
    with pytest.raises(UncheckedError, match=r"takes more than 0\.3 s"):
        spec(document).faults("any", payload)
    assert time.process_time() - start < 20


def test_references_that_lead_too_deep_are_no_verdict() -> None:
    links = {str(number): {"$ref": f"#/$defs/{number + 1}"} for number in range(1_500)}
    deep = spec({"schemas": {"a": {"$ref": "#/$defs/0"}}, "$defs": {**links, "1500": {}}})
    with pytest.raises(UncheckedError, match="RecursionError"):
        deep.faults("a", {})


def test_of_several_choices_the_one_that_was_meant_is_told() -> None:
    card = spec({"anyOf": [{"required": ["x"]}, {"required": ["pan"], "properties": {"pan": {"type": "string"}}}]})
    assert told(card, "a", {"pan": 1}) != []
    assert all("is not valid under any" not in one for one in told(card, "a", {"pan": 1}))
