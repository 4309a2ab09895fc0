"""Whether anybody but pytest itself has a part in a hook: only then may it be left out."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

_OWN = ("_pytest.", "pytest_fluxscenario.", "xdist.")


def is_watched(config: pytest.Config, hooks: Iterable[str], *, wrappers: bool = True) -> bool:
    """Whether a plugin or a conftest.py implements one of ``hooks``; ``wrappers`` says whether wrapping one counts."""
    # Not config.hook: before pytest 9 it hides the implementations of some hooks.
    relay = config.pluginmanager.hook
    return any(
        not implementation.function.__module__.startswith(_OWN)
        for name in hooks
        for implementation in getattr(relay, name).get_hookimpls()
        if wrappers or not (implementation.wrapper or implementation.hookwrapper)
    )
