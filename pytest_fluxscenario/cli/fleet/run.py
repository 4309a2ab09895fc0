"""``fluxrig run``: scenarios of a Mixer's store on its racks, and the runs of a Mixer (docs/cli.md)."""

from __future__ import annotations

import argparse
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Final

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.cli.console.parser import Parser, command, duration, gear, verbs
from pytest_fluxscenario.cli.console.render import Outputs, plural
from pytest_fluxscenario.cli.fleet.mixers import WHICH, client_of_process

if TYPE_CHECKING:
    from pytest_fluxscenario.cli.fleet.run_follow import Follower
    from pytest_fluxscenario.remote.api import RunInfo

_START: Final = f"""\
REF is looked up in the store of the Mixer: name:tag, name:latest or sha256:HASH of scenarios, of a suite, or of a
process pack with its scenarios. Without one it runs what the Mixer was started with, or what was run last. Ctrl-C drops
what has not begun. Files of this machine are run on racks by: pytest --fluxscenario-mixer=URL
{WHICH}"""
_EXITS: Final = """\
exit status: 0 all passed, 1 some did not or could not be run, or the run was cancelled, 2 it cannot be run,
130 interrupted"""
_COLOURS: Final = {"failed": "red", "passed": "", "incomplete": "yellow"}
_WAIT: Final = 60.0


def add(parser: argparse.ArgumentParser) -> None:
    """Add the commands."""
    commands = verbs(parser)
    one = command(
        commands,
        "start",
        "run a ref on the racks of a Mixer, and wait for the end",
        "fluxrig run start payment-flow:latest --evidence build/evidence",
        f"{_START}\n\n{_EXITS}",
    )
    one.add_argument("ref", metavar="REF", nargs="?", default="", help="what is run (default: what was run last)")
    one.add_argument("--pool", metavar="NAME", default="default", help="the work queue (default: default)")
    one.add_argument(
        "--gear",
        metavar="NAME",
        type=gear,
        help="what it runs against (default: what each pack names, else engine)",
    )
    one.add_argument("--key", metavar="KEY", default="", help="with the same key again it is the same run")
    one.add_argument("--no-wait", action="store_true", help="print the id of the run, and do not wait for its end")
    _add_waiting(one)
    one.set_defaults(run=_start)
    one = command(commands, "wait", "wait for the end of a run", "fluxrig run wait RUN", f"{WHICH}\n\n{_EXITS}")
    one.add_argument("id", metavar="RUN", help="the id of the run")
    _add_waiting(one)
    one.set_defaults(run=_wait)
    _add_looking(commands)


def _add_looking(commands: argparse._SubParsersAction[Parser]) -> None:
    one = command(commands, "list", "list the latest runs of a Mixer", "fluxrig run list", WHICH)
    one.add_argument("--json", action="store_true", help="one JSON document on standard output")
    one.set_defaults(run=_list)
    one = command(commands, "show", "say how far a run is, and what did not pass", "fluxrig run show RUN", WHICH)
    one.add_argument("id", metavar="RUN", help="the id of the run")
    one.add_argument("--json", action="store_true", help="one JSON document on standard output")
    one.set_defaults(run=_show)
    one = command(commands, "cancel", "drop what of a run has not begun", "fluxrig run cancel RUN", WHICH)
    one.add_argument("id", metavar="RUN", help="the id of the run")
    one.set_defaults(run=_cancel)
    example = "fluxrig run evidence RUN build/evidence"
    one = command(commands, "evidence", "fetch the evidence of a run, and verify it", example, WHICH)
    one.add_argument("id", metavar="RUN", help="the id of the run")
    one.add_argument("folder", metavar="DIR", help="where manifest.json and records.jsonl are written")
    one.set_defaults(run=_evidence)


def _add_waiting(one: Parser) -> None:
    one.add_argument("--evidence", metavar="DIR", help="write the evidence of the run there, and verify it")
    one.add_argument(
        "--patience",
        metavar="SECONDS",
        type=partial(duration, least=0.1),
        default=_WAIT,
        help=f"wait so long for an active rack, or for a Mixer that is started again (default: {_WAIT:g})",
    )
    one.add_argument("--json", action="store_true", help="one JSON document on standard output")


def _follower(options: argparse.Namespace, outputs: Outputs) -> Follower:
    from pytest_fluxscenario.cli.fleet.run_follow import Follower

    return Follower(client_of_process(), outputs, getattr(options, "patience", 0.0))


