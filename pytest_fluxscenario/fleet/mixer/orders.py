"""What racks are told when somebody lets one in, suspends or removes it, or drops a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from pytest_fluxscenario.fleet.messages.message import Command
from pytest_fluxscenario.fleet.mixer.admission import Admission
from pytest_fluxscenario.fleet.mixer.listener import Listener
from pytest_fluxscenario.fleet.mixer.registry import Registry
from pytest_fluxscenario.remote.api import RunInfo

#: What a rack has to do when that was done to it: who was let in has to say hello again, as itself.
_DO: Final[dict[str, Literal["hello", "suspend", "activate", "remove"]]] = {
    "approve": "hello",
    "suspend": "suspend",
    "activate": "activate",
    "remove": "remove",
}


@dataclass(frozen=True, slots=True)
class Orders:
    """Speaks to racks over the Snake; one that is not there hears it when it says hello."""

    listener: Listener
    registry: Registry
    admission: Admission

    async def changed(self, name: str, verb: str) -> None:
        """Tell a rack what was done to it: ``approve``, ``suspend``, ``activate`` or ``remove``.

        Raises SnakeError and WriteError where the Snake cannot be told who may connect now.
        """
        # Told while it can still hear: what was removed is let in no more.
        await self.listener.command(name, Command(do=_DO[verb]))
        await self.admission.settle()

    async def cancelled(self, info: RunInfo) -> None:
        """Tell all racks that a run was dropped."""
        for rack in self.registry.all():
            await self.listener.command(rack.name, Command(do="cancel", run=info.run))
