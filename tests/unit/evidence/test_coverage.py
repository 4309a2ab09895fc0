"""Coverage adds up in any order, scores are not rounded up, and single answers count as they should (coverage.md)."""

from __future__ import annotations

from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.evidence.coverage import Coverage
from pytest_fluxscenario.evidence.coverage_chart import Chart
from pytest_fluxscenario.evidence.coverage_index import Index, Observed
from pytest_fluxscenario.evidence.coverage_merge import Merged, merge
from pytest_fluxscenario.evidence.coverage_report import missing_lines, missing_of, table_lines
from pytest_fluxscenario.evidence.coverage_score import FailUnder, Score, score_of
from pytest_fluxscenario.model.coverage import WAYS, Point
from pytest_fluxscenario.model.evidence import ProfileCoverage, ProfileRef
from pytest_fluxscenario.model.profile import Gate
from pytest_fluxscenario.model.request import Approval
from pytest_fluxscenario.model.response import RequiredApproval, Response
from tests.unit.control.process import request
from tests.unit.evidence.test_coverage_derived import play

_POINTS = {Point(kind, name, way): True for kind in WAYS for name in ("a", "b") for way in WAYS[kind]}
_REFS = [ProfileRef("p", "1.0.0", "sha256:1", "tree", "x"), ProfileRef("p", "1.0.0", "sha256:1", "store", "p:v1.0.0")]
_OTHER = ProfileRef("p", "1.0.1", "sha256:2", "tree", "x")


def _coverage(ref: ProfileRef, mask: int, impossible: int = 0) -> ProfileCoverage:
    points = {point: not impossible >> at & 1 for at, point in enumerate(_POINTS)}
    one = Coverage()
    index = Index.of(points)
    one.add(ref, one.declare(ref, index), mask)
    return one.profiles()[0]


_runs = st.lists(
    st.builds(
        _coverage,
        st.sampled_from([*_REFS, _OTHER]),
        st.integers(0, 2 ** (len(_POINTS) + 2) - 1),
        st.sampled_from([0, 0, 5]),
    ),
    max_size=5,
)


@settings(deadline=None)
@given(_runs, st.randoms())
def test_runs_add_up_in_any_order_and_any_grouping(runs: list[ProfileCoverage], random: Any) -> None:
    whole = merge(runs)
    mixed = list(runs)
    random.shuffle(mixed)
    assert merge(mixed) == whole
    # In two parts, and each part twice.
    cut = random.randint(0, len(runs))
    parts = [_again(one) for part in (runs[:cut], runs[cut:]) for one in merge(part)]
    assert [one.marks for one in merge([*parts, *parts])] == [one.marks for one in whole]
    assert sum(one.runs for one in whole) == len(runs)


def _again(one: Merged) -> ProfileCoverage:
    points: Any = {kind: {name: dict(ways) for name, ways in names.items()} for kind, names in one.marks.items()}
    return ProfileCoverage(one.profile, {}, {}, {}, {}, points)


@given(_runs)
def test_more_runs_never_show_less(runs: list[ProfileCoverage]) -> None:
    for count in range(len(runs)):
        for before in merge(runs[:count]):
            after = next(one for one in merge(runs) if one.profile.hash == before.profile.hash)
            assert score_of(after.marks).seen >= score_of(before.marks).seen


def test_versions_of_a_profile_are_told_apart() -> None:
    found = merge([_coverage(_REFS[0], 1), _coverage(_REFS[1], 2), _coverage(_OTHER, 4)])
    assert [(one.profile.hash, one.runs, score_of(one.marks).seen) for one in found] == [
        ("sha256:1", 2, 2),
        ("sha256:2", 1, 1),
    ]


def test_what_cannot_be_counts_neither_way_unless_it_was_seen() -> None:
    (one,) = merge([_coverage(_REFS[0], 0b100, impossible=0b101)])
    marks = one.marks["actions"]
    assert marks["a"] == {"requested": None, "allowed": False}
    assert marks["b"]["requested"] is True
    assert score_of(one.marks, "actions") == Score(1, 3)


def test_an_older_manifest_says_what_it_can_and_is_written_as_it_was() -> None:
    older = ProfileCoverage(_REFS[0], {"act": True}, {"g": False}, {"Continue": True})
    assert b"points" not in msgspec.json.encode(older)
    (one,) = merge([older])
    assert one.marks["actions"] == {"act": {"requested": True}}


@pytest.mark.parametrize(
    ("seen", "possible", "said", "reaches"),
    [(2, 3, "66.6%", "66.6"), (9996, 10000, "99.9%", "99.96"), (0, 0, "100.0%", "100"), (1, 1, "100.0%", "100")],
)
def test_a_share_is_never_rounded_up(seen: int, possible: int, said: str, reaches: str) -> None:
    score = Score(seen, possible)
    assert str(score) == said
    assert score.reaches(Decimal(reaches))
    assert possible == seen or not score.reaches(Decimal(reaches) + Decimal("0.1"))


def test_limits_are_for_all_for_kinds_or_for_both() -> None:
    place = Place("ini")
    assert FailUnder.parse("90", place) == FailUnder(Decimal(90), {})
    assert FailUnder.parse(" gates = 100 , routes=9.5", place) == FailUnder(
        None, {"gates": Decimal(100), "routes": Decimal("9.5")}
    )
    (one,) = merge([_coverage(_REFS[0], 0b11)])
    assert list(FailUnder.parse("1,actions=50,gates=1", place).misses(one)) == [
        "coverage of gates of p 1.0.0 is 0.0%, below 1% (0 of 4)"
    ]
    for wrong in ("", "gates", "-1", "100.1", "1e1000", "gates=1,gates=2", "inf", "1_0", "\uff15\uff10"):
        with pytest.raises(UsageError):
            FailUnder.parse(wrong, place)


