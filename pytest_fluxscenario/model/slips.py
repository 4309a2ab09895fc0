"""What was probably meant by a value of the wrong type, for hints."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Final

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.documents.json import Json

#: What YAML 1.1 took for a boolean and YAML 1.2 does not, and booleans in quotes.
_NEARLY_BOOLEAN: Final = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}


def slip_hint(value: Json, asked: Collection[str], written: str | None = None) -> str:
    """What to write instead of ``value``, where one of the ``asked`` types (in words) makes that likely; else empty.

    ``written`` is the value as its file writes it, for what reading changes: ``1.10``.
    """
    if isinstance(value, bool | int | float) and "a string" in asked:
        return f'quote it: "{shown(written or json.dumps(value), 60)}"'
    if isinstance(value, str) and "true" in asked and value.lower() in _NEARLY_BOOLEAN:
        return f"write {_NEARLY_BOOLEAN[value.lower()]}, without quotes"
    if isinstance(value, str) and "a list" in asked:
        return f"write a list: [{shown(value, 60)}]"
    if isinstance(value, dict) and "a list" in asked:
        return "write a list, also of one: - in YAML, [ ] in JSON"
    return ""


def either(choices: list[str]) -> str:
    """The choices as a sentence lists them: ``a, b or c``."""
    if len(choices) < 2:
        return "".join(choices)
    return ", ".join(choices[:-1]) + " or " + choices[-1]
