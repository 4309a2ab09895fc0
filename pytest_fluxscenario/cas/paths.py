"""The paths that a pack may hold: POSIX, relative, the same file on every machine (faults.md, "Names, refs, packs")."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from pytest_fluxscenario.base.text import invisible

#: The manifest of a pack, by any of these names in its folder (pack.md).
MANIFEST_FILES: Final = ("process.manifest.yaml", "process.manifest.yml", "process.manifest.json")
#: By which every command knows an archive of a pack.
ARCHIVE_SUFFIX: Final = ".fstpack"

_LONGEST = 1_000
_LONGEST_PART = 255
#: What Windows does not allow in a name, the backslash that it takes for a slash, and controls.
_FORBIDDEN = re.compile('[\x00-\x1f\x7f-\x9f\ud800-\udfff\\\\:<>"|?*]')
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[1-9]|lpt[1-9])(?:\..*)?", re.IGNORECASE)


def path_fault(path: str) -> str | None:
    """Why ``path`` cannot be the path of a file in a pack; None where it can."""
    if not path:
        return "the path is empty"
    if path.startswith("/") or re.match("[A-Za-z]:", path):
        return "the path is absolute"
    if len(path) > _LONGEST:
        return f"the path has more than {_LONGEST} characters"
    parts = path.split("/")
    if ".." in parts:
        return "the path leaves the pack"
    if "" in parts or "." in parts:
        return "the path has an empty part or a '.' in it"
    character = _FORBIDDEN.search(path)
    if character:
        return f"the path holds {character.group()!a}, which not every system allows"
    if invisible(path):
        return f"the path holds the invisible character {invisible(path)}"
    if unicodedata.normalize("NFC", path) != path:
        return "the path is not in Unicode's form NFC"
    for part in parts:
        if part.endswith((".", " ")) or _DEVICE.fullmatch(part) or len(part.encode()) > _LONGEST_PART:
            return f"'{part[:80]}' cannot be a file name on every system"
    return None


def same_but_for_case(paths: Iterable[str]) -> list[tuple[str, str]]:
    """The pairs of paths, or of folders on the way, that are one on a system that ignores case."""
    seen: dict[str, str] = {}
    pairs: list[tuple[str, str]] = []
    for path in paths:
        parts = path.split("/")
        for end in range(1, len(parts) + 1):
            prefix = "/".join(parts[:end])
            other = seen.setdefault(prefix.casefold(), prefix)
            if other != prefix:
                pairs.append((other, prefix))
                break
    return pairs
