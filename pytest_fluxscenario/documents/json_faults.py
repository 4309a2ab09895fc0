"""What is wrong with text that is not JSON, in words that say what to change. Every function here raises."""

from __future__ import annotations

import re
from typing import NoReturn

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.documents.trouble import Trouble

_SPACE = " \t\n\r"
#: Longest piece of the text that a message shows.
_SHOWN = 40
_TOKEN = re.compile(r"[-+.\w$]{1,200}|.", re.DOTALL)
_NUMBER_LIKE = re.compile(r"[-+]?\.?[0-9]")
_GLUED = re.compile(r"[-+.\w$]")
_NOT_NUMBERS = frozenset(("nan", "infinity", "inf"))
_WORDS = {"none": "null", "null": "null", "nil": "null", "undefined": "null", "true": "true", "false": "false"}


def refuse_value(trouble: Trouble, position: int, opened: int) -> NoReturn:
    """There is no value at ``position``; ``opened`` is where the list or mapping around it began."""
    token = _token(trouble, position, opened)
    if token in ("]", "}", ",", ":"):
        _refuse_comma(trouble, position, token)
        trouble.fail_syntax(position, f"a value is missing before '{token}'")
    if token == "'":
        trouble.fail_syntax(position, "a string in single quotes", 'JSON has only double quotes: "')
    _refuse_word(trouble, position, token)
    hint = "strings need double quotes" if token[0].isalnum() else ""
    trouble.fail_syntax(position, f"'{shown(token, _SHOWN)}' where a value should be", hint)


def refuse_key(trouble: Trouble, position: int, opened: int) -> NoReturn:
    """There is no key at ``position`` of the mapping that began at ``opened``."""
    token = _token(trouble, position, opened)
    if token == "}":
        _refuse_comma(trouble, position, token)
    if token == "'":
        trouble.fail_syntax(position, "a key in single quotes", 'JSON has only double quotes: "')
    hint = "keys are strings in double quotes"
    trouble.fail_syntax(position, f"'{shown(token, _SHOWN)}' where a key should be", hint)


def refuse_after_key(trouble: Trouble, position: int, opened: int) -> NoReturn:
    """No colon follows a key; ``position`` is behind white space."""
    token = _token(trouble, position, opened)
    trouble.fail_syntax(position, f"a colon is missing between a key and '{shown(token, _SHOWN)}'")


def refuse_after_value(trouble: Trouble, position: int, opened: int) -> NoReturn:
    """Neither a comma nor the closing bracket follows a value; ``position`` is behind white space."""
    token = _token(trouble, position, opened)
    _refuse_glued(trouble, position)
    if token in ("]", "}"):
        begin = trouble.place(opened)
        opener = trouble.text[opened]
        what = f"'{token}' does not close the '{opener}' of line {begin.line}, column {begin.column}"
        trouble.fail_syntax(position, what)
    if token == ":":
        trouble.fail_syntax(position, "a colon where a comma should be", "only mappings, in { }, have keys")
    trouble.fail_syntax(position, f"a comma is missing before '{shown(token, _SHOWN)}'")


def refuse_trailing(trouble: Trouble, position: int) -> NoReturn:
    """Text follows the document; ``position`` is behind white space."""
    token = _token(trouble, position, 0)
    _refuse_glued(trouble, position)
    conflict = trouble.conflict(position)
    if conflict is not None:
        trouble.fail_conflict(conflict)
    hint = "a file holds one JSON value: put several into a list"
    trouble.fail("trailing-text", position, f"'{shown(token, _SHOWN)}' behind the end of the JSON document", hint)


def refuse_in_string(trouble: Trouble, position: int, start: int) -> NoReturn:
    """The string that began at ``start`` cannot go on at ``position``."""
    text = trouble.text
    character = text[position : position + 1]
    following = text[position + 1 : position + 2]
    if character in ("", "\n", "\r") or (character == "\\" and not following):
        line_ends = character in ("\n", "\r")
        hint = "a line break in a string is written \\n" if line_ends else ""
        trouble.fail_syntax(start, f"a string is not closed before the {'line' if line_ends else 'file'} ends", hint)
    if character == "\\":
        escape = text[position : position + 6].split('"')[0] if following == "u" else text[position : position + 2]
        hint = "\\u takes four hexadecimal digits" if following == "u" else "a backslash itself is written \\\\"
        trouble.fail_syntax(position, f"'{shown(escape)}' is no escape of JSON", hint)
    hint = f"write \\u{ord(character):04x}"
    trouble.fail_syntax(position, f"a control character, {shown(character)}, in a string", hint)


def _token(trouble: Trouble, position: int, opened: int) -> str:
    """What stands at ``position``; raises when it is the end of the file, or a comment."""
    found = _TOKEN.match(trouble.text, position)
    if found is None:
        opener = trouble.text[opened]
        what = f"the file ends before the '{opener}' that begins here is closed"
        trouble.fail_syntax(opened, what, "is the file cut off?")
    token = found[0]
    if token == "#" or trouble.text.startswith(("//", "/*"), position):
        trouble.fail_syntax(position, "a comment", "JSON has none: write YAML, or take it out")
    return token


def _refuse_comma(trouble: Trouble, position: int, token: str) -> None:
    """Raises when a comma stands before a closing bracket: the comma is what is wrong then."""
    before = len(trouble.text[max(0, position - 1000) : position].rstrip(_SPACE))
    comma = max(0, position - 1000) + before - 1
    if token in ("]", "}") and comma >= 0 and trouble.text[comma] == ",":
        trouble.fail_syntax(comma, f"a comma before '{token}'", "take the comma out")


def _refuse_word(trouble: Trouble, position: int, token: str) -> None:
    """Raises when ``token`` means something elsewhere, and is no value of JSON."""
    bare = token.lstrip("+-").lower()
    if bare in _NOT_NUMBERS:
        trouble.fail("not-a-number", position, f"'{shown(token, _SHOWN)}' is no number", "use null, or quote it")
    if bare in _WORDS:
        trouble.fail_syntax(position, f"'{shown(token, _SHOWN)}' is no word of JSON", f"write {_WORDS[bare]}")
    if _NUMBER_LIKE.match(token):
        hint = "no plus sign, no leading zero, digits on both sides of the point; or quote it"
        trouble.fail_syntax(position, f"'{shown(token, _SHOWN)}' is not how JSON writes a number", hint)


def _refuse_glued(trouble: Trouble, position: int) -> None:
    """Raises when a scalar without quotes goes on at ``position``, as in ``01`` and ``nullx``: names the whole."""
    text = trouble.text
    if not (_GLUED.match(text, position) and _GLUED.match(text, position - 1)):
        return
    start = position
    while start and position - start < _SHOWN and _GLUED.match(text, start - 1):
        start -= 1
    token = _token(trouble, start, start)
    _refuse_word(trouble, start, token)
    trouble.fail_syntax(start, f"'{shown(token, _SHOWN)}' where a value should be", "strings need double quotes")
