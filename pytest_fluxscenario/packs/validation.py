"""Values held against JSON Schemas that were checked before, for a bounded time, and without fetching anything."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from pytest_fluxscenario.base.patience import patience

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

#: Faults of one value that are told.
_MOST_FAULTS: Final = 5


def make_validator(document: Mapping[str, Any], schema: Any = None) -> Validator:
    """What holds values against ``schema``, a part of ``document`` (the whole where it is None).

    References lead from the top of the document.
    """
    # Imported here: a session without schemas never pays for it.
    from jsonschema import Draft202012Validator
    from jsonschema.validators import validator_for
    from referencing import Registry

    # An empty registry: nothing is ever fetched for a $ref.
    whole: Any = validator_for(document, default=Draft202012Validator)(document, registry=Registry())
    validator: Validator = whole if schema is None else whole.evolve(schema=schema)
    return validator


def find_faults(validator: Validator, value: Any) -> list[ValidationError]:
    """The first faults of a value, by path; empty where it fits. Raises TooSlowError."""
    with patience():
        if validator.is_valid(value):
            return []
        errors = list(islice(validator.iter_errors(value), _MOST_FAULTS))
    return sorted(errors, key=lambda error: list(map(str, error.absolute_path)))
