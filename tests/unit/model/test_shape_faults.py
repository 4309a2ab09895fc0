"""A document that is all faults costs little, and no fault hides behind good parts."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest

from pytest_fluxscenario.base.place import Place, Pointer
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.model.findings import MOST
from pytest_fluxscenario.model.scenario import Scenario
from pytest_fluxscenario.model.shapes import shape_problems


def locate(pointer: Pointer, key: bool = False) -> Place:
    return Place("f", 1, 1, pointer)


def check(data: Any) -> list[Problem]:
    return shape_problems(Scenario, data, locate)


def scenario(**fields: Any) -> dict[str, Any]:
    return {"id": "a", "profile_id": "b", "profile_version": "1", "steps": [{"name": "a"}], **fields}


def bad_names(count: int) -> dict[str, Any]:
    return scenario(steps=[{"name": "a", "expectation": {"status": "ok", "missing_artifacts": [1] * count}}])


@pytest.mark.parametrize(
    "data",
    [
        bad_names(90_000),
        scenario(steps=[{"name": "a", "action": 5, "expectation": {"rout": 1}}] * 20_000),
        scenario(steps="x" * 250_000, **{f"id{number}": 1 for number in range(50_000)}),
        scenario(steps=[{"name": "a", "faults": {f"h{number}": number for number in range(50_000)}}]),
        scenario(id=5, steps=[{"name": "a", "payload": {"x": [[["y"] * 100] * 100] * 9}}] * 2),
        [scenario()] * 20_000,
    ],
    ids=["names", "steps", "fields", "faults", "payload", "list"],
)
def test_a_document_of_faults_is_told_within_bounds(data: Any) -> None:
    check(scenario(id=5))  # jsonschema is imported once for a session
    begun = time.process_time()
    problems = check(data)
    took = time.process_time() - begun
    assert 1 <= len(problems) <= MOST + 1
    assert all(len(str(problem).encode()) < 2048 for problem in problems)
    # About 45 ms where nothing else runs; a processor may be several times as slow while others share it.
    assert took < 5


def test_many_faults_are_counted() -> None:
    problems = check(bad_names(300))
    assert problems[-1].code == "shape.more"
    assert problems[-1].message == "and 250 more like these"


@pytest.mark.parametrize("good", [0, 1, 5, 2_000])
def test_the_last_of_many_parts_is_found_with_its_own_pointer(good: int) -> None:
    step = {"name": "ok", "expectation": {"status": "ok", "missing_artifacts": ["a"] * 5}}
    late = {
        "name": "late",
        "expectation": {"status": "ok", "missing_artifacts": [*["a"] * good, 5, "b", 6], "rout": "x"},
    }
    problems = check(scenario(steps=[*[step] * good, late, {"nam": "x"}]))
    names: Pointer = ("steps", good, "expectation", "missing_artifacts")
    assert {problem.place.pointer for problem in problems} == {
        (*names, good),
        (*names, good + 2),
        ("steps", good, "expectation", "rout"),
        ("steps", good + 1),
        ("steps", good + 1, "nam"),
    }


def test_what_lies_too_deep_is_not_walked() -> None:
    deep: Any = []
    for _ in range(900):
        deep = [deep]
    (problem,) = check(scenario(id=5, steps=[{"name": "a", "payload": {"x": deep}}]))
    assert problem.place.pointer == ("id",)


def test_the_fault_that_only_the_decoder_knows_is_told() -> None:
    class Count(msgspec.Struct):
        numbers: dict[str, list[int]]

    (problem,) = shape_problems(Count, {"numbers": {"a": [1, 2.0]}}, locate)
    assert problem.code == "shape.refused"
    assert problem.message == "'numbers': expected 'int', got 'float'"
    assert problem.place.pointer == ("numbers",)
