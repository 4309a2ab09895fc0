"""Verdicts of a hunt that was cut off: the next one, on the same pack and scenarios, goes on after them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from pytest_fluxscenario.analysis.mutation.hunt import Fate, Verdict
from pytest_fluxscenario.base.canonical import canonical_ref
from pytest_fluxscenario.base.fs import make_folder, remove_file
from pytest_fluxscenario.base.log import Log


@dataclass(slots=True)
class Journal:
    """A file with a line for each verdict; its first line says what they are verdicts on."""

    path: str
    #: Of everything that a verdict depends on.
    key: str
    _log: Log | None = None

    @classmethod
    def of(cls, folder: str, **parts: str) -> Journal:
        """The journal of what ``parts`` name, in ``folder``."""
        key = canonical_ref(parts)
        return cls(os.path.join(folder, f"mutants-{key[7:23]}.jsonl"), key)

    def open(self) -> Mapping[str, Verdict]:
        """Take hold of the file; gives the verdicts by id that another hunt left in it.

        Raises WriteError, also where another hunt holds the file.
        """
        make_folder(os.path.dirname(self.path))
        self._log = Log(self.path)
        self._log.open()
        known = self._read()
        # Written anew: what was cut in the middle of a line must not run into the next one.
        self._log.clear()
        self._log.append(msgspec.json.encode({"key": self.key}) + b"\n")
        for name, verdict in known.items():
            self.add(name, verdict)
        return known

    def add(self, name: str, verdict: Verdict) -> None:
        """Keep one verdict. Raises WriteError."""
        if self._log is not None:
            line = _Line(name, verdict.fate, verdict.by, verdict.runs, verdict.near, verdict.all)
            self._log.append(msgspec.json.encode(line) + b"\n")

    def finish(self) -> None:
        """All verdicts are known: the file is not needed any more. Raises WriteError."""
        self.close()
        remove_file(self.path)

    def close(self) -> None:
        """Let go of the file, which keeps what is in it. Raises WriteError."""
        if self._log is not None:
            self._log.close()
            self._log = None

    def _read(self) -> dict[str, Verdict]:
        with open(self.path, "rb") as file:
            first, *lines = file.read().split(b"\n")
        known: dict[str, Verdict] = {}
        try:
            if msgspec.json.decode(first, type=_Head).key != self.key:
                return {}
            # What comes after the last line feed was cut.
            for line in lines[:-1]:
                said = msgspec.json.decode(line, type=_Line)
                known[said.id] = Verdict(said.fate, said.by, said.runs, said.near, said.all)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return known
        return known


class _Head(msgspec.Struct):
    key: str


class _Line(msgspec.Struct):
    id: str
    fate: Fate
    by: str
    runs: int
    near: tuple[str, ...]
    all: tuple[int, ...] = ()
