"""The parts of a packet that say what was shown, what was not, and by which bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pytest_fluxscenario.analysis.review.blocks import (
    MOST_LISTED,
    Block,
    Code,
    Folded,
    Items,
    Line,
    Section,
    Spot,
    Table,
    Text,
    Tone,
    Word,
    listed,
    names,
    said,
)
from pytest_fluxscenario.analysis.review.proved import proved_blocks
from pytest_fluxscenario.analysis.review.risk_section import risk_blocks
from pytest_fluxscenario.analysis.review.scenario_blocks import scenario_blocks
from pytest_fluxscenario.analysis.review.words import counted
from pytest_fluxscenario.model.review import Packet


def proof_sections(packet: Packet) -> Iterator[Section]:
    """What ran, what it covered, what it would notice, what changed, what to weigh, and the hashes of all of it."""
    yield Section("scenarios", "Scenarios", list(scenario_blocks(packet)))
    yield Section("coverage", "Coverage", list(_coverage(packet)))
    yield Section("mutants", "Mutants", list(_mutants(packet)))
    yield Section("proved", "What was proved", list(proved_blocks(packet.proof)))
    yield Section("before", "Against the version before", list(_comparison(packet)))
    yield Section("check", "Pack check", list(_findings(packet)))
    yield Section("risks", "Known risks", list(risk_blocks(packet)))
    yield Section("evidence", "Evidence and hashes", list(_evidence(packet)))


def _coverage(packet: Packet) -> Iterator[Block]:
    if not packet.coverage:
        yield Text(["Nothing was covered: no scenario ran on these rules."])
        return
    rows = []
    for kind in packet.coverage:
        tone: Tone = "good" if kind.covered == kind.total else "warn"
        rows.append(([kind.kind], [Word(f"{kind.covered} of {kind.total}", tone)]))
    yield Table(("What", "shown by a scenario"), rows)
    missing: list[Line] = [
        [f"{kind.kind}: ", Code(goal.name), Spot(goal.where)] for kind in packet.coverage for goal in kind.missing
    ]
    if missing:
        yield Text(["Not shown:"])
        yield from listed(missing)


def _mutants(packet: Packet) -> Iterator[Block]:
    mutants = packet.mutants
    if mutants.not_tried or mutants.score is None:
        yield Text([Word("None were tried", "bad"), f": {mutants.not_tried}"])
        return
    score = mutants.score
    yield Text(
        [
            Word(f"{score.killed} of {score.killed + score.survived}", "good" if not score.survived else "bad"),
            f" ({score.percent:.1f}%) were noticed. A mutant is the process with one rule weaker; one that no scenario",
            " notices is a rule that could be lost without a test failing. ",
            f"{score.equivalent} change no answer, which the rules themselves prove.",
        ]
    )
    if mutants.left_out:
        yield Text([f"{counted(len(mutants.left_out), 'scenario')} marked skip or xfail noticed nothing."])
    for one in mutants.survivors[:MOST_LISTED]:
        where = f"{one.file}:{one.line}" if one.line else one.file
        lines: list[Line] = [[Code(one.id), Spot(where)]]
        lines += [["- ", Code(line)] for line in one.before.split("\n") if line]
        lines += [["+ ", Code(line)] for line in one.after.split("\n") if line]
        lines.append([f"would notice: {one.why}"])
        if one.near:
            lines.append(["asked for it, and noticed nothing: ", *names(one.near)])
        yield Folded([Word("survived", "bad"), f" {one.what}"], [Items(lines)])
    if len(mutants.survivors) > MOST_LISTED:
        yield Text([f"{len(mutants.survivors) - MOST_LISTED} more survived."])


def _comparison(packet: Packet) -> Iterator[Block]:
    one = packet.comparison
    if one.not_compared:
        yield Text([f"There is nothing to compare with: {one.not_compared}."])
        return
    yield Text(["Compared with ", Code(one.ref), ", whose rules are ", Code(one.profile_hash), "."])
    if one.changes:
        rows = [
            ([Word(change.kind, "warn")], said(change.part, " ", Code(change.name)), [Code(change.said)])
            for change in one.changes[:MOST_LISTED]
        ]
        yield Table(("Rules", "part", "what"), rows)
        if len(one.changes) > MOST_LISTED:
            yield Text([f"{len(one.changes) - MOST_LISTED} parts more differ."])
    elif one.same:
        yield Text(["All that decides is the same: rules, requirements, schemas, hooks and their code."])
    else:
        yield Text(["The rules are the same; what differs is in requirements, schemas, or hooks and their code."])
    if one.flips is not None:
        tones: dict[str, Tone] = {"loosened": "bad", "tightened": "warn"}
        yield Text([f"{counted(one.scenarios, 'scenario')} ran on both; {counted(len(one.flips), 'step')} differ."])
        if one.flips:
            flips: list[Sequence[Line]] = [
                (
                    [Word(flip.direction, tones.get(flip.direction, "soft"))],
                    [flip.step, Spot(flip.where)],
                    [flip.before],
                    [flip.after],
                )
                for flip in one.flips[:MOST_LISTED]
            ]
            yield Table(("Answers", "step", "before", "now"), flips)
        if len(one.flips) > MOST_LISTED:
            yield Text([f"{len(one.flips) - MOST_LISTED} steps more differ."])
    for note in one.notes:
        yield Text([note])


def _findings(packet: Packet) -> Iterator[Block]:
    if not packet.findings:
        yield Text(["Nothing was found."])
        return
    lines: list[Line] = []
    for found in packet.findings:
        where = f"{found.file}:{found.line}" if found.line else found.file
        hint = f" ({found.hint})" if found.hint else ""
        word = Word(found.severity, "bad" if found.severity == "error" else "warn")
        lines.append([word, " ", Code(found.code), f": {found.message}{hint}", Spot(where)])
    yield from listed(lines)


def _evidence(packet: Packet) -> Iterator[Block]:
    about, run = packet.pack, packet.run
    rows: list[tuple[Line, Line]] = [(["Pack"], [Code(about.id), " ", Code(about.version), " in ", Code(about.where)])]
    if run is not None:
        rows += [
            (["Evidence, root hash"], [Code(run.root)]),
            (["Evidence, verdict"], [Word(run.verdict, "good" if run.verdict == "passed" else "bad")]),
            (["Evidence, folder"], [Code(run.folder), "" if run.fresh else " (of an earlier run, verified)"]),
            (["Run"], [run.started, f" by {run.tool}"]),
        ]
        if run.redactions:
            told = ", ".join(f"{count} by {name}" for name, count in run.redactions.items())
            rows.append((["Redacted in the evidence"], [told]))
    if packet.redactions:
        told = ", ".join(f"{count} by {name}" for name, count in packet.redactions.items())
        rows.append((["Redacted in this packet"], [told]))
    hashes = (
        ("All files", about.tree_hash),
        ("Rules (profile)", about.profile_hash),
        ("All that decides", about.behaviour_hash),
    )
    rows += [([name], [Code(value)]) for name, value in hashes if value]
    rows.append((["Made by"], [packet.tool]))
    yield Table(("What", ""), rows)
    if run is not None:
        yield Text(["To hold the evidence against this packet: ", Code(f"fluxrig evidence verify {run.folder}"), "."])
    for error in run.errors if run is not None else ():
        yield Text([Word("could not be used", "bad"), f": {error}"])
