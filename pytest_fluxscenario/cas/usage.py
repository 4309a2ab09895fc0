"""Which stored scenarios run on which stored profiles and specs (store.md, "Lists")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.names import HashRef, parse_ref
from pytest_fluxscenario.cas.describing import Describer
from pytest_fluxscenario.cas.index import Index, Kind, highest


@dataclass(frozen=True, slots=True)
class Usage:
    """Everything that stored scenarios name, turned round."""

    #: Kind, and ``name:tag`` or a hash, to the refs of the scenarios that name it, each with its place in the index.
    _by: Mapping[tuple[Kind, str], Mapping[str, int]]
    #: Why stored scenarios could not be read, so that nobody knows what they name.
    faults: tuple[FluxError, ...]

    @classmethod
    def of(cls, index: Index, describer: Describer) -> Self:
        """The usage by all scenarios of an index."""
        by: dict[tuple[Kind, str], dict[str, int]] = {}
        faults: dict[str, FluxError] = {}
        filed = index.names.get("scenarios", {})
        refs = [(name, tag) for name in sorted(filed) for tag in index.tags("scenarios", name)]
        for number, (name, tag) in enumerate(refs):
            try:
                described = describer.describe("scenarios", filed[name][tag])
            except FluxError as error:
                faults[filed[name][tag]] = error
                continue
            for one in described.runs_on:
                for key in (("profiles", one.profile), ("specs", one.spec)):
                    meant = _meant(index, *key)
                    if meant is not None:
                        by.setdefault((key[0], meant), {})[f"{name}:{tag}"] = number
        return cls(by, tuple(faults.values()))

    def used_by(self, kind: Kind, name: str, tag: str, digest: str) -> tuple[str, ...]:
        """``name:tag`` of the scenarios that run on that version: by name, the newest of each first."""
        found = {**self._by.get((kind, f"{name}:{tag}"), {}), **self._by.get((kind, digest), {})}
        return tuple(sorted(found, key=found.__getitem__))


def _meant(index: Index, kind: Kind, text: str | None) -> str | None:
    """``name:tag`` or the hash that a ref means; None for a path, and for what means nothing."""
    ref = parse_ref(text) if text is not None else ""
    if isinstance(ref, str):
        return None
    if isinstance(ref, HashRef):
        return ref.hash
    tags = index.names.get(kind, {}).get(ref.name)
    if not tags:
        return None
    return f"{ref.name}:{highest(tags) if ref.tag == 'latest' else ref.tag}"
