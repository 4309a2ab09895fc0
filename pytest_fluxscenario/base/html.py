"""HTML pages that need no network and run nothing: the frame, one style, and foreign text made harmless.

Text of a stranger goes in through ``text`` or ``lines``, and through nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from html import escape
from importlib.resources import files

from pytest_fluxscenario.base.text import shown, shown_lines

#: Longest foreign text in one place of a page, in characters.
LONGEST = 2000


def text(value: object, limit: int = LONGEST) -> str:
    """Foreign text on one line, for the inside of an element or of an attribute in quotes; cut at ``limit``."""
    return escape(shown(value, limit))


def lines(value: str, limit: int = 10 * LONGEST) -> str:
    """Foreign text of several lines, for a ``<pre>``; cut at ``limit``."""
    cut = value if len(value) <= limit else f"{value[:limit]}… ({len(value)} characters)"
    return escape(shown_lines(cut))


def code(value: object, limit: int = LONGEST) -> str:
    """Foreign text as ``<code>``."""
    return f"<code>{text(value, limit)}</code>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table that scrolls in a narrow window; cells are HTML, and the first of each row is its heading."""
    columns = "".join(f'<th scope="col">{name}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td>{cell}</td>" for cell in row[1:])}</tr>' for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table></div>'


def document(title: str, parts: Iterable[str], style: str = "") -> Iterator[str]:
    """A whole page, piece by piece, so that a long one need not be held.

    ``title`` is foreign text; ``parts`` are the HTML of the body; ``style`` is CSS that comes after ``page.css``. The
    page asks the browser to load and run nothing but that CSS, should anything foreign ever get through.
    """
    css = _style() + style
    policy = f"default-src 'none'; style-src 'sha256-{_hash(css)}'; base-uri 'none'; form-action 'none'"
    yield (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{text(title)}</title><style>{css}</style></head><body><main>\n"
    )
    for part in parts:
        yield f"{part}\n"
    yield "</main></body></html>\n"


def style_of(package: str, name: str) -> str:
    """The CSS of a page, from a file of a package."""
    return files(package).joinpath(name).read_text(encoding="utf-8")


@cache
def _style() -> str:
    return style_of(__package__, "page.css")


def _hash(css: str) -> str:
    return base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
