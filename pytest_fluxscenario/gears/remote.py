"""A control that lies elsewhere: it is spoken to through a channel, in runs of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, cast
from uuid import uuid4

import msgspec
from msgspec import UNSET

from pytest_fluxscenario.base.clock import timestamp
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.gears.port import (
    APPROVE,
    FAULTS,
    GIVEN,
    About,
    GearError,
    GearLacksError,
    GearSaysError,
    Stage,
    other_run,
)
from pytest_fluxscenario.gears.wire import Ask, ProfileName, read_hello
from pytest_fluxscenario.model.request import Approval, Given, Request
from pytest_fluxscenario.packs.files import FolderFiles


class Channel(Protocol):
    """The way to a gear."""

    @property
    def begins(self) -> bool:
        """Whether it is told of runs that begin, so that one with an id that was there before is another run."""
        ...

    def ask(self, message: Ask) -> dict[str, Any]:
        """The ``ok`` of its answer. Raises GearError."""
        ...

    def close(self) -> None:
        """Let go of it; may be called again."""
        ...


@dataclass
class RemoteGear:
    """A gear behind a channel that is opened when it is first needed."""

    name: str
    connect: Callable[[], Channel]
    #: Nobody else speaks to it: a program that this session has started.
    private: bool = False
    _last: RemoteControl | None = None

    @cached_property
    def channel(self) -> Channel:
        """The open channel. Raises GearError."""
        return self.connect()

    @cached_property
    def about(self) -> About:
        """What the gear says of itself."""
        return read_hello(self.channel.ask(Ask("hello")), self.name)

    def control(self, stage: Stage) -> RemoteControl:
        """A control whose runs no other scenario has; the runs of the one before are over."""
        last = self._last
        if last is not None:
            last.end()
        about = self.about
        self._last = control = RemoteControl(self.channel, about, stage, self.private and self.channel.begins)
        return control

    def close(self) -> None:
        """Close the channel."""
        self._last = None
        channel = self.__dict__.pop("channel", None)
        self.__dict__.pop("about", None)
        if channel is not None:
            channel.close()


@dataclass
class RemoteControl:
    """One scenario's control.

    A server may serve many at once, so each run gets an id there that nobody else has; in what comes back it is the
    scenario's again, wherever it stands in a text. What a server hashes with the id in it, such as the input of a hook,
    differs from run to run; a program of this session is told the scenario's own ids, and nothing differs.
    """

    channel: Channel
    about: About
    stage: Stage
    private: bool = False
    _runs: dict[str, str] = field(default_factory=dict)
    #: It did not answer, or out of step: it is not asked to forget what it may not know.
    _lost: bool = False

    def begin(self, run_id: str, given: Given) -> None:
        """Open a run. Raises GearLacksError where the gear cannot give what it starts with."""
        if given.artifacts:
            self._need(GIVEN, "start a run with what a scenario gives it")
        if given.approvals:
            self._need(APPROVE, "take approvals")
        pack = self.stage.pack
        profile = ProfileName(pack.profile.id, pack.profile.version, pack.profile_hash)
        self._ask(
            Ask(
                "begin",
                run_id=self._theirs(run_id),
                profile=profile,
                pack=pack.files.folder if isinstance(pack.files, FolderFiles) else UNSET,
                given=given,
                environment=self.stage.environment,
                now=timestamp(self.stage.now),
            )
        )

    def decide(self, request: Request) -> Mapping[str, Any]:
        """The gear's answer. Raises GearError, and GearLacksError for faults that it cannot make happen."""
        faults = dict(self.stage.faults())
        if faults:
            self._need(FAULTS, "let hooks fail as a scenario asks")
        theirs = msgspec.structs.replace(request, run_id=self._theirs(request.run_id or ""))
        answer = self._ask(Ask("decide", request=theirs, faults=faults or UNSET))
        if answer.get("run_id") != theirs.run_id:
            raise other_run(str(self.about), answer.get("run_id"))
        return answer if self.private else cast("dict[str, Any]", self._ours(answer))

    def approve(self, run_id: str, approval: Approval) -> None:
        """Hand over one approval. Raises GearLacksError where the gear has no surface for it."""
        self._need(APPROVE, "take approvals")
        self._ask(Ask("approve", run_id=self._theirs(run_id), approval=approval))

    def end(self) -> None:
        """Let the gear forget the runs."""
        for theirs in () if self._lost else tuple(self._runs.values()):
            with suppress(GearError):
                # It may be gone: the next question will tell.
                self._ask(Ask("end", run_id=theirs))
        self._runs.clear()

    def _ask(self, message: Ask) -> dict[str, Any]:
        # What is forgotten belongs to no step any more.
        trace = "" if message.op == "end" else self.stage.trace()
        if trace:
            message = msgspec.structs.replace(message, trace=trace)
        try:
            return self.channel.ask(message)
        except GearSaysError:
            raise
        except BaseException:
            self._lost = True
            raise

    def _need(self, feature: str, what: str) -> None:
        if feature not in self.about.features:
            message = f"the gear {self.about} does not {what} (it does not name the feature '{feature}')"
            raise GearLacksError.of("gear.lacks", Place(""), message)

    def _theirs(self, run_id: str) -> str:
        return self._runs.setdefault(run_id, run_id if self.private else f"fx-{uuid4().hex}")

    def _ours(self, value: Any) -> Any:
        if isinstance(value, str):
            for ours, theirs in self._runs.items():
                value = value.replace(theirs, ours)
            return value
        if isinstance(value, dict):
            return {key: self._ours(part) for key, part in value.items()}
        return [self._ours(part) for part in value] if isinstance(value, list) else value
