"""Which scenarios go together in one message: those that take no time, of one pack (ADR 59).

A scenario of a pack without hooks is decided in memory, in less time than its message takes. One that calls a program
may take long, or end its rack: that goes alone, so that no other waits for it and racks share the work evenly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.cas.trees import read_tree
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.fleet.messages.handful import MOST
from pytest_fluxscenario.fleet.mixer.content import Content
from pytest_fluxscenario.fleet.mixer.history.asked import Asked
from pytest_fluxscenario.fleet.mixer.history.history import Run
from pytest_fluxscenario.gears.settings import ENGINE
from pytest_fluxscenario.packs.files import TreeFiles
from pytest_fluxscenario.packs.load import load_pack
from pytest_fluxscenario.remote.case import PortablePack

#: Into so many messages a run is divided at least: many racks may wait for it.
_MESSAGES: Final = 8
#: Bytes of a scenario that goes along with its work; a larger one is asked for by its hash.
_SMALL: Final = 16 << 10
#: ... and of all that go together.
_TOGETHER: Final = 64 << 10
#: Packs of which it is remembered whether they have hooks.
_MOST_KNOWN: Final = 256
#: A scenario, and the document that goes along with it.
Single = tuple[Asked, bytes]


@dataclass(frozen=True, slots=True)
class Handfuls:
    """Puts together; reads content, and is not for the thread of the loop."""

    content: Content
    #: By the hash of a tree.
    _hooked: dict[str, bool] = field(default_factory=dict)

    def of(self, run: Run, several: Sequence[Asked], *, alone: bool) -> list[list[Single]]:
        """What goes into one message each, in order, with the documents of small scenarios."""
        singles = [(asked, self.content.small(asked.case.content, _SMALL)) for asked in several]
        most = 1 if alone else max(1, min(MOST, len(run.asked) // _MESSAGES))
        if most == 1:
            return [[one] for one in singles]
        return list(self._together(run, singles, most))

    def _together(self, run: Run, singles: Sequence[Single], most: int) -> Iterator[list[Single]]:
        handful: list[Single] = []
        size, known = 0, object()
        for one in singles:
            asked, document = one
            case = asked.case
            plain = bool(document) and asked.attempt == 1 and case.gear == ENGINE
            quick = plain and not self._has_hooks(run, case.pack)
            # By numbers, so that what is handed out once more after a failure is the same message.
            like = (case.pack, case.profile, case.spec, (asked.number - 1) // most) if quick else asked.number
            if handful and (like != known or size + len(document) > _TOGETHER):
                yield handful
                handful, size = [], 0
            handful.append(one)
            size, known = size + len(document), like
        if handful:
            yield handful

    def _has_hooks(self, run: Run, pack: PortablePack) -> bool:
        """Whether a pack may call programs; one that cannot be read here is not known not to."""
        if pack.kind == "profile":
            return False
        known = self._hooked.get(pack.hash)
        if known is None:
            blobs = self.content.blobs
            try:
                files = TreeFiles(read_tree(blobs, pack.hash), pack.where, Limits.parse(run.settings.limits))
                known = load_pack(files, pack.origin, pack.store_ref, pack.stored).hooks is not None
            except FluxError:
                return True
            if len(self._hooked) >= _MOST_KNOWN:
                self._hooked.clear()
            self._hooked[pack.hash] = known
        return known
