"""A run that notes what a decision looked at: decisions that read the same cannot differ.

So the answers to one request are found out once for all states that are alike in what was read, and not by believing
that the engine looks at nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, SupportsIndex

from pytest_fluxscenario.control.rules import Rules
from pytest_fluxscenario.control.state import ApprovalRecord, ArtifactRecord, Run

#: The one run that a space is explored in.
RUN_ID = "run-1"


@dataclass(slots=True)
class Reads:
    """What was looked at."""

    types: set[str] = field(default_factory=set)
    #: All artifacts, whatever their types.
    every_type: bool = False
    approvals: bool = False


class _Artifacts(dict[str, ArtifactRecord]):
    """Artifacts of a run; noting what is asked for, and what is not there."""

    def __init__(self, records: Mapping[str, ArtifactRecord], reads: Reads) -> None:
        super().__init__(records)
        self._reads = reads

    def __getitem__(self, key: str) -> ArtifactRecord:
        self._reads.types.add(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """As of a dict."""
        self._reads.types.add(key)
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        self._reads.types.add(str(key))
        return super().__contains__(key)

    def __iter__(self) -> Iterator[str]:
        self._reads.every_type = True
        return super().__iter__()

    def __len__(self) -> int:
        self._reads.every_type = True
        return super().__len__()

    def keys(self) -> Any:
        """As of a dict."""
        self._reads.every_type = True
        return super().keys()

    def values(self) -> Any:
        """As of a dict."""
        self._reads.every_type = True
        return super().values()

    def items(self) -> Any:
        """As of a dict."""
        self._reads.every_type = True
        return super().items()


class _Approvals(list[ApprovalRecord]):
    """Approvals of a run, noting that they were looked at."""

    def __init__(self, records: Iterable[ApprovalRecord], reads: Reads) -> None:
        super().__init__(records)
        self._reads = reads

    def __getitem__(self, at: SupportsIndex | slice) -> Any:
        self._reads.approvals = True
        return super().__getitem__(at)

    def __iter__(self) -> Iterator[ApprovalRecord]:
        self._reads.approvals = True
        return super().__iter__()

    def __reversed__(self) -> Iterator[ApprovalRecord]:
        self._reads.approvals = True
        return super().__reversed__()

    def __len__(self) -> int:
        self._reads.approvals = True
        return super().__len__()

    def __contains__(self, key: object) -> bool:
        self._reads.approvals = True
        return super().__contains__(key)


def run_of(
    rules: Rules,
    artifacts: Mapping[str, ArtifactRecord],
    approvals: Iterable[ApprovalRecord],
    *,
    completed: bool,
) -> Run:
    """A run that holds these records."""
    profile = rules.profile
    run = Run(RUN_ID, profile.id, profile.version, rules.profile_hash)
    run.artifacts, run.approvals, run.completed = dict(artifacts), list(approvals), completed
    # Ids of records count on from here; nothing else looks at it.
    run.written = len(run.artifacts) + len(run.approvals)
    return run


def watch(run: Run, reads: Reads) -> Run:
    """The same run, noting in ``reads`` what is looked at; its answers under keys are not watched."""
    return replace(run, artifacts=_Artifacts(run.artifacts, reads), approvals=_Approvals(run.approvals, reads))
