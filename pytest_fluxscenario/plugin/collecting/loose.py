"""Documents of scenarios that lie in no folder, as collectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_fluxscenario.plugin.collecting.collect import ScenarioSource

if TYPE_CHECKING:
    from pytest_fluxscenario.documents.source import Source
    from pytest_fluxscenario.plugin.session.session import Session
    from pytest_fluxscenario.runner.archived import LooseDocument


class LooseSource(ScenarioSource):
    """One document of the store, or of an archive."""

    def __init__(self, *, flux: Session, **more: Any) -> None:
        super().__init__(**more)
        self.flux = flux
        self._hooks = more["parent"].ihook
        #: Until it is known what it is the collector of.
        self.shown = self.file = self.nodeid

    def take(self, document: LooseDocument) -> None:
        """Be the collector of ``document``."""
        self.loose, self.shown, self.file = document, document.name, document.file

    def read(self) -> Source:
        """The bytes of the document, verified. Raises FluxError."""
        assert self.loose is not None  # noqa: S101 - it is taken before anything is collected
        return self.loose.read()
