"""Scenarios of the store as collectors: the index, below it what is asked for, and the files of a suite or pack.

Their ids begin with the index, a file that is there, so that they can be pasted and run again:
``store/index.json::payment-flow:v1.0.0::happy_path``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from pytest_fluxscenario.plugin.collecting.loose import LooseSource
from pytest_fluxscenario.plugin.session.reference import STORED
from pytest_fluxscenario.runner.stored import StoredDocument, read_stored

if TYPE_CHECKING:
    from pytest_fluxscenario.cas.index import Resolved
    from pytest_fluxscenario.plugin.session.session import Session


class StoreIndex(pytest.File):
    """The index of the session's store; holds what is asked for of it."""

    def __init__(self, *, flux: Session, **more: Any) -> None:
        asked = more["parent"].config.stash[STORED]
        # Outside of the root pytest would leave the path out.
        super().__init__(**more, nodeid=asked.nodeid)
        self.flux = flux
        self._asked = asked

    def collect(self) -> Iterator[pytest.Collector]:
        """A collector for each ref."""
        for found in self._asked.found:
            yield StoredRef.from_parent(self, name=str(found), found=found, flux=self.flux)


class StoredRef(LooseSource):
    """What one ref names: a document, or the files of a suite or pack."""

    def __init__(self, *, found: Resolved, **more: Any) -> None:
        super().__init__(**more)
        self._found = found

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        """The items of a document; a collector for each file of a suite. Raises CollectError."""
        documents = self.told(self._documents)
        if not documents[0].path:
            self.take(documents[0])
            yield from super().collect()
            return
        for document in documents:
            file = LooseSource.from_parent(self, name=document.path, flux=self.flux)
            file.take(document)
            yield file

    def _documents(self) -> tuple[StoredDocument, ...]:
        store = self.flux.suite.resolver.store
        assert store is not None  # noqa: S101 - the ref was found in it
        return read_stored(store, self._found)
