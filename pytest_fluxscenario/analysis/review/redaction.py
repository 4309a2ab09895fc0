"""Secrets taken out of a packet: every text in it but hashes, before anything is cut (evidence.md, "Redaction")."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from pytest_fluxscenario.evidence.redact import Redactor
from pytest_fluxscenario.model.review import Packet
from pytest_fluxscenario.model.review_rules import RuntimeView

#: What the packet, not the pack, says.
_HASH: Final = re.compile(r"sha256:[0-9a-f]{64}")
#: Words of this package: fields whose values no stranger chooses.
_OURS: Final = frozenset(
    {
        "schema",
        "outcome",
        "verdict",
        "fate",
        "direction",
        "severity",
        "kind",
        "origin",
        "started",
        "hooks",
        "hook_failure",
    }
)


def redacted(packet: Packet, redactor: Redactor) -> Packet:
    """The packet with every secret masked, and how many values were. What is not text stays as it is."""
    if not redactor.active:
        return packet
    before = dict(redactor.counts)
    masked: Packet = _masked(packet, redactor)
    counts = {name: count - before.get(name, 0) for name, count in sorted(redactor.counts.items())}
    return replace(masked, redactions={name: count for name, count in counts.items() if count})


def _masked(value: Any, redactor: Redactor) -> Any:
    """The same value with its texts masked; names of fields are no texts, keys of mappings are."""
    if isinstance(value, str):
        return value if _HASH.fullmatch(value) else redactor.text(value)
    if isinstance(value, Struct):
        ours = frozenset() if isinstance(value, RuntimeView) else _OURS
        said = {name: getattr(value, name) for name in value.__struct_fields__}
        return replace(
            value,
            **{
                name: item if name in ours and isinstance(item, str) else _masked(item, redactor)
                for name, item in said.items()
            },
        )
    if isinstance(value, Mapping):
        return {redactor.text(str(key)): _masked(item, redactor) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_masked(item, redactor) for item in value)
    return value
