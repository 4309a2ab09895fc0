"""Folders named ``scenarios``: their files are collected together.

pytest makes a report for each collector, which for one small file after another is 40% of its own cost. Nobody looks
at these reports unless a
file is broken, or the command line picks items out of files; there each file is a collector as usual.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import pluggy
import pytest

from pytest_fluxscenario.plugin.collect import ScenarioFile

_PICKING = ("lf", "failedfirst")
_PLAIN = pytest.StashKey[bool]()


class ScenarioFolder(pytest.Directory):
    """A folder whose good scenario files give their items at once."""

    _hooks: pluggy.HookRelay | None = None

    @property
    def ihook(self) -> pluggy.HookRelay:
        """The hooks that apply to this folder, asked for once it is collected."""
        return self._hooks or super().ihook

    def collect(self) -> Iterable[pytest.Item | pytest.Collector]:
        """What the folder holds, in pytest's order; a file with faults stands for itself, and tells them then."""
        together = _together(self.config)
        self._hooks = super().ihook
        for node in pytest.Dir.collect(cast("pytest.Dir", self)):
            items = node.try_items() if together and isinstance(node, ScenarioFile) else None
            if items is None:
                yield node
            else:
                yield from items


def _together(config: pytest.Config) -> bool:
    """Whether nothing on the command line looks at single files."""
    known = config.stash.get(_PLAIN, None)
    if known is None:
        picked = any("::" in str(argument) for argument in config.args)
        known = config.stash[_PLAIN] = not picked and not any(config.getoption(name, False) for name in _PICKING)
    return known
