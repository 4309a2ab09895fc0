"""What two versions of a process answer otherwise to the same scenarios (cli.md, ``scenario diff``)."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct

from pytest_fluxscenario.model.evidence import Verdict

FLIPS_SCHEMA = "flux.flips.v1"

#: ``loosened``: NEW allows what OLD did not: ``ok`` instead of ``nok`` or ``error``, or materialization for real
#: instead of none or a rehearsal. ``tightened``: the reverse. ``changed``: anything else, and where one side gives no
#: answer.
Direction = Literal["loosened", "tightened", "changed"]


class FlipSide(Struct, frozen=True, forbid_unknown_fields=True):
    """One of the two versions."""

    #: As it was asked for.
    asked: str
    id: str
    version: str
    #: ``sha256:`` of the normalised profile.
    hash: str
    #: ``sha256:`` over all that a decision can depend on; two versions with the same one answer alike.
    behaviour: str
    #: ``tree`` or ``store``.
    origin: str
    #: The pack's folder or archive, or its ref in the store.
    source: str


class StepAnswer(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one side made of a step."""

    #: Empty where there was no answer.
    status: str = ""
    route: str = ""
    #: The gate that decided.
    gate: str = ""
    #: Why there was no answer, or why the scenario could not go on after it.
    fault: str = ""

    @property
    def text(self) -> str:
        """It in a few words, without the fault."""
        said = " ".join(word for word in (self.status, self.route) if word) or "no answer"
        return f"{said} (gate {self.gate})" if self.gate else said


class FieldFlip(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One field of an answer that differs; a side that has it not is left out."""

    field: str
    old: Any = UNSET
    new: Any = UNSET


class StepFlip(Struct, frozen=True, forbid_unknown_fields=True):
    """One step that the two versions answer otherwise."""

    #: 1-based; 0 where a side could not begin.
    index: int
    name: str
    #: Where the step stands.
    line: int
    direction: Direction
    old: StepAnswer
    new: StepAnswer
    fields: tuple[FieldFlip, ...]
    #: Steps after this one that were not compared, because only one side reached them.
    unreached: int = 0


class ScenarioFlip(Struct, frozen=True, forbid_unknown_fields=True):
    """One scenario, or one parameter row of it, with a step that differs."""

    #: As pytest's node id.
    id: str
    file: str
    line: int
    #: What it expects, held against each side.
    old: Verdict
    new: Verdict
    steps: tuple[StepFlip, ...]


class Uncompared(Struct, frozen=True, forbid_unknown_fields=True):
    """A scenario that says nothing of the two versions."""

    id: str
    file: str
    line: int
    why: str
    #: Whether it would say something on another machine: then nobody can say that nothing differs.
    missing: bool = False


class FlipCounts(Struct, frozen=True, forbid_unknown_fields=True):
    """How much differs."""

    #: Scenarios that ran on both sides, and those of them that differ.
    scenarios: int
    differing: int
    #: Steps by direction.
    loosened: int
    tightened: int
    changed: int
    #: Scenarios that passed on OLD and do not on NEW, and the reverse.
    no_longer_pass: int
    now_pass: int


class Flips(Struct, frozen=True, forbid_unknown_fields=True):
    """What ``fluxrig scenario diff OLD NEW PATH... --json`` prints."""

    old: FlipSide
    new: FlipSide
    counts: FlipCounts
    #: Those that differ, in the order in which they were given.
    scenarios: tuple[ScenarioFlip, ...]
    left_out: tuple[Uncompared, ...]
    schema: str = FLIPS_SCHEMA

    @property
    def whole(self) -> bool:
        """Whether nothing was left out for what this machine lacks."""
        return not any(one.missing for one in self.left_out)
