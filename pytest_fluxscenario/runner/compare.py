"""What was expected against what came back (scenario.md, expectations)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
    return {call.hook_id: call.status for call in response.hook_calls}


def _calls(expected: Any, actual: Any, plugin: PluginMatchers) -> bool:
    """``hook_calls``: a list of ids, or ids to statuses."""
    if isinstance(expected, dict) and matcher_name(expected) is None:
        return fits(expected, actual, plugin)
    return _set(expected, list(actual), plugin)


def _set(expected: Any, actual: Any, plugin: PluginMatchers) -> bool:
    if expected is None:
        return not actual
    return fits_as_set(expected, actual, plugin)


def _flag(expected: Any, actual: Any, plugin: PluginMatchers) -> bool:
    if expected is None:
        return actual is False
    return fits(expected, actual, plugin)


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
