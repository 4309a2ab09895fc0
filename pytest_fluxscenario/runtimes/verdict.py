"""What a child's output is worth: one JSON object on one line, or a fault that is told the same way every time."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import Any, Final

from pytest_fluxscenario.base.canonical import canonical
from pytest_fluxscenario.base.digest import sha256_ref
from pytest_fluxscenario.base.errors import DocumentError
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.base.values import type_name
from pytest_fluxscenario.documents.elements import read_elements
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.runtimes.code import PackCode
from pytest_fluxscenario.runtimes.port import HookOutcome
from pytest_fluxscenario.runtimes.talk import LINE_BYTES, OUTPUT_BYTES, Heard

#: A line of output may be one long text; depth and nodes are those of every document.
_LIMITS: Final = Limits(file_bytes=LINE_BYTES, scalar_bytes=LINE_BYTES)
_BOM: Final = b"\xef\xbb\xbf"
#: The same words as a fault that a scenario injects.
_TIMEOUT: Final = "the hook gave no result in time"
_NOT_JSON: Final = "the hook's result is not JSON"


@dataclass(frozen=True, slots=True)
class Judged:
    """A result, or how the call failed."""

    status: str
    result: dict[str, Any] | None = None
    diagnostic: str = ""
    #: ``sha256:`` of the canonical JSON of the result.
    output_hash: str = ""

    def outcome(self, code: PackCode, line: bytes, said: str) -> HookOutcome:
        """What a call with ``line`` gave, where the hook wrote ``said`` to its standard error."""
        return HookOutcome(
            self.status,
            self.result,
            (self.diagnostic,) if self.diagnostic else (),
            code.runtime.id,
            code.runtime.kind,
            code.entrypoint_hash,
            sha256_ref(line),
            self.output_hash,
            said,
        )


def judge(heard: Heard, status: int | None) -> Judged:
    """What came of a call: ``status`` is the wait status of a child that has ended, None for one that goes on.

    Looked at in this order, so that one fault has one text: time, amount, exit, signal, lines, text, JSON, type.
    """
    if heard.how == "timeout":
        return Judged("timeout", None, _TIMEOUT)
    if heard.how == "long_line":
        return Judged("output_limit", None, f"the hook wrote a line of more than {LINE_BYTES} bytes")
    if heard.how == "much_output":
        return Judged("output_limit", None, f"the hook wrote more than {OUTPUT_BYTES} bytes")
    if heard.how == "lost":
        return Judged("crash", None, "the hook ended the process that watches over it")
    if status is not None and status & 0x7F:
        return Judged("crash", None, f"the hook was ended by the signal {_signal(status & 0x7F)}")
    if status:
        return Judged("crash", None, f"the hook ended with the exit status {status >> 8}")
    lines = [line for line in bytes(heard.out).split(b"\n") if line.strip(b" \t\r")]
    if not lines:
        return Judged("no_output", None, "the hook ended without a result")
    if len(lines) > 1:
        return Judged("invalid_result", None, "the hook wrote more than one line")
    return read_result(lines[0])


def read_result(line: bytes) -> Judged:
    """One line of output, read strictly."""
    if line.startswith(_BOM):
        return Judged("invalid_json", None, f"{_NOT_JSON}: it begins with a byte order mark")
    try:
        element = read_elements(Source("result.json", line, ""), _LIMITS, split=False)[0]
    except DocumentError as error:
        return Judged("invalid_json", None, _said(error.problems[0]))
    if not isinstance(element.data, dict):
        return Judged("invalid_result", None, f"the result is {type_name(element.data)}, not an object")
    return Judged("ok", element.data, "", sha256_ref(canonical(element.data)))


def _said(problem: Problem) -> str:
    if problem.code == "document.encoding":
        return f"the hook's result is not UTF-8: {problem.message}"
    column = f" in column {problem.place.column}" if problem.place.column else ""
    return f"{_NOT_JSON}: {problem.message}{column}"


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
