"""Who may say what on the Snake: the accounts of the server that the Mixer starts (fleet.md, "Security").

The Mixer may do all. A rack that has been adopted takes from the queues of its pools and gears, and says what is its
own to say. Whoever has only the key for joining may say hello, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pytest_fluxscenario.fleet.messages import subjects
from pytest_fluxscenario.fleet.messages.errors import SnakeError
from pytest_fluxscenario.fleet.messages.keys import key_fault
from pytest_fluxscenario.fleet.messages.subjects import Queue, token
from pytest_fluxscenario.gears.settings import ENGINE

#: Under what name a rack connects that has not been adopted yet; no rack can be called so.
JOINING: Final = "joining"
MIXER: Final = "mixer"
_RESERVED: Final = (JOINING, MIXER)


def rack_name_fault(name: str) -> str | None:
    """Why a rack cannot have that name; None where it can."""
    if name in _RESERVED:
        return f"'{name}' is kept for the fleet itself"
    try:
        token(name, "rack")
    except SnakeError as error:
        return error.problems[0].hint
    return None


@dataclass(frozen=True, slots=True)
class RackAccount:
    """A rack that may connect."""

    name: str
    #: Public nkey.
    key: str
    pools: tuple[str, ...] = ("default",)
    #: What it offers: it may take the work of these alone.
    gears: tuple[str, ...] = (ENGINE,)
    #: What hooks can run on there.
    runtimes: tuple[str, ...] = ()

    def queues(self) -> Iterator[Queue]:
        """What it takes from."""
        for pool in self.pools:
            yield from (subjects.work(pool, gear) for gear in self.gears)
            if ENGINE in self.gears:
                # A gear calls hooks itself, or has none.
                yield from (subjects.work_needing(pool, need) for need in self.runtimes)


@dataclass(frozen=True, slots=True)
class Accounts:
    """All who may connect, by their public keys."""

    mixer: str
    joining: str
    racks: Mapping[str, RackAccount] = field(default_factory=dict)

    def users(self, *, own: bool = True) -> list[dict[str, Any]]:
        """The users as a server's configuration writes them. Raises ValueError for a key that is none.

        On a server that is not its own the Mixer is permitted what it needs, and no more.
        """
        mixer = _user(self.mixer, [">"], [">"]) if own else _user(self.mixer, *_mixing())
        users = [mixer, _user(self.joining, [subjects.HELLO], [f"_INBOX.{JOINING}.>"])]
        users.extend(_rack(rack) for _, rack in sorted(self.racks.items()))
        keys = [user["nkey"] for user in users]
        if len(set(keys)) != len(keys):
            raise ValueError("two accounts have one key")
        return users


def _mixing() -> tuple[list[str], list[str]]:
    """What a Mixer publishes and subscribes."""
    publish = [*subjects.STREAMS.values(), "flux.rack.*.command", subjects.MIXERS, "_INBOX.>"]
    for stream in subjects.STREAMS:
        publish += [f"$JS.API.STREAM.{verb}.{stream}" for verb in ("INFO", "CREATE", "UPDATE", "PURGE")]
        publish += [f"$JS.API.CONSUMER.{verb}.{stream}.>" for verb in ("CREATE", "DURABLE.CREATE")]
    queue = subjects.EVIDENCE
    publish += [f"$JS.API.CONSUMER.MSG.NEXT.{queue.stream}.{queue.name}", f"$JS.ACK.{queue.stream}.{queue.name}.>"]
    return publish, [
        subjects.HELLO,
        subjects.HEARTBEATS,
        subjects.CONTENT,
        subjects.MIXERS,
        f"_INBOX.{MIXER}.>",
    ]


def _rack(rack: RackAccount) -> dict[str, Any]:
    name = token(rack.name, "rack")
    publish = [
        subjects.HELLO,
        subjects.CONTENT,
        subjects.heartbeat(name),
        "flux.evidence.*",
        *_taking(rack.queues()),
    ]
    return _user(rack.key, publish, [subjects.commands(name), f"_INBOX.{name}.>"])


def _taking(queues: Iterable[Queue]) -> Iterator[str]:
    for queue in queues:
        yield f"$JS.API.CONSUMER.MSG.NEXT.{queue.stream}.{queue.name}"
        yield f"$JS.ACK.{queue.stream}.{queue.name}.>"


def _user(key: str, publish: list[str], subscribe: list[str]) -> dict[str, Any]:
    fault = key_fault(key)
    if fault:
        raise ValueError(f"a key {fault}")
    return {"nkey": key, "permissions": {"publish": {"allow": publish}, "subscribe": {"allow": subscribe}}}
