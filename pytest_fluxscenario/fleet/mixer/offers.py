"""What the active racks of a pool have to give, all of them together."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_fluxscenario.fleet.mixer.registry import Registry
from pytest_fluxscenario.gears.settings import ENGINE


@dataclass(frozen=True, slots=True)
class Offers:
    """Asks the registry."""

    registry: Registry

    def gears(self, pool: str) -> dict[str, int]:
        """Each gear to how many racks offer it."""
        active = self.registry.active(pool)
        names = sorted({gear for rack in active for gear in rack.gears})
        return {name: sum(name in rack.gears for rack in active) for name in names}

    def slots(self, pool: str) -> int:
        """How many scenarios run at a time."""
        return sum(rack.slots for rack in self.registry.active(pool))

    def can(self, pool: str, need: str) -> bool:
        """Whether one has the engine, and what hooks need."""
        return any(ENGINE in rack.gears and need in rack.runtimes for rack in self.registry.active(pool))
