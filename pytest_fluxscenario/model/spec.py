"""A spec that holds schemas for payloads (scenario.md, ``spec``).

A document is one JSON Schema for the payload of every request, or a ``SpecDocument``: a schema for each action. What is
neither may be filed as a spec too, but checks nothing.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from msgspec import Meta, Struct, field

#: A JSON Schema; ``true`` accepts every payload, and ``false`` none.
PayloadSchema = Annotated[
    dict[str, Any] | bool, Meta(title="JSON Schema", description="Draft 2020-12, unless $schema says otherwise.")
]

#: A document with one of these at its top is a JSON Schema itself: what else says something of an object.
SCHEMA_WORDS: Final = frozenset(
    {
        "$schema",
        "$ref",
        "additionalProperties",
        "allOf",
        "anyOf",
        "const",
        "dependencies",
        "dependentRequired",
        "dependentSchemas",
        "enum",
        "if",
        "maxProperties",
        "minProperties",
        "not",
        "oneOf",
        "patternProperties",
        "properties",
        "propertyNames",
        "required",
        "type",
        "unevaluatedProperties",
    }
)
#: The field that makes a document a ``SpecDocument``.
SCHEMAS: Final = "schemas"


class SpecHeader(Struct, frozen=True, omit_defaults=True):
    """What the spec is called: an import files it under that. What else is said here decides nothing."""

    id: str | None = None
    #: SemVer in quotes, without ``v``.
    version: str | None = None
    title: str | None = None


class SpecDocument(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Schemas for the payloads of actions; ``$ref`` leads to parts of this document only."""

    #: Action id to the schema of its payload.
    schemas: dict[str, PayloadSchema]
    #: For actions that ``schemas`` does not name; without it, their payloads are not checked.
    default: PayloadSchema | None = None
    #: Schemas that others refer to, as ``#/$defs/<name>``.
    defs: Annotated[dict[str, PayloadSchema], Meta(description="Referred to as #/$defs/<name>.")] = field(
        name="$defs", default_factory=dict
    )
    #: The draft of all schemas.
    draft: str | None = field(name="$schema", default=None)
    spec: SpecHeader | None = None
    title: str | None = None
    description: str | None = None
