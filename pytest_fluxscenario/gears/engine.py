"""The built-in engine on one pack, served as a gear: what others can be held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from msgspec import UNSET

from pytest_fluxscenario.base.clock import Clock, StandingClock
from pytest_fluxscenario.control.engine import Engine
from pytest_fluxscenario.control.memory import EngineControl
from pytest_fluxscenario.control.port import Control
from pytest_fluxscenario.control.rules import Rules
from pytest_fluxscenario.gears.port import About
from pytest_fluxscenario.gears.serving import Desk, Faults, Opening
from pytest_fluxscenario.model.request import Environment
from pytest_fluxscenario.packs.pack import Pack
from pytest_fluxscenario.runtimes.faulted import FaultedHooks
from pytest_fluxscenario.runtimes.port import HookCall, HookOutcome, HookRuntime


@dataclass(frozen=True, slots=True)
class _Hooks:
    runtime: HookRuntime
    faults: Faults

    def call(self, call: HookCall) -> HookOutcome:
        faults: Mapping[str, str] = self.faults.current
        if call.hook_id in faults:
            return FaultedHooks(self.runtime, faults).call(call)
        return self.runtime.call(call)


def engine_desk(pack: Pack, rules: Rules, hooks: HookRuntime, version: str) -> Desk:
    """A desk whose controls are the engine on ``pack``; a run that asks for another profile is an error."""

    def make(opening: Opening) -> Control:
        ask = opening.ask
        if ask.profile is not UNSET and ask.profile.hash != pack.profile_hash:
            asked = f"{ask.profile.id} {ask.profile.version} ({ask.profile.hash})"
            raise ValueError(f"serves {pack.profile.id} {pack.profile.version} ({pack.profile_hash}), not {asked}")
        requires = pack.manifest.requires
        environment = ask.environment
        if environment is UNSET:
            environment = Environment(requires.capabilities, requires.connectors)
        clock: Clock = StandingClock()
        if ask.now is not UNSET:
            clock = StandingClock(datetime.fromisoformat(ask.now))
        return EngineControl(Engine(rules, environment, _Hooks(hooks, opening.faults)), clock)

    return Desk(About(f"fluxscenario engine on {pack.profile.id}", version), make)
