"""JSON Schemas of artifact types: usable, and closed in themselves (faults.md, "Schemas of packs and specs")."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final
from urllib.parse import unquote

from pytest_fluxscenario.base.errors import DocumentError, ProfileError
from pytest_fluxscenario.base.place import Pointer
from pytest_fluxscenario.base.problems import Problems
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.packs.dialects import WrittenProfile
from pytest_fluxscenario.packs.document import PackDocument, read_document
from pytest_fluxscenario.packs.files import PackFiles

#: Where the schema of a type lies when the type does not say.
DEFAULT_PATH: Final = "schemas/artifacts/{}.json"
_DRAFTS: Final = (
    "https://json-schema.org/draft/2020-12/schema",
    "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft-07/schema",
)
_REFS: Final = ("$ref", "$dynamicRef", "$recursiveRef")
_ANCHORS: Final = ("$anchor", "$dynamicAnchor")
#: Parts of one schema; checking the form of so many takes a second.
MOST_SUBSCHEMAS: Final = 2_000
_MOST_FAULTS: Final = 10
#: Keywords whose values are schemas: one, a list of them, or names to them. Those in _SAME look at the same value.
_ONE: Final = frozenset(
    {
        "additionalItems",
        "additionalProperties",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
_LISTS: Final = frozenset({"allOf", "anyOf", "items", "oneOf", "prefixItems"})
_NAMED: Final = frozenset(
    {"$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"}
)
_SAME: Final = frozenset({"allOf", "anyOf", "dependencies", "dependentSchemas", "else", "if", "not", "oneOf", "then"})


def load_schemas(written: WrittenProfile, files: PackFiles, problems: Problems) -> dict[str, dict[str, Any]]:
    """Artifact type to its schema: in the file that it names, else in ``schemas/artifacts/<type>.json`` if there."""
    schemas: dict[str, dict[str, Any]] = {}
    for at, kind in enumerate(written.profile.artifact_types):
        path = kind.schema or DEFAULT_PATH.format(kind.id)
        fault = files.fault(path)
        if fault and kind.schema is None:
            continue
        if fault:
            message = f"the schema '{shown(path, 80)}' cannot be used: {fault}"
            problems.add("pack.schema-path", written.at("artifact_types", at, "schema"), message)
            continue
        try:
            document = read_document(files, path)
        except (DocumentError, ProfileError) as error:
            problems.found.extend(error.problems)
            continue
        check_schema(document, problems)
        schemas[kind.id] = document.data
    return schemas


def check_schema(document: PackDocument, problems: Problems) -> None:
    """Note what makes a schema unusable: its draft, its form, references that leave it, lead nowhere or in circles."""
    schema = document.data
    draft = schema.get("$schema", _DRAFTS[0])
    if not isinstance(draft, str) or draft.rstrip("#") not in _DRAFTS:
        hint = "known: " + ", ".join(_DRAFTS)
        message = f"'{shown(draft, 80)}' is no draft of JSON Schema that is known here"
        problems.add("pack.schema-draft", document.at(("$schema",)), message, hint)
        return
    parts = dict(islice(_subschemas(schema), MOST_SUBSCHEMAS + 1))
    if len(parts) > MOST_SUBSCHEMAS:
        message = f"the schema has more than {MOST_SUBSCHEMAS} parts"
        problems.add("pack.schema-size", document.at(()), message, "put fewer cases into one schema")
        return
    before = len(problems.found)
    _check_form(document, draft, problems)
    if len(problems.found) == before:
        _check_references(document, parts, problems)


def _check_references(document: PackDocument, parts: Mapping[Pointer, dict[str, Any]], problems: Problems) -> None:
    targets = {"".join(f"/{step}" for step in pointer): pointer for pointer in parts}
    for pointer, part in parts.items():
        targets.update({part[word]: pointer for word in _ANCHORS if isinstance(part.get(word), str)})
    same: dict[Pointer, list[Pointer]] = {}
    for pointer, part in parts.items():
        same[pointer] = [below for below in _below(part, pointer) if below[len(pointer)] in _SAME]
        _check_patterns(document, pointer, part, problems)
        if pointer and "$id" in part:
            message = "a part of a schema cannot have an '$id' of its own here"
            problems.add("pack.schema-ref", document.at((*pointer, "$id"), key=True), message)
        for word in _REFS:
            reference = part.get(word)
            if not isinstance(reference, str):
                continue
            # Steps are compared as they are written in the document: '~1' and '%25' are ways to write a reference.
            target = targets.get(unquote(reference[1:]).replace("~1", "/").replace("~0", "~"))
            if reference.startswith("#") and target is not None:
                same[pointer].append(target)
                continue
            remote = not reference.startswith("#")
            what = "leaves the schema" if remote else "leads to no schema in this document"
            hint = "put what it means under $defs, and refer to it as '#/$defs/…'" if remote else ""
            message = f"the reference '{shown(reference, 80)}' {what}"
            problems.add("pack.schema-ref", document.at((*pointer, word)), message, hint)
    loop = _loop(same)
    if loop is not None:
        message = "the references from here lead back to here, so that nothing can ever be checked"
        problems.add("pack.schema-loop", document.at(loop), message)


def _check_form(document: PackDocument, draft: str, problems: Problems) -> None:
    # Imported here: a pack without schemas never pays for it (about 50 ms).
    from jsonschema.validators import validator_for

    kind: Any = validator_for({"$schema": draft})
    meta = kind(kind.META_SCHEMA)
    for error in islice(meta.iter_errors(document.data), _MOST_FAULTS):
        message = f"this is no valid schema: {shown(error.message)}"
        problems.add("pack.schema", document.at(tuple(error.absolute_path)), message)


def _check_patterns(document: PackDocument, pointer: Pointer, part: Mapping[str, Any], problems: Problems) -> None:
    patterns: list[tuple[Pointer, str]] = []
    if isinstance(part.get("pattern"), str):
        patterns.append(((*pointer, "pattern"), part["pattern"]))
    named = part.get("patternProperties")
    patterns.extend(((*pointer, "patternProperties", name), name) for name in named or ())
    for place, pattern in patterns:
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError) as error:
            message = f"'{shown(pattern, 80)}' is no regular expression: {shown(error, 80)}"
            problems.add("pack.schema-pattern", document.at(place, key=True), message)


def _subschemas(schema: Any) -> Iterator[tuple[Pointer, dict[str, Any]]]:
    """Every schema within a schema; what stands in ``const``, ``enum`` or ``default`` is none."""
    pending: list[tuple[Pointer, Any]] = [((), schema)]
    while pending:
        pointer, part = pending.pop()
        if isinstance(part, bool):
            yield pointer, {}
        elif isinstance(part, dict):
            yield pointer, part
            for below in _below(part, pointer):
                value: Any = part
                for step in below[len(pointer) :]:
                    value = value[step]
                pending.append((below, value))


def _below(part: Mapping[str, Any], pointer: Pointer) -> Iterator[Pointer]:
    for word, value in part.items():
        if word in _ONE and isinstance(value, dict | bool):
            yield (*pointer, word)
        elif word in _LISTS and isinstance(value, list):
            yield from ((*pointer, word, at) for at in range(len(value)))
        elif word in _NAMED and isinstance(value, dict):
            yield from ((*pointer, word, name) for name in value)


def _loop(edges: Mapping[Pointer, list[Pointer]]) -> Pointer | None:
    """A node from which the edges lead back to it; None where none is. No recursion: a stranger chose the depth."""
    done: set[Pointer] = set()
    for start in edges:
        path: list[Pointer] = []
        on_path: set[Pointer] = set()
        pending: list[tuple[Pointer, bool]] = [(start, False)]
        while pending:
            node, leaving = pending.pop()
            if leaving:
                on_path.discard(path.pop())
                done.add(node)
            elif node in on_path:
                return node
            elif node not in done:
                path.append(node)
                on_path.add(node)
                pending.append((node, True))
                pending.extend((other, False) for other in edges.get(node, ()))
    return None
