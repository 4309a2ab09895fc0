"""``fluxrig rack list``, ``show``, ``approve`` and so on: the racks of a Mixer, by its REST (docs/fleet.md)."""

from __future__ import annotations

import argparse
from contextlib import closing
from typing import TYPE_CHECKING, Final

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.cli.console.parser import Parser, command
from pytest_fluxscenario.cli.console.render import Outputs
from pytest_fluxscenario.cli.fleet.mixers import WHICH, client_of_process

if TYPE_CHECKING:
    from pytest_fluxscenario.remote.api import RackInfo

_VERBS: Final = {
    "approve": "let in a rack that is pending",
    "suspend": "give a rack no more work",
    "activate": "give a suspended rack work again",
}
_COLOURS: Final = {"active": "green", "pending": "yellow", "suspended": "yellow", "offline": "red"}


def add(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the commands."""
    one = command(commands, "list", "list the racks of a Mixer", "fluxrig rack list", WHICH)
    one.add_argument("--json", action="store_true", help="one JSON document on standard output")
    one.set_defaults(run=_list)
    one = command(commands, "show", "show one rack", "fluxrig rack show rack-1", WHICH)
    one.add_argument("name", metavar="NAME", help="what the rack is called")
    one.add_argument("--json", action="store_true", help="one JSON document on standard output")
    one.set_defaults(run=_show)
    for verb, does in _VERBS.items():
        one = command(commands, verb, does, f"fluxrig rack {verb} rack-1", WHICH)
        one.add_argument("name", metavar="NAME", help="what the rack is called")
        one.set_defaults(run=_tell, verb=verb)
    one = command(commands, "remove", "forget a rack: it is let in no more", "fluxrig rack remove rack-1", WHICH)
    one.add_argument("name", metavar="NAME", help="what the rack is called")
    one.set_defaults(run=_remove)


def _list(options: argparse.Namespace, outputs: Outputs) -> int:
    with closing(client_of_process()) as client:
        racks = client.racks()
    if options.json:
        outputs.json({"racks": [_plain(rack) for rack in racks]})
        return exits.DONE
    if not racks:
        outputs.err.line("no rack has said hello yet (start one: fluxrig rack start -c configs/rack.yaml)")
        return exits.DONE
    head = ("NAME", "STATE", "LOAD", "DONE", "POOLS", "GEARS", "VERSION", "LAST SEEN")
    rows = [
        (
            rack.name,
            rack.state,
            f"{len(rack.busy)}/{rack.slots}",
            str(rack.done),
            shown(",".join(rack.pools), 80),
            shown(",".join(rack.gears), 80),
            shown(rack.version, 80),
            rack.last_seen,
        )
        for rack in racks
    ]
    outputs.out.table(head, rows, [_COLOURS[rack.state] if rack.state != "active" else "" for rack in racks])
    return exits.DONE


def _show(options: argparse.Namespace, outputs: Outputs) -> int:
    with closing(client_of_process()) as client:
        rack = client.rack(options.name)
    if options.json:
        outputs.json(_plain(rack))
        return exits.DONE
    _tell_of(rack, outputs)
    return exits.DONE


def _tell(options: argparse.Namespace, outputs: Outputs) -> int:
    with closing(client_of_process()) as client:
        rack = client.tell_rack(options.name, options.verb)
    outputs.out.line(f"{rack.name}: {rack.state}")
    return exits.DONE


def _remove(options: argparse.Namespace, outputs: Outputs) -> int:
    with closing(client_of_process()) as client:
        client.remove_rack(options.name)
    outputs.out.line(f"{shown(options.name, 80)}: removed")
    return exits.DONE


def _tell_of(rack: RackInfo, outputs: Outputs) -> None:
    labels = ", ".join(f"{shown(name, 80)}={shown(value, 80)}" for name, value in sorted(rack.labels.items()))
    rows = {
        "state": rack.state,
        "version": shown(rack.version, 80),
        "key": rack.key,
        "gears": shown(", ".join(rack.gears)),
        "runtimes": shown(", ".join(rack.runtimes)) or "python alone",
        "pools": shown(", ".join(rack.pools)),
        "labels": labels,
        "load": f"{len(rack.busy)} of {rack.slots}",
        "done": str(rack.done),
        "first seen": rack.first_seen,
        "last seen": rack.last_seen,
    }
    outputs.out.line(rack.name, "bold")
    for name, value in rows.items():
        outputs.out.line(f"  {name:<12}{value}".rstrip())
    for run, item in rack.busy:
        outputs.out.line(f"  runs        {shown(item)} of {shown(run, 80)}")


def _plain(rack: RackInfo) -> object:
    import msgspec

    return msgspec.to_builtins(rack)
