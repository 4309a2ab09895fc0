"""Which scenarios are tried on a mutant, and what is remembered between two."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from pytest_fluxscenario.analysis.mutation.hunt import Hunt
from pytest_fluxscenario.analysis.mutation.operators import mutants_of
from pytest_fluxscenario.analysis.mutation.process import Process
from pytest_fluxscenario.analysis.mutation.schemas import RememberedSchemas, WithoutSchema
from pytest_fluxscenario.analysis.mutation.trial import RememberedHooks
from pytest_fluxscenario.analysis.mutation.trials import Document, load_trials
from pytest_fluxscenario.analysis.mutation.workers import WorkerError, hunt_in
from pytest_fluxscenario.packs.files import FolderFiles
from pytest_fluxscenario.packs.load import load_pack
from pytest_fluxscenario.packs.resolve import Resolver
from pytest_fluxscenario.runner.suite import Suite
from pytest_fluxscenario.runtimes.port import HookCall, HookOutcome
from tests.fakes.packs import scenario, step, write, write_pack


@pytest.fixture
def hunt(tmp_path: Path) -> Hunt:
    folder = write_pack(tmp_path / "small")
    asked = {"status": "nok", "route": "AskUser", "gate_id": "what_required"}
    path = write(
        folder / "scenarios" / "all.json",
        scenario("begins"),
        scenario("asks", step(payload={}, expect=asked)),
        scenario("waives", step("waive", "work.waive", expect={"status": "nok", "route": "AwaitApproval"})),
        scenario("twice", step(idempotency_key="k"), step("again", idempotency_key="k")),
    )
    suite = Suite(str(tmp_path), Resolver(str(tmp_path)))
    pack = load_pack(FolderFiles(str(folder), "small"))
    name = "small/scenarios/all.json"
    trials = load_trials(suite, pack, [Document(name, lambda: suite.read(str(path), name))])
    assert [trial.case.scenario.id for trial in trials.passing] == ["begins", "asks", "waives", "twice"]
    return Hunt(Process.of(pack), trials.passing)


def _verdicts(hunt: Hunt) -> dict[str, Any]:
    return {mutant.id: verdict for mutant, verdict in hunt.try_all(mutants_of(hunt.process))}


def test_only_scenarios_that_ask_for_what_changed_are_tried(hunt: Hunt) -> None:
    verdicts = _verdicts(hunt)
    assert verdicts["gate-dropped:waiver_needs_approval"].runs == 1
    assert verdicts["gate-dropped:waiver_needs_approval"].by.endswith("::waives")
    assert verdicts["gate-dropped:what_required"].by.endswith("::asks")
    assert verdicts["gate-dropped:check_needs_facts"] == replace(
        verdicts["gate-dropped:check_needs_facts"], fate="survived", runs=0, near=()
    )


def test_a_replay_is_noticed_only_by_who_expects_it(hunt: Hunt) -> None:
    # The scenario sends a key twice, and says nothing of a replay.
    assert _verdicts(hunt)["idempotency-ignored:keys"].fate == "survived"
    assert _verdicts(hunt)["idempotency-ignored:keys"].runs == 1


def test_workers_give_the_same_verdicts_in_the_same_order(hunt: Hunt) -> None:
    mutants = mutants_of(hunt.process)
    alone = list(hunt_in(1, hunt, mutants))
    assert list(hunt_in(2, hunt, mutants)) == alone
    assert list(hunt_in(7, hunt, mutants)) == alone


def test_all_that_notice_are_found_where_they_are_asked_for(hunt: Hunt) -> None:
    every = _verdicts(replace(hunt, every=True))
    until = _verdicts(hunt)
    for name, verdict in every.items():
        assert (verdict.fate, verdict.by) == (until[name].fate, until[name].by)
        assert verdict.runs >= until[name].runs
        assert bool(verdict.all) == (verdict.fate == "killed")
    # Whoever begins is told that its artifact needs no field; whoever is stopped before is not.
    assert until["role-allowed:work.start+task_user"].all == ()
    always = every["condition-always:what_required"]
    assert [hunt.trials[at].case.scenario.id for at in always.all] == ["begins", "twice"]
    assert always.runs == 3


def test_a_worker_that_dies_is_no_verdict(hunt: Hunt) -> None:
    @dataclass(frozen=True)
    class Deadly(Hunt):
        def try_one(self, mutant: Any) -> Any:
            raise SystemExit(3)

    mutants = mutants_of(hunt.process)
    with pytest.raises(WorkerError, match="a worker process ended before its work was done"):
        list(hunt_in(2, Deadly(hunt.process, hunt.trials), mutants))


@dataclass
class _Counting:
    calls: list[Any] = field(default_factory=list)

    def call(self, call: HookCall) -> HookOutcome:
        self.calls.append(call)
        return HookOutcome("ok", {"n": len(self.calls)})

    def faults(self, artifact_type: str, payload: dict[str, Any]) -> tuple[str, ...]:
        self.calls.append(payload)
        return (artifact_type,)


def test_a_hook_is_called_once_for_each_different_call() -> None:
    counting = _Counting()
    hooks = RememberedHooks(counting)
    one = HookCall("h", "run-1", "p", "1.0.0", None, {"a": 1})
    assert hooks.call(one) == hooks.call(replace(one, payload={"a": 1}))
    assert hooks.call(replace(one, payload={"a": 2})) != hooks.call(one)
    assert hooks.call(replace(one, hook_id="other")) != hooks.call(one)
    assert len(counting.calls) == 3


def test_a_payload_is_held_against_its_schema_once() -> None:
    counting = _Counting()
    check = RememberedSchemas(counting)
    assert check.faults("quote", {"a": 1}) == check.faults("quote", {"a": 1}) == ("quote",)
    assert check.faults("plan", {"a": 1}) == ("plan",)
    assert check.faults("quote", {"a": True}) == ("quote",)
    assert len(counting.calls) == 3
    assert WithoutSchema(check, "quote").faults("quote", {"b": 1}) == ()
    assert WithoutSchema(check, "quote").faults("plan", {"b": 1}) == ("plan",)
