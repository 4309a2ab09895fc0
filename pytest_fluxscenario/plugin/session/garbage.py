"""Keeps Python's garbage collector from looking through thousands of scenario items again and again.

What was collected lives until the session ends, and every full collection walks through all of it for nothing:
measured on 5,000 files, a
fifth of the whole run. Frozen objects are passed over; they are still freed as soon as nothing refers to them.
"""

from __future__ import annotations

import gc

import pytest

#: Below this many items a full collection costs too little to care.
_MANY = 500
_FROZEN = pytest.StashKey[bool]()


def settle(config: pytest.Config, items: int) -> None:
    """Freeze what a large collection made, until the session ends."""
    if items >= _MANY and gc.isenabled():
        gc.freeze()
        config.stash[_FROZEN] = True
        # So that a process that runs several sessions keeps nothing.
        config.add_cleanup(gc.unfreeze)


def settle_again(config: pytest.Config, *, ran_code: bool) -> None:
    """Freeze what a run of nothing but scenarios made, where ``settle`` has.

    At the end pytest collects twice, to find what tests have left behind. Where fixtures ran, that is done here, once;
    where no foreign code did, all that there is are its own reports.
    """
    if config.stash.get(_FROZEN, False):
        if ran_code:
            gc.collect()
        gc.freeze()
