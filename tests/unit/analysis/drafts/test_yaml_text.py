"""Scenarios as YAML: read strictly, the text gives the same scenario back, whatever is in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_fluxscenario.analysis.drafts.yaml_text import scenario_text
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import read_source
from pytest_fluxscenario.documents.yaml_reader import read_yaml
from pytest_fluxscenario.model.scenario import Scenario
from pytest_fluxscenario.model.vocabulary import MATCHERS
from pytest_fluxscenario.runner.prepare import load_file

_PACKS = Path(__file__).parents[4]
_WORDS = (
    *("no", "on", "null", "~", "True", "1", "1.10", "1e5", ".5", "0o17", "0x1f", "010", "1_000", "1:30", "2026-01-01"),
    *(
        "",
        " ",
        " a",
        "a ",
        "a: b",
        "a #b",
        "#",
        "- a",
        "? a",
        "[a",
        "{a",
        "&a",
        "*a",
        "!a",
        "!!str",
        "|",
        ">",
        "%a",
        "@a",
    ),
    *(
        "`a",
        "'a'",
        '"a"',
        "a\\b",
        "a\tb",
        "a\nb",
        "a\n",
        "\n",
        "\na",
        " \n a",
        "a\n\n",
        "a\n b\n",
        "a\r\nb",
        "\x85",
        "\u2028",
    ),
    *("\ufeff", "a\u202eb", "\u200b", "\U000e0041", "\U0001f600", "\x7f", "\x1b[2J", "\ufffe", "<<", "=", "---", "..."),
    *(
        "--- a",
        "... a",
        "<<<<<<< HEAD",
        "a\n<<<<<<< HEAD\nb\n=======\n>>>>>>> x",
        ".inf",
        "-.INF",
        ".nan",
        "9" * 30,
        "1e999",
    ),
    *("a" * 200, "a b " * 100, ",", "a, b", "a]", "a}", "key:", ":", "-", "?", "${x}", "$${x}", "é", "\xa0", "$"),
)
_TEXT = st.sampled_from(_WORDS) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20
)
_LEAF = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _TEXT
)
_DATA = st.recursive(
    _LEAF, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXT, inner, max_size=4), max_leaves=12
)


def read(text: str) -> Any:
    (document,) = read_yaml("draft.yaml", text, Limits())
    return document.data


def made(**more: Any) -> Scenario:
    step = {"name": "ask", "action": "a.b", "actor": {"id": "agent-1", "role": "agent"}, "payload": {}}
    step["expectation"] = {"status": "ok", "route": "Continue", "gate_id": None, "created_artifacts": None}
    return msgspec.convert(
        {
            "id": "one",
            "profile_id": "p",
            "profile_version": "1.0.0",
            "steps": [{**step, **more.pop("step", {})}],
            **more,
        },
        Scenario,
    )


@given(st.dictionaries(_TEXT, _DATA, max_size=5), _TEXT, _TEXT)
@settings(max_examples=150, deadline=None)
@example({word: word for word in _WORDS}, "a", "a\nb\n# c\nid: two")
@example({"list": list(_WORDS)}, "\u202e", "\r\nid: x")
@example({word: [[word, {word: [word]}]] for word in _WORDS}, "...", "")
def test_the_text_gives_the_same_scenario_back(payload: dict[str, Any], text: str, comment: str) -> None:
    scenario = made(
        description=text,
        skip=text,
        parameters=[payload],
        given={"artifacts": [{"type": "plan", "payload": payload}]},
        step={
            "name": "a" + text,
            "payload": payload,
            "expectation": {"status": "ok", "route": "Continue", "reason": text},
        },
    )
    written = scenario_text(scenario, [comment])
    back = read(written)
    assert msgspec.convert(back, Scenario) == scenario
    assert msgspec.json.encode(msgspec.convert(back, Scenario)) == msgspec.json.encode(scenario)
    # What is written shows all that it says.
    assert not any(mark in written for mark in ("\x1b", "\u202e", "\u200b", "\u2028", "\x85", "\ufeff", "\x07"))


def test_it_is_what_a_person_would_write() -> None:
    scenario = made(
        description="Why.",
        given={"artifacts": [{"type": "plan", "payload": {"amount": "736.50", "note": "two: words"}}]},
        step={"payload": {"text": "one\ntwo\n", "answer": "no", "count": 2}, "idempotency_key": "k-1"},
    )
    assert (
        scenario_text(scenario, ["Drafted.", "Review\nit."])
        == """\
# Drafted.
# Review
# it.
id: one
description: Why.
profile_id: p
profile_version: "1.0.0"
given:
  artifacts:
    - {type: plan, payload: {amount: "736.50", note: "two: words"}}
steps:
  - name: ask
    action: a.b
    actor: {id: agent-1, role: agent}
    idempotency_key: k-1
    payload:
      text: |
        one
        two
      answer: no
      count: 2
    expectation:
      status: ok
      route: Continue
      gate_id: null
      created_artifacts: null
"""
    )


@pytest.mark.parametrize(
    "folder", ["scenarios/local_patch_review", "tests/packs/purchase", "tests/packs/vendor_onboarding"]
)
def test_scenarios_that_people_wrote_survive_it(folder: str, tmp_path: Path) -> None:
    count = 0
    for path in sorted((_PACKS / folder / "scenarios").iterdir()):
        for loaded in load_file(read_source(str(path), path.name, Limits()), Limits(), MATCHERS):
            again = tmp_path / "again.scenario.yaml"
            again.write_text(scenario_text(loaded.scenario), encoding="utf-8")
            (back,) = load_file(read_source(str(again), again.name, Limits()), Limits(), MATCHERS)
            assert back.scenario == loaded.scenario
            count += 1
    assert count > 10
