"""``fluxrig pack prove``: what holds in every state that the rules of a pack can tell apart (docs/prove.md)."""

from __future__ import annotations

import argparse
import os
from functools import partial
from typing import TYPE_CHECKING, Final

from pytest_fluxscenario.base.clock import seconds
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.cli.console.parser import Parser, command, count, duration
from pytest_fluxscenario.cli.console.progress import Progress
from pytest_fluxscenario.cli.console.render import Outputs, plural
from pytest_fluxscenario.cli.project.stores import add_store, asked_store, newest_hint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_fluxscenario.analysis.proof.counterexample import Counterexample
    from pytest_fluxscenario.analysis.proof.prove import Proof
    from pytest_fluxscenario.analysis.space.space import Space
    from pytest_fluxscenario.packs.pack import Pack
    from pytest_fluxscenario.runtimes.make import Runtimes

_PROVE: Final = """\
Explores every state that the conditions, artifacts and approvals of PACK can tell apart, with the real engine, and
checks in each that nothing is completed, materialized or allowed without what the rules demand, that no state is a dead
end, and that replays are idempotent. Hooks may say anything, and none is run, unless --hooks real is given. What does
not hold is shown by the shortest steps to it; -o writes them as a scenario.

exit status: 0 proved, 1 refuted, or not decided because a bound was met, 2 no such pack, 3 a damaged store,
130 interrupted"""
_STATES, _SECONDS, _DEPTH = 20_000, 60.0, 1_000


def add(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the command."""
    example = "fluxrig pack prove scenarios/local_patch_review"
    bound = partial(count, most=10_000_000)
    one = command(commands, "prove", "prove what holds in every state of a pack", example, _PROVE)
    one.add_argument("pack", metavar="PACK", help="a folder, a manifest, an archive, a profile, or a ref of the store")
    one.add_argument("--hooks", choices=("any", "real"), default="any", help="what hooks say (default: any)")
    one.add_argument("-o", "--output", metavar="DIR", help="write a scenario for each property that does not hold")
    one.add_argument(
        "--max-states",
        metavar="N",
        type=bound,
        default=_STATES,
        help=f"the most states (default: {_STATES})",
    )
    one.add_argument(
        "--max-seconds", metavar="S", type=duration, default=_SECONDS, help=f"the longest time (default: {_SECONDS:g})"
    )
    one.add_argument(
        "--max-depth",
        metavar="N",
        type=bound,
        default=_DEPTH,
        help=f"the most steps (default: {_DEPTH})",
    )
    one.add_argument("--json", action="store_true", help="one JSON document on standard output")
    add_store(one, "the store of a ref")
    one.set_defaults(run=_prove)


def _prove(options: argparse.Namespace, outputs: Outputs) -> int:
    from pytest_fluxscenario.analysis.mutation.process import Process
    from pytest_fluxscenario.analysis.proof.counterexample import counterexample_of
    from pytest_fluxscenario.analysis.proof.report import report_of
    from pytest_fluxscenario.analysis.space.examples import read_examples
    from pytest_fluxscenario.analysis.space.space import space_of
    from pytest_fluxscenario.cli.pack.proved import tell_proof

    begun = seconds()
    pack = _pack(options)
    examples = read_examples(pack.files) if pack.files is not None else None
    runtimes = _runtimes(options)
    try:
        # The most of the time is for the states.
        until = begun + options.max_seconds / 3
        space = space_of(Process.of(pack).rules(), examples, dict(pack.schemas), until=until)
        if options.hooks == "real" and pack.hooks is not None:
            space = space.with_hooks(runtimes.of(pack))
        proof = _explored(space, begun, options, outputs)
        found = {name: counterexample_of(space, finding) for name, finding in proof.findings.found.items()}
    finally:
        runtimes.close()
    files = _written(found, options.output, space.rules.profile_hash) if options.output is not None else {}
    report = report_of(proof, found, files, examples.unread if examples is not None else ())
    if options.json:
        import msgspec

        outputs.json(msgspec.to_builtins(report))
    else:
        tell_proof(report, outputs, seconds() - begun)
    return exits.DONE if report.verdict == "proved" else exits.NO


def _pack(options: argparse.Namespace) -> Pack:
    """The pack, or the profile alone. Raises FluxError for what is none, or cannot be used."""
    from pytest_fluxscenario.cli.project.packs import named_files

    return named_files(options.pack, lambda: asked_store(options), hint=partial(newest_hint, options)).load()


def _runtimes(options: argparse.Namespace) -> Runtimes:
    """What calls hooks, where they are called: with the variables that the project's configuration names.

    Raises UsageError for an unusable configuration.
    """
    from pytest_fluxscenario.cli.project.ini import find_ini
    from pytest_fluxscenario.cli.project.settings import Asked, make_settings
    from pytest_fluxscenario.runtimes.code import HookSettings
    from pytest_fluxscenario.runtimes.make import Runtimes

    if options.hooks != "real":
        return Runtimes()
    start = os.getcwd()
    path = os.path.join(start, os.path.normpath(options.pack))
    folder = path if os.path.isdir(path) else os.path.dirname(path) if os.path.exists(path) else start
    settings = make_settings(find_ini((folder,), start), Asked(options.store), start)
    return Runtimes(HookSettings.of(os.environ, settings.hook_env))


def _explored(space: Space, begun: float, options: argparse.Namespace, outputs: Outputs) -> Proof:
    from pytest_fluxscenario.analysis.proof.prove import prove
    from pytest_fluxscenario.analysis.space.explore import Bounds, Explorer

    progress = Progress(outputs.err)

    def tick(seen: int, waiting: int) -> None:
        progress.tell(f"{plural(seen, 'state')} seen, {waiting} waiting")

    try:
        bounds = Bounds(options.max_states, options.max_seconds, options.max_depth)
        return prove(Explorer(space, bounds, tick, begun))
    finally:
        progress.end()


def _written(found: Mapping[str, Counterexample], folder: str, profile_hash: str) -> dict[str, str]:
    """Write each counterexample as a scenario file of its own; nothing is overwritten. Raises WriteError."""
    from pytest_fluxscenario.analysis.drafts.write import write_new
    from pytest_fluxscenario.analysis.drafts.yaml_text import scenario_text

    return {
        name: write_new(folder, one.scenario.id, scenario_text(one.scenario, one.comments(profile_hash)))
        for name, one in found.items()
    }
