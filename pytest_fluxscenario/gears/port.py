"""What a gear is: something that gives a control for each scenario; fleet.md has the name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import msgspec

from pytest_fluxscenario.base.canonical import canonical
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
    #: The ``traceparent`` of the step under way; empty where nothing is traced.
    trace: Callable[[], str] = str


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
    def name(self) -> str:
        """What messages call it."""
        ...

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


class Choice(Protocol):
    """What the scenarios of a session run against."""

    def of(self, pack: Pack) -> Gear | None:
        """The gear of a pack's scenarios; None for the built-in engine. Raises ProfileError where there is none."""
        ...

    def close(self) -> None:
        """Let go of all that were opened."""
        ...


@dataclass(frozen=True, slots=True)
class Only:
    """One gear for all packs."""

    gear: Gear

    def of(self, pack: Pack) -> Gear:  # noqa: ARG002 - the port's signature
        """That one."""
        return self.gear

    def close(self) -> None:
        """Close it."""
        self.gear.close()


class GearError(FluxError):
    """A gear cannot be used, or gave no answer that can be read."""


class GearStepError(GearError):
    """An answer to another message than the one that was sent: what comes next cannot be trusted either."""


class GearSaysError(GearError):
    """The gear answered that it cannot do what it was asked; it is in step, and can be asked something else."""


class GearLacksError(RuntimeMissing):
    """The gear says that it cannot do what a scenario asks for: no verdict is possible, and none is made up."""


@dataclass(slots=True)
class GearControl:
    """A control that is asked of its gear when the run begins: a gear that cannot be had is a verdict, no crash."""

    gear: Gear
    stage: Stage
    #: What the gear calls itself, once it has been asked for a control.
    about: str = ""
    _control: Control | None = None

    @property
    def name(self) -> str:
        """What the gear calls itself; what it is called here where it was not reached."""
        return self.about or self.gear.name

    def begin(self, run_id: str, given: Given) -> None:
        """Open the run. Raises GearError, or whatever the control raises."""
        self._control = self._open()
        self._control.begin(run_id, given)

    def decide(self, request: Request) -> Mapping[str, Any]:
        """The control's answer, for that run and decided by the profile under test. Raises GearError."""
        answer = self._begun().decide(request)
        return checked(answer, request, self.stage.pack, self.about)

    def approve(self, run_id: str, approval: Approval) -> None:
        """Hand over one approval."""
        self._begun().approve(run_id, approval)

    def _begun(self) -> Control:
        if self._control is None:
            self._control = self._open()
        return self._control

    def _open(self) -> Control:
        control = self.gear.control(self.stage)
        self.about = str(self.gear.about)
        return control


def checked(answer: Response | Mapping[str, Any], request: Request, pack: Pack, gear: str) -> Mapping[str, Any]:
    """The answer as plain data, whose shape is the runner's to check.

    Raises GearError where it is for another run, where another profile decided (right answers of other rules prove
    nothing), and where it has no JSON form.
    """
    try:
        plain = msgspec.to_builtins(answer)
        canonical(plain)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        message = f"the gear {gear} answers with what JSON cannot say: {shown(error, 300)}"
        raise GearError.of("gear.answer", Place(""), message) from None
    if not isinstance(plain, dict):
        message = f"the gear {gear} answers with a {shown(type(answer).__name__, 80)}, and not with an object"
        raise GearError.of("gear.answer", Place(""), message)
    if plain.get("run_id") != request.run_id:
        raise other_run(gear, plain.get("run_id"))
    said = plain.get("profile_id"), plain.get("profile_version"), plain.get("profile_hash")
    asked = pack.profile.id, pack.profile.version, pack.profile_hash
    if said != asked:
        message = f"the gear {gear} decided by the profile {_named(said)}, and {_named(asked)} is under test"
        raise GearError.of("gear.profile", Place(""), message, "have it load the pack that the scenarios run on")
    return plain


def other_run(gear: str, said: object) -> GearError:
    """The error of an answer that is for another run than the one that was asked for."""
    message = f"the gear {gear} answers for the run '{shown(said, 80)}', and was asked for another"
    return GearError.of("gear.run", Place(""), message, "give the run_id of the request back")


def _named(profile: tuple[Any, ...]) -> str:
    return shown(f"{profile[0]} {profile[1]} ({str(profile[2])[:19]}…)", 200)
