"""A sound scenario to break, and the two checks with places that tests can read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from pytest_fluxscenario.base.place import Place, Pointer, json_pointer
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.documents.elements import read_elements
from pytest_fluxscenario.documents.places import read_places
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.model.scenario import Scenario
from pytest_fluxscenario.model.scenario_rules import scenario_problems
from pytest_fluxscenario.model.shapes import decode, shape_problems

Edit = Callable[[dict[str, Any]], None]
Rules = Callable[..., list[str]]
Shape = Callable[..., list[str]]


def sound() -> dict[str, Any]:
    """Three steps of every common kind: an answer, a gate, an approval."""
    return {
        "id": "review-happy",
        "profile_id": "review",
        "profile_version": "1.2.0",
        "steps": [
            {
                "name": "submit",
                "action": "change.submit",
                "actor": {"id": "agent-1", "role": "agent"},
                "payload": {"ref": "CHG-1", "files": ["a", "b"]},
                "expectation": {"status": "ok", "route": "Continue", "gate_id": None, "created_artifacts": ["change"]},
            },
            {
                "name": "approve",
                "approve": {"role": "task_user", "scope": "deploy", "expires_at": "2026-02-01T00:00:00Z"},
            },
            {
                "name": "deploy",
                "action": "change.deploy",
                "actor": {"id": "agent-1", "role": "agent"},
                "payload": {},
                "expectation": {"status": "nok", "route": "Blocked", "gate_id": "window_open"},
            },
        ],
    }


def told(problem: Problem) -> str:
    """A problem as ``code place message (hint)``, with a ``~`` where a key is meant and ``?`` for a warning."""
    key = "~" if problem.place.column == 1 else ""
    warning = "?" if problem.severity == "warning" else ""
    hint = f" ({problem.hint})" if problem.hint else ""
    return f"{problem.code}{warning} {key}{json_pointer(problem.place.pointer)} {problem.message}{hint}"


def locate(pointer: Pointer, key: bool = False) -> Place:
    """A place that remembers whether a key was asked for."""
    return Place("s.yaml", 1, 1 if key else 2, pointer)


@pytest.fixture
def document() -> dict[str, Any]:
    return sound()


@pytest.fixture
def rules() -> Rules:
    """The problems that the rules find in the sound scenario after an edit."""

    def check(edit: Edit, **options: Any) -> list[str]:
        data = sound()
        edit(data)
        scenario = decode(Scenario, msgspec.json.encode(data))
        return [told(problem) for problem in scenario_problems(scenario, locate, **options)]

    return check


@pytest.fixture
def shape() -> Shape:
    """The lines that the shape check gives for a YAML text."""

    def check(text: str, kind: Any = Scenario) -> list[str]:
        data = text.encode()
        source = Source("s.yaml", data, hashlib.sha256(data).hexdigest())
        element = read_elements(source, split=False)[0]
        places = read_places(source)
        problems = shape_problems(
            kind,
            element.data,
            lambda pointer, key=False: places.at(0, pointer, key=key),
            lambda pointer: places.written(0, pointer),
        )
        return [f"{problem.code} {problem}" for problem in problems]

    return check
