"""What was expected against what came back (scenario.md, expectations)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from msgspec import UNSET

from pytest_fluxscenario.base.values import ABSENT
from pytest_fluxscenario.model.evidence import Mismatch
from pytest_fluxscenario.model.response import Response
from pytest_fluxscenario.model.scenario import Expectation
from pytest_fluxscenario.runner.matchers import PluginMatchers, fits, fits_as_set, matcher_name

_Compare = Callable[[Any, Any, PluginMatchers], bool]


def mismatches(expectation: Expectation, response: Response, plugin: PluginMatchers) -> tuple[Mismatch, ...]:
    """Every expected field that came back otherwise, in the order of the specification."""
    found: list[Mismatch] | None = None
    for name, read, compare in _FIELDS:
        expected = getattr(expectation, name)
        if expected is UNSET:
            continue
        actual = read(response)
        if expected == actual and type(expected) is str:
            continue
        if compare(expected, actual, plugin):
            continue
        found = found or []
        found.append(Mismatch(name, expected, UNSET if actual is ABSENT else actual))
    return tuple(found) if found else ()


def _text(name: str) -> Callable[[Response], Any]:
    def read(response: Response) -> Any:
        value = getattr(response, name)
        return ABSENT if value is UNSET else value

    return read


def _names(name: str) -> Callable[[Response], Any]:
    def read(response: Response) -> Any:
        value = getattr(response, name)
        return () if value is UNSET else value

    return read


def _object(name: str) -> Callable[[Response], Any]:
    def read(response: Response) -> Any:
        value = getattr(response, name)
        return ABSENT if value is UNSET else msgspec.to_builtins(value)

    return read


def _conflict(response: Response) -> Any:
    return response.idempotency_conflict is True


def _statuses(response: Response) -> Any:
    found: dict[str, str] = {}
    for call in response.hook_calls:
        known = found.setdefault(call.hook_id, call.status)
        if known != call.status:
            # A call that failed is not hidden by a later one of the same hook.
            found[call.hook_id] = f"{known}, {call.status}"
    return found


def _calls(expected: Any, actual: Any, plugin: PluginMatchers) -> bool:
    """``hook_calls``: a list of ids, or ids to statuses."""
    name = matcher_name(expected)
    if isinstance(expected, dict) and name is None:
        return fits(expected, actual, plugin)
    if name == "any_of":
        return any(_calls(one, actual, plugin) for one in expected[name])
    return _set(expected, list(actual), plugin)


def _emptiable(compare: _Compare) -> _Compare:
    """Of a list, or of a flag: with nothing in it, or false, it is absent for ``null`` and for ``present``."""

    def compared(expected: Any, actual: Any, plugin: PluginMatchers) -> bool:
        if expected is None:
            return not actual
        name = matcher_name(expected)
        if name == "any_of":
            return any(compared(one, actual, plugin) for one in expected[name])
        if name == "present":
            return fits(expected, actual or ABSENT, plugin)
        return compare(expected, actual, plugin)

    return compared


_set: Final = _emptiable(fits_as_set)
_flag: Final = _emptiable(fits)

_FIELDS: tuple[tuple[str, Callable[[Response], Any], _Compare], ...] = (
    ("status", _text("status"), fits),
    ("route", _text("route"), fits),
    ("gate_id", _text("gate_id"), fits),
    ("gate_type", _text("gate_type"), fits),
    ("reason", _text("reason"), fits),
    ("instruction", _text("instruction"), fits),
    ("missing_artifacts", _names("missing_artifacts"), _set),
    ("required_approval", _object("required_approval"), fits),
    ("created_artifacts", _names("created_artifact_types"), _set),
    ("next_allowed_actions", _names("next_allowed_actions"), _set),
    ("completion_report_exists", _text("completion_report_exists"), _flag),
    ("idempotent_replay", _text("idempotent_replay"), _flag),
    ("idempotency_conflict", _conflict, _flag),
    ("materialization", _object("materialization"), fits),
    ("hook_calls", _statuses, _calls),
)


def observed(response: Response) -> dict[str, Any]:
    """What of an answer can be expected, by field, as plain data; and the contract, and the hashes of rendered texts.

    What is not there is left out. Lists of names are sorted, as they are compared without order.
    """
    found: dict[str, Any] = {}
    for name, read, compare in _FIELDS:
        value = read(response)
        if compare is _set and isinstance(value, tuple):
            value = sorted(value) or ABSENT
        if value is not ABSENT and value != {}:
            found[name] = value
    if response.contract is not UNSET:
        found["contract"] = msgspec.to_builtins(response.contract)
    rendered = [call.rendered_hash for call in response.hook_calls if call.rendered_hash is not UNSET]
    if rendered:
        found["rendered"] = rendered
    return found
