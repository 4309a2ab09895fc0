"""The forms that a packet is written in."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown

if TYPE_CHECKING:
    from pytest_fluxscenario.model.review import Packet

FORMATS: Final = ("markdown", "html", "json", "svg")
_SUFFIXES: Final = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".json": "json",
    ".svg": "svg",
}


def form_of(path: str, asked: str | None) -> str:
    """The form of a file: the one that is asked for, else by its suffix. Raises UsageError where nothing says it."""
    suffix = os.path.splitext(path)[1].lower()
    form = asked or _SUFFIXES.get(suffix)
    if form is None:
        hint = "name a file with .md, .html, .json or .svg, or add --format"
        raise UsageError.of("review.format", Place(shown(path)), "the name does not say which form it has", hint)
    return form


def text_of(packet: Packet, form: str) -> str:
    """The packet in that form."""
    if form == "html":
        from pytest_fluxscenario.analysis.review.page import page_of

        return "".join(page_of(packet))
    if form == "svg":
        from pytest_fluxscenario.analysis.review.drawing import picture_of

        return picture_of(packet)
    if form == "json":
        import json

        import msgspec

        return json.dumps(msgspec.to_builtins(packet), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    from pytest_fluxscenario.analysis.review.markdown import markdown_of

    return markdown_of(packet)
