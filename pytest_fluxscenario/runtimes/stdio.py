"""Hooks that are programs: one line of JSON in, one line of JSON out (control.md, "Hooks")."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.model.pack import SESSION
from pytest_fluxscenario.runtimes.bounds import environment_of, limits_of
from pytest_fluxscenario.runtimes.code import PackCode
from pytest_fluxscenario.runtimes.command import Program, node_program, python_program
from pytest_fluxscenario.runtimes.port import HookCall, HookOutcome, HookUnavailable
from pytest_fluxscenario.runtimes.process import Child, Tree
from pytest_fluxscenario.runtimes.talk import Heard, talk
from pytest_fluxscenario.runtimes.verdict import Judged, judge
from pytest_fluxscenario.runtimes.workdir import WorkFolder


@dataclass(slots=True)
class StdioHooks:
    """Calls the hooks of one pack: a process for each call, or one that is kept (``lifetime: session``).

    Not to be called by two threads at once.
    """

    code: PackCode
    #: Finds the program of the pack's command.
    program: Callable[[PackCode, str], Program]
    _folder: WorkFolder = field(init=False)
    _tree: Tree | None = field(default=None, init=False)
    _found: Program | None = field(default=None, init=False)
    #: The process that is kept, once it has answered.
    _kept: Child | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._folder = WorkFolder(self.code)

    def call(self, call: HookCall) -> HookOutcome:
        """What came of one call.

        Raises HookUnavailable for files that have changed and for a command that cannot be started; RuntimeMissing for
        an interpreter that the machine does not have.
        """
        line = call.line()
        used = self._kept is not None
        heard, judged = self._ask(line)
        if used and judged.status not in ("ok", "timeout"):
            # What earlier calls left in the process must not decide: a fresh one has the last word.
            heard, judged = self._ask(line)
        return judged.outcome(self.code, line, heard.error_text)

    def close(self) -> None:
        """End what runs, and remove the folder."""
        self._forget()
        if self._tree is not None:
            self._tree.close()
            self._tree = None
        self._folder.close()

    def _ask(self, line: bytes) -> tuple[Heard, Judged]:
        runtime = self.code.runtime
        keep = runtime.lifetime == SESSION
        if self._kept is not None and self._has_said_more(self._kept):
            self._forget()
        child = self._kept or self._start()
        self._kept = child if keep else None
        try:
            heard = talk(self._live(), child, line, runtime.timeout_ms / 1000, kept=keep)
        except BaseException:
            self._kept = None
            raise
        if child.refused:
            self._kept = None
            why = f"the command of the hooks cannot be executed: {shown(os.strerror(child.refused))}"
            raise HookUnavailable.of("hook.not-executable", self.code.place, why)
        judged = judge(heard, child.status)
        if keep and (heard.how != "line" or judged.status != "ok"):
            self._forget()
        return heard, judged

    def _start(self) -> Child:
        self._folder.prepare()
        tree = self._live()
        if self._found is None:
            self._found = self.program(self.code, self._folder.pack)
        found, runtime = self._found, self.code.runtime
        environment = environment_of(self.code.settings, found.variables, self._folder.home, tree.token)
        timeout = None if runtime.lifetime == SESSION else runtime.timeout_ms / 1000
        return tree.start(found.arguments, environment, self._folder.pack, limits_of(timeout, bounded=found.bounded))

    def _live(self) -> Tree:
        if self._tree is None:
            self._tree = Tree(self._folder.base, secrets.token_hex(16), {"PATH": self.code.settings.path})
        return self._tree

    def _has_said_more(self, child: Child) -> bool:
        """Whether a kept process has spoken without being asked, or ended."""
        try:
            return os.read(child.stdout, 1) is not None
        except BlockingIOError:
            return False
        except OSError:
            return True

    def _forget(self) -> None:
        child, self._kept = self._kept, None
        if child is not None and self._tree is not None:
            self._tree.end(child)


def python_stdio(code: PackCode) -> StdioHooks:
    """The runtime ``python_stdio``."""
    return StdioHooks(code, python_program)


def js_ts_stdio(code: PackCode) -> StdioHooks:
    """The runtime ``js_ts_stdio``."""
    return StdioHooks(code, node_program)
