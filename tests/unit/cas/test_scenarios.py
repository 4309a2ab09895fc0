from __future__ import annotations

import pytest

from pytest_fluxscenario.cas.scenarios import RunsOn, is_scenario_file, scenarios_of
from pytest_fluxscenario.documents.json import Json
from tests.fakes.packs import scenario


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("scenarios/a.json", True),
        ("deep/scenarios/a.yml", True),
        ("a.scenario.yaml", True),
        ("deep/a.scenario.json", True),
        ("scenarios/deep/a.json", False),
        ("my-scenarios/a.json", False),
        ("scenarios/README.md", False),
        ("a.scenario.txt", False),
        ("a.json", False),
    ],
)
def test_which_files_of_a_pack_hold_scenarios(path: str, is_one: bool) -> None:
    assert is_scenario_file(path) == is_one


def test_what_scenarios_name() -> None:
    plain, other = scenario("a"), scenario("b", profile="./pack", spec="card:latest")
    assert scenarios_of([[plain, other], plain]) == (
        RunsOn("small:v1.0.0"),
        RunsOn("./pack", "card:latest"),
        RunsOn("small:v1.0.0"),
    )


def test_what_is_no_scenario_says_nothing() -> None:
    wrong: list[Json] = [
        None,
        1,
        "x",
        [],
        {},
        {"profile_id": "small"},
        {"profile_id": "small", "profile_version": 1.1},
        [[{}]],
    ]
    assert scenarios_of(wrong) == ()
    assert scenarios_of([scenario("a", profile=3, spec=["x"])]) == (RunsOn("small:v1.0.0"),)
