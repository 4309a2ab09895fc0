"""What a gear is: something that gives a control for each scenario; fleet.md has the name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.control.port import Control
from pytest_fluxscenario.model.request import Approval, Environment, Given, Request
from pytest_fluxscenario.model.response import Response
from pytest_fluxscenario.packs.pack import Pack
from pytest_fluxscenario.runtimes.port import RuntimeMissing

#: What a gear may be able to do beyond answering requests; scenarios that need what it cannot do are skipped.
GIVEN: Final = "given"
APPROVE: Final = "approve"
FAULTS: Final = "faults"
FEATURES: Final = (GIVEN, APPROVE, FAULTS)


@dataclass(frozen=True, slots=True)
class Stage:
    """What a scenario runs on, as a gear is told."""

    pack: Pack
    environment: Environment
    #: The time of the scenario; it stands still.
    now: datetime
    #: The faults of hooks that the step under way asks for: hook id to fault.
    faults: Callable[[], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class About:
    """What a gear says of itself."""

    name: str
    version: str = ""
    features: frozenset[str] = frozenset(FEATURES)

    def __str__(self) -> str:
        return f"{self.name} {self.version}".rstrip()


class Gear(Protocol):
    """A control implementation, open for one session."""

    @property
    def about(self) -> About:
        """What it says of itself. Raises GearError where it cannot be reached."""
        ...

    def control(self, stage: Stage) -> Control:
        """A control with no runs, for one scenario. Raises GearError."""
        ...

    def close(self) -> None:
        """Let go of processes and connections; may be called again."""
        ...


class GearError(FluxError):
    """A gear cannot be used, or gave no answer that can be read."""


class GearStepError(GearError):
    """An answer to another message than the one that was sent: what comes next cannot be trusted either."""


class GearLacksError(RuntimeMissing):
    """The gear says that it cannot do what a scenario asks for: no verdict is possible, and none is made up."""


@dataclass(slots=True)
class GearControl:
    """A control that is asked of its gear when the run begins: a gear that cannot be had is a verdict, no crash."""

    gear: Gear
    stage: Stage
    _control: Control | None = None

    def begin(self, run_id: str, given: Given) -> None:
        """Open the run. Raises GearError, or whatever the control raises."""
        self._control = self.gear.control(self.stage)
        self._control.begin(run_id, given)

    def decide(self, request: Request) -> Response | Mapping[str, Any]:
        """The control's answer, which must have been decided by the profile under test. Raises GearError."""
        answer = self._begun().decide(request)
        return checked(answer, self.stage.pack, str(self.gear.about))

    def approve(self, run_id: str, approval: Approval) -> None:
        """Hand over one approval."""
        self._begun().approve(run_id, approval)

    def _begun(self) -> Control:
        if self._control is None:
            self._control = self.gear.control(self.stage)
        return self._control


def checked(answer: Response | Mapping[str, Any], pack: Pack, gear: str) -> Response | Mapping[str, Any]:
    """The answer. Raises GearError where another profile decided: right answers of other rules prove nothing."""
    if isinstance(answer, Response):
        said: tuple[Any, ...] = answer.profile_id, answer.profile_version, answer.profile_hash
    else:
        said = answer.get("profile_id"), answer.get("profile_version"), answer.get("profile_hash")
    asked = pack.profile.id, pack.profile.version, pack.profile_hash
    if said != asked:
        message = f"the gear {gear} decided by the profile {_named(said)}, and {_named(asked)} is under test"
        raise GearError.of("gear.profile", Place(""), message, "have it load the pack that the scenarios run on")
    return answer


def _named(profile: tuple[Any, ...]) -> str:
    return shown(f"{profile[0]} {profile[1]} ({str(profile[2])[:19]}…)", 200)
