"""One mutant: what was changed, where, and what would catch it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from pytest_fluxscenario.analysis.mutation.process import Process
from pytest_fluxscenario.base.place import Pointer
from pytest_fluxscenario.model.profile import Gate

#: Every action: a change that no single action can tell of.
EVERYWHERE: Final[frozenset[str] | None] = None

#: Says why no request can tell a mutant from the process; empty where one may. Asked of survivors only.
Proof = Callable[[], str]


def no_proof() -> str:
    """Nothing is proved."""
    return ""


def because(why: str) -> Proof:
    """A proof that is known already, or none where ``why`` is empty."""
    return lambda: why


@dataclass(frozen=True)
class Mutant:
    """A process that differs from its pack's in one thing."""

    #: What kind of change; with ``target`` the id.
    operator: str
    #: What was changed: a gate, ``type.field``, ``action+role`` …
    target: str
    #: Where it stands in the normalised profile.
    pointer: Pointer
    #: What is different, as a sentence without a full stop.
    what: str
    #: What a scenario has to do to notice.
    catch: str
    #: The lines that differ, as the core dialect says them; ``after`` is empty where something was dropped.
    before: str
    after: str
    #: Makes the process: thousands of them are not kept.
    make: Callable[[], Process]
    #: The actions whose requests can show the change; None for all.
    actions: frozenset[str] | None = EVERYWHERE
    proof: Proof = no_proof

    @property
    def id(self) -> str:
        """Stable from run to run, and unique among the mutants of a process."""
        return f"{self.operator}:{self.target}"

    @property
    def process(self) -> Process:
        """The process with the change."""
        return self.make()

    @property
    def equivalent(self) -> str:
        """Why no request can tell the mutant from the process; empty where one may."""
        return self.proof()


@dataclass(frozen=True, slots=True)
class Example:
    """What an operator does, on a small process: its documentation, and its test."""

    #: Sections of a profile in core form; a gate or action says only what matters here.
    before: Mapping[str, Any]
    #: What follows the operator's name in the id of the mutant.
    target: str
    #: The sections that are different in the mutant.
    after: Mapping[str, Any]


class Operator(Protocol):
    """Makes the mutants of one kind."""

    @property
    def name(self) -> str:
        """Its name, as in the ids of its mutants."""
        ...

    @property
    def does(self) -> str:
        """What it does, for the help and the report."""
        ...

    @property
    def example(self) -> Example:
        """One mutant of a small process."""
        ...

    def mutants(self, process: Process) -> Iterator[Mutant]:
        """Every mutant of this kind, in the order of the profile."""
        ...


def expected(gate: Gate) -> str:
    """The expectation of a step that a gate stops."""
    return f"expectation: {{status: nok, route: {gate.route}, gate_id: {gate.id}}}"


def one_less(names: Sequence[str]) -> Iterator[tuple[int, str, tuple[str, ...], str]]:
    """Each name with its position, what is left without it, and why that is the same; empty where it is not."""
    for number, name in enumerate(names):
        kept = (*names[:number], *names[number + 1 :])
        yield number, name, kept, "it is named twice" if name in kept else ""


def listed(names: Iterable[str]) -> str:
    """Names as a flow sequence of YAML."""
    return f"[{', '.join(names)}]"
