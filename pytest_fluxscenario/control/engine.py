"""The order of decision (control.md). The first rule that decides wins; nothing later runs.

1. Envelope: unknown protocol version, missing or wrongly typed field: ``error`` (``EngineControl`` reads it).
2. Actor: ``approver`` from this surface, or a role that the profile does not list: ``nok Blocked``.
3. Idempotency: a key used before gives the stored answer, or a conflict.
4. Completed run: nothing but a replay.
5. Action: the contract, or one that the profile declares.
6. Role of the action.
7. Gates before the action, in the order of the profile.
8. Environment: capabilities and connectors.
9. Candidates for artifact records: all admitted, or none.
10. Materialization preflight.
11. Completion.
12. Route; before it the texts of what is admitted are rendered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from msgspec import UNSET

from pytest_fluxscenario.base.text import nearest, shown
from pytest_fluxscenario.base.values import said_twice
from pytest_fluxscenario.control.answers import Decision, decision_ref, no_answer, refuse
from pytest_fluxscenario.control.artifacts import admit
from pytest_fluxscenario.control.contract import process_contract
from pytest_fluxscenario.control.gates import first_gate
from pytest_fluxscenario.control.hooks import HookCaller
from pytest_fluxscenario.control.idempotency import earlier_answer, remember
from pytest_fluxscenario.control.materialization import preflight
from pytest_fluxscenario.control.rendering import render
from pytest_fluxscenario.control.rules import ActionRule, Rules
from pytest_fluxscenario.control.state import ArtifactRecord, Effects, Run
from pytest_fluxscenario.model.request import Environment, Request
from pytest_fluxscenario.model.response import Materialization, Response
from pytest_fluxscenario.model.vocabulary import CONTRACT_ACTION
from pytest_fluxscenario.runtimes.port import HookRuntime

_ROUTE_OF_MODE = {"mock": "MaterializeMock", "shadow": "MaterializeMock", "real": "MaterializeAllowed"}


@dataclass(frozen=True, slots=True)
class Engine:
    """Decides requests by one pack's rules, in one environment.

    Pure: the same run, request, time and hook results give the same answer.
    """

    rules: Rules
    environment: Environment
    hooks: HookRuntime

    def decide(self, run: Run, request: Request, now: datetime) -> Decision:
        """The answer to a well-formed request, and what it changes in the run; the run itself is left as it is.

        Raises HookUnavailable where a hook is needed that nothing can run.
        """
        rules = self.rules
        profile = rules.profile
        if (
            run.profile_hash != rules.profile_hash
            or run.profile_version != profile.version
            or run.profile_id != profile.id
        ):
            reason = f"The run began under the profile {run.profile_id} {run.profile_version} ({run.profile_hash})."
            instruction = "Finish the run under the profile that it began with, or begin a new run."
            return no_answer(reason, instruction, run.run_id, profile.id, profile.version, rules.profile_hash)
        twice = said_twice(request.payload)
        if twice is not None:
            # A gate would look at one of the two values, and whoever acts on the payload at the other.
            reason = f"The payload says '{shown(twice, 80)}' twice: as a key, and as a path to another value."
            return no_answer(
                reason, "Leave one of them out.", run.run_id, profile.id, profile.version, rules.profile_hash
            )
        role = request.actor.role
        if role == "approver" or role not in rules.roles:
            return self._foreign_role(run, role)
        earlier = earlier_answer(rules, run, request)
        if earlier is not None:
            return earlier
        return remember(self._fresh(run, request, now), request)

    def _fresh(self, run: Run, request: Request, now: datetime) -> Decision:
        """Rules 4 to 6, for a request that was not answered before."""
        rules = self.rules
        if run.completed:
            return refuse(rules, run, "Blocked", "The run is complete.", "Begin a new run.")
        if request.action == CONTRACT_ACTION:
            return self._allow(run, "Continue", next_actions=tuple(rules.actions), contract=True)
        rule = rules.actions.get(request.action)
        if rule is None:
            return self._unknown_action(run, request.action)
        if request.actor.role not in rule.roles:
            reason = f"The role '{request.actor.role}' may not ask for {rule.action.id}."
            return refuse(rules, run, "Blocked", reason, f"Roles that may: {', '.join(sorted(rule.roles)) or 'none'}.")
        return self._act(run, rule, request, HookCaller(rules, run, self.hooks), now)

    def _act(self, run: Run, rule: ActionRule, request: Request, hooks: HookCaller, now: datetime) -> Decision:
        """Rules 7 to 12, for an action that the actor may ask for."""
        rules = self.rules
        if rule.gates:
            stopped = first_gate(rules, run, rule.gates, request.payload, hooks, now)
            if stopped is not None:
                return stopped
        lacking = self._lacking(rule)
        if lacking is not None:
            instruction = "Run where it is offered, or ask for it to be provided."
            return refuse(rules, run, "Blocked", lacking, instruction, hook_calls=hooks.calls)
        records = admit(rules, run, rule, request, hooks, now) if rule.produces else ()
        if isinstance(records, Decision):
            return records
        plan: Materialization | None = None
        if rule.action.materialization_mode is not None:
            planned = preflight(rules, run, rule, request, hooks, now)
            if isinstance(planned, Decision):
                return planned
            plan = planned
        if rule.action.completes_run:
            incomplete = self._incomplete(run, records, hooks, now)
            if incomplete is not None:
                return incomplete
        if rules.renderers:
            unrendered = render(rules, run, rule, request.payload, hooks)
            if unrendered is not None:
                return unrendered
        return self._allow(run, _route(rule), rule=rule, records=records, plan=plan, hooks=hooks)

    def _foreign_role(self, run: Run, role: str) -> Decision:
        if role == "approver":
            reason = "An approver does not act through control requests."
            return refuse(self.rules, run, "Blocked", reason, "Approve by the trusted surface.")
        reason = f"The role '{shown(role, 80)}' is not one of this process."
        return refuse(self.rules, run, "Blocked", reason, f"Roles: {', '.join(self.rules.profile.roles)}.")

    def _unknown_action(self, run: Run, action: str) -> Decision:
        close = nearest(action, self.rules.actions)
        known = "Did you mean " + " or ".join(close) + "?" if close else f"Ask {CONTRACT_ACTION} for the actions."
        reason = f"The process declares no action '{shown(action, 80)}'."
        return refuse(self.rules, run, "Blocked", reason, known)

    def _lacking(self, rule: ActionRule) -> str | None:
        for kind, needed, offered in (
            ("capability", rule.action.required_capabilities, self.environment.capabilities),
            ("connector", rule.action.required_connectors, self.environment.connectors),
        ):
            for name in needed:
                if name not in offered:
                    return f"The environment does not offer the {kind} '{name}', which {rule.action.id} requires."
        return None

    def _incomplete(
        self, run: Run, records: tuple[ArtifactRecord, ...], hooks: HookCaller, now: datetime
    ) -> Decision | None:
        own = {record.type for record in records if record.counts(now)}
        required = self.rules.profile.completion_report.required
        missing = tuple(name for name in required if name not in own and not run.holds(name, now))
        if not missing:
            return None
        reason = f"The completion report lacks {', '.join(missing)}."
        instruction = "Produce what is missing, then complete the run."
        return refuse(
            self.rules, run, "InstructAgent", reason, instruction, hook_calls=hooks.calls, missing_artifacts=missing
        )

    def _allow(
        self,
        run: Run,
        route: str,
        *,
        rule: ActionRule | None = None,
        records: tuple[ArtifactRecord, ...] = (),
        plan: Materialization | None = None,
        hooks: HookCaller | None = None,
        next_actions: tuple[str, ...] = (),
        contract: bool = False,
    ) -> Decision:
        rules = self.rules
        created = tuple([record.artifact_id for record in records])
        completes = rule is not None and rule.action.completes_run
        refs = (decision_ref(run), *created)
        response = Response(
            status="ok",
            run_id=run.run_id,
            profile_id=rules.profile.id,
            profile_version=rules.profile.version,
            profile_hash=rules.profile_hash,
            route=route,
            created_artifacts=created,
            created_artifact_types=tuple([record.type for record in records]),
            next_allowed_actions=next_actions if rule is None else rule.action.next_actions,
            evidence_refs=(*refs, f"{run.run_id}/completion_report") if completes else refs,
            completion_report_exists=completes,
            materialization=UNSET if plan is None else plan,
            hook_calls=hooks.calls if hooks is not None and hooks.records else (),
            contract=process_contract(rules) if contract else UNSET,
        )
        return Decision(response, Effects(records, completes))


def _route(rule: ActionRule) -> str:
    if rule.action.completes_run:
        return "Complete"
    return _ROUTE_OF_MODE.get(rule.action.materialization_mode or "", "Continue")


def new_run(rules: Rules, run_id: str) -> Run:
    """A run bound to the profile of these rules."""
    return Run(run_id, rules.profile.id, rules.profile.version, rules.profile_hash)
