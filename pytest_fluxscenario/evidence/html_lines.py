"""The line of a step in the scenario that a record names, where the file still says what ran."""

from __future__ import annotations

import os
from typing import Any

from pytest_fluxscenario.base.canonical import canonical
from pytest_fluxscenario.base.digest import sha256_ref
from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.place import Pointer
from pytest_fluxscenario.documents.elements import Element, read_elements
from pytest_fluxscenario.documents.places import Places, read_places
from pytest_fluxscenario.documents.source import Root, Source, read_source


class StepLines:
    """Finds lines in scenario files below a root; a record may come from anywhere, and names what it likes."""

    def __init__(self, root: str | None) -> None:
        """``root`` is what the files of records are relative to; None where no file is looked at."""
        self._root = root
        self._inside = None if root is None else Root(root)
        #: The last file that was read: its scenarios come one after the other.
        self._last: tuple[str, dict[str, Element], Places | None] = ("", {}, None)

    def find(self, scenario: dict[str, Any], index: object) -> int:
        """The line of a step (1-based index) of a record's scenario; 0 where it cannot be known."""
        file, digest = scenario.get("file"), scenario.get("hash")
        if self._inside is None or not isinstance(file, str) or not isinstance(digest, str):
            return 0
        if self._last[0] != file:
            self._last = (file, *self._read(file))
        _, elements, places = self._last
        element = elements.get(digest)
        if element is None or places is None or not isinstance(index, int):
            return 0
        pointer: Pointer = (*element.pointer, "steps", index - 1)
        return places.at(element.document, pointer).line

    def _read(self, file: str) -> tuple[dict[str, Element], Places | None]:
        try:
            source = self._source(file)
            # By its hash: what has changed since the run has other lines.
            elements = {sha256_ref(canonical(element.data)): element for element in read_elements(source)}
            return elements, read_places(source)
        except (FluxError, ValueError, OSError):
            return {}, None

    def _source(self, file: str) -> Source:
        return read_source(os.path.join(self._root or "", file), file, root=self._inside)
