"""Every expected value of the packs here decides something: changed alone, it makes its scenario fail at its step."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import yaml

from pytest_fluxscenario.model.scenario import Expectation
from pytest_fluxscenario.runtimes.port import RuntimeMissing
from tests.fakes.runs import ROOT, Runs, opened, scenario_files

PACKS = ("scenarios/local_patch_review", "tests/packs/purchase", "tests/packs/vendor_onboarding")
FILES = scenario_files(*PACKS)

Path_ = tuple[str | int, ...]
#: Field to a value of its kind that no answer has.
_OTHER_WORD = {
    "status": ("ok", "nok", "error"),
    "route": ("Continue", "Blocked"),
    "gate_type": ("decision", "approval"),
}


@pytest.fixture(scope="module")
def runs() -> Iterator[Runs]:
    with opened() as made:
        yield made


def changed(field: str, value: Any) -> Any:
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if field in _OTHER_WORD:
        return next(word for word in _OTHER_WORD[field] if word != value)
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        # A pattern or a part of a text: one that nothing has.
        return value + "-changed"
    return "changed"


def of_null(field: str) -> Any:
    """A value where ``null`` expects the absence."""
    if field in ("missing_artifacts", "created_artifacts", "next_allowed_actions", "hook_calls"):
        return ["changed"]
    if field == "required_approval":
        return {"role": "approver", "scope": "changed"}
    if field == "materialization":
        return {"mode": "mock"}
    if field in ("completion_report_exists", "idempotent_replay", "idempotency_conflict"):
        return True
    return "decision" if field == "gate_type" else "changed"


def mutations(field: str, value: Any) -> Iterator[tuple[Path_, Any]]:
    """Each leaf of one expected field, as the path to it and what stands there instead."""
    pending: list[tuple[Path_, Any]] = [((), value)]
    while pending:
        path, found = pending.pop()
        if isinstance(found, dict) and found:
            if set(found) == {"any_of"}:
                # One choice may be wrong while another fits: all of them are changed at once.
                yield (*path, "any_of"), [changed(field, choice) + "!" for choice in found["any_of"]]
            else:
                pending += [((*path, key), inner) for key, inner in found.items()]
        elif isinstance(found, list) and found:
            pending += [((*path, index), inner) for index, inner in enumerate(found)]
        elif found is None:
            yield path, of_null(field)
        elif found in ([], {}):
            yield path, ["changed"]
        elif path and path[-1] == "present":
            yield path, not found
        else:
            yield path, changed(field, found)


def put(value: Any, path: Path_, new: Any) -> Any:
    """``value`` with ``new`` at ``path``."""
    if not path:
        return new
    whole = copy.deepcopy(value)
    inner = whole
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = new
    return whole


@pytest.mark.parametrize("name", FILES)
def test_every_expected_value_decides(runs: Runs, name: str) -> None:
    count = 0
    survivors: list[str] = []
    for case in runs.cases(name):
        scenario = case.scenario
        try:
            assert runs.run(case).verdict == "passed"
        except RuntimeMissing as missing:
            pytest.skip(str(missing))
        for index, step in enumerate(scenario.steps):
            if step.expectation is None:
                continue
            expectation = msgspec.to_builtins(step.expectation)
            for field, value in expectation.items():
                for path, new in mutations(field, value):
                    count += 1
                    wrong = msgspec.convert({**expectation, field: put(value, path, new)}, Expectation)
                    steps = list(scenario.steps)
                    steps[index] = msgspec.structs.replace(step, expectation=wrong)
                    outcome = runs.run(case, msgspec.structs.replace(scenario, steps=tuple(steps)))
                    bad = [one.index for one in outcome.steps if one.verdict != "passed"]
                    named = [found.field for one in outcome.steps for found in one.mismatches]
                    if outcome.verdict != "failed" or bad != [index + 1] or named != [field]:
                        survivors.append(
                            f"{case.ref.id}[{case.ref.row}] step {index + 1} {field}{path} = {new!r}: {bad}"
                        )
    assert survivors == []
    assert count >= sum(1 for _ in fields_of(name))


def fields_of(name: str) -> Iterator[str]:
    """The fields of every expectation, read without any code of the package."""
    text = (ROOT / name).read_text(encoding="utf-8")
    documents: Any = [json.loads(text)] if name.endswith(".json") else list(yaml.safe_load_all(text))
    for document in documents:
        for scenario in document if isinstance(document, list) else [document]:
            for step in scenario["steps"]:
                yield from step.get("expectation", ())


def test_the_table_counts_thousands(runs: Runs) -> None:
    """No file can drop out of the test above unseen."""
    total = 0
    for name in FILES:
        for case in runs.cases(name):
            for step in case.scenario.steps:
                if step.expectation is not None:
                    for field, value in msgspec.to_builtins(step.expectation).items():
                        total += sum(1 for _ in mutations(field, value))
    assert total > 3_000
