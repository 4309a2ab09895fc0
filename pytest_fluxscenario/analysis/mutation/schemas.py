"""Schemas as mutants are held against: the same payload comes again with every mutant, and is looked at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pytest_fluxscenario.base.canonical import canonical
from pytest_fluxscenario.base.digest import sha256_ref
from pytest_fluxscenario.control.rules import SchemaCheck

#: Longer texts are remembered by their hash.
_LONG = 256


def short(text: bytes) -> bytes:
    """A text to remember something by: itself, or its hash where it is long."""
    return text if len(text) <= _LONG else sha256_ref(text).encode()


@dataclass(frozen=True, slots=True)
class RememberedSchemas:
    """A check that remembers what it said of a payload."""

    check: SchemaCheck
    _known: dict[tuple[str, bytes], tuple[str, ...]] = field(default_factory=dict)

    def faults(self, artifact_type: str, payload: dict[str, Any]) -> tuple[str, ...]:
        """What the check says."""
        key = artifact_type, short(canonical(payload))
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self.check.faults(artifact_type, payload)
        return known


@dataclass(frozen=True, slots=True)
class WithoutSchema:
    """A check that looks at no payload of one type."""

    check: SchemaCheck
    artifact_type: str

    def faults(self, artifact_type: str, payload: dict[str, Any]) -> tuple[str, ...]:
        """What the check says of the other types."""
        return () if artifact_type == self.artifact_type else self.check.faults(artifact_type, payload)
