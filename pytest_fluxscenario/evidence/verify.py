"""Whether evidence is what was written (evidence.md): records against refs, log and manifest against each other.

What is looked for, in this order:

1. The manifest: its bytes are the writer's; scenarios stand once, in order of id; counts, verdict and root follow.
2. Each line of the log: a whole record, written as records are, whose ref is the hash of its result.
3. Each record against the manifest: it is named there, once, in order, with that ref, that scenario, a profile that is
   listed, and a verdict that goes with the outcome.
4. Each scenario of the manifest: the record that it names is there.
5. Coverage says what the records show.
6. The log and the manifest are, byte for byte, what the manifest's ``log`` and ``check`` say: whatever was changed and
   is named by nothing above, such as what varies, is found here.

Hashes without a key show what was changed by mistake, or by someone who does not know of them. Whoever rewrites all of
them can make other evidence; what a reviewer keeps of a run is its root hash, from the terminal or from JUnit.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import get_args

from msgspec import UNSET

from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.evidence.log_check import LINE_ENDS, RESTORE, STARTED, Found, LogCheck
from pytest_fluxscenario.evidence.reading import (
    ReadManifest,
    read_lines,
    read_manifest,
    shown_file,
)
from pytest_fluxscenario.evidence.writer import MANIFEST, RECORDS, manifest_check, root_hash, verdict_of
from pytest_fluxscenario.model.evidence import (
    Manifest,
    ScenarioOutcome,
)

_OUTCOMES: tuple[str, ...] = get_args(ScenarioOutcome)


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found of one evidence folder."""

    manifest: Manifest
    #: Records in the log that are whole.
    records: int
    #: What is not as it was written; at most ``MOST_PROBLEMS``.
    problems: tuple[Problem, ...]
    #: How many problems more there are.
    more: int
    #: Whether the session came to its end and put the log in order.
    finished: bool
    #: What is no damage, but should be known.
    notes: tuple[str, ...]

    @property
    def intact(self) -> bool:
        """Whether everything is as it was written."""
        return not self.problems


def verify(folder: str) -> Verified:
    """Hold an evidence folder against itself; the memory it takes does not grow with the log.

    Raises DocumentError where there is no evidence, DamageError where manifest or log are missing or cannot be read.
    """
    read = read_manifest(folder)
    manifest = read.manifest
    # The manifest that a session begins with names no log and no record; the one that it ends with names all of them.
    finished = (
        manifest.log != ""
        or manifest.verdict != "incomplete"
        or any(entry.ref is not UNSET for entry in manifest.scenarios)
    )
    found = Found()
    _check_manifest(read, Place(shown_file(folder, MANIFEST)), found, finished=finished)
    check = LogCheck(folder, manifest, found, finished=finished)
    for line in read_lines(folder):
        check.line(line)
    check.end()
    if not found.problems:
        # Each fault that has a name changes these hashes as well.
        _check_hashes(manifest, folder, check.digest if finished else None, found)
    return Verified(manifest, check.whole, tuple(found.problems), found.more, finished, tuple(check.notes))


def _check_manifest(read: ReadManifest, place: Place, found: Found, *, finished: bool) -> None:
    manifest = read.manifest
    if read.line_ends:
        found.add("line-ends", place, *LINE_ENDS)
    elif not read.as_written:
        found.add("edited", place, "is not as it was written: it was edited or formatted anew", RESTORE)
    _check_order(manifest, place, found)
    _check_sums(manifest, place, found, finished=finished)
    if not STARTED.fullmatch(manifest.started):
        found.add(
            "edited", place, f"started is '{shown(manifest.started, 40)}', which is no time that the writer writes"
        )


def _check_hashes(manifest: Manifest, folder: str, log: str | None, found: Found) -> None:
    """What nothing else names; ``log`` is the hash of the log, None where no manifest knows of it yet."""
    place = Place(shown_file(folder, MANIFEST))
    try:
        check = manifest_check(manifest)
    except ValueError as error:
        found.add("edited", place, f"holds what the writer never writes: {error}", RESTORE)
        return
    if manifest.check != check:
        # Then its hash of the log says nothing either.
        message = f"something in it was edited: its hash is {check}, but it says {_said(manifest.check)}"
        found.add("edited", place, message, RESTORE)
    elif log is not None and manifest.log != log:
        message = f"something in it was edited: its hash is {log}, but the manifest says {_said(manifest.log)}"
        found.add("edited", Place(shown_file(folder, RECORDS)), message, RESTORE)


def _said(ref: str) -> str:
    return f"'{shown(ref, 80)}'" if ref else "none"


def _check_order(manifest: Manifest, place: Place, found: Found) -> None:
    for before, after in pairwise(entry.id for entry in manifest.scenarios):
        if before == after:
            found.add("duplicated", place, f"names '{shown(after)}' twice")
        elif before > after:
            found.add("reordered", place, f"'{shown(after)}' stands after '{shown(before)}', out of order of id")


def _check_sums(manifest: Manifest, place: Place, found: Found, *, finished: bool) -> None:
    """What follows from the list of scenarios: counts, verdict and root."""
    counts = dict.fromkeys(_OUTCOMES, 0)
    for entry in manifest.scenarios:
        counts[entry.outcome] += 1
    for outcome in sorted({*counts, *manifest.counts}):
        said, real = manifest.counts.get(outcome), counts.get(outcome)
        if said != real:
            message = f"counts say {'nothing' if said is None else said} of {shown(outcome, 40)}, but {real or 0} are"
            found.add("contradiction", place, message)
    verdict = verdict_of({entry.outcome for entry in manifest.scenarios}, faults=bool(manifest.errors))
    if finished and manifest.verdict != verdict:
        message = f"the verdict says {manifest.verdict}, but the outcomes and errors make it {verdict}"
        found.add("contradiction", place, message, "the manifest was edited")
    root = root_hash((entry.id, entry.ref) for entry in manifest.scenarios if entry.ref is not UNSET)
    if manifest.root != root:
        message = f"the root hash is {shown(manifest.root, 80)}, but the refs of the scenarios give {root}"
        found.add("root", place, message, "a ref or the root was edited")
