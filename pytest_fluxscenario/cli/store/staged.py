"""``fluxrig store check --staged``: whether git may commit what is staged of a store (store.md, "Git")."""

from __future__ import annotations

import os

from pytest_fluxscenario.base.errors import StoreError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.staged import StagedCheck, check_staged
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.cli.console.render import Outputs, plural, problem_json


def check(folder: str, outputs: Outputs, *, json: bool) -> int:
    """Check what is staged of the store in ``folder``; gives the exit status. Raises StoreError."""
    name = shown(folder)
    found = check_staged(folder, name)
    if found is None and not os.path.isdir(folder):
        raise StoreError.of(
            "store.none", Place(name), "there is no such folder, and git knows none", "give it with --store"
        )
    if json:
        problems = [problem_json(problem) for problem in found.problems] if found else []
        counts = {"entries": found.entries if found else 0, "added": found.added if found else 0}
        outputs.json({"store": name, "verdict": _verdict(found), **counts, "problems": problems})
    elif found is None:
        outputs.out.line(f"{name}: git has nothing of it")
    else:
        outputs.problems(found.problems)
        outputs.err.flush()
        entries = plural(found.entries, "entry", "entries")
        said = f"must not be committed, {plural(len(found.problems.errors), 'error')}" if found.refused else "good"
        outputs.out.line(f"{name}: {entries} staged, {found.added} new: {said}", "red" if found.refused else "green")
    return {"good": exits.DONE, "refused": exits.NO, "damaged": exits.DAMAGE}[_verdict(found)]


def _verdict(found: StagedCheck | None) -> str:
    if found is None or not found.refused:
        return "good"
    return "damaged" if found.damaged else "refused"
