"""JSON Schemas of packs and specs: usable, and closed in themselves (faults.md, "Schemas of packs and specs")."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final
from urllib.parse import unquote

from pytest_fluxscenario.base.errors import DocumentError, ProfileError
from pytest_fluxscenario.base.patience import TooSlowError, patience
from pytest_fluxscenario.base.place import Pointer
from pytest_fluxscenario.base.problems import Problems
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.packs.dialects import WrittenProfile
from pytest_fluxscenario.packs.document import PackDocument, read_document
from pytest_fluxscenario.packs.files import PackFiles

#: Where the schema of a type lies when the type does not say.
DEFAULT_PATH: Final = "schemas/artifacts/{}.json"
#: Each with the keywords that name a part of a schema for references.
_DRAFTS: Final[Mapping[str, tuple[str, ...]]] = {
    "https://json-schema.org/draft/2020-12/schema": ("$anchor", "$dynamicAnchor"),
    "https://json-schema.org/draft/2019-09/schema": ("$anchor",),
    "http://json-schema.org/draft-07/schema": (),
}
_DEFAULT_DRAFT: Final = next(iter(_DRAFTS))
_RECURSIVE: Final = "$recursiveRef"
_REFS: Final = ("$ref", "$dynamicRef", _RECURSIVE)
#: A document that is one schema.
_WHOLE: Final[tuple[Pointer, ...]] = ((),)
#: Parts of one schema; checking the form of so many takes a second.
MOST_SUBSCHEMAS: Final = 2_000
#: Processor time for the form of one document.
_FORM_SECONDS: Final = 8.0
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


def check_schema(
    document: PackDocument, problems: Problems, roots: Sequence[Pointer] = _WHOLE, family: str = "pack"
) -> None:
    """Note what makes a schema unusable: its draft, its form, references that leave it, lead nowhere or in circles.

    ``roots`` are the schemas of a document that holds several; references lead from its top. ``family`` is the first
    part of every code.
    """
    _Check(document, problems, roots, family + ".").all()


@dataclass(frozen=True, slots=True)
class _Check:
    """The check of one document."""

    document: PackDocument
    problems: Problems
    roots: Sequence[Pointer]
    family: str

    def all(self) -> None:
        draft = self.document.data.get("$schema", _DEFAULT_DRAFT)
        if not isinstance(draft, str) or draft.rstrip("#") not in _DRAFTS:
            message = f"'{shown(draft, 80)}' is no draft of JSON Schema that is known here"
            self._add("schema-draft", ("$schema",), message, "known: " + ", ".join(_DRAFTS))
            return
        parts = dict(islice(_subschemas(self.document.data, self.roots), MOST_SUBSCHEMAS + 1))
        if len(parts) > MOST_SUBSCHEMAS:
            message = f"the schema has more than {MOST_SUBSCHEMAS} parts"
            self._add("schema-size", (), message, "put fewer cases into one schema")
            return
        before = len(self.problems.found)
        self._form(draft)
        for pointer, part in parts.items():
            self._identity(pointer, part, draft)
            self._patterns(pointer, part)
        if len(self.problems.found) == before:
            self._references(parts, _DRAFTS[draft.rstrip("#")])

    def _form(self, draft: str) -> None:
        # Imported here: a pack without schemas never pays for it (about 50 ms).
        from jsonschema.validators import validator_for

        kind: Any = validator_for({"$schema": draft})
        meta = kind(kind.META_SCHEMA)
        found = ((root, error) for root in self.roots for error in meta.iter_errors(_at(self.document.data, root)))
        try:
            # The schema of schemas asks whether the items of some lists are unique, of which a stranger has thousands.
            with patience(_FORM_SECONDS):
                faults = list(islice(found, _MOST_FAULTS))
        except TooSlowError as error:
            self._add("schema-size", (), f"to see whether this is a valid schema {error}", "look for long lists")
            return
        for root, fault in faults:
            pointer = (*root, *fault.absolute_path)
            self._add("schema", pointer, f"this is no valid schema: {shown(fault.message)}")

    def _identity(self, pointer: Pointer, part: Mapping[str, Any], draft: str) -> None:
        if not pointer:
            return
        if "$id" in part:
            message = "a part of a schema cannot have an '$id' of its own here"
            self._add("schema-ref", (*pointer, "$id"), message, key=True)
        own = part.get("$schema")
        if isinstance(own, str) and own.rstrip("#") != draft.rstrip("#"):
            message = f"this part is of another draft than the whole document, which is of {shown(draft, 80)}"
            hint = "one draft for all: write '$schema' at the top of the document"
            self._add("schema-draft", (*pointer, "$schema"), message, hint)

    def _references(self, parts: Mapping[Pointer, dict[str, Any]], anchors: Sequence[str]) -> None:
        targets = self._targets(parts, anchors)
        same: dict[Pointer, list[Pointer]] = {}
        for pointer, part in parts.items():
            same[pointer] = [below for below in _below(part, pointer) if below[len(pointer)] in _SAME]
            for word in _REFS:
                reference = part.get(word)
                if not isinstance(reference, str):
                    continue
                if word == _RECURSIVE and reference != "#":
                    # Draft 2019-09 knows no other, and whoever follows it looks at nothing else.
                    self._add("schema-ref", (*pointer, word), f"'{_RECURSIVE}' can only be '#'")
                    continue
                # Steps are compared as they are written in the document: '~1' and '%25' are ways to write a reference.
                target = targets.get(unquote(reference[1:]).replace("~1", "/").replace("~0", "~"))
                if reference.startswith("#") and target is not None:
                    same[pointer].append(target)
                    continue
                remote = not reference.startswith("#")
                what = "leaves the schema" if remote else "leads to no schema in this document"
                hint = "put what it means under $defs, and refer to it as '#/$defs/…'" if remote else ""
                if not remote and self.roots != _WHOLE:
                    hint = "references begin at the top of the document, as in '#/$defs/…'"
                self._add("schema-ref", (*pointer, word), f"the reference '{shown(reference, 80)}' {what}", hint)
        loop = _loop(same)
        if loop is not None:
            message = "the references from here lead back to here, so that nothing can ever be checked"
            self._add("schema-loop", loop, message)

    def _targets(self, parts: Mapping[Pointer, dict[str, Any]], anchors: Sequence[str]) -> dict[str, Pointer]:
        """Where references within the document may lead, by what follows their '#'."""
        targets = {"".join(f"/{step}" for step in pointer): pointer for pointer in parts}
        for pointer, part in parts.items():
            # Whoever follows references finds the names in what JSON Schema knows, so not below 'schemas' of a spec.
            if self.roots == _WHOLE or pointer[:1] == ("$defs",):
                for word in anchors:
                    name = part.get(word)
                    if not isinstance(name, str):
                        continue
                    if name in targets:
                        # Which of them a reference means is left to whoever follows it.
                        message = f"the anchor '{shown(name, 80)}' stands twice in this document"
                        self._add("schema-ref", (*pointer, word), message, "give each a name of its own")
                    targets[name] = pointer
        return targets

    def _patterns(self, pointer: Pointer, part: Mapping[str, Any]) -> None:
        patterns: list[tuple[Pointer, str]] = []
        if isinstance(part.get("pattern"), str):
            patterns.append(((*pointer, "pattern"), part["pattern"]))
        named = part.get("patternProperties")
        names = named if isinstance(named, dict) else ()
        patterns.extend(((*pointer, "patternProperties", name), name) for name in names)
        for place, pattern in patterns:
            try:
                re.compile(pattern)
            except (re.error, RecursionError, OverflowError) as error:
                message = f"'{shown(pattern, 80)}' is no regular expression: {shown(error, 80)}"
                self._add("schema-pattern", place, message, key=True)

    def _add(self, rule: str, pointer: Pointer, message: str, hint: str = "", *, key: bool = False) -> None:
        self.problems.add(self.family + rule, self.document.at(pointer, key=key), message, hint)


def _at(value: Any, pointer: Pointer) -> Any:
    for step in pointer:
        value = value[step]
    return value


def _subschemas(document: Any, roots: Sequence[Pointer]) -> Iterator[tuple[Pointer, dict[str, Any]]]:
    """Every schema within some schemas; what stands in ``const``, ``enum`` or ``default`` is none."""
    pending: list[tuple[Pointer, Any]] = [(root, _at(document, root)) for root in roots]
    while pending:
        pointer, part = pending.pop()
        if isinstance(part, bool):
            yield pointer, {}
        elif isinstance(part, dict):
            yield pointer, part
            pending.extend((below, _at(part, below[len(pointer) :])) for below in _below(part, pointer))


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
