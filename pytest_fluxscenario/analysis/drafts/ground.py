"""What all probes of one pack stand on: its rules, its hooks, what answers show, and examples of its artifacts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from pytest_fluxscenario.analysis.drafts.probe import Answered, Probe, answer
from pytest_fluxscenario.analysis.space.examples import Examples
from pytest_fluxscenario.analysis.space.payloads import payloads_of
from pytest_fluxscenario.control.artifacts import CONTROLLER, candidate_fault
from pytest_fluxscenario.control.rules import ActionRule, Rules
from pytest_fluxscenario.evidence.coverage_chart import Chart
from pytest_fluxscenario.model.evidence import StepResult
from pytest_fluxscenario.model.profile import ArtifactType
from pytest_fluxscenario.model.request import Environment, GivenArtifact
from pytest_fluxscenario.packs.pack import Pack
from pytest_fluxscenario.runtimes.port import HookRuntime


@dataclass(frozen=True)
class Ground:
    """What all probes of one pack stand on."""

    pack: Pack
    rules: Rules
    environment: Environment
    hooks: HookRuntime
    examples: Examples
    #: What answers show.
    chart: Chart
    #: Types of artifacts of which no example was found that the rules admit.
    unknown: set[str] = field(default_factory=set)
    _records: dict[str, GivenArtifact | None] = field(default_factory=dict)

    def answer(self, probe: Probe) -> Answered | None:
        """What the pack as it is answers, and what that shows."""
        found = answer(probe, self.rules, self.environment, self.hooks)
        if found is None:
            return None
        pairs = enumerate(zip(probe.asks, found.responses, strict=True), 1)
        steps = [StepResult(at, "", "passed", request=ask.request, response=response) for at, (ask, response) in pairs]
        results = dict(enumerate(found.results, 1))
        environment = probe.environment or self.environment
        return replace(found, mask=self.chart.seen(steps, environment, probe.approvals, (), results))

    def payloads(self, rule: ActionRule) -> tuple[dict[str, Any], ...]:
        """The payloads of an action that its rules can tell apart, the most ordinary first."""
        return payloads_of(self.rules, rule, self.examples.of(rule.action.id), self.pack.schemas).payloads

    def record(self, name: str) -> GivenArtifact | None:
        """An artifact of a type as a run may hold it; None where none is found."""
        if name not in self._records:
            self._records[name] = found = self._find(self.rules.artifact_types[name])
            if found is None:
                self.unknown.add(name)
        return self._records[name]

    def _find(self, kind: ArtifactType) -> GivenArtifact | None:
        for rule in self.rules.actions.values():
            if kind not in rule.produces:
                continue
            source = CONTROLLER if rule.source_is_controller else next(iter(sorted(rule.roles)), "agent")
            if kind.allowed_sources is not None and source not in kind.allowed_sources and kind.allowed_sources:
                source = kind.allowed_sources[0]
            for payload in self.payloads(rule):
                if candidate_fault(self.rules, kind, payload, source) is None:
                    return GivenArtifact(kind.id, payload, source)
        return None
