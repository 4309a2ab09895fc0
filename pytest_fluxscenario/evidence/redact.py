"""Secrets taken out before anything is written or printed (evidence.md, "Redaction")."""

from __future__ import annotations

import base64
import copy
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown, shown_lines

#: What stands where a secret stood.
MASK = "[redacted]"
#: A shorter value of a variable would blot out half of every text.
_SHORTEST = 4
#: A shorter line of a value of several lines stands in many texts.
_SHORTEST_LINE = 8
#: What stands where messages and tracebacks leave something out.
_CUT = re.compile(r"(…|\.\.\.)")


class Redactor:
    """Replaces what the configuration names: text that a pattern matches, and the values of variables.

    A value of a variable is found as it is, in its base64 forms, and as a URL writes it.
    """

    def __init__(
        self, patterns: Iterable[str] = (), variables: Iterable[str] = (), environ: Mapping[str, str] | None = None
    ) -> None:
        """Raises UsageError for a pattern that is none or matches empty text, and for a value too short to find."""
        #: As they were given.
        self.patterns: tuple[str, ...] = tuple(patterns)
        self._rules: list[tuple[str, re.Pattern[str]]] = []
        self._forms: list[tuple[str, list[str]]] = []
        self._lines: list[tuple[str, re.Pattern[str]]] = []
        #: How many values were replaced, by the pattern or the variable that named them.
        self.counts: dict[str, int] = {}
        for pattern in self.patterns:
            self._rules.append((pattern, _compiled(pattern)))
        for name in variables:
            value = (environ or {}).get(name, "")
            if not value:
                continue
            if len(value) < _SHORTEST:
                hint = f"a value that is redacted has at least {_SHORTEST} characters"
                raise _unusable(
                    "fluxscenario_redact_env", f"the value of {shown(name, 80)} is too short to be redacted", hint
                )
            forms = sorted(_forms(value), key=len, reverse=True)
            self._forms.append((f"${name}", forms))
            self._rules.append((f"${name}", re.compile("|".join(map(re.escape, forms)))))
            lines = sorted(_lines(value), key=len, reverse=True)
            if lines:
                self._lines.append((f"${name}", re.compile("|".join(map(re.escape, lines)))))

    def uncounted(self) -> Redactor:
        """The same rules, for what is no evidence: what they replace there is counted apart."""
        other = copy.copy(self)
        other.counts = {}
        return other

    @property
    def active(self) -> bool:
        """Whether anything is to be redacted at all."""
        return bool(self._rules)

    def text(self, text: str) -> str:
        """``text`` with every secret masked."""
        text = self._replace(self._rules, text)
        if self._forms and _CUT.search(text):
            text = self._beside_cuts(text)
        return self._replace(self._lines, text) if self._lines else text

    def _replace(self, rules: list[tuple[str, re.Pattern[str]]], text: str) -> str:
        for name, rule in rules:
            text, count = rule.subn(MASK, text)
            if count:
                self.counts[name] = self.counts.get(name, 0) + count
        return text

    def _beside_cuts(self, text: str) -> str:
        """``text`` with the halves of values masked that stand before and behind the marks of what was cut out."""
        parts = _CUT.split(text)
        for name, forms in self._forms:
            for index in range(0, len(parts), 2):
                before = _end_that_begins(parts[index], forms) if index + 2 < len(parts) else 0
                behind = _begin_that_ends(parts[index], forms) if index else 0
                if before:
                    parts[index] = parts[index][:-before] + MASK
                if behind:
                    parts[index] = MASK + parts[index][behind:]
                if before or behind:
                    self.counts[name] = self.counts.get(name, 0) + bool(before) + bool(behind)
        return "".join(parts)

    def data(self, value: Any) -> Any:
        """Plain data with every secret masked in its strings, keys too."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(key): self.data(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.data(item) for item in value]
        if isinstance(value, int | float) and not isinstance(value, bool):
            written = str(value)
            masked = self.text(written)
            return value if masked == written else masked
        return value


def _end_that_begins(text: str, forms: list[str]) -> int:
    """How many characters at the end of ``text`` are the beginning of one of ``forms``."""
    lengths = (
        length
        for form in forms
        for length in range(min(len(form), len(text)), _SHORTEST - 1, -1)
        if text.endswith(form[:length])
    )
    return max(lengths, default=0)


def _begin_that_ends(text: str, forms: list[str]) -> int:
    """How many characters at the beginning of ``text`` are the end of one of ``forms``."""
    lengths = (
        length
        for form in forms
        for length in range(min(len(form), len(text)), _SHORTEST - 1, -1)
        if text.startswith(form[-length:])
    )
    return max(lengths, default=0)


def _forms(value: str) -> set[str]:
    """The spellings in which a value is found.

    As it is, as JSON, Python and this package's messages write it, in a URL, and in base64 at each of the three
    alignments.
    """
    raw = value.encode("utf-8", "surrogateescape")
    found = {value, quote(raw, safe=""), shown(value, len(value)), shown_lines(value)}
    found |= {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(value)[1:-1]}
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(b"\0" * before + raw).decode()
            # Only the characters that depend on the value alone: those at the ends carry bits of their neighbours.
            start = (before * 8 + 5) // 6
            inner = text[start : (before + len(raw)) * 8 // 6]
            if len(inner) >= _SHORTEST:
                found.add(inner)
    return {form for form in found if len(form) >= _SHORTEST}


def _lines(value: str) -> set[str]:
    """The lines of a value of several: tracebacks write something before each of them."""
    lines = {line.strip() for line in value.split("\n")} if "\n" in value else set()
    return {line for line in lines if len(line) >= _SHORTEST_LINE}


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        rule = re.compile(pattern)
    except re.error as error:
        raise _unusable(
            "fluxscenario_redact", f"'{shown(pattern, 80)}' is no regular expression: {error}", ""
        ) from error
    if rule.match(""):
        raise _unusable(
            "fluxscenario_redact", f"'{shown(pattern, 80)}' matches the empty text", "name at least one character"
        )
    return rule


def _unusable(option: str, message: str, hint: str) -> UsageError:
    return UsageError.of("option.redact", Place(option), message, hint)
