"""The grammar of names, tags, hashes and refs (store.md; faults.md, "Names, refs, packs").

Every name is matched whole, here, before any path, subject or URL is made of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pytest_fluxscenario.base.text import shown

if TYPE_CHECKING:
    import semver

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
#: What a tag is made of, but for its length.
TAG_PATTERN: Final = (
    r"v(?:0|[1-9][0-9]{0,8})\.(?:0|[1-9][0-9]{0,8})\.(?:0|[1-9][0-9]{0,8})"
    r"(?:-(?:0|[1-9][0-9]{0,8}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9][0-9]{0,8}|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?"
)
TAG_LENGTH: Final = 64
_TAG = re.compile(TAG_PATTERN)
_HASH = re.compile(r"[0-9a-f]{64}")
_SCENARIO_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})


@dataclass(frozen=True, slots=True)
class TagRef:
    """``name:tag`` or ``name:latest``."""

    name: str
    #: A SemVer tag with its ``v``, or ``latest``.
    tag: str

    def __str__(self) -> str:
        return f"{self.name}:{self.tag}"


@dataclass(frozen=True, slots=True)
class HashRef:
    """``sha256:`` and 64 hex digits."""

    hash: str

    def __str__(self) -> str:
        return f"sha256:{self.hash}"


Ref = TagRef | HashRef


def name_fault(name: str) -> str | None:
    """Why ``name`` cannot name an artifact; None where it can."""
    if not _NAME.fullmatch(name):
        return "a name is 1 to 64 of a-z, 0-9, '.', '_' and '-', and begins with a letter or a digit"
    if name.endswith("."):
        return "a name does not end with a dot"
    if name == "latest":
        return "'latest' is the word for the highest tag, not a name"
    if name == "sha256":
        return "'sha256' is what a ref by hash begins with, not a name"
    if name.split(".", 1)[0] in _DEVICES:
        return "the name is a device on Windows"
    return None


def word_fault(name: str) -> str | None:
    """Why ``name`` cannot name a rack, a pool or a gear, whose names become single tokens; None where it can."""
    return name_fault(name) or ("a name here has no dot" if "." in name else None)


def tag_fault(tag: str) -> str | None:
    """Why ``tag`` cannot be a tag; None where it can."""
    if tag == "latest":
        return "'latest' is computed from the tags and cannot be given to one"
    if len(tag) > TAG_LENGTH or not _TAG.fullmatch(tag):
        if _TAG.fullmatch("v" + tag):
            return f"a tag begins with 'v': v{tag}"
        return "a tag is SemVer with a leading 'v', like v1.0.0 or v2.1.0-rc.1, without build metadata"
    return None


def hash_fault(digest: str) -> str | None:
    """Why ``digest`` cannot be a SHA-256 hash; None where it can."""
    return None if _HASH.fullmatch(digest) else "a hash is 64 lowercase hex digits"


def scenario_id_fault(name: str) -> str | None:
    """Why ``name`` cannot be a scenario's id; None where it can."""
    if _SCENARIO_ID.fullmatch(name):
        return None
    return "an id is 1 to 128 of A-Z, a-z, 0-9, '.', '_' and '-', and begins with a letter or a digit"


def parse_ref(text: str) -> Ref | str:
    """The ref that ``text`` writes, or a sentence that says why it is none."""
    kind, colon, rest = text.partition(":")
    if not colon:
        return f"'{shown(text, 80)}' is no ref: write name:tag, name:latest or sha256:hash"
    if kind == "sha256":
        fault = hash_fault(rest)
        return fault or HashRef(rest)
    fault = name_fault(kind)
    if fault:
        return f"in '{shown(text, 80)}' {fault}"
    if rest != "latest":
        fault = tag_fault(rest)
        if fault:
            return f"in '{shown(text, 80)}' {fault}"
    return TagRef(kind, rest)


def tag_order(tag: str) -> semver.Version:
    """A valid tag as what sorts by SemVer precedence: ``v1.9.0`` before ``v1.10.0``, a prerelease before its release.

    Raises ValueError for what is no tag.
    """
    # Imported here: a session that resolves no ref never needs it.
    import semver

    fault = tag_fault(tag)
    if fault:
        raise ValueError(fault)
    return semver.Version.parse(tag[1:])
