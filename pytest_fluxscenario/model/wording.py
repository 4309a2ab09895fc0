"""The faults that jsonschema finds, in words that a writer of scenarios understands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from jsonschema.exceptions import ValidationError

from pytest_fluxscenario.base.place import Pointer
from pytest_fluxscenario.base.text import nearest, shown
from pytest_fluxscenario.base.values import type_name
from pytest_fluxscenario.model.findings import Findings
from pytest_fluxscenario.model.slips import either, slip_hint

_TYPES: Final = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}
#: The titles that types of their own carry (model.scenario).
_TITLES: Final = {"Matcher": "a matcher like {present: true}", "Reference": "a reference like ${name}"}
_BOUNDS: Final = {
    "exclusiveMaximum": "less than",
    "exclusiveMinimum": "greater than",
    "maximum": "at most",
    "minimum": "at least",
}
_DEEPEST_HOME: Final = 8


@dataclass(frozen=True, slots=True)
class Told:
    """One fault in words."""

    rule: str
    pointer: Pointer
    message: str
    hint: str = ""
    #: The name that was not known, and those that are.
    word: str = ""
    known: tuple[str, ...] = ()
    #: Whether the key at ``pointer`` is wrong, and not its value.
    key: bool = False

    def add_to(self, findings: Findings) -> None:
        """Note this fault."""
        findings.add(self.rule, self.pointer, self.message, self.hint, word=self.word, known=self.known, key=self.key)


@dataclass(frozen=True, slots=True)
class Wording:
    """Tells the faults of documents of one schema."""

    schema: dict[str, Any]
    #: A scalar as the file writes it, where that is known.
    written: Callable[[Pointer], str | None]

    def fields(self) -> frozenset[str]:
        """The names of all fields that the schema knows anywhere."""
        return frozenset(name for part in self._parts().values() for name in part.get("properties", {}))

    def tell(self, error: ValidationError, pointer: Pointer) -> Iterator[Told]:
        """``error``, a fault of the value at ``pointer``, in words: one for each unknown or missing field."""
        wanted: Any = error.validator_value
        value: Any = error.instance
        match error.validator:
            case "additionalProperties":
                yield from self._unknown(error, pointer)
            case "required":
                owner = _owner(_schema(error))
                for name in wanted:
                    if name not in value:
                        yield Told("missing-field", pointer, f"the {owner} has no '{name}'")
            case "pattern" | "enum" if "propertyNames" in error.relative_schema_path:
                names = _choices(error)
                hint = "" if names else "it must match " + shown(str(wanted))
                message = f"unknown {_kind_of_key(error)} '{shown(value, 80)}'"
                yield Told("unknown-key", (*pointer, value), message, hint, value, names, key=True)
            case "type" | "anyOf" | "pattern":
                expected = f"must be {self._expected(_schema(error))}"
                message = f"{called(pointer)} {expected}, not {_given(value)}"
                asked = set(self._alternatives(_schema(error)))
                yield Told("type", pointer, message, slip_hint(value, asked, self.written(pointer)))
            case "enum":
                message = f"{called(pointer)} must be {either([_quoted(choice) for choice in wanted])}"
                given = value if isinstance(value, str) else ""
                close = nearest(given, [choice for choice in wanted if isinstance(choice, str)], 1)
                hint = f"did you mean '{close[0]}'?" if close else ""
                yield Told("value", pointer, f"{message}, not {_given(value)}", hint)
            case "minLength":
                yield Told("empty", pointer, f"{called(pointer)} must not be empty")
            case "minItems":
                yield Told("empty", pointer, f"{called(pointer)} must not be an empty list")
            case "minProperties" | "maxProperties":
                message = f"{called(pointer)}: a matcher has exactly one key, not {len(value)}"
                yield Told("matcher-keys", pointer, message, "choose one, or write any_of")
            case bound if bound in _BOUNDS:
                message = f"{called(pointer)} must be {_BOUNDS[str(bound)]} {wanted}, not {value}"
                yield Told("value", pointer, message)
            case _:
                yield Told("value", pointer, f"{called(pointer)}: {shown(error.message)}")

    def _unknown(self, error: ValidationError, pointer: Pointer) -> Iterator[Told]:
        known = tuple(_schema(error).get("properties", {}))
        owner = _owner(_schema(error))
        instance: Any = error.instance
        for name in instance:
            if name in known:
                continue
            message = f"unknown field '{shown(name, 80)}' in the {owner}"
            homes = self._homes(name, pointer)
            hint = f"it belongs {either(homes)}" if homes else ""
            yield Told("unknown-field", (*pointer, name), message, hint, name, known, key=True)

    def _homes(self, name: str, pointer: Pointer) -> list[str]:
        """Where a field of that name belongs: below ``pointer`` if anywhere there, else what is nearest."""
        here = _pattern(pointer)
        homes = [home for home, part in self._parts().items() if name in part.get("properties", {}) and home != here]
        below = [home[len(here) :].lstrip(".") for home in homes if home.startswith(here)] if here else []
        if below:
            return [f"in '{home}'" for home in below[:3]]
        homes.sort(key=lambda home: (-_shared(home, here), len(home)))
        return [f"in '{home}'" if home else "at the top of the document" for home in homes[:1]]

    def _parts(self) -> dict[str, dict[str, Any]]:
        """Every object that the schema describes, by the way that leads there: ``steps[].expectation``."""
        found: dict[str, dict[str, Any]] = {}
        pending = [("", self.schema)]
        while pending:
            way, schema = pending.pop(0)
            part = self._resolved(schema)
            if way.count(".") > _DEEPEST_HOME:
                continue
            if "properties" in part:
                found.setdefault(way, part)
                pending += [(f"{way}.{name}" if way else name, inner) for name, inner in part["properties"].items()]
            pending += [(way, branch) for branch in part.get("anyOf", ())]
            if isinstance(part.get("items"), dict):
                pending.append((f"{way}[]", part["items"]))
        return found

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        ref = schema.get("$ref")
        if ref is None:
            return schema
        resolved: dict[str, Any] = self.schema["$defs"][str(ref).rpartition("/")[2]]
        return resolved

    def _expected(self, schema: dict[str, Any]) -> str:
        """What ``schema`` asks for; the branches of an ``anyOf`` one after the other."""
        # The published schema is sorted; people read the plain values first, then null, then what is special.
        return either(sorted(dict.fromkeys(self._alternatives(schema)), key=_unusual))

    def _alternatives(self, schema: dict[str, Any]) -> Iterator[str]:
        schema = self._resolved(schema)
        if "anyOf" in schema:
            # The words for types of their own come last: they are the longest.
            for branch in sorted(schema["anyOf"], key=lambda branch: branch.get("title") in _TITLES):
                yield from self._alternatives(branch)
        elif "enum" in schema:
            yield from map(_quoted, schema["enum"])
        elif schema.get("title") in _TITLES:
            yield _TITLES[schema["title"]]
        elif schema.get("type") == "boolean":
            yield from ("true", "false")
        else:
            yield _TYPES.get(str(schema.get("type")), "another value")


def _unusual(choice: str) -> int:
    ranks = ("null", "a matcher", "a reference")
    return next((rank for rank, word in enumerate(ranks, 1) if choice.startswith(word)), 0)


def _owner(schema: dict[str, Any]) -> str:
    """What an object is called: ``GivenArtifact`` is a given artifact."""
    return " ".join(re.findall("[A-Z]?[a-z]+", shown(schema.get("title", "object")))).lower()


def called(pointer: Pointer) -> str:
    """What a value is called in a message: its key, with list positions behind it."""
    tail = ""
    for part in reversed(pointer):
        if isinstance(part, str):
            return f"'{shown(part, 80)}{tail}'"
        tail = f"[{part}]{tail}"
    return f"item {tail}" if tail else "the document"


def _pattern(pointer: Pointer) -> str:
    way = ""
    for part in pointer:
        way += "[]" if isinstance(part, int) else f".{part}" if way else part
    return way


def _shared(one: str, other: str) -> int:
    """How many leading parts two ways have in common."""
    pairs = zip(one.split("."), other.split("."), strict=False)
    count = 0
    for left, right in pairs:
        if left != right:
            break
        count += 1
    return count


def _schema(error: ValidationError) -> dict[str, Any]:
    """The part of the schema that ``error`` is a fault against."""
    return error.schema if isinstance(error.schema, dict) else {}


def _choices(error: ValidationError) -> tuple[str, ...]:
    """The names that a pattern of keys lists, where it is nothing but a list: ``^(a|b|x-[a-z]+)…$``."""
    pattern = error.validator_value
    if not isinstance(pattern, str) or not pattern.startswith("^("):
        return ()
    return tuple(word for word in pattern[2:].partition(")")[0].split("|") if word.isidentifier())


def _kind_of_key(error: ValidationError) -> str:
    return "matcher" if _choices(error) else "key"


def _given(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"the string '{shown(value, 80)}'"
    return type_name(value)


def _quoted(choice: Any) -> str:
    return f"'{choice}'" if isinstance(choice, str) else json.dumps(choice)
