"""One record as HTML: what ran, and each step with request, expectation, answer and what differs.

Records are shown from plain data: redaction may have put text where a number stood, which is to be seen, not refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from pytest_fluxscenario.base.html import code, lines, table, text

#: Longest value that is shown, in characters.
_VALUE = 4000
#: A field of an answer, and what it is called.
_ANSWER = (
    ("gate_id", "gate"),
    ("gate_type", "type of gate"),
    ("reason", "reason"),
    ("instruction", "instruction"),
    ("missing_artifacts", "missing"),
    ("required_approval", "needs approval"),
    ("created_artifact_types", "created"),
    ("next_allowed_actions", "next"),
    ("materialization", "materialization"),
)
#: Gives the line of a step, 1-based; 0 where it is not known.
Line = Callable[[dict[str, Any], object], int]


def record_html(ref: str, result: Any, volatile: Any, line: Line) -> Iterator[str]:
    """The inside of one scenario's ``<details>``."""
    result, volatile = _object(result), _object(volatile)
    scenario, profile = _object(result.get("scenario")), _object(result.get("profile"))
    words = (
        ("scenario", f"{code(scenario.get('id'))} in {code(scenario.get('file'))}"),
        ("profile", f"{text(profile.get('id'))} {text(profile.get('version'))} {code(profile.get('source'))}"),
        ("record", code(ref)),
        ("took", f"{text(volatile.get('duration', '?'), 40)} s, worker {text(volatile.get('worker', 'main'), 80)}"),
    )
    yield f"<dl>{''.join(f'<dt>{word}</dt><dd>{said}</dd>' for word, said in words)}"
    if scenario.get("parameters") is not None:
        yield f"<dt>row</dt><dd>{_value(scenario['parameters'])}</dd>"
    for name, said in _object(volatile.get("notes")).items():
        yield f"<dt>{text(name, 80)}</dt><dd><pre>{lines(str(said), _VALUE)}</pre></dd>"
    yield "</dl>"
    steps = result.get("steps")
    for step in steps if isinstance(steps, list) else []:
        yield "".join(_step(_object(step), scenario, line))


def _step(step: dict[str, Any], scenario: dict[str, Any], line: Line) -> Iterator[str]:
    verdict = step.get("verdict")
    known = verdict if verdict in ("passed", "failed", "error", "skipped") else "error"
    yield f'<article class="{known}"><h3>{text(step.get("index"), 20)} {text(step.get("name"), 400)}'
    yield f' <span class="badge">{text(verdict, 20)}</span></h3>'
    if known in ("failed", "error"):
        number = line(scenario, step.get("index"))
        if number:
            where = f"{scenario.get('file')}:{number}"
            yield f'<p class="soft">{code(where)}</p>'
    request = _object(step.get("request"))
    if request:
        actor = _object(request.get("actor"))
        yield f"<p>{code(request.get('action'))} by {text(actor.get('id'), 160)} ({text(actor.get('role'), 80)})</p>"
        yield _folded("request", request.get("payload"))
    if step.get("approval") is not None:
        yield _folded("approval", step["approval"])
    if "fault" in step:
        yield f'<p class="bad">no verdict: {text(step["fault"])}</p>'
    yield _mismatches(step.get("mismatches"))
    response = _object(step.get("response"))
    if response:
        said = " ".join(text(response[name], 80) for name in ("status", "route") if name in response)
        told = [(word, _value(response[name])) for name, word in _ANSWER if response.get(name)]
        calls = response.get("hook_calls")
        told.extend(
            ("hook", f"{text(call.get('hook_id'), 160)}: {text(call.get('status'), 80)}")
            for call in map(_object, calls if isinstance(calls, list) else [])
        )
        rows = "".join(f"<dt>{word}</dt><dd>{value}</dd>" for word, value in told)
        yield f"<dl><dt>answer</dt><dd><strong>{said}</strong></dd>{rows}</dl>"
    if step.get("expectation") is not None:
        yield _folded("expectation", step["expectation"])
    yield "</article>"


def _mismatches(found: object) -> str:
    mismatches = [_object(one) for one in found] if isinstance(found, list) else []
    if not mismatches:
        return ""
    rows = [
        (
            code(one.get("field"), 160),
            _value(one.get("expected")),
            _value(one["actual"]) if "actual" in one else '<span class="soft">absent</span>',
        )
        for one in mismatches
    ]
    return f'<div class="differs">{table(("Field", "Expected", "Came back"), rows)}</div>'


def _folded(word: str, value: Any) -> str:
    written = json.dumps(value, ensure_ascii=False, indent=1)
    return f"<details><summary>{word}</summary><pre>{lines(written, _VALUE)}</pre></details>"


def _value(value: Any) -> str:
    if isinstance(value, str):
        return text(value, _VALUE)
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return text(", ".join(value), _VALUE)
    return code(json.dumps(value, ensure_ascii=False), _VALUE)


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
