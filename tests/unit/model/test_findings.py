"""What collects faults keeps few, counts the rest, and loses no error behind warnings."""

from __future__ import annotations

from pytest_fluxscenario.base.place import Place, Pointer
from pytest_fluxscenario.model.findings import MOST, Findings, check_visible


def at(pointer: Pointer, key: bool) -> Place:
    return Place("f", int(pointer[0]), 1 if key else 5, pointer)


def test_problems_come_by_place_whatever_the_order_of_finding() -> None:
    findings = Findings("f", at)
    findings.add("b", (2,), "second")
    findings.add("a", (1,), "value")
    findings.add("a", (1,), "key", key=True)
    assert [problem.message for problem in findings.problems()] == ["key", "value", "second"]


def test_a_hint_is_looked_for_only_where_none_is_given() -> None:
    findings = Findings("f", at)
    findings.add("a", (1,), "x", word="statsu", known=("status", "route"))
    findings.add("a", (2,), "x", "mine", word="statsu", known=("status",))
    assert [problem.hint for problem in findings.problems()] == ["did you mean 'status'?", "mine"]


def test_what_is_more_than_the_limit_is_counted_and_not_located() -> None:
    asked: list[Pointer] = []

    def counted(pointer: Pointer, key: bool) -> Place:
        asked.append(pointer)
        return at(pointer, key)

    findings = Findings("f", counted)
    for number in range(MOST + 7):
        findings.add("a", (number,), "x")
    problems = findings.problems()
    assert len(problems) == MOST + 1
    assert len(asked) == MOST
    assert (problems[-1].code, problems[-1].message) == ("f.more", "and 7 more like these")


def test_warnings_do_not_crowd_out_errors() -> None:
    findings = Findings("f", at)
    for number in range(MOST * 2):
        findings.add("w", (number,), "x", severity="warning")
    findings.add("e", (999,), "the error")
    problems = findings.problems()
    assert [problem.message for problem in problems if problem.severity == "error"] == ["the error"]
    assert problems[-1].severity == "warning"


def test_a_line_stays_below_two_kilobytes_even_in_wide_characters() -> None:
    findings = Findings("f", at)
    findings.add("a", (1,), "\U0001f600" * 5000, "\U0001f600" * 5000)
    assert len(str(findings.problems()[0]).encode()) < 2048


def test_hints_stay_cheap_when_a_stranger_offers_thousands_of_names() -> None:
    findings = Findings("f", at)
    findings.add("a", (1,), "x", word="name99999", known=(f"name{number:05d}" for number in range(100_000)))
    assert findings.problems()[0].hint.startswith("did you mean")


def test_an_invisible_character_is_named_and_other_values_pass() -> None:
    findings = Findings("f", at)
    check_visible(findings, "plain", (1,))
    check_visible(findings, None, (1,))
    assert not findings
    check_visible(findings, "a\u202eb", (1,), key=True)
    (problem,) = findings.problems()
    assert problem.message == "'a\\u202eb' holds the invisible character \\u202e"
    assert problem.place.column == 1
