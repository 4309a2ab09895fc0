"""What a Mixer stands on before anybody can reach it: its folder, its keys, its database, and the racks it knows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from pytest_fluxscenario.base.clock import Clock
from pytest_fluxscenario.evidence.circumstances import tool
from pytest_fluxscenario.fleet.messages.keys import Key, keep_key
from pytest_fluxscenario.fleet.messages.passport import issue
from pytest_fluxscenario.fleet.mixer.config import MixerConfig
from pytest_fluxscenario.fleet.mixer.history.database import Database
from pytest_fluxscenario.fleet.mixer.registry import Rack, Registry
from pytest_fluxscenario.fleet.snake.permissions import Accounts


@dataclass(frozen=True, slots=True)
class Ground:
    """What lasts from one start of a Mixer to the next."""

    #: Its own, and the one by which strangers come to say hello.
    key: Key
    joining: Key
    database: Database
    registry: Registry

    def accounts(self) -> Accounts:
        """Who may connect to the Snake now."""
        return Accounts(self.key.public, self.joining.public, self.registry.accounts())

    def passport(self, rack: Rack) -> bytes:
        """The passport of a rack that was let in."""
        return issue(self.key, rack.name, rack.key, rack.pools)


@contextmanager
def ground_of(config: MixerConfig, database: str, clock: Clock) -> Iterator[Ground]:
    """That of a data folder, with the database of that name in it, which is closed at the end.

    Raises FluxError where the database or a key cannot be used.
    """
    data, racks = config.data, config.racks
    with closing(Database(os.path.join(data, database))) as opened:
        key, joining = (keep_key(os.path.join(data, "keys", name)) for name in ("mixer.nk", "joining.nk"))
        reserved = frozenset((key.public, joining.public))
        registry = Registry(
            opened, tool(), config.work.pools, racks.auto_adopt, racks.adopt, racks.offline_after, reserved, clock
        )
        registry.load()
        yield Ground(key, joining, opened, registry)
