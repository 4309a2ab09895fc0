"""Payloads that the scenarios of a pack send: the best source of what an artifact looks like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from pytest_fluxscenario.analysis.pack_scenarios import AnyMatcher
from pytest_fluxscenario.base.canonical import canonical
from pytest_fluxscenario.base.errors import DocumentError, ProfileError
from pytest_fluxscenario.model.scenario import Scenario
from pytest_fluxscenario.packs.files import PackFiles
from pytest_fluxscenario.packs.scenario_files import scenario_paths
from pytest_fluxscenario.runner.prepare import load_file

#: Of one action; a suite with thousands of rows shows no more shapes than that.
_MOST: Final = 40
_NO_PAYLOADS: Final[tuple[dict[str, Any], ...]] = ()


@dataclass(frozen=True, slots=True)
class Examples:
    """What is sent for each action, each payload once, in the order of the suite."""

    payloads: Mapping[str, tuple[dict[str, Any], ...]] = field(default_factory=dict)
    #: Scenario files that could not be read, and gave nothing.
    unread: tuple[str, ...] = ()

    def of(self, action: str) -> tuple[dict[str, Any], ...]:
        """The payloads of one action."""
        return self.payloads.get(action, _NO_PAYLOADS)


def read_examples(files: PackFiles) -> Examples:
    """The payloads of all scenarios of a pack; no code of it runs, and a broken file is passed over.

    Raises ProfileError where the files of the pack cannot be listed.
    """
    found: dict[str, dict[bytes, dict[str, Any]]] = {}
    unread: list[str] = []
    for path in scenario_paths(files):
        try:
            loaded = load_file(files.read(path), files.limits, AnyMatcher())
        except (DocumentError, ProfileError):
            unread.append(path)
            continue
        for one in loaded:
            for row in one.rows:
                for action, payload in _sent(msgspec.json.decode(row.encoded, type=Scenario)):
                    known = found.setdefault(action, {})
                    if len(known) < _MOST:
                        known.setdefault(canonical(payload), payload)
    return Examples({action: tuple(known.values()) for action, known in found.items()}, tuple(unread))


def _sent(scenario: Scenario) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each action with its payload, where no reference stands in it whose value only a run knows."""
    for step in scenario.steps:
        if step.action is not None and isinstance(step.payload, dict) and not _refers(step.payload):
            yield step.action, step.payload


def _refers(payload: dict[str, Any]) -> bool:
    return b"${" in msgspec.json.encode(payload)
