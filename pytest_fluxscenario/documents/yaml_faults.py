"""What is wrong with text that is not YAML: the parser's words with a place and a hint. Every function here raises."""

from __future__ import annotations

import re
from typing import NoReturn

from yaml.error import MarkedYAMLError

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.documents.trouble import Trouble

# What YAML calls not printable (1.2, section 5.1), and the byte order mark, which may only begin a file.
_UNPRINTABLE = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_HINTS = {"\t": "indent with spaces, not with tabs", "@": "quote it", "`": "quote it", "%": "quote it"}


def refuse_marked(trouble: Trouble, error: MarkedYAMLError) -> NoReturn:
    """The parser stopped, and said where."""
    mark = error.problem_mark or error.context_mark
    offset = min(mark.index, len(trouble.text)) if mark is not None else 0
    text = trouble.text
    problem = shown(error.problem or "not readable", 200)
    if "<document start>" in problem and not trouble.conflict(offset):
        trouble.fail("trailing-text", offset, "text behind the end of the document", "documents are parted by ---")
    if text.startswith("%", text.rfind("\n", 0, offset) + 1):
        trouble.fail("directive", offset, f"a directive that is not known: {problem}", "take the line out")
    if _SURROGATE_ESCAPE.search(text, max(0, offset - 8), offset + 8):
        trouble.fail("surrogate", offset, "half of a surrogate pair in a string", "write the character itself")
    context = shown(error.context or "", 200)
    if context and error.context_mark is not None:
        context += f" that begins in line {trouble.line(min(error.context_mark.index, len(text)))}"
    hint = _hint(problem, text, offset)
    trouble.fail_syntax(offset, "not YAML: " + (f"{problem}, {context}" if context else problem), hint)


def _hint(problem: str, text: str, offset: int) -> str:
    """What was probably meant where the parser stopped; empty where that cannot be told."""
    if "cannot start any token" in problem:
        return _HINTS.get(text[offset : offset + 1], "")
    if "tab character" in problem:
        return _HINTS["\t"]
    if text[max(0, offset - 1) : offset + 1] == "${":
        return 'within { } or [ ] a reference stands in quotes: "${name}"'
    if "mapping values are not allowed" in problem:
        return "check the indentation, and quote text that holds ': '"
    # Each parser has its own words for it.
    if "expected '-' indicator" in problem or "expected <block end>" in problem:
        return "check the indentation"
    return ""


def refuse_unprintable(trouble: Trouble) -> NoReturn:
    """The parser met a character that YAML does not allow; it tells bytes, so the place is looked for."""
    found = _UNPRINTABLE.search(trouble.text)
    if found is None:
        trouble.fail_syntax(0, "not readable as YAML: a character that YAML does not allow")
    what = f"the character U+{ord(found[0]):04X}, which YAML does not allow"
    trouble.fail_syntax(found.start(), what, "write it as an escape in double quotes")
