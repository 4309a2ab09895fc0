"""What stands beside the run in a packet: what holds in every state of the rules."""

from __future__ import annotations

from functools import partial
from typing import Final

from pytest_fluxscenario.base.errors import DamageError, FluxError
from pytest_fluxscenario.cli.console.progress import Progress
from pytest_fluxscenario.cli.console.render import Outputs, plural
from pytest_fluxscenario.cli.review.reviewed import ReviewedPack
from pytest_fluxscenario.model.proof import ProofReport

#: States, seconds and steps after which a proof is given up.
_BOUNDS: Final = (20_000, 60.0, 1_000)


def proof_for_review(reviewed: ReviewedPack, outputs: Outputs) -> ProofReport | str:
    """What holds in every state of the rules, whatever hooks say, or why nothing was proved. Raises DamageError."""
    from pytest_fluxscenario.analysis.mutation.process import Process
    from pytest_fluxscenario.analysis.proof.counterexample import counterexample_of
    from pytest_fluxscenario.analysis.proof.prove import prove
    from pytest_fluxscenario.analysis.proof.report import report_of
    from pytest_fluxscenario.analysis.space.examples import read_examples
    from pytest_fluxscenario.analysis.space.explore import Bounds, Explorer
    from pytest_fluxscenario.analysis.space.space import space_of

    pack, progress = reviewed.pack, Progress(outputs.err)
    if pack is None or pack.files is None:
        return "the pack cannot be used"
    try:
        examples = read_examples(pack.files)
        space = space_of(Process.of(pack).rules(), examples, dict(pack.schemas))
        told = partial(_tell_states, progress)
        proof = prove(Explorer(space, Bounds(*_BOUNDS), told))
        found = {name: counterexample_of(space, finding) for name, finding in proof.findings.found.items()}
    except DamageError:
        raise
    except FluxError as error:
        return f"{error.problems[0].place}: {error.problems[0].message}"
    finally:
        progress.end()
    return report_of(proof, found, {}, examples.unread)


def _tell_states(progress: Progress, seen: int, waiting: int) -> None:
    progress.tell(f"{plural(seen, 'state')} seen, {waiting} waiting")
