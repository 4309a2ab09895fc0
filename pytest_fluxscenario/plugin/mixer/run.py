"""The run of a session on a Mixer, in the process that the user started: begun, told of, and ended (fleet.md)."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import pytest

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.names import word_fault
from pytest_fluxscenario.base.number import DAY, read_seconds
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.evidence.circumstances import tool
from pytest_fluxscenario.plugin.configuration.options import OPTIONS, Options
from pytest_fluxscenario.plugin.configuration.settings import usage_error
from pytest_fluxscenario.plugin.mixer.waiting import Waiting
from pytest_fluxscenario.plugin.mixer.watch import MixerWatch
from pytest_fluxscenario.plugin.session.keys import HERE, MIXER_RUN
from pytest_fluxscenario.plugin.session.roles import is_controller
from pytest_fluxscenario.remote.client import TOKEN_VARIABLE, Client, MixerError, read_url

if TYPE_CHECKING:
    from pytest_fluxscenario.remote.api import Health, RunInfo

_OPTION: Final = "--fluxscenario-mixer"
#: Seconds that the Mixer has at the end of a session, and of one that was interrupted.
_AT_THE_END: Final = 5.0
_HURRIED: Final = 1.5


def client_of(options: Options) -> Client:
    """A connection to the session's Mixer. Raises UsageError."""
    return Client(read_url(options.mixer or "", _OPTION), os.environ.get(TOKEN_VARIABLE, "").strip())


def wait_of(options: Options) -> float:
    """Seconds that a session waits. Raises pytest.UsageError."""
    seconds = read_seconds(options.mixer_wait, 0.1)
    if seconds is None:
        said = shown(options.mixer_wait, 80)
        raise pytest.UsageError(f"fluxscenario_mixer_wait is '{said}'; it can be from 0.1 to {DAY:g} seconds")
    return seconds


def begin_run(config: pytest.Config) -> None:
    """Look whether the Mixer is there and of this version, before a test runs. Raises pytest.UsageError."""
    options = config.stash[OPTIONS]
    patience = wait_of(options)
    if options.gear and (fault := word_fault(options.gear)):
        said = shown(options.gear, 80)
        raise pytest.UsageError(f"the gear '{said}' cannot be one that racks offer ({fault}; see: fluxrig rack list)")
    try:
        client = client_of(options)
        client.timeout = min(client.timeout, patience)
        health = client.health()
    except FluxError as error:
        raise usage_error(error) from None
    # Begun anew when there is something to ask: a session may be refused for something else.
    client.close()
    if health.tool != tool():
        raise pytest.UsageError(
            f"{client.url}: this is {tool()}, and the Mixer is {shown(health.tool, 80)}"
            " (install the same version on all machines)"
        )
    run = config.stash[MIXER_RUN] = secrets.token_hex(16)
    config.stash[HERE] = {}
    owner = RunOwner(config, client, run, health, patience)
    config.pluginmanager.register(owner, "fluxscenario-mixer-run")
    config.add_cleanup(owner.end)


class RunOwner:
    """Tells of the run, and drops what is left of it however the session ends."""

    def __init__(self, config: pytest.Config, client: Client, run: str, health: Health, patience: float) -> None:
        self._config = config
        self._client = client
        self._run = run
        self._health = health
        self._info: RunInfo | None = None
        self._ended = self._hurried = False
        self._watch: MixerWatch | None = None
        #: What workers have not run yet.
        self._left: set[str] = set()
        if is_controller(config):
            client = Client(client.url, client.token, client.timeout)
            self._watch = MixerWatch(client, run, Waiting(config, patience, captured=False))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Workers have something to wait for."""
        if self._watch is not None and not self._left:
            self._left = set(ids)
            self._watch.start()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """A worker has come to the end of a test."""
        if self._watch is not None and self._left:
            self._watch.waiting.moved()
            self._left.discard(nodeid)
            if not self._left:
                # Workers that only end wait for nothing.
                self._watch.end()

    def pytest_report_header(self) -> str:
        """Who runs the scenarios."""
        active = self._health.racks.active
        return f"fluxscenario: Mixer {self._client.url}, {active} rack{'' if active == 1 else 's'} active"

    def pytest_keyboard_interrupt(self) -> None:
        """Somebody wants it to end now, and waits for no Mixer that does not answer."""
        self._hurried = True

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """No item waits any more."""
        self.end()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Where the scenarios ran."""
        info, url = self._info, self._client.url
        if info is not None and info.done:
            racks = ", ".join(f"{shown(name, 80)} ({count})" for name, count in sorted(info.racks.items()))
            said = f"run {info.run} on {url}, {info.done} of {info.total} done on {racks}"
            terminalreporter.write_line(f"fluxscenario: {said}")
        for why, count in sorted(self._config.stash[HERE].items()):
            scenarios = "scenario" if count == 1 else "scenarios"
            terminalreporter.write_line(f"fluxscenario: {count} {scenarios} ran here and not on a rack: {why}")

    def end(self) -> None:
        """Drop what is left of the run; may be called again."""
        if self._ended:
            return
        self._ended = True
        self._client.timeout = wait = _HURRIED if self._hurried else _AT_THE_END
        if self._watch is not None:
            self._watch.stop(wait)
        # Nothing of the session hangs on it, and a Mixer that is gone has nothing to drop.
        with suppress(MixerError):
            if not self._hurried:
                self._info = self._client.run(self._run)
            if self._info is None or self._info.state == "running":
                self._info = self._client.cancel(self._run)
        self._client.close()
