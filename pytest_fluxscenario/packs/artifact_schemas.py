"""Artifacts held against the schemas of their pack (control.md, 9; faults.md, "Schemas of packs and specs")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_fluxscenario.base.errors import ProfileError
from pytest_fluxscenario.base.patience import TooSlowError
from pytest_fluxscenario.base.place import Place, json_pointer
from pytest_fluxscenario.base.text import SHOWN, shown
from pytest_fluxscenario.packs.validation import find_faults, make_validator

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator


@dataclass(slots=True)
class ArtifactSchemas:
    """The schemas of one pack, by artifact type; each is compiled when the first candidate of its type comes."""

    schemas: Mapping[str, dict[str, Any]]
    _validators: dict[str, Validator] = field(default_factory=dict)

    def faults(self, artifact_type: str, payload: dict[str, Any]) -> tuple[str, ...]:
        """What is wrong with a payload, each with its path; empty where nothing is, or the type has no schema.

        Raises ProfileError where that takes too long to find out.
        """
        schema = self.schemas.get(artifact_type)
        if schema is None:
            return ()
        validator = self._validators.get(artifact_type)
        if validator is None:
            validator = self._validators[artifact_type] = make_validator(schema)
        try:
            errors = find_faults(validator, payload)
        except TooSlowError as error:
            message = f"holding a payload against the schema of {shown(artifact_type, 80)} {error}"
            hint = "look for nested repetitions in patterns, and for choices inside choices"
            raise ProfileError.of("pack.slow-schema", Place("schemas"), message, hint) from error
        return tuple(map(_told, errors))


def _told(error: ValidationError) -> str:
    """What is wrong, and where. Nothing of the payload is cut: half a secret is one that nobody finds any more."""
    path = json_pointer(tuple(error.absolute_path)) or "/"
    message = error.message
    if len(message) > SHOWN:
        message = message.replace(repr(error.instance), "the value")
    if len(message) > SHOWN:
        message = f"does not fit '{error.validator}' of the schema"
    return f"{shown(path) if len(path) <= SHOWN else 'a part of it'}: {shown(message)}"
