"""Text that strangers wrote, made safe to show, and names that are nearly right."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from itertools import islice

# Bidirectional controls, and what has no width: soft hyphen, joiners, fillers, annotations, tag characters.
_HIDDEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    "\U000e0000-\U000e0fff"
)
_INVISIBLE = re.compile(f"[{_HIDDEN}]")
# Those, C0 and C1 controls, line and paragraph separators, lone surrogates.
_UNSAFE = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff{_HIDDEN}]")

#: Longest text that one message shows of a foreign value, in characters.
SHOWN = 200
#: Names that a hint chooses from; a stranger's document may offer thousands.
_MOST_CANDIDATES = 2_000


def _escape(found: re.Match[str]) -> str:
    code = ord(found.group())
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def shown(text: object, limit: int = SHOWN) -> str:
    """``text`` on one line, with nothing that moves a cursor or hides a character, cut at ``limit``."""
    whole = str(text)
    cut = whole if len(whole) <= limit else whole[:limit] + f"… ({len(whole)} characters)"
    return _UNSAFE.sub(_escape, cut)


def shown_lines(text: str) -> str:
    """Like ``shown``, for text of several lines: line feeds and tabs stay, nothing is cut."""
    return "\n".join(_UNSAFE.sub(_escape, line.replace("\t", "    ")) for line in text.split("\n"))


def invisible(text: str) -> str | None:
    """The first bidirectional or zero-width character in ``text``, escaped; None where there is none."""
    found = _INVISIBLE.search(text)
    return _escape(found) if found else None


def nearest(word: str, known: Iterable[str], most: int = 3) -> list[str]:
    """The names of ``known`` that ``word`` was probably meant to be, best first."""
    # get_close_matches is quadratic in the length of the words, and both may come from strangers.
    candidates = [name for name in islice(known, _MOST_CANDIDATES) if len(name) <= 4 * SHOWN]
    return difflib.get_close_matches(word[: 4 * SHOWN], candidates, n=most, cutoff=0.6)


def meant(names: Iterable[str]) -> str:
    """A hint that asks whether one of ``names`` was meant."""
    return "did you mean " + " or ".join(f"'{shown(name, 80)}'" for name in names) + "?"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known words, or all of a short list; empty where there are none."""
    names = sorted(set(known))
    close = nearest(word, names)
    if close:
        return meant(close)
    if not names:
        return ""
    listed = ", ".join(shown(name, 80) for name in names[:12])
    return f"known: {listed}" + (f" and {len(names) - 12} more" if len(names) > 12 else "")
