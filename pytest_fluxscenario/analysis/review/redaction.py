"""Secrets taken out of a packet: every text in it but hashes, before anything is cut (evidence.md, "Redaction")."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from pytest_fluxscenario.evidence.redact import Redactor
from pytest_fluxscenario.model.review import Packet

#: What the packet, not the pack, says.
_HASH: Final = re.compile(r"sha256:[0-9a-f]{64}")
#: Words of this package: fields whose values no stranger chooses.
_OURS: Final = frozenset({"schema", "outcome", "verdict", "fate", "direction", "severity", "kind", "origin", "started"})


def redacted(packet: Packet, redactor: Redactor) -> Packet:
    """The packet with every secret masked, and how many values were. What is not text stays as it is."""
    if not redactor.active:
        return packet
    before = dict(redactor.counts)
    plain = _masked(msgspec.to_builtins(packet), redactor)
    counts = {name: count - before.get(name, 0) for name, count in sorted(redactor.counts.items())}
    plain["redactions"] = {name: count for name, count in counts.items() if count}
    return msgspec.convert(plain, Packet)


def _masked(value: Any, redactor: Redactor) -> Any:
    if isinstance(value, str):
        return value if _HASH.fullmatch(value) else redactor.text(value)
    if isinstance(value, dict):
        return {
            redactor.text(key): item if key in _OURS and isinstance(item, str) else _masked(item, redactor)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_masked(item, redactor) for item in value]
    return value
