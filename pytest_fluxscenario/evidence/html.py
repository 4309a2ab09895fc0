"""The evidence of a run as one HTML page, for people: the verdict first, then what did not pass (evidence.md).

The page is made piece by piece from manifest and log, and is bounded: of a run of thousands the steps of some passed
scenarios are left out, and the page says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import msgspec
from msgspec import UNSET

from pytest_fluxscenario.base.fs import replace_file_by
from pytest_fluxscenario.base.html import code, document, lines, style_of, table, text
from pytest_fluxscenario.evidence.coverage_report import missing_of
from pytest_fluxscenario.evidence.coverage_score import Score, score_of
from pytest_fluxscenario.evidence.html_lines import StepLines
from pytest_fluxscenario.evidence.html_steps import record_html
from pytest_fluxscenario.evidence.reading import RecordIndex, read_manifest
from pytest_fluxscenario.model.coverage import KINDS, Marks
from pytest_fluxscenario.model.evidence import Manifest, ManifestScenario, ProfileCoverage

#: Passed scenarios whose steps are written.
MOST_PASSED: Final = 500
#: Characters of steps, of all scenarios together, after which none are written any more.
MOST_STEPS: Final = 32 << 20
#: Scenarios that did not pass which stand open.
_OPEN: Final = 10
#: Outcomes in the order of the page.
_BAD: Final = ("failed", "error", "crashed")
_OUTCOMES: Final = (*_BAD, "not_run", "xfailed", "skipped", "passed")
_WORDS: Final = {"not_run": "not run", "error": "without a verdict"}
_GRADES: Final = {"passed": "good", "incomplete": "warn"}


@dataclass(frozen=True, slots=True)
class PageNotes:
    """What a page says beside the evidence."""

    #: What is wrong with the evidence itself: nothing on the page is to be believed then.
    damage: tuple[str, ...] = ()
    #: What else a reader should know.
    notes: tuple[str, ...] = ()
    #: Whether the evidence was verified when the page was made.
    verified: bool = False


def write_page(folder: str, path: str, root: str | None, about: PageNotes = PageNotes()) -> None:
    """Write the page of the evidence in ``folder`` as ``path``.

    ``root`` is what the files of its scenarios are relative to, to find lines in them. Raises DocumentError where there
    is no evidence, DamageError where there is no log, WriteError.
    """
    manifest = read_manifest(folder).manifest
    records = RecordIndex(folder) if any(entry.ref is not UNSET for entry in manifest.scenarios) else None
    page = _Page(manifest, records, StepLines(root))
    replace_file_by(path, (part.encode() for part in page.parts(about)))


def write_empty_page(path: str, verdict: str, note: str, errors: Iterable[str] = ()) -> None:
    """Write a page for a run without evidence: it says why. Raises WriteError."""
    parts = [f'<h1 class="{_GRADES.get(verdict, "bad")}">{text(verdict)}</h1>', f"<p>{text(note)}</p>"]
    parts.extend(f'<p class="bad">{text(error)}</p>' for error in errors)
    title = f"Scenarios: {verdict}"
    replace_file_by(path, (part.encode() for part in document(title, parts, _style())))


def _style() -> str:
    return style_of("pytest_fluxscenario.evidence", "html.css")


class _Page:
    """One page under way."""

    def __init__(self, manifest: Manifest, records: RecordIndex | None, lines: StepLines) -> None:
        self._manifest = manifest
        self._records = records
        self._lines = lines
        self._room = MOST_STEPS
        self._passed = 0
        self._opened = 0

    def parts(self, about: PageNotes) -> Iterator[str]:
        verdict = "damaged" if about.damage else self._manifest.verdict
        return document(f"Scenarios: {verdict}", self._body(verdict, about), _style())

    def _body(self, verdict: str, about: PageNotes) -> Iterator[str]:
        manifest = self._manifest
        yield f'<h1 class="{_GRADES.get(verdict, "bad")}">{text(verdict)}</h1>'
        for said in about.damage:
            yield f'<p class="bad">{text(said)}</p>'
        yield f"<p>{self._counts()}</p>"
        yield f'<p class="soft">{text(manifest.started, 80)}, {text(manifest.tool, 160)}</p>'
        for said in about.notes:
            yield f'<p class="warn">{text(said)}</p>'
        if manifest.verdict == "incomplete":
            yield '<p class="warn">Not everything that was collected has run to its end.</p>'
        yield from self._errors()
        yield from self._scenarios()
        yield from self._profiles()
        for seen in manifest.coverage:
            yield _coverage(seen)
        yield self._footer(about)

    def _counts(self) -> str:
        counts = self._manifest.counts
        said = [f"{counts[one]} {_WORDS.get(one, one)}" for one in _OUTCOMES if counts.get(one)]
        return f"<strong>{len(self._manifest.scenarios)} scenarios</strong>: {', '.join(said) or 'none'}"

    def _errors(self) -> Iterator[str]:
        for error in self._manifest.errors:
            yield f'<article class="error"><h3>{code(error.file)}</h3><pre>{lines(error.message)}</pre></article>'

    # ---- scenarios

    def _scenarios(self) -> Iterator[str]:
        entries = self._manifest.scenarios
        if not entries:
            return
        present = [one for one in _OUTCOMES if any(entry.outcome == one for entry in entries)]
        yield '<section class="runs"><h2>Scenarios</h2>'
        yield '<input type="radio" name="only" id="only-all" checked><label for="only-all">all</label>'
        for one in present:
            count = sum(entry.outcome == one for entry in entries)
            word = _WORDS.get(one, one)
            yield f'<input type="radio" name="only" id="only-{one}"><label for="only-{one}">{word} ({count})</label>'
        yield '<div class="list">'
        for one in present:
            for entry in entries:
                if entry.outcome == one:
                    yield from self._scenario(entry)
        yield "</div></section>"

    def _scenario(self, entry: ManifestScenario) -> Iterator[str]:
        note = f' <span class="soft">{text(entry.note, 400)}</span>' if entry.note is not UNSET else ""
        outcome = _WORDS.get(entry.outcome, entry.outcome)
        head = f'<span class="badge">{outcome}</span> {code(entry.id, 400)}{note}'
        inside = self._inside(entry)
        if not inside:
            yield f'<p class="{entry.outcome}">{head}</p>'
            return
        opened = entry.outcome in _BAD and self._opened < _OPEN
        self._opened += opened
        yield f'<details class="{entry.outcome}"{" open" if opened else ""}><summary>{head}</summary>'
        yield from inside
        yield "</details>"

    def _inside(self, entry: ManifestScenario) -> list[str]:
        """The steps of a scenario; nothing where it has none, or they are left out."""
        if self._records is None or entry.ref is UNSET:
            return []
        if self._room <= 0 or (entry.outcome == "passed" and self._passed >= MOST_PASSED):
            return []
        record = self._records.read(entry.id)
        if record is None:
            return []
        result, volatile = (msgspec.json.decode(part) for part in (record.result, record.volatile))
        inside = list(record_html(record.ref, result, volatile, self._lines.find))
        self._room -= sum(map(len, inside))
        self._passed += entry.outcome == "passed"
        return inside

    # ---- what it ran on

    def _profiles(self) -> Iterator[str]:
        manifest = self._manifest
        profiles = [
            (f"{text(one.id)} {text(one.version)}", f"{text(one.origin)} {code(one.source)}", code(one.hash))
            for one in manifest.profiles
        ]
        specs = [(code(one.ref), code(one.hash)) for one in manifest.specs]
        refs = [(code(one.asked), code(one.ref), code(one.hash)) for one in manifest.refs]
        redactions = [(code(name), str(count)) for name, count in manifest.redactions.items()]
        for title, head, rows in (
            ("Profiles", ("Profile", "From", "Hash"), profiles),
            ("Specs", ("Spec", "Hash"), specs),
            ("Run from the store", ("Asked for", "Was", "Hash"), refs),
            ("Redacted", ("What asked for it", "Times"), redactions),
        ):
            if rows:
                yield f"<h2>{title}</h2>{table(head, rows)}"

    def _footer(self, about: PageNotes) -> str:
        manifest = self._manifest
        left = sum(entry.ref is not UNSET and entry.outcome == "passed" for entry in manifest.scenarios) - self._passed
        said = [f"<p>Root {code(manifest.root)}</p>", f"<p>Log {code(manifest.log or 'not finished')}</p>"]
        if left > 0:
            said.append(f"<p>The steps of {left} passed scenarios are not on this page; the records have them.</p>")
        if self._room <= 0:
            said.append("<p>The page was full: the steps of further scenarios are only in the records.</p>")
        word = "was verified when this page was made" if about.verified else "is verified by fluxrig evidence verify"
        said.append(f"<p>The evidence {word}.</p>")
        return f"<footer>{''.join(said)}</footer>"


def _coverage(seen: ProfileCoverage) -> str:
    if seen.points is not UNSET:
        return _points(seen, seen.points)
    parts = (("actions", seen.actions), ("gates", seen.gates), ("routes", seen.routes), ("classes", seen.classes))
    said = ", ".join(f"{sum(marks.values())} of {len(marks)} {name}" for name, marks in parts if marks)
    rows = [
        (
            name,
            " ".join(f'<span class="{"good" if hit else "bad"}">{code(one, 160)}</span>' for one, hit in marks.items()),
        )
        for name, marks in parts
        if marks
    ]
    head = f"<h2>Coverage of {text(seen.profile.id)} {text(seen.profile.version)}</h2> {said}"
    missed = ", ".join(code(one, 160) for _, marks in parts for one, hit in marks.items() if not hit)
    left = f"<p>Not exercised: {missed}</p>" if missed else ""
    return (
        f'<details class="coverage"><summary>{head}</summary>{left}{table(("", "Exercised in green"), rows)}</details>'
    )


def _points(seen: ProfileCoverage, points: Marks) -> str:
    """Kind by kind, and what was not seen though it can be."""
    whole = score_of(points)
    rows = [(kind, _seen(score)) for kind in KINDS if (score := score_of(points, kind)).possible]
    said = f"{whole.seen} of {whole.possible} points, {whole}"
    head = f"<h2>Coverage of {text(seen.profile.id)} {text(seen.profile.version)}</h2> {said}"
    left = "".join(f"<li>{text(str(one))}</li>" for one in missing_of(points, {}))
    listed = f"<p>Not seen:</p><ul>{left}</ul>" if left else ""
    return f'<details class="coverage"><summary>{head}</summary>{listed}{table(("", "Seen"), rows)}</details>'


def _seen(score: Score) -> str:
    word = "good" if score.seen == score.possible else "bad"
    return f'<span class="{word}">{score.seen} of {score.possible}</span>'
