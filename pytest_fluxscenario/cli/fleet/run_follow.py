"""Waits for a run of a Mixer and tells what came of it (docs/cli.md, "fluxrig run")."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeVar

from pytest_fluxscenario.base.clock import seconds
from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.cli.console.interrupts import Remembered
from pytest_fluxscenario.cli.console.progress import Progress
from pytest_fluxscenario.cli.console.render import Outputs, plural
from pytest_fluxscenario.remote.api import ItemDone, Records, RunInfo
from pytest_fluxscenario.remote.client import Client, MixerError, patiently
from pytest_fluxscenario.remote.trouble import offers
from pytest_fluxscenario.remote.unpack import outcome_of, read_record
from pytest_fluxscenario.runner.explain import headline

#: Seconds for which the Mixer is asked to wait for a record.
_POLL: Final = 5.0
_BAD: Final = ("failed", "error")
_T = TypeVar("_T")


@dataclass(slots=True)
class Follower:
    """One run, from here to its end. What is asked of a Mixer that is started again is asked again."""

    client: Client
    outputs: Outputs
    #: Seconds to wait for a rack, and for the Mixer to come back.
    patience: float
    #: Of each scenario that is not as it should be: id, what it is, and why.
    bad: dict[str, tuple[str, str]] = field(default_factory=dict)
    #: Ctrl-C, from when on whoever calls has entered it.
    interrupts: Remembered = field(default_factory=Remembered)
    #: What was said last of a Mixer that is waited for.
    _said: str = ""

    def ask(self, ask: Callable[[], _T]) -> _T:
        """What the Mixer answers. Raises MixerError."""
        return patiently(self.client, self.patience, ask, self._wait_for_mixer)

    def wait(self, run: str, *, to_end: bool = True) -> RunInfo:
        """The run once it has ended, or as far as it is now. Raises MixerError.

        That also where it waits, and no rack is there to run it.
        """
        progress, last, alone = Progress(self.outputs.err), 0, seconds()
        wait = max(0.1, min(_POLL, self.patience / 2)) if to_end else 0.0
        try:
            while True:
                self.interrupts.check()
                said: Records = self.ask(partial(self.client.records, run, last, wait))
                for done in said.records:
                    last = done.number
                    self._take(done)
                if said.records or any(said.gears.get(gear) for gear in said.waiting):
                    alone = seconds()
                progress.tell(f"{said.done} of {plural(said.total, 'scenario')}, {len(self.bad)} not as they should be")
                if not said.records and (said.state != "running" or not to_end):
                    break
                if to_end and seconds() - alone >= self.patience:
                    raise self._nobody(run, said)
        finally:
            progress.end()
        return self.ask(lambda: self.client.run(run))

    def _wait_for_mixer(self, error: MixerError) -> None:
        """The same is said once."""
        said = error.problems[0].message
        if said != self._said:
            self._said = said
            self.outputs.err.line(f"{self.client.url}: {said}; waiting for it for up to {self.patience:g} s")
            self.outputs.err.flush()

    def _take(self, done: ItemDone) -> None:
        if done.counts not in _BAD:
            # A further attempt takes the place of the one before.
            self.bad.pop(done.item, None)
            return
        why = done.reason
        if done.outcome == "ran":
            try:
                why = headline(outcome_of(done, read_record(done)))
            except FluxError as error:
                why = error.problems[0].message
        self.bad[done.item] = done.counts, why

    def _nobody(self, run: str, said: Records) -> MixerError:
        what, has = "rack was active", ""
        if said.racks.active:
            named = ", ".join(f"'{shown(gear, 80)}'" for gear in sorted(said.waiting))
            what = f"active rack offered the gear {named}"
            has = f"; offered is {offers(said.gears)}"
        message = f"no {what} for {self.patience:g} seconds{has}, and the run {run} has not ended"
        return MixerError.of("mixer.no-rack", Place(self.client.url), message, "see: fluxrig rack list")

    def tell(self, info: RunInfo) -> None:
        """What is not as it should be, and what the run is worth."""
        out = self.outputs.out
        for item, (counts, why) in sorted(self.bad.items()):
            out.line(f"{counts.upper()} {shown(item, 500)} - {shown(why, 1000)}", "red")
        racks = ", ".join(f"{shown(name, 80)} ({count})" for name, count in sorted(info.racks.items()))
        out.line(f"run {info.run} of {shown(info.source, 200)}" + (f" on {racks}" if racks else ""), "dim")
        out.line(summary(info), {"passed": "green", "failed": "red"}.get(info.verdict, "yellow"))


def summary(info: RunInfo) -> str:
    """A run in a line."""
    order = ("failed", "error", "given-up", "refused", "missing", "xfailed", "skipped", "passed")
    words = {"error": "without a verdict"}
    known = [*order, *sorted(set(info.verdicts) - set(order))]
    said = [f"{info.verdicts[name]} {words.get(name, name)}" for name in known if info.verdicts.get(name)]
    if info.state != "finished":
        said.append(f"{info.total - info.done} not run" if info.state == "cancelled" else f"{info.total} in all")
    state = "" if info.state == "finished" else f"{info.state}: "
    return state + (", ".join(said) or "nothing ran")


def status(info: RunInfo) -> int:
    """The exit status of a run that has ended: what was skipped, or failed as expected, is no fault.

    What could not be run is. So it is in a session of pytest.
    """
    left_out = info.verdict == "incomplete" and not set(info.verdicts) <= {"skipped", "xfailed"}
    return exits.NO if info.verdict == "failed" or info.state == "cancelled" or left_out else exits.DONE
