"""A spec whose schemas check payloads (scenario.md, ``spec``): loaded, found usable, and asked.

A document with ``schemas`` has one for each action. Any other that says something as a JSON Schema is the schema of
every payload. References lead to parts of the document only.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from pytest_fluxscenario.base.errors import DocumentError, ProfileError
from pytest_fluxscenario.base.patience import TooSlowError
from pytest_fluxscenario.base.place import Pointer
from pytest_fluxscenario.base.problems import Problem, Problems
from pytest_fluxscenario.base.text import did_you_mean, shown
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.model.evidence import SpecRef
from pytest_fluxscenario.model.spec import SCHEMA_WORDS, SCHEMAS, SpecDocument
from pytest_fluxscenario.model.vocabulary import CONTRACT_ACTION
from pytest_fluxscenario.packs.document import PackDocument, parse_document
from pytest_fluxscenario.packs.schemas import check_schema
from pytest_fluxscenario.packs.validation import find_faults, make_validator

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

    from pytest_fluxscenario.model.profile import Profile

_DEFAULT: Final[Pointer] = ("default",)


class UncheckedError(Exception):
    """Nobody can say whether a payload fits: that takes too long, or leads too deep."""


@dataclass(frozen=True, slots=True)
class PayloadFault:
    """One thing in a payload that its schema does not accept."""

    #: Into the payload.
    pointer: Pointer
    #: As the validator says it: with foreign text, neither escaped, cut nor redacted.
    message: str


@dataclass(slots=True, eq=False)
class Spec:
    """The schemas of one document."""

    document: PackDocument
    ref: SpecRef
    #: Whether the document is the schema of every payload.
    whole: bool
    _validators: dict[Pointer, Validator] = field(default_factory=dict)

    def checks(self, action: str) -> bool:
        """Whether there is a schema for the payloads of that action."""
        return self._schema_of(action) is not None

    def faults(self, action: str, payload: dict[str, Any]) -> tuple[PayloadFault, ...]:
        """What is wrong with a payload; empty where nothing is, or the action has no schema. Raises UncheckedError."""
        pointer = self._schema_of(action)
        if pointer is None:
            return ()
        try:
            validator = self._validators.get(pointer)
            if validator is None:
                validator = self._validators[pointer] = self._validator(pointer)
            errors = find_faults(validator, payload)
        except TooSlowError as error:
            hint = "look for nested repetitions in patterns, and for choices inside choices"
            raise UncheckedError(f"that {error} ({hint})") from error
        except Exception as error:
            # Whatever a stranger's schema makes a validator raise, such as RecursionError: it is no verdict.
            raise UncheckedError(f"the validator raised {type(error).__name__}") from error
        if not errors:
            return ()
        from jsonschema.exceptions import best_match

        # Of what several choices say, that of the choice that was meant.
        meant = [best_match([error]) or error for error in errors]
        return tuple(PayloadFault(tuple(error.absolute_path), error.message) for error in meant)

    def warnings_for(self, profile: Profile) -> tuple[Problem, ...]:
        """A warning for each action that has a schema here, and that the profile does not have."""
        known = [*(action.id for action in profile.actions), CONTRACT_ACTION]
        return tuple(
            Problem(
                "spec.unknown-action",
                self.document.at((SCHEMAS, action), key=True),
                f"the profile '{shown(profile.id, 80)}' {profile.version} has no action '{shown(action, 80)}'",
                did_you_mean(action, known),
                "warning",
            )
            for action in self._actions()
            if action not in known
        )

    def _actions(self) -> Iterable[str]:
        return () if self.whole else self.document.data[SCHEMAS]

    def _schema_of(self, action: str) -> Pointer | None:
        if self.whole:
            return ()
        if action in self.document.data[SCHEMAS]:
            return (SCHEMAS, action)
        return _DEFAULT if self.document.data.get("default") is not None else None

    def _validator(self, pointer: Pointer) -> Validator:
        schema: Any = self.document.data
        for step in pointer:
            schema = schema[step]
        return make_validator(self.document.data, schema if pointer else None)


def load_spec(source: Source, ref: str, limits: Limits) -> Spec | None:
    """The spec in ``source``, which evidence calls ``ref``; None for a document that holds no schemas.

    Raises DocumentError with everything that is wrong with it.
    """
    try:
        document = parse_document(source, limits)
        whole = SCHEMAS not in document.data
        if whole and SCHEMA_WORDS.isdisjoint(document.data):
            return None
        if not whole:
            written = document.decode(SpecDocument)
            if not written.schemas and written.default is None:
                return None
    except ProfileError as error:
        raise DocumentError(
            replace(problem, code="spec." + problem.code.rpartition(".")[2]) for problem in error.problems
        ) from error
    problems = Problems()
    check_schema(document, problems, ((),) if whole else _roots(document.data), "spec")
    if problems.errors:
        raise DocumentError(problems.errors)
    return Spec(document, SpecRef(ref, f"sha256:{source.digest}"), whole)


def _roots(data: dict[str, Any]) -> tuple[Pointer, ...]:
    named: list[Pointer] = [(word, name) for word in (SCHEMAS, "$defs") for name in data.get(word, ())]
    return (*named, _DEFAULT) if data.get("default") is not None else tuple(named)
