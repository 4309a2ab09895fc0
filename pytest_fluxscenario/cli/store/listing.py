"""``list`` and ``history``: what a store holds of one kind, and what uses it (store.md, "Lists")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.cas.describing import Describer, Description
from pytest_fluxscenario.cas.index import Kind
from pytest_fluxscenario.cas.scenarios import RunsOn
from pytest_fluxscenario.cas.store import Store
from pytest_fluxscenario.cas.usage import Usage
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.cli.console.render import Outputs, plural

_HASH_DIGITS: Final = 12
#: Names in one cell of a table; ``--json`` has all of them.
_MOST_NAMES: Final = 3


@dataclass(frozen=True, slots=True)
class _Row:
    kind: Kind
    name: str
    tag: str
    latest: bool
    hash: str
    #: None where it cannot be read.
    described: Description | None
    #: Refs of the stored scenarios that run on it.
    used_by: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        described = self.described
        row: dict[str, Any] = {
            "name": self.name,
            "tag": self.tag,
            "latest": self.latest,
            "hash": f"sha256:{self.hash}",
            "size": described.size if described else None,
            "title": described.title if described else "",
        }
        if self.kind == "scenarios":
            found = [{"profile": one.profile, "spec": one.spec} for one in described.runs_on] if described else None
            return row | {"scenarios": described.scenarios if described else None, "runs_on": found}
        if self.kind == "profiles":
            row["scenarios"] = described.scenarios if described else None
        return row | {"used_by": list(self.used_by)}

    def to_cells(self) -> tuple[str, ...]:
        described = self.described
        size, title = (str(described.size), described.title) if described else ("?", "")
        latest = "latest" if self.latest else ""
        return self.name, self.tag, latest, self.hash[:_HASH_DIGITS], size, title, self._use()

    def _use(self) -> str:
        if self.kind == "scenarios":
            return _few([_said(one) for one in self.described.runs_on]) if self.described else "?"
        own = self.described.scenarios if self.described else 0
        # The newest of each name: they come first.
        newest = {ref.partition(":")[0]: ref for ref in reversed(self.used_by)}
        refs = [ref for ref in self.used_by if newest[ref.partition(":")[0]] == ref]
        others = _few(refs, len(self.used_by) - len(refs))
        return ", ".join(part for part in (f"{plural(own, 'scenario')} of its own" if own else "", others) if part)


def tell(store: Store, kind: Kind, names: Sequence[str], outputs: Outputs, *, json: bool) -> int:
    """Print all versions of ``names``, the highest first; gives the exit status.

    What cannot be read is told on standard error, and listed with what is known of it.
    """
    describer = Describer(store)
    faults: list[FluxError] = []
    usage = Usage.of(store.index, describer) if kind != "scenarios" and names else Usage({}, ())
    rows = [
        _row(describer, usage, (kind, name, tag), faults, latest=tag == tags[0])
        for name in names
        for tags in (store.index.tags(kind, name),)
        for tag in tags
    ]
    if json:
        outputs.json([row.to_json() for row in rows])
    elif rows:
        header = ("NAME", "TAG", "", "HASH", "SIZE", "TITLE", "RUNS ON" if kind == "scenarios" else "USED BY")
        outputs.out.table(header, [row.to_cells() for row in rows])
    outputs.out.flush()
    faults += usage.faults
    for fault in faults:
        outputs.error(fault)
    return max((fault.exit_status for fault in faults), default=exits.DONE)


def _row(describer: Describer, usage: Usage, key: tuple[Kind, str, str], faults: list[FluxError], latest: bool) -> _Row:
    kind, name, tag = key
    digest = describer.store.index.names[kind][name][tag]
    described = None
    try:
        described = describer.describe(kind, digest)
    except FluxError as error:
        faults.append(error)
    return _Row(kind, name, tag, latest, digest, described, usage.used_by(kind, name, tag, digest))


def _said(one: RunsOn) -> str:
    return shown(one.profile, 80) + (f" with {shown(one.spec, 80)}" if one.spec is not None else "")


def _few(words: Sequence[str], others: int = 0) -> str:
    """The first of some names, and how many there are besides."""
    more = max(0, len(words) - _MOST_NAMES) + others
    return ", ".join(words[:_MOST_NAMES]) + (f" and {more} more" if more else "")
