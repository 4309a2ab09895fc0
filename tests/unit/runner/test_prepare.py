"""From the bytes of a scenario file to what can run."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from pytest_fluxscenario.base.canonical import canonical_ref
from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import DocumentError
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.model.vocabulary import MATCHERS
from pytest_fluxscenario.runner import prepare
from pytest_fluxscenario.runner.prepare import MOST_PROBLEMS, Loaded, load_file
from tests.fakes.packs import scenario, step


def load(text: str, name: str = "a.scenario.json") -> tuple[Loaded, ...]:
    data = text.encode()
    return load_file(Source(name, data, sha256(data)), Limits(), MATCHERS)


def refused(document: Any) -> list[str]:
    with pytest.raises(DocumentError) as error:
        load(json.dumps(document, indent=1))
    return [str(problem) for problem in error.value.problems]


def test_the_hash_is_of_the_scenario_and_not_of_how_it_is_written() -> None:
    document = scenario("s", step(payload={"what": "ä", "n": 1.0, "l": [1, None]}))
    ways = [
        load(json.dumps(document)),
        load(json.dumps(document, indent=4, sort_keys=True, ensure_ascii=False)),
        load(json.dumps([document])),
        load(yaml.safe_dump(document, allow_unicode=True), "a.scenario.yaml"),
    ]
    assert {one[0].rows[0].hash for one in ways} == {canonical_ref(document)}
    assert load(json.dumps({**document, "description": "more"}))[0].rows[0].hash != canonical_ref(document)


def test_rows_share_the_hash_and_have_their_own_text() -> None:
    rows = [{"p": "a"}, {"p": "b"}]
    document = scenario("s", step(payload={"what": "${p}"}), parameters=rows)
    (loaded,) = load(json.dumps(document))
    assert [row.name for row in loaded.rows] == ["s[0]", "s[1]"]
    assert [row.row for row in loaded.rows] == ["0", "1"]
    assert {row.hash for row in loaded.rows} == {canonical_ref(document)}
    assert [json.loads(row.encoded)["steps"][0]["payload"]["what"] for row in loaded.rows] == ["a", "b"]


@pytest.mark.parametrize(
    ("payload", "references", "floats"),
    [
        ({"what": "x"}, False, False),
        ({"what": 1.5}, False, True),
        ({"what": "$${literal}"}, True, False),
        ({"what": 12}, False, False),
    ],
)
def test_what_a_scenario_may_hold_is_known(payload: dict[str, Any], references: bool, floats: bool) -> None:
    (loaded,) = load(json.dumps(scenario("s", step(payload=payload))))
    prepared = loaded.rows[0]
    assert prepared.references is references
    # True is the careful answer; False must be sure.
    assert prepared.floats or not floats


def test_a_scenario_knows_its_line() -> None:
    text = json.dumps([scenario("a"), scenario("b")], indent=1)
    lines = text.splitlines()
    loaded = load(text)
    assert [lines[one.rows[0].line - 1].strip() for one in loaded] == ["{", "{"]
    assert [lines[one.rows[0].line].strip() for one in loaded] == ['"id": "a",', '"id": "b",']
    stream = "id: a\n" + _REST + "---\n# the second\nid: b\n" + _REST
    assert [one.rows[0].line for one in load(stream, "a.yaml")] == [1, 12]


_REST = """\
profile_id: p
profile_version: "1.0.0"
steps:
  - name: s
    action: a
    actor: {id: a, role: agent}
    payload: {}
    expectation: {status: ok, route: Continue}
"""


def test_every_fault_of_a_file_is_told_in_order() -> None:
    bad = scenario("s", step(expect={"status": "okay", "route": "Contine"}), tags=["two words"])
    problems = refused([bad, {"id": "t"}, scenario("u"), scenario("u")])
    assert [int(problem.split(":")[1]) for problem in problems] == sorted(int(p.split(":")[1]) for p in problems)
    for words in ("okay", "Contine", "two words", "has no 'steps'", "'u' stands twice"):
        assert any(words in problem for problem in problems), words


def test_rows_are_held_to_the_rules_too() -> None:
    expect = {"status": "${status}", "route": "Continue"}
    rows = [{"status": "ok"}, {"status": "okay"}, {"status": 7}]
    problems = refused(scenario("s", step(expect=expect), parameters=rows))
    assert len(problems) == 2
    assert "with the parameters of row 1: unknown status 'okay'" in problems[0]
    assert "with the parameters of row 2: " in problems[1]


@pytest.mark.parametrize("text", ["[]", "null", "7", '"s"', "[7]"])
def test_what_holds_no_scenario_is_refused(text: str) -> None:
    with pytest.raises(DocumentError):
        load(text)


def test_a_warning_refuses_nothing() -> None:
    (loaded,) = load(json.dumps(scenario("s", classes=["hapy_path"])))
    assert [problem.code for problem in loaded.warnings] == ["scenario.unknown-class"]


def test_a_row_keeps_no_other_row() -> None:
    (loaded,) = load(json.dumps(scenario("s", parameters=[{"a": "first"}, {"a": "second"}])))
    assert [b"first" in row.encoded for row in loaded.rows] == [True, False]
    assert [b"second" in row.encoded for row in loaded.rows] == [False, True]


def test_what_references_stand_for_is_bounded() -> None:
    bomb = step(payload={"what": "${p}" * 1_000})
    (problem,) = refused(scenario("s", bomb, parameters=[{"p": "x" * 10_000}]))
    assert problem.endswith(
        "with the parameters of row 0: what its references stand for is more than 8388608 characters"
    )


def test_all_rows_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepare, "MOST_ROWS_BYTES", 5_000)
    rows = [{"p": number} for number in range(100)]
    (problem,) = refused(scenario("s", parameters=rows))
    assert "the scenario is more than 5000 bytes when it is written out for each of its rows" in problem


@pytest.mark.parametrize(
    "document",
    [
        [{"id": "x"}] * 1_000,
        scenario("s", step(payload="${p}"), parameters=[{"p": number} for number in range(1_000)]),
    ],
    ids=["scenarios", "rows"],
)
def test_the_problems_of_a_file_are_bounded(document: Any) -> None:
    problems = refused(document)
    assert MOST_PROBLEMS < len(problems) < MOST_PROBLEMS + 10
    assert "not looked at" in problems[-1]
