"""References in the strings of steps (scenario.md, ``parameters`` and ``capture``).

``${name}`` stands for a parameter or a captured value, ``${steps.<name>.<field>}`` for a value in the response of an
earlier step, and ``$${`` writes a literal ``${``. The text is read from left to right, so ``$$${`` writes ``$${``.
"""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from typing import Final

#: One escape, one reference, or an opening that is never closed.
REFERENCE: Final = re.compile(r"\$\$\{|\$\{(?P<inner>[^${}]*)\}|\$\{")
#: A string that is one reference and nothing else, as the published schema writes it: ``$`` alone allows a line feed,
#: and some validators take an unescaped ``$`` for the end even between brackets.
WHOLE_PATTERN: Final = r"^\$\{[^\${}]+\}(?!\n)$"
#: What a parameter is called.
PARAMETER_NAME: Final = re.compile(r"[a-z_][A-Za-z0-9_]*")
#: What a captured value is called.
CAPTURE_NAME: Final = re.compile(r"[a-z_][a-z0-9_]*")
#: Begins a reference to an earlier step, so nothing else may be called so.
STEPS: Final = "steps"

_LONGEST_REFERENCE: Final = 500
_whole = re.compile(WHOLE_PATTERN).search


@dataclass(frozen=True, slots=True)
class Slot:
    """One reference in a text."""

    #: Offsets of the whole reference in the text.
    start: int
    end: int
    #: What stands between the braces.
    inner: str
    #: Why it is no reference; empty where it is one.
    fault: str = ""

    @property
    def name(self) -> str | None:
        """The parameter or captured value that is meant; None where a step is."""
        return None if self.inner.startswith(f"{STEPS}.") else self.inner

    def step_field(self, steps: Container[str]) -> tuple[str, str] | None:
        """The step of ``steps`` that is meant, and the path into its response.

        A step's name may hold dots itself, so the longest name of ``steps`` that fits is taken; None where none fits.
        """
        rest = self.inner[len(STEPS) + 1 :]
        dot = rest.rfind(".")
        while dot > 0:
            if rest[:dot] in steps:
                return rest[:dot], rest[dot + 1 :]
            dot = rest.rfind(".", 0, dot)
        return None


def references(text: str) -> list[Slot]:
    """Every reference of ``text``, from left to right, malformed ones with their fault; escapes are left out."""
    if "${" not in text:
        return []
    return [_slot(found) for found in REFERENCE.finditer(text) if found.group() != "$${"]


def parts(text: str) -> list[str | Slot]:
    """``text`` as what it is made of: literal text, its escapes already undone, and references."""
    found: list[str | Slot] = []
    literal, at = "", 0
    for match in REFERENCE.finditer(text):
        literal += text[at : match.start()]
        at = match.end()
        if match.group() == "$${":
            literal += "${"
            continue
        if literal:
            found.append(literal)
        literal = ""
        found.append(_slot(match))
    literal += text[at:]
    return [*found, literal] if literal else found


def is_reference(text: str) -> bool:
    """Whether ``text`` is one reference and nothing else, so that the value keeps its type."""
    return text.startswith("${") and _whole(text) is not None


def escaped(text: str) -> str:
    """The text that writes ``text`` literally: nothing in it is taken for a reference."""
    return text.replace("${", "$${")


def path_fault(path: str) -> str:
    """Why ``path`` cannot lead into a response; empty where it can: names and list positions, joined by dots."""
    if all(path.split(".")):
        return ""
    return "a path is names and list positions joined by dots, like created_artifacts.0"


def _slot(found: re.Match[str]) -> Slot:
    inner = found.group("inner")
    if inner is None:
        return Slot(found.start(), found.end(), "", "'${' is not closed by '}'")
    return Slot(found.start(), found.end(), inner, _fault(inner))


def _fault(inner: str) -> str:
    if len(inner) > _LONGEST_REFERENCE:
        return f"a reference of {len(inner)} characters is too long: the limit is {_LONGEST_REFERENCE}"
    if inner.startswith(f"{STEPS}."):
        return "" if inner.count(".") > 1 else "a reference to a step names a field of its response"
    if PARAMETER_NAME.fullmatch(inner) and inner != STEPS:
        return ""
    return "this is no reference"
