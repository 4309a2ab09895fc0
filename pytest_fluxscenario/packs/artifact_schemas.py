"""Artifacts held against the schemas of their pack (control.md, 9; faults.md, "Schemas of packs and specs")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from pytest_fluxscenario.base.errors import ProfileError
from pytest_fluxscenario.base.patience import TooSlowError, patience
from pytest_fluxscenario.base.place import Place, json_pointer
from pytest_fluxscenario.base.text import shown

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_MOST_FAULTS = 5


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
            validator = self._validators[artifact_type] = _validator(schema)
        try:
            with patience():
                errors = (
                    () if validator.is_valid(payload) else tuple(islice(validator.iter_errors(payload), _MOST_FAULTS))
                )
        except TooSlowError as error:
            message = f"holding a payload against the schema of {shown(artifact_type, 80)} {error}"
            hint = "look for nested repetitions in patterns, and for choices inside choices"
            raise ProfileError.of("pack.slow-schema", Place("schemas"), message, hint) from error
        ordered = sorted(errors, key=lambda error: list(map(str, error.absolute_path)))
        return tuple(f"{json_pointer(tuple(error.absolute_path)) or '/'}: {shown(error.message)}" for error in ordered)


def _validator(schema: dict[str, Any]) -> Validator:
    # Imported here: a session whose packs have no schemas never pays for it.
    from jsonschema import Draft202012Validator
    from jsonschema.validators import validator_for
    from referencing import Registry

    # An empty registry: nothing is ever fetched for a $ref.
    kind = validator_for(schema, default=Draft202012Validator)
    return kind(schema, registry=Registry())
