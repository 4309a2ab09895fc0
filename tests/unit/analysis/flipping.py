"""Two versions of the pack ``small``, and scenarios that run on both."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_fluxscenario.analysis.flips import Document, find_flips
from pytest_fluxscenario.cas.store import open_store
from pytest_fluxscenario.model.flips import Flips
from pytest_fluxscenario.packs.files import FolderFiles
from pytest_fluxscenario.packs.load import load_pack
from pytest_fluxscenario.packs.pack import Pack
from pytest_fluxscenario.packs.resolve import Resolver
from pytest_fluxscenario.runner.suite import Suite
from pytest_fluxscenario.runtimes.code import HookSettings
from pytest_fluxscenario.runtimes.make import Runtimes
from tests.fakes.packs import write, write_pack

#: The gate of ``small`` that stops a start without a payload.
GATE = """\
  - id: what_required
    type: decision
    before_action: work.start
    condition: {payload_missing: [what]}
    route: AskUser
    reason: It is not said what to do.
    instruction: Ask the user what to do.
    next_allowed_actions: [work.start]
"""


@dataclass
class Versions:
    """The packs ``old`` and ``new`` in one folder, the same until one is changed."""

    root: Path
    redact: Callable[[Any], Any] = field(default=lambda value: value)

    def __post_init__(self) -> None:
        for name in ("old", "new"):
            write_pack(self.root / name)
            # The gate alone is to stop a start without a payload.
            self.change("    required_fields: [what]\n", "", side=name)

    def change(self, before: str, after: str, *, side: str = "new", file: str = "profile.yaml") -> None:
        """Change the text of one side."""
        path = self.root / side / file
        text = path.read_text(encoding="utf-8")
        assert before in text
        path.write_text(text.replace(before, after), encoding="utf-8")

    def pack(self, side: str) -> Pack:
        return load_pack(FolderFiles(str(self.root / side), side))

    def flips(self, *scenarios: dict[str, Any], old: str = "old", new: str = "new") -> Flips:
        """What differs for scenarios in one file; without any, for those of the packs."""
        documents: list[Document] | None = None
        store = open_store(str(self.root / "store"))
        resolver = Resolver(str(self.root), store)
        suite = Suite(str(self.root), resolver, runtimes=Runtimes(HookSettings.of(os.environ)))
        if scenarios:
            path = write(self.root / "tried.scenario.json", *scenarios)
            documents = [Document(path.name, lambda: suite.read(str(path), path.name))]
        try:
            return find_flips(suite, (old, self.pack(old)), (new, self.pack(new)), documents, self.redact)
        finally:
            suite.close()