def _start(options: argparse.Namespace, outputs: Outputs) -> int:
    import secrets

    from pytest_fluxscenario.base.errors import FluxError
    from pytest_fluxscenario.remote.client import MixerError

    follower = _follower(options, outputs)
    client, key = follower.client, options.key or secrets.token_hex(16)
    with closing(client):
        info = follower.ask(lambda: client.submit_ref(options.ref, options.pool, key, options.gear or ""))
        if options.key and info.state != "running" and set(info.verdicts) != {"skipped"}:
            # A key that is the same every night would give last night's verdict for ever.
            begun = f"the run of the key '{shown(key, 80)}' was begun at {info.created} and has ended: nothing runs now"
            outputs.err.line(f"{begun} (another key runs it again)", "yellow")
        if options.no_wait:
            _tell_begun(info, options, outputs)
            return exits.DONE
        try:
            with follower.interrupts:
                outputs.err.line(
                    f"run {info.run} of {shown(info.source, 200)}: {plural(info.total, 'scenario')}", "dim"
                )
                outputs.err.flush()
                return _to_end(follower, info.run, options)
        except (KeyboardInterrupt, MixerError):
            # Nobody waits for it any more; what is under way may still come.
            try:
                client.cancel(info.run)
            except FluxError:
                outputs.err.line(f"the run {info.run} could not be dropped: the Mixer cannot be reached", "yellow")
            else:
                outputs.err.line(f"what of the run {info.run} had not begun was dropped", "yellow")
            raise


def _wait(options: argparse.Namespace, outputs: Outputs) -> int:
    follower = _follower(options, outputs)
    with closing(follower.client), follower.interrupts:
        return _to_end(follower, options.id, options)


def _to_end(follower: Follower, run: str, options: argparse.Namespace) -> int:
    from pytest_fluxscenario.cli.fleet.run_follow import status

    info = follower.wait(run)
    damaged = exits.DONE
    if options.evidence is not None:
        damaged = _fetch(follower, run, options.evidence, quiet=options.json)
    if options.json:
        follower.outputs.json(_plain(info, follower))
    else:
        follower.tell(info)
    return damaged or status(info)


def _show(options: argparse.Namespace, outputs: Outputs) -> int:
    follower = _follower(options, outputs)
    with closing(follower.client):
        info = follower.wait(options.id, to_end=False)
    if options.json:
        outputs.json(_plain(info, follower))
    else:
        follower.tell(info)
    return exits.DONE


def _list(options: argparse.Namespace, outputs: Outputs) -> int:
    from pytest_fluxscenario.cli.fleet.run_follow import summary

    with closing(client_of_process()) as client:
        runs = client.runs()
    if options.json:
        outputs.json({"runs": [_plain(info) for info in runs]})
        return exits.DONE
    if not runs:
        outputs.err.line("nothing has been run yet (run something: fluxrig run start REF)")
        return exits.DONE
    head = ("RUN", "STATE", "DONE", "BEGUN", "SOURCE", "VERDICTS")
    rows = [
        (info.run, info.state, f"{info.done}/{info.total}", info.created, shown(info.source, 60), summary(info))
        for info in runs
    ]
    outputs.out.table(head, rows, [_COLOURS[info.verdict] if info.state != "running" else "" for info in runs])
    return exits.DONE


def _cancel(options: argparse.Namespace, outputs: Outputs) -> int:
    with closing(client_of_process()) as client:
        info = client.cancel(options.id)
    outputs.out.line(f"{info.run}: {info.state}")
    return exits.DONE


def _evidence(options: argparse.Namespace, outputs: Outputs) -> int:
    follower = _follower(options, outputs)
    with closing(follower.client):
        return _fetch(follower, options.id, options.folder)


def _fetch(follower: Follower, run: str, folder: str, *, quiet: bool = False) -> int:
    from pytest_fluxscenario.cli.fleet.run_evidence import unpack
    from pytest_fluxscenario.evidence.verify import verify

    outputs = follower.outputs
    unpack(follower.ask(lambda: follower.client.evidence(run)), folder, follower.client.url)
    verified = verify(folder)
    outputs.problems(verified.problems[:20])
    verdict = verified.manifest.verdict if verified.intact else "damaged"
    if not quiet:
        said = f"evidence {verdict}, {plural(verified.records, 'record')} in {shown(folder)}"
        outputs.out.line(f"{said} (root {verified.manifest.root[:19]}…)", "dim" if verified.intact else "red")
    return exits.DONE if verified.intact else exits.DAMAGE


def _tell_begun(info: RunInfo, options: argparse.Namespace, outputs: Outputs) -> None:
    if options.json:
        outputs.json(_plain(info))
    else:
        outputs.out.line(info.run)


def _plain(info: RunInfo, follower: Follower | None = None) -> object:
    import msgspec

    plain: dict[str, object] = msgspec.to_builtins(info)
    if follower is not None:
        bad = sorted(follower.bad.items())
        plain["failures"] = [{"id": item, "outcome": counts, "why": why} for item, (counts, why) in bad]
    return plain
