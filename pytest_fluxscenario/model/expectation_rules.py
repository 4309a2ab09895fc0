"""The rules of an expectation: its words, its matchers, and the parts of its objects (scenario.md, control.md)."""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection
from typing import Any, Final

from msgspec import UNSET

from pytest_fluxscenario.base.place import Pointer
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.base.values import type_name
from pytest_fluxscenario.model.findings import Findings, check_visible
from pytest_fluxscenario.model.reference_rules import check_whole
from pytest_fluxscenario.model.references import is_reference, references
from pytest_fluxscenario.model.response import Materialization, RequiredApproval
from pytest_fluxscenario.model.scenario import Expectation
from pytest_fluxscenario.model.vocabulary import FAULT_KINDS, GATE_TYPES, ROUTES, STATUSES

#: How a hook's call can end: well, or as one of the faults.
CALL_STATUSES: Final = ("ok", *FAULT_KINDS)
LONGEST_REGEX: Final = 1_000

_WORDS: Final = (("status", STATUSES), ("route", ROUTES), ("gate_type", GATE_TYPES))
_TEXTS: Final = ("status", "route", "gate_id", "gate_type", "reason", "instruction")
_FLAGS: Final = ("completion_report_exists", "idempotent_replay", "idempotency_conflict")
_LISTS: Final = ("missing_artifacts", "created_artifacts", "next_allowed_actions", "hook_calls")
_OBJECTS: Final = {
    "required_approval": RequiredApproval.__struct_fields__,
    "materialization": Materialization.__struct_fields__,
}
_MODES: Final = ("mock", "shadow", "real")


def check_expectation(expectation: Expectation, at: Pointer, findings: Findings, matchers: Collection[str]) -> None:
    """Add to ``findings`` what is wrong in the expectation at ``at``; ``matchers`` are the names that exist."""
    if expectation.route is UNSET and expectation.status != "error":
        findings.add("no-route", at, "the expectation has no 'route'", "only the status 'error' has none")
    for field, words in _WORDS:
        _check_word(getattr(expectation, field), words, field.replace("_", " "), (*at, field), findings)
    check = _Matchers(findings, matchers)
    check_visible(findings, expectation.gate_id, (*at, "gate_id"))
    for field in (*_TEXTS, *_FLAGS):
        value = getattr(expectation, field)
        if isinstance(value, dict):
            check.matcher(value, (*at, field), in_list=False)
        elif field in _FLAGS:
            check_whole(findings, value, "true, false, null, a matcher", (*at, field))
    for field in _LISTS:
        value = getattr(expectation, field)
        check_whole(findings, value, "a list, null, a matcher", (*at, field))
        if isinstance(value, tuple):
            check.items(value, (*at, field))
        elif isinstance(value, dict):
            if field == "hook_calls" and not check.is_matcher(value):
                _check_hook_calls(value, (*at, field), check)
            else:
                check.matcher(value, (*at, field), in_list=True)
    for field, parts in _OBJECTS.items():
        value = getattr(expectation, field)
        check_whole(findings, value, "an object, null, a matcher", (*at, field))
        if isinstance(value, dict):
            _check_object(value, parts, (*at, field), check)


def _check_word(value: object, words: Collection[str], what: str, pointer: Pointer, findings: Findings) -> None:
    """A string has to be one of ``words``, unless a reference will give it."""
    if isinstance(value, str) and value not in words and not references(value):
        rule = "unknown-" + what.replace(" ", "-")
        findings.add(rule, pointer, f"unknown {what} '{shown(value, 80)}'", word=value, known=words)


def _check_object(value: dict[str, Any], parts: tuple[str, ...], at: Pointer, check: _Matchers) -> None:
    if check.is_matcher(value):
        check.matcher(value, at, in_list=False)
        return
    for name, inner in value.items():
        pointer = (*at, name)
        if name not in parts:
            message = f"unknown field '{shown(name, 80)}' in '{at[-1]}'"
            check.findings.add("unknown-field", pointer, message, word=name, known=parts, key=True)
        elif name == "mode":
            _check_word(inner, _MODES, "mode", pointer, check.findings)
        if name in parts and name != "scope" and not isinstance(inner, str | dict | None):
            message = f"'{name}' must be a string or a matcher, not {type_name(inner)}"
            check.findings.add("type", pointer, message)
        check.nested(inner, pointer)


def _check_hook_calls(value: dict[str, Any], at: Pointer, check: _Matchers) -> None:
    for hook, status in value.items():
        pointer = (*at, hook)
        check_visible(check.findings, hook, pointer, key=True)
        if check.is_matcher(status):
            check.matcher(status, pointer, in_list=False)
        elif isinstance(status, str):
            _check_word(status, CALL_STATUSES, "hook status", pointer, check.findings)
        elif status is not None:
            message = f"the status of a hook's call must be a string or a matcher, not {type_name(status)}"
            check.findings.add("type", pointer, message)


