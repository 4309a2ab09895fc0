"""A short text that a regular expression of a schema probably matches: the first choice, the fewest repetitions.

Simple on purpose: what looks ahead or back is passed over, so the check that decides in a run has the last word.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

_LONGEST_PATTERN: Final = 1_000
_LONGEST_TEXT: Final = 1_000
_CATEGORIES: Final[Mapping[str, str]] = {
    "CATEGORY_DIGIT": "0",
    "CATEGORY_WORD": "a",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_DIGIT": "a",
    "CATEGORY_NOT_WORD": "-",
    "CATEGORY_NOT_SPACE": "a",
}
#: What may stand where anything but some characters may.
_ANY: Final = "axyz01-_ ~"


def matching(pattern: str) -> str | None:
    """The text; None for a pattern that cannot be read, or whose text would be long."""
    if len(pattern) > _LONGEST_PATTERN:
        return None
    try:
        # The parser of the standard library is not public: where it is another one there is no text.
        parse: Callable[[str], Any] = importlib.import_module("re._parser").parse
        text = _text(parse(pattern))
    except Exception:  # noqa: BLE001 - a stranger's pattern, and a parser that promises nothing
        return None
    return text if len(text) <= _LONGEST_TEXT else None


def _text(parsed: Any) -> str:
    return "".join(_part(str(name), argument) for name, argument in parsed)


def _part(name: str, argument: Any) -> str:
    if name == "LITERAL":
        return chr(argument)
    if name in ("ANY", "NOT_LITERAL"):
        return next(one for one in _ANY if one != (chr(argument) if name == "NOT_LITERAL" else ""))
    if name == "IN":
        return _one_of(argument)
    if name == "BRANCH":
        return _text(argument[1][0])
    if name == "SUBPATTERN":
        return _text(argument[-1])
    if name == "ATOMIC_GROUP":
        return _text(argument)
    if name.endswith("_REPEAT"):
        fewest, _, inner = argument
        # Cut here: repetitions of repetitions would fill the memory.
        return (_text(inner) * min(int(fewest), _LONGEST_TEXT + 1))[: _LONGEST_TEXT + 1]
    return ""


def _one_of(choices: Sequence[Any]) -> str:
    name, argument = str(choices[0][0]), choices[0][1]
    if name == "NEGATE":
        return next(one for one in _ANY if not any(_holds(choice, one) for choice in choices[1:]))
    if name == "RANGE":
        return chr(argument[0])
    return _CATEGORIES[str(argument)] if name == "CATEGORY" else chr(argument)


def _holds(choice: Any, one: str) -> bool:
    name, argument = str(choice[0]), choice[1]
    if name == "RANGE":
        return bool(argument[0] <= ord(one) <= argument[1])
    if name == "CATEGORY":
        return {
            "CATEGORY_DIGIT": one.isdigit(),
            "CATEGORY_WORD": one.isalnum() or one == "_",
            "CATEGORY_SPACE": one.isspace(),
            "CATEGORY_NOT_DIGIT": not one.isdigit(),
            "CATEGORY_NOT_WORD": not (one.isalnum() or one == "_"),
            "CATEGORY_NOT_SPACE": not one.isspace(),
        }[str(argument)]
    return bool(argument == ord(one))
