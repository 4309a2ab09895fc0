"""Small processes for the tests of the engine: only what a test names is in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pytest_fluxscenario.base.clock import StandingClock
from pytest_fluxscenario.control.engine import Engine
from pytest_fluxscenario.control.memory import EngineControl
from pytest_fluxscenario.control.rules import SchemaCheck, make_rules
from pytest_fluxscenario.model.pack import Forbidden, Hook, HookContract, Hooks, Manifest, Process, Requires, Runtime
from pytest_fluxscenario.model.profile import Action, ArtifactType, CompletionReport, Gate, Profile, profile_hash
from pytest_fluxscenario.model.request import Actor, Approval, Environment, Request
from pytest_fluxscenario.model.response import RequiredApproval, Response
from pytest_fluxscenario.model.vocabulary import GateType, Mode
from pytest_fluxscenario.runtimes.in_process import HookFunction, InProcessHooks
from pytest_fluxscenario.runtimes.port import HookCall, HookOutcome, HookRuntime

ACT: Final = "change.make"
RUN: Final = "r"
START: Final = StandingClock().at
OWNER: Final = RequiredApproval("approver", "release")


def act(name: str = ACT, **more: Any) -> Action:
    """An action that agents and the system may ask for."""
    return Action(name, **{"allowed_roles": ("agent", "system"), **more})


def gate(kind: GateType = "decision", **more: Any) -> Gate:
    """A gate before ``ACT`` that says AskUser."""
    given = {"id": "the_gate", "before_action": ACT, "route": "AskUser", "reason": "why", "instruction": "what", **more}
    return Gate(type=kind, **given)


def approval_gate(**more: Any) -> Gate:
    """An approval gate before ``ACT``."""
    return gate("approval", **{"route": "AwaitApproval", "required_approval": OWNER, **more})


def hooks(*known: Hook, **contract: Any) -> Hooks:
    """A hook manifest with these hooks."""
    return Hooks(Runtime("local", "python_stdio", 1000), known, HookContract(**contract))


def validator(artifact_type: str, hook_id: str = "check", on_failure: str | None = None) -> Hook:
    """A hook that validates an artifact."""
    return Hook(hook_id, "artifact.validate", artifact_type, on_failure=on_failure)


@dataclass
class Answers:
    """A hook runtime that gives what it is told and keeps its calls."""

    #: Hook id to the result that comes back, or the outcome itself.
    given: Mapping[str, dict[str, Any] | HookOutcome] = field(default_factory=dict)
    calls: list[HookCall] = field(default_factory=list)

    def call(self, call: HookCall) -> HookOutcome:
        """The result told for that hook."""
        self.calls.append(call)
        answer = self.given[call.hook_id]
        return answer if isinstance(answer, HookOutcome) else HookOutcome("ok", answer, (), "fake", "fake")


@dataclass
class MovingClock:
    """A clock that moves when a test says so."""

    at: datetime = START

    def now(self) -> datetime:
        """The moment it was moved to."""
        return self.at

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self.at += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Faulty:
    """Schemas that find what they are told."""

    found: Mapping[str, tuple[str, ...]]

    def faults(self, artifact_type: str, payload: dict[str, Any]) -> tuple[str, ...]:
        """The faults told for that type."""
        return self.found.get(artifact_type, ())


def engine(
    *actions: Action,
    gates: Iterable[Gate] = (),
    types: Iterable[ArtifactType | str] = (),
    required: Iterable[str] = (),
    roles: Iterable[str] = ("agent", "task_user", "system", "approver"),
    version: str = "1.0.0",
    modes: Iterable[Mode] = (),
    forbidden: Iterable[str] = (),
    declared: Hooks | None = None,
    runtime: HookRuntime | Mapping[str, HookFunction] | None = None,
    schemas: SchemaCheck | None = None,
    environment: Environment | None = None,
) -> Engine:
    """The engine of a profile with these parts; ``ACT`` alone when no action is given."""
    profile = Profile(
        id="demo",
        version=version,
        roles=tuple(roles),
        actions=actions or (act(),),
        routes=("Continue", "AskUser"),
        artifact_types=tuple(ArtifactType(kind) if isinstance(kind, str) else kind for kind in types),
        gates=tuple(gates),
        completion_report=CompletionReport(tuple(required)),
    )
    manifest = Manifest(
        Process("demo", version),
        requires=Requires(materialization_modes=tuple(modes)),
        forbidden=Forbidden(hook_outputs=tuple(forbidden)),
    )
    rules = make_rules(profile, profile_hash(profile), manifest, declared, schemas)
    calls = InProcessHooks(runtime or {}) if runtime is None or isinstance(runtime, Mapping) else runtime
    return Engine(rules, environment or Environment(), calls)


def control(*actions: Action, clock: StandingClock | MovingClock | None = None, **parts: Any) -> EngineControl:
    """A control over the engine of these parts."""
    return EngineControl(engine(*actions, **parts), clock or StandingClock())


def request(
    action: str = ACT,
    payload: dict[str, Any] | None = None,
    *,
    role: str = "agent",
    actor: str = "a1",
    key: str | None = None,
    run: str = RUN,
) -> Request:
    """A request of an agent."""
    return Request(action, Actor(actor, role), payload or {}, run, key)


def ask(target: EngineControl, action: str = ACT, payload: dict[str, Any] | None = None, **more: Any) -> Response:
    """The answer to a request."""
    return target.decide(request(action, payload, **more))


def approve(target: EngineControl, run: str = RUN, **more: Any) -> None:
    """Approve ``OWNER`` by the trusted surface."""
    target.approve(run, Approval(**{"role": OWNER.role, "scope": OWNER.scope, **more}))


def brief(response: Response) -> str:
    """Status and route in one word each, with the gate where one fired: ``nok AskUser the_gate``."""
    parts: list[Any] = [response.status, response.route, response.gate_id]
    return " ".join(part for part in parts if isinstance(part, str))


def text(value: object) -> str:
    """A field of a response that a test knows to be there."""
    assert isinstance(value, str)
    return value


def at(**offset: float) -> str:
    """A moment at that distance from the start, as RFC 3339."""
    return (START + timedelta(**offset)).astimezone(UTC).isoformat()