class _Matchers:
    """Checks the matchers in the values of one expectation."""

    def __init__(self, findings: Findings, known: Collection[str]) -> None:
        self.findings = findings
        self._known = known

    def is_matcher(self, value: object) -> bool:
        """Whether ``value`` is a matcher where any object may stand: one key, and that a matcher's name."""
        return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in self._known

    def items(self, values: tuple[Any, ...], at: Pointer) -> None:
        """Check the items of a list of names; each is a name or a matcher."""
        for index, item in enumerate(values):
            if isinstance(item, dict):
                self.matcher(item, (*at, index), in_list=False)
            else:
                check_visible(self.findings, item, (*at, index))

    def nested(self, value: Any, at: Pointer) -> None:
        """Check the matchers anywhere in ``value``, which may hold other objects too."""
        pending = [(value, at)]
        while pending:
            value, at = pending.pop()
            if self.is_matcher(value):
                self.matcher(value, at, in_list=None)
            elif isinstance(value, dict):
                pending += [(inner, (*at, key)) for key, inner in value.items()]
            elif isinstance(value, list):
                pending += [(inner, (*at, index)) for index, inner in enumerate(value)]

    def matcher(self, value: dict[str, Any], at: Pointer, *, in_list: bool | None) -> None:
        """Check one matcher; ``in_list`` says whether a list stands there in the response, None where nobody knows."""
        ((name, argument),) = value.items()
        pointer = (*at, name)
        if name not in self._known:
            message = f"unknown matcher '{shown(name, 80)}'"
            self.findings.add("unknown-matcher", pointer, message, word=name, known=self._known, key=True)
            return
        match name:
            case "matches":
                self._regex(argument, pointer)
            case "contains":
                self.nested(argument, pointer)
            case "any_of":
                self._any_of(argument, pointer, in_list=in_list)
            case "present":
                if not isinstance(argument, bool) and not _is_whole_reference(argument):
                    message = f"'present' must be true or false, not {type_name(argument)}"
                    self.findings.add("present", pointer, message)
            case "in_order" if in_list is False:
                message = f"'in_order' fits a list only, and '{_field(at)}' is none"
                self.findings.add("in-order", pointer, message, key=True)
            case "in_order":
                if not _is_list(argument):
                    message = f"'in_order' must be a list, not {type_name(argument)}"
                    self.findings.add("in-order", pointer, message)
                self.nested(argument, pointer)

    def _any_of(self, argument: Any, pointer: Pointer, *, in_list: bool | None) -> None:
        if not _is_list(argument) or argument == []:
            given = "an empty one" if argument == [] else type_name(argument)
            self.findings.add("any-of", pointer, f"'any_of' must be a list of values, not {given}")
        for index, choice in enumerate(argument if isinstance(argument, list) else ()):
            if self.is_matcher(choice):
                self.matcher(choice, (*pointer, index), in_list=in_list)
            else:
                self.nested(choice, (*pointer, index))

    def _regex(self, argument: object, pointer: Pointer) -> None:
        if not isinstance(argument, str):
            message = f"'matches' must be a regular expression in a string, not {type_name(argument)}"
            self.findings.add("regex", pointer, message)
        elif len(argument) > LONGEST_REGEX:
            message = f"a regular expression of {len(argument)} characters is too long"
            self.findings.add("regex", pointer, message, f"the limit is {LONGEST_REGEX}")
        elif not references(argument):
            fault = _regex_fault(argument)
            if fault:
                message = f"'{shown(argument, 80)}' is no regular expression: {fault}"
                self.findings.add("regex", pointer, message)


def _regex_fault(pattern: str) -> str:
    try:
        with warnings.catch_warnings():
            # What re warns of still compiles; the warning would name this line and not the scenario's.
            warnings.simplefilter("ignore")
            re.compile(pattern)
    except re.error as error:
        return shown(error.msg) + (f" at position {error.pos}" if error.pos is not None else "")
    except (OverflowError, RecursionError) as error:
        return shown(error)
    return ""


def _is_whole_reference(value: object) -> bool:
    return isinstance(value, str) and is_reference(value)


def _is_list(value: object) -> bool:
    """Whether ``value`` is a list, or a reference that will become one."""
    return isinstance(value, list) or _is_whole_reference(value)


def _field(at: Pointer) -> str:
    return next((shown(part, 80) for part in reversed(at) if isinstance(part, str)), "the value")