def test_what_is_missing_stands_in_the_order_of_its_places_and_is_cut() -> None:
    (one,) = merge([_coverage(_REFS[0], 0)])
    places = {
        ("gates", "b"): Place("p.yaml", 3, 1),
        ("gates", "a"): Place("p.yaml", 12, 1),
        ("classes", "a"): Place("s"),
    }
    lines = [line.text for line in missing_lines(missing_of(one.marks, places), 4)]
    assert lines == [
        "p.yaml:3: gate b: never fired, never passed",
        "p.yaml:12: gate a: never fired, never passed",
        "s: class a: no scenario ran",
        "action a: never requested, never allowed",
        f"and {2 * len(WAYS) - 4} more",
    ]
    # A draft is named where there is something to draft: a class is a person's word.
    missing = missing_of(one.marks, places)
    classes = tuple(lack for lack in missing if lack.kind == "classes")
    for lacks, told in ((missing, True), (classes, False)):
        last = [line.text for line in missing_lines(lacks, 4, _REFS[0])][-1]
        assert last.startswith("scenarios for it: fluxrig scenario draft ") is told
    assert [line.text for line in table_lines(one)][-1] == f"  total                0 of {len(_POINTS):<5}   0.0%"


# ---- approvals, one answer after the other


def _approvals(moves: list[Any], *gates: Gate) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for point in play(list(gates), moves).seen():
        if point.kind == "approvals":
            found.setdefault(point.name, set()).add(point.way)
    return found


_ONE = RequiredApproval("approver", "one")
_SIGNED = Gate("g", "approval", "one", "AwaitApproval", {"payload_missing": ["b"]}, required_approval=_ONE)
_ASK = request("one", {"a": 1})


@pytest.mark.parametrize(
    ("moves", "seen"),
    [
        ([_ASK], {"missing"}),
        ([Approval("approver", "one"), _ASK], {"given"}),
        ([Approval("approver", "one", "denied"), _ASK], {"denied"}),
        ([Approval("approver", "one"), Approval("approver", "one", "denied"), _ASK], {"denied"}),
        ([Approval("approver", "one", "denied"), Approval("approver", "one"), _ASK], {"given"}),
        ([Approval("approver", "two"), _ASK], {"missing"}),
        ([Approval("approver", "one", values={"a": 2}), _ASK], {"missing"}),
        ([Approval("approver", "one", expires_at="2020-01-01T00:00:00Z"), _ASK], {"missing"}),
        ([Approval("approver", "one"), request("one", {"b": 1})], set()),
    ],
)
def test_approvals_of_gates(moves: list[Any], seen: set[str]) -> None:
    assert _approvals(moves, _SIGNED).get("approver/one", set()) == seen


@pytest.mark.parametrize(
    ("moves", "seen"),
    [
        ([request("real", {"a": 1})], {"missing"}),
        ([Approval("approver", "real", values={"a": 1}), request("real", {"a": 1})], {"given"}),
        ([Approval("approver", "real"), request("real", {"a": 1})], {"missing"}),
        ([Approval("approver", "real", "denied"), request("real", {"a": 1})], {"denied"}),
        ([request("real", {})], set()),
    ],
)
def test_approvals_of_what_materializes_for_real(moves: list[Any], seen: set[str]) -> None:
    assert _approvals(moves).get("approver/real", set()) == seen


def test_for_sums_a_scenario_tells_what_those_before_it_have_shown() -> None:
    gate = Gate("g", "decision", "one", "AskUser", {"payload_missing": ["a"]})
    runs = [play([gate], [request("one", payload)]) for payload in ({"a": 1}, {}, {"a": 1}, {})]
    exact, summing = runs[0].chart, Chart(runs[0].chart.index, runs[0].chart.rules, sums=True)
    alone = [exact.seen(run.steps, run.environment, results={}) for run in runs]
    sums = [summing.seen(run.steps, run.environment, results={}) for run in runs]
    assert alone[:2] == alone[2:]
    assert alone[0] & ~alone[1]
    assert sums[0] == alone[0]
    assert sums[1] & ~alone[1]
    assert reduce(or_, sums) == reduce(or_, alone)


def test_an_answer_that_is_given_again_shows_its_route_and_what_was_asked() -> None:
    answer = Response("ok", "r", "p", "1.0.0", "sha256:0", route="Continue", created_artifact_types=("note",))
    again = msgspec.structs.replace(answer, idempotent_replay=True)
    points = [("actions", "one", "requested"), ("actions", "one", "allowed"), ("routes", "Continue", "returned")]
    points += [("artifacts", "note", "created"), ("roles", "agent", "acted")]
    index = Index.of({Point(*point): True for point in points})
    assert set(index.names(Observed(index).answer(_ASK, answer))) == {Point(*point) for point in points}
    assert set(index.names(Observed(index).answer(_ASK, again))) == {Point(*points[0]), Point(*points[2])}


def test_a_stored_answer_and_an_error_show_nothing_new() -> None:
    gate = Gate("g", "decision", "one", "AskUser", {"payload_missing": ["a"]})
    first = play([gate], [request("one", {}, key="k")]).seen()
    assert play([gate], [request("one", {}, key="k"), request("one", {}, key="k")]).seen() == first
    conflict = play([gate], [request("one", {}, key="k"), request("one", {"a": 1}, key="k")]).seen()
    assert conflict - first == {Point("routes", "Blocked", "returned")} & conflict
    twice = play([gate], [request("one", {"a": 1, "b.c": 1, "b": {"c": 2}})]).seen()
    assert twice == {Point("actions", "one", "requested")}
