"""What a suite noticed of the mutants of its process."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

MUTANTS_SCHEMA = "flux.mutants.v1"


class MutantReport(Struct, frozen=True, forbid_unknown_fields=True):
    """One mutant: a process that differs from the pack's in one thing."""

    #: ``operator:target``; the same from run to run.
    id: str
    operator: str
    #: Where the changed thing stands.
    file: str
    #: 1-based; 0 where only the file is known.
    line: int
    column: int
    what: str
    #: The lines that differ, as the core dialect says them; ``after`` is empty where something was left out.
    before: str
    after: str
    #: ``killed``: a scenario noticed. ``survived``: none did. ``equivalent``: none did, and none can.
    fate: Literal["killed", "survived", "equivalent"]
    #: The first scenario that noticed; empty where none did.
    by: str
    #: Scenarios that were run on it.
    runs: int
    #: All scenarios that noticed, where every one was tried on every mutant (``--matrix``).
    noticed_by: tuple[str, ...] = ()
    #: Of a survivor: the first scenarios that ask for what was changed and noticed nothing.
    near: tuple[str, ...] = ()
    #: Of a survivor: what would notice it. Of an equivalent one: why nothing can.
    why: str = ""


class MutantScore(Struct, frozen=True, forbid_unknown_fields=True):
    """How many of the mutants of something were noticed."""

    killed: int
    survived: int
    equivalent: int
    #: Killed of killed and survived, 0 to 100; 100 where there are none.
    percent: float


class ScenarioReport(Struct, frozen=True, forbid_unknown_fields=True):
    """What one scenario has a part in, of all that the suite shows."""

    id: str
    #: Mutants that it notices, and goals of coverage that it reaches.
    notices: int
    reaches: int
    #: Ids of mutants and goals that no other scenario shows.
    alone: tuple[str, ...]
    #: Nothing is shown by it alone: without it no mutant survives, and no goal is missed.
    redundant: bool
    #: Of a redundant one: scenarios that together show all that it shows.
    instead: tuple[str, ...] = ()


class MutationReport(Struct, frozen=True, forbid_unknown_fields=True):
    """What ``fluxrig mutate --json`` prints."""

    process_id: str
    process_version: str
    #: ``sha256:`` of the normalised profile.
    profile_hash: str
    #: ``sha256:`` of the scenarios, in order.
    suite_hash: str
    #: Scenarios that were tried on mutants, and those that are marked ``skip`` or ``xfail``.
    scenarios: int
    left_out: tuple[str, ...]
    score: MutantScore
    gates: dict[str, MutantScore]
    operators: dict[str, MutantScore]
    mutants: tuple[MutantReport, ...]
    #: Where every scenario was tried on every mutant (``--matrix``): what each has a part in, in the suite's order.
    suite: tuple[ScenarioReport, ...] = ()
    #: Then also few scenarios that together show all that the suite shows: each one the most useful that was left.
    smallest: tuple[str, ...] = ()
    schema: str = MUTANTS_SCHEMA
