"""What came back, as an expectation: everything that is the same on every run, and no ids of records."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET

from pytest_fluxscenario.model.references import escaped
from pytest_fluxscenario.model.response import Response
from pytest_fluxscenario.model.scenario import Expectation

#: What follows it in a reason is said by a schema or a hook, in words of its own.
_SAID_BY_OTHERS = ": "


def expectation_of(response: Response) -> Expectation:
    """The expectation that exactly such an answer meets.

    The reason is expected only where no gate names the rule that stopped the request, and up to what others say in it:
    their words may change, the rule does not.
    """
    said: dict[str, Any] = {"status": response.status}
    if response.status != "error":
        said["route"] = _known(response.route)
    said["gate_id"] = _known(response.gate_id)
    if response.gate_id is not UNSET:
        said["gate_type"] = _known(response.gate_type)
    elif response.status != "ok" and response.reason is not UNSET:
        said["reason"] = _reason(response.reason)
    if response.missing_artifacts:
        said["missing_artifacts"] = response.missing_artifacts
    if response.required_approval is not UNSET:
        said["required_approval"] = msgspec.to_builtins(response.required_approval)
    types = response.created_artifact_types
    said["created_artifacts"] = types or None
    if response.next_allowed_actions:
        said["next_allowed_actions"] = response.next_allowed_actions
    said["completion_report_exists"] = response.completion_report_exists
    for flag in ("idempotent_replay", "idempotency_conflict"):
        if getattr(response, flag) is True:
            said[flag] = True
    if response.materialization is not UNSET:
        said["materialization"] = msgspec.to_builtins(response.materialization)
    if response.hook_calls:
        said["hook_calls"] = _calls(response)
    return msgspec.convert(literal(said), Expectation)


def literal(value: Any) -> Any:
    """``value`` as a scenario writes it, so that nothing in it is taken for a reference."""
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, dict):
        return {key: literal(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [literal(item) for item in value]
    return value


def _known(value: Any) -> Any:
    return None if value is UNSET else value


def _reason(reason: str) -> Any:
    rule, others, _ = reason.partition(_SAID_BY_OTHERS)
    return {"contains": rule} if others else reason


def _calls(response: Response) -> Any:
    """Ids to statuses; only ids where a hook was called twice with different results."""
    statuses: dict[str, str] = {}
    for call in response.hook_calls:
        if statuses.setdefault(call.hook_id, call.status) != call.status:
            return list(dict.fromkeys(one.hook_id for one in response.hook_calls))
    return statuses
