"""Evidence as text for people: the run, or one record of it (evidence.md).

Records are shown from plain data: redaction may have put text where a number stood, which is to be seen, not refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from msgspec import UNSET

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.evidence.coverage_report import missing_of
from pytest_fluxscenario.evidence.coverage_score import score_of
from pytest_fluxscenario.model.evidence import Manifest, ManifestScenario

#: Longest value that is shown, in characters.
_VALUE = 400
#: Longest list of scenarios that fit a name, in a message.
_LISTED = 8


def run_lines(manifest: Manifest) -> list[str]:
    """The manifest as lines: what ran, on what, with which outcomes."""
    counts = (
        ", ".join(f"{count} {outcome}" for outcome, count in sorted(manifest.counts.items()) if count) or "no scenario"
    )
    lines = [
        f"verdict   {manifest.verdict} ({shown(counts)})",
        f"started   {shown(manifest.started, 40)}, {shown(manifest.tool, 80)}",
        f"root      {shown(manifest.root, 80)}",
    ]
    if manifest.gear is not UNSET:
        lines.append(f"gear      {shown(manifest.gear, 200)}")
    for one in manifest.refs:
        asked = f"{shown(one.asked, 160)} is " if one.asked not in ("", one.ref) else ""
        lines.append(f"ran       {asked}{shown(one.ref, 160)} of the {shown(one.kind, 20)}, {shown(one.hash, 80)}")
    for profile in manifest.profiles:
        where = f"{shown(profile.origin, 20)} {shown(profile.source)}"
        lines.append(
            f"profile   {shown(profile.id, 80)} {shown(profile.version, 40)}, {where}, {shown(profile.hash, 80)}"
        )
    lines.extend(f"spec      {shown(spec.ref, 160)}, {shown(spec.hash, 80)}" for spec in manifest.specs)
    for seen in manifest.coverage:
        if seen.points is not UNSET:
            whole = score_of(seen.points)
            lines.append(f"coverage  {shown(seen.profile.id, 80)}: {whole.seen} of {whole.possible} points, {whole}")
            lines.extend(f"          {one.said}" for one in missing_of(seen.points, {}))
            continue
        parts = (("actions", seen.actions), ("gates", seen.gates), ("routes", seen.routes))
        said = ", ".join(f"{sum(marks.values())} of {len(marks)} {name}" for name, marks in parts)
        lines.append(f"coverage  {shown(seen.profile.id, 80)}: {said}")
    for name, count in manifest.redactions.items():
        lines.append(f"redacted  {count} times {shown(name, 80)}")
    lines.extend(f"error     {shown(error.file)}: {shown(error.message, 2 * _VALUE)}" for error in manifest.errors)
    lines.append("")
    for entry in manifest.scenarios:
        note = f" ({shown(entry.note)})" if entry.note is not UNSET else ""
        lines.append(f"{entry.outcome:<9} {shown(entry.id, _VALUE)}{note}")
    return lines


def record_lines(entry: ManifestScenario, ref: str, result: Any, volatile: Any) -> list[str]:
    """One record as lines: what ran, and each step with request, answer and what differed."""
    result, volatile = _object(result), _object(volatile)
    scenario, profile, world = (_object(result.get(name)) for name in ("scenario", "profile", "environment"))
    note = f" ({shown(entry.note)})" if entry.note is not UNSET else ""
    origin = f"{_text(profile, 'origin')} {_text(profile, 'source')}"
    lines = [
        f"record    {shown(entry.id, _VALUE)}",
        f"ref       {shown(ref, 80)}",
        f"outcome   {entry.outcome}{note}",
        f"verdict   {_text(result, 'verdict')}",
        f"scenario  {_text(scenario, 'id')} in {_text(scenario, 'file')}, {_text(scenario, 'hash')}",
        f"profile   {_text(profile, 'id')} {_text(profile, 'version')}, {origin}, {_text(profile, 'hash')}",
    ]
    specs = result.get("specs")
    listed_specs = map(_object, specs if isinstance(specs, list) else [])
    lines.extend(f"spec      {_text(spec, 'ref')}, {_text(spec, 'hash')}" for spec in listed_specs)
    if scenario.get("parameters") is not None:
        lines.append(f"row       {_text(scenario, 'row')}: {_value(scenario['parameters'])}")
    for name, label in (("capabilities", "can"), ("connectors", "connects")):
        if world.get(name):
            lines.append(f"{label:<9} {_names(world[name])}")
    at = f"{_text(volatile, 'host')} ({shown(volatile.get('worker', 'main'), 40)}), Python {_text(volatile, 'python')}"
    took = f"{_text(volatile, 'duration')} s, attempt {shown(volatile.get('attempt', 1), 20)}"
    lines.append(f"run       {_text(volatile, 'started')}, {took} on {at}, {_text(volatile, 'tool')}")
    for name, text in _object(volatile.get("notes")).items():
        lines.append(f"note      {shown(name, 80)}: {shown(text, _VALUE)}")
    steps = result.get("steps")
    for step in steps if isinstance(steps, list) else []:
        lines.append("")
        lines.extend(_step(_object(step)))
    return lines


def _step(step: dict[str, Any]) -> Iterable[str]:
    yield f"{_text(step, 'index')} {_text(step, 'name')}: {_text(step, 'verdict')}"
    request = _object(step.get("request"))
    if request:
        actor = _object(request.get("actor"))
        yield f"  request   {_text(request, 'action')} by {_text(actor, 'id')} ({_text(actor, 'role')})"
        yield f"  payload   {_value(request.get('payload'))}"
    if step.get("approval") is not None:
        yield f"  approve   {_value(step['approval'])}"
    response = _object(step.get("response"))
    if response:
        yield f"  answer    {' '.join(shown(response[name], 80) for name in ('status', 'route') if name in response)}"
        for name, label in _ANSWER:
            if response.get(name):
                yield f"  {label:<9} {_value(response[name])}"
    if "fault" in step:
        yield f"  fault     {shown(step['fault'], 5 * _VALUE)}"
    mismatches = step.get("mismatches")
    for mismatch in map(_object, mismatches if isinstance(mismatches, list) else []):
        yield f"  {_text(mismatch, 'field')}"
        yield f"    expected  {_value(mismatch.get('expected'))}"
        yield f"    actual    {_value(mismatch['actual']) if 'actual' in mismatch else '(absent)'}"


_ANSWER = (
    ("gate_id", "gate"),
    ("gate_type", "type"),
    ("reason", "reason"),
    ("instruction", "next"),
    ("missing_artifacts", "missing"),
    ("required_approval", "approval"),
    ("created_artifacts", "created"),
    ("hook_calls", "hooks"),
    ("materialization", "plan"),
)


def matching(manifest: Manifest, wanted: str) -> list[ManifestScenario]:
    """The scenarios that ``wanted`` names: by item id, by name in the file (with or without its row)."""
    for test in (_is_id, _is_name, _is_scenario):
        found = [entry for entry in manifest.scenarios if test(entry.id, wanted)]
        if found:
            return found
    return []


def known_names(manifest: Manifest) -> list[str]:
    """What could have been meant, for a hint."""
    return [name for entry in manifest.scenarios for name in (entry.id, entry.id.rpartition("::")[2])]


def listed(entries: list[ManifestScenario]) -> str:
    """Several scenarios in a message."""
    more = len(entries) - _LISTED
    return ", ".join(shown(entry.id) for entry in entries[:_LISTED]) + (f" and {more} more" if more > 0 else "")


def _is_id(item_id: str, wanted: str) -> bool:
    return item_id == wanted


def _is_name(item_id: str, wanted: str) -> bool:
    return item_id.rpartition("::")[2] == wanted


def _is_scenario(item_id: str, wanted: str) -> bool:
    return item_id.rpartition("::")[2].partition("[")[0] == wanted


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(data: dict[str, Any], name: str) -> str:
    return shown(data.get(name, "?"), _VALUE)


def _names(value: Any) -> str:
    return shown(", ".join(map(str, value)) if isinstance(value, list) else value, _VALUE)


def _value(value: Any) -> str:
    if isinstance(value, str):
        return shown(value, _VALUE)
    return shown(json.dumps(value, ensure_ascii=False), _VALUE)
