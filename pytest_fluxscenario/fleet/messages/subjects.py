"""Subjects and streams of the Snake (fleet.md, "Subjects"). A name is checked here before it becomes a token."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.names import word_fault
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.fleet.messages.errors import SnakeError
from pytest_fluxscenario.gears.settings import ENGINE

HELLO: Final = "flux.agent.hello"
#: Asks the Mixer for content by its hash.
CONTENT: Final = "flux.content.get"
#: Where Mixers with one key would meet.
MIXERS: Final = "flux.mixer.here"
HEARTBEATS: Final = "flux.agent.heartbeat.*"
WORK_STREAM: Final = "flux-work"
EVIDENCE_STREAM: Final = "flux-evidence"
#: Stream to the subjects that it keeps.
STREAMS: Final = {WORK_STREAM: "flux.work.>", EVIDENCE_STREAM: "flux.evidence.*"}


@dataclass(frozen=True, slots=True)
class Queue:
    """What takers share: each message goes to one of them, until one has acknowledged it."""

    stream: str
    #: Of the durable consumer.
    name: str
    #: With a ``*`` for the run.
    subject: str

    def of(self, run: str) -> str:
        """Where messages of a run are published. Raises SnakeError for what could be more than a name."""
        return self.subject.replace("*", token(run, "run"))


#: What the Mixer takes: the evidence of all runs.
EVIDENCE: Final = Queue(EVIDENCE_STREAM, "mixer", "flux.evidence.*")


@lru_cache(maxsize=1024)
def token(name: str, what: str) -> str:
    """``name`` as one token of a subject. Raises SnakeError for what could be more than a name."""
    # A dot separates tokens, so that a name with one would be two of them.
    fault = word_fault(name)
    if fault:
        message = f"the {what} '{shown(name, 80)}' cannot be used"
        raise SnakeError.of("snake.name", Place(""), message, fault)
    return name


def heartbeat(rack: str) -> str:
    """Where a rack beats."""
    return f"flux.agent.heartbeat.{token(rack, 'rack')}"


def commands(rack: str) -> str:
    """Where a rack is told what to do."""
    return f"flux.rack.{token(rack, 'rack')}.command"


def evidence(run: str) -> str:
    """Where the evidence of a run goes."""
    return EVIDENCE.of(run)


def work(pool: str, gear: str = ENGINE) -> Queue:
    """The work queue of the racks of a pool that offer a gear: whoever does not offer it has no way to its work."""
    name = token(pool, "pool")
    subject = f"flux.work.{name}.{token(gear, 'gear')}.*"
    # No name has a '=', so that no two queues have one.
    return Queue(WORK_STREAM, name if gear == ENGINE else f"{name}={gear}", subject)


def work_needing(pool: str, need: str) -> Queue:
    """The work queue of the racks of a pool that have what hooks need: of what others gave back for the lack of it."""
    name = token(pool, "pool")
    means = f"{ENGINE}={token(need, 'runtime')}"
    return Queue(WORK_STREAM, f"{name}={means}", f"flux.work.{name}.{means}.*")


def work_of(pool: str, run: str) -> str:
    """Where the work of a run lies, whatever gear it is for."""
    return f"flux.work.{token(pool, 'pool')}.*.{token(run, 'run')}"


def once_key(run: str, scenario: str, attempt: int, issue: int = 0) -> str:
    """``Nats-Msg-Id``: of run, scenario (an item's id, which may hold anything) and attempt, as it is sent.

    What is handed out anew, because nothing is left of it, has the number of its ``issue`` too: the keys of what is
    lost are still known.
    """
    key = f"{token(run, 'run')}.{sha256(scenario.encode('utf-8', 'surrogatepass'))[:32]}.{attempt}"
    return f"{key}.{issue}" if issue else key
