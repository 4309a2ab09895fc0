"""All readings of the whole, in one order."""

from __future__ import annotations

from pytest_fluxscenario.base.problems import Problems
from pytest_fluxscenario.packs.reading.advice import check_advice
from pytest_fluxscenario.packs.reading.completion import check_approvals, check_completion
from pytest_fluxscenario.packs.reading.gates import check_gates
from pytest_fluxscenario.packs.reading.possible import check_possible
from pytest_fluxscenario.packs.reading.unused import check_unused
from pytest_fluxscenario.packs.reading.whole import Whole


def read_whole(whole: Whole, problems: Problems) -> None:
    """Warn of everything that only a reader of the whole pack sees. The parts must be sound: see ``packs.stages``."""
    possible = check_possible(whole, problems)
    check_gates(whole, problems)
    check_advice(whole, possible, problems)
    check_completion(whole, problems)
    check_approvals(whole, problems)
    check_unused(whole, problems)
