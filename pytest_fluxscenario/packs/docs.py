"""The documents that a manifest promises: files, and sections in them (pack.md, "The manifest")."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problems
from pytest_fluxscenario.base.text import did_you_mean, shown
from pytest_fluxscenario.cas.paths import path_fault
from pytest_fluxscenario.packs.files import PackFiles
from pytest_fluxscenario.packs.manifest import WrittenManifest

_FILE: Final = re.compile(r"[^\s/]+(?:/[^\s/]+)*\.(?:md|markdown|rst|txt|html|pdf|adoc)", re.IGNORECASE)
_FENCES: Final = ("```", "~~~")
_UNDERLINES: Final = ({"="}, {"-"}, {"~"}, {"^"})
_READ: Final = (".md", ".markdown", ".rst", ".txt", ".adoc")
_MOST_TEXT: Final = 1 << 20


def check_docs(written: WrittenManifest, files: PackFiles, problems: Problems) -> None:
    """Hold what ``docs`` promises against the files of the pack: each missing file or section is a warning.

    A name in ``required`` is a file of the pack. ``trusted_source`` may also lie elsewhere, as a URL or in words. The
    required sections are headings of the trusted source, or else of the required documents; where that file is missing,
    its sections are not looked for.
    """
    docs = written.manifest.docs
    required = docs.required if isinstance(docs.required, tuple) else ()
    there: list[str] = []
    for at, path in enumerate(required):
        if _there(path, written.document.at(("docs", "required", at)), files, problems):
            there.append(path)
    source = docs.trusted_source
    place = written.document.at(("docs", "trusted_source"))
    if source in required:
        there = [source] if source in there else []
    elif source and (files.exists(source) or _FILE.fullmatch(source)):
        there = [source] if _there(source, place, files, problems) else []
    if docs.required is True and not source:
        message = "documents are required, but the manifest names no trusted_source"
        problems.add("pack.docs", written.document.at(("docs", "required")), message, "name one", "warning")
    read = [path for path in there if path.lower().endswith(_READ)]
    if docs.required_sections and read:
        _check_sections(written, files, read, problems)


def _there(path: str, place: Place, files: PackFiles, problems: Problems) -> bool:
    """Whether the pack has the document; a path that leads out of it is an error, as everywhere."""
    fault = files.fault(path)
    if fault and path_fault(path):
        problems.add("pack.path", place, f"the document '{shown(path, 80)}' cannot be used: {fault}")
    elif fault:
        message = f"the document '{shown(path, 80)}' is promised, but {fault}"
        problems.add("pack.docs", place, message, "write it, or leave it out of the manifest", "warning")
    return fault is None


def _check_sections(written: WrittenManifest, files: PackFiles, paths: list[str], problems: Problems) -> None:
    headings: dict[str, str] = {}
    for path in paths:
        try:
            text = files.read(path).data[:_MOST_TEXT].decode("utf-8", "replace")
        except FluxError as error:
            problems.found.extend(error.problems)
            return
        headings |= {_plain(heading): heading for heading in _headings(text)}
    for at, section in enumerate(written.manifest.docs.required_sections):
        if _plain(section) not in headings:
            named = " and ".join(shown(path, 80) for path in paths[:2])
            message = f"the section '{shown(section, 80)}' is promised, but {named} has no such heading"
            place = written.document.at(("docs", "required_sections", at))
            problems.add("pack.docs", place, message, did_you_mean(section, headings.values()), "warning")


def _headings(text: str) -> Iterator[str]:
    """The headings of Markdown or reStructuredText, outside front matter and fenced blocks."""
    lines = text.splitlines()
    if lines and lines[0].rstrip() == "---" and "---" in lines[1:]:
        del lines[: lines.index("---", 1) + 1]
    before = fence = ""
    for line in lines:
        stripped = line.strip()
        if fence or stripped.startswith(_FENCES):
            closes = fence and stripped.startswith(fence)
            fence = "" if closes else fence or stripped[:3]
        elif stripped.startswith("#"):
            yield stripped.strip("#").strip()
        elif len(stripped) > 1 and set(stripped) in _UNDERLINES and before:
            yield before
        before = stripped


def _plain(heading: str) -> str:
    return " ".join(heading.split()).casefold()
