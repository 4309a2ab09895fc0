"""Specs that nobody would write: refused with places, or able to say of every payload whether it fits.

What is refused is refused when the spec is loaded: a reference that leads nowhere, or a part of another draft, would
otherwise raise while a scenario runs.
"""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.packs.specs import load_spec

_DRAFTS = (
    "https://json-schema.org/draft/2020-12/schema",
    "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft-07/schema#",
    "http://json-schema.org/draft-03/schema#",
)
_TEXTS = (
    "#",
    "#a",
    "#/$defs/a",
    "#/schemas/a",
    "#/$defs/b/properties/a",
    "#/%24defs/a",
    "x.json",
    "urn:x",
    "^a+$",
    "(",
)
_NAMED = ("properties", "patternProperties", "$defs", "dependentSchemas")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_REFS = ("$ref", "$dynamicRef", "$recursiveRef")
_OTHERS = ("not", "if", "then", "items", "contains", "additionalProperties", "propertyNames", "unevaluatedProperties")
_WORDS = (*_NAMED, *_LISTS, *_REFS, *_REFS, *_OTHERS, "$anchor", "$anchor", "$dynamicAnchor", "$schema", "extends")


class _Author:
    """Writes schemas and payloads by chance, the same on every run."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 - tests repeat

    def document(self) -> Any:
        shared = {"$defs": {"a": self.schema(2), "b": self.schema(2)}}
        if self._chance.random() < 0.4:
            return self._some(3) | shared
        draft = {"$schema": self._chance.choice(_DRAFTS)} if self._chance.random() < 0.2 else {}
        return {"schemas": {"a": self.schema(3), "b": self.schema(2)}} | shared | draft

    def schema(self, depth: int) -> Any:
        pick = self._chance.choice
        if depth <= 0 or self._chance.random() < 0.15:
            return pick((True, False, {"type": pick(("string", "object", "array"))}, {"required": ["a"]}))
        return self._some(depth)

    def _some(self, depth: int) -> dict[str, Any]:
        return {word: self._value(word, depth - 1) for word in self._chance.sample(_WORDS, self._chance.randint(1, 2))}

    def _value(self, word: str, depth: int) -> Any:
        pick = self._chance.choice
        if self._chance.random() < 0.02:
            return self.value(depth)
        if word in _NAMED:
            return {pick(("a", "b", "a/b", "^a")): self.schema(depth) for _ in range(2)}
        if word in _LISTS:
            return [self.schema(depth) for _ in range(2)]
        if word in _REFS:
            return pick(_TEXTS) if self._chance.random() < 0.2 else pick(("#/$defs/a", "#/$defs/b", "#a"))
        if word == "$schema":
            return pick(_DRAFTS)
        return "a" if word in ("$anchor", "$dynamicAnchor") else self.schema(depth)

    def payload(self) -> dict[str, Any]:
        return {name: self.value(3) for name in ("a", "b", "what")}

    def value(self, depth: int) -> Any:
        if depth <= 0 or self._chance.random() < 0.5:
            return self._chance.choice((None, True, 1, 1.5, "a", "aaaa", -1, 1e308, 2**53 - 1))
        if self._chance.random() < 0.5:
            return [self.value(depth - 1) for _ in range(3)]
        return {name: self.value(depth - 1) for name in ("a", "b", "$ref")}


def _try(seed: int, documents: int) -> tuple[int, int, int]:
    """How many were refused, could be used, and found something to say of a payload."""
    author = _Author(seed)
    refused = used = faults = 0
    bad: list[Problem] = []
    for _ in range(documents):
        data = json.dumps(author.document()).encode()
        try:
            spec = load_spec(Source("a.json", data, sha256(data)), "a:v1.0.0", Limits())
        except FluxError as error:
            refused += 1
            bad += [
                problem for problem in error.problems if len(str(problem).encode()) > 2_000 or not problem.place.line
            ]
            continue
        if spec is None:
            continue
        used += 1
        for action in ("a", "other"):
            # An UncheckedError is one too: what was let in can say yes or no.
            faults += bool(spec.faults(action, author.payload()))
    assert bad == []
    return refused, used, faults


def test_specs_by_chance_are_refused_or_give_an_answer() -> None:
    refused, used, faults = _try(1, 250)
    assert refused > 100
    assert used > 20
    assert 10 < faults < 2 * used


@pytest.mark.slow
def test_many_specs_by_chance() -> None:
    _try(2, 20_000)
