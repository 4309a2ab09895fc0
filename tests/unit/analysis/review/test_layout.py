"""The map: where everything lies, and that it is drawn as valid SVG."""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_fluxscenario.analysis.review import drawing
from pytest_fluxscenario.analysis.review.layout import CARD_LEFT, CARD_WIDTH, MOST_ACTIONS, Layout, lay_out, wrapped
from pytest_fluxscenario.model.review_rules import ActionView, GateView, RulesView

_NS = "{http://www.w3.org/2000/svg}"


def action(name: str, **more: Any) -> ActionView:
    said: dict[str, Any] = {"where": "p:1", "description": "", "roles": ("agent",), "gates": (), "capabilities": ()}
    said |= {"connectors": (), "leaves": (), "mode": "", "scope": (), "next": (), "completes": False, "hooks": ()}
    return ActionView(id=name, layer=0, **(said | more))


def gate(name: str, before: str, route: str = "Blocked", **more: Any) -> GateView:
    said: dict[str, Any] = {"type": "decision", "stops": "always", "condition": {}, "reason": "", "instruction": ""}
    said |= {"requires": (), "approval": None, "next": (), "hook": "", "hook_failure": ""}
    return GateView(id=name, where="p:1", action=before, route=route, **(said | more))


def rules(actions: list[ActionView], gates: list[GateView] = []) -> RulesView:  # noqa: B006 - nobody changes it
    empty: dict[str, Any] = dict.fromkeys(
        ("roles", "types", "routes", "approvals", "completion", "hooks", "modes", "capabilities", "connectors"), ()
    )
    empty |= {"runtime": None, "forbidden_capabilities": (), "forbidden_outputs": ()}
    return RulesView(actions=tuple(actions), gates=tuple(gates), **empty)


def many(count: int, jumps: int = 2) -> RulesView:
    names = [f"act.a{number}" for number in range(count)]
    gates = [gate(f"g{number}_{step}", name) for number, name in enumerate(names) for step in range(2)]
    actions = [
        action(
            name,
            gates=(f"g{number}_0", f"g{number}_1"),
            next=tuple(names[(number + 1 + step * 7) % count] for step in range(jumps)),
        )
        for number, name in enumerate(names)
    ]
    return rules(actions, gates)


def drawn(view: RulesView, *, alone: bool = False) -> ET.Element:
    return ET.fromstring(drawing.map_of(view, "a title", alone=alone))  # noqa: S314 - it was drawn here


def overlap_free(layout: Layout) -> bool:
    edges = [(box.entry, box.bottom) for box in layout.boxes]
    return all(before[1] < after[0] for before, after in pairwise(edges))


def test_boxes_stand_below_one_another_and_gates_above_their_action() -> None:
    layout = lay_out(many(12))
    assert overlap_free(layout)
    for box in layout.boxes:
        ends = [gate.y + 15 * len(gate.rows) for gate in box.gates]
        assert box.entry < box.gates[0].y
        assert ends == sorted(ends)
        assert ends[-1] <= box.y
    assert layout.boxes[-1].bottom < layout.height


def test_what_leads_to_the_next_box_takes_no_lane_and_the_rest_share_one_for_each_aim() -> None:
    names = ["a", "b", "c", "d"]
    view = rules(
        [
            action("a", next=("b", "d")),
            action("b", next=("c", "d")),
            action("c", next=("a",)),
            action("d"),
        ]
    )
    layout = lay_out(view)
    assert [box.follows for box in layout.boxes] == [False, True, True, False]
    by_entry = {box.entry: box.action.id for box in layout.boxes}
    lanes = {by_entry[lane.entry]: lane for lane in layout.lanes}
    assert set(lanes) == {"a", "d"}
    assert lanes["d"].back == (False, False)
    assert lanes["a"].back == (True,)
    assert lanes["a"].x != lanes["d"].x
    assert all(lane.x > CARD_LEFT + CARD_WIDTH for lane in layout.lanes)
    assert len(names) == len(layout.boxes)


@given(st.integers(1, 30), st.integers(0, 3))
def test_lanes_that_pass_one_another_are_not_the_same_line(count: int, jumps: int) -> None:
    layout = lay_out(many(count, jumps))
    spans = [(lane.x, min(lane.entry, *lane.sources), max(lane.entry, *lane.sources)) for lane in layout.lanes]
    for at, (x, low, high) in enumerate(spans):
        assert all(x != other or high < bottom or top < low for other, bottom, top in spans[at + 1 :])


def test_two_hundred_actions_are_cut_and_it_is_said() -> None:
    layout = lay_out(many(200))
    assert len(layout.boxes) == MOST_ACTIONS
    assert layout.more == 140
    texts = [one.text for one in drawn(many(200)).iter(f"{_NS}text")]
    assert "140 actions more: see the list" in texts
    assert "act.a59" in texts
    assert "act.a60" not in texts


def test_many_gates_of_one_action_are_cut_and_it_is_said() -> None:
    gates = [gate(f"g{number}", "a") for number in range(40)]
    texts = [
        one.text for one in drawn(rules([action("a", gates=tuple(one.id for one in gates))], gates)).iter(f"{_NS}text")
    ]
    assert "and 24 more gates" in texts


@pytest.mark.parametrize(
    ("route", "shape"),
    [("Blocked", "polygon"), ("AwaitApproval", "polygon"), ("AskUser", "circle"), ("InstructAgent", "polygon")],
)
def test_each_route_has_a_shape_and_a_sign_of_its_own(route: str, shape: str) -> None:
    signs = drawing._sign(route)
    assert f"<{shape}" in signs
    others = [drawing._sign(other) for other in drawing._SHAPES if other != route]
    assert all(signs.partition(">")[2] != other.partition(">")[2] for other in others)


def test_the_picture_says_who_what_and_when() -> None:
    view = rules(
        [action("a.b", description="Do it.", mode="real", scope=("x",), leaves=("rec",), completes=True, gates=("g",))],
        [gate("g", "a.b", "AskUser", stops="when x is missing", hook="look", hook_failure="Blocked")],
    )
    root = drawn(view, alone=True)
    texts = " ".join(one.text or "" for one in root.iter(f"{_NS}text"))
    for said in ("a.b", "Do it.", "by agent", "leaves rec", "real: materializes x", "completes the run"):
        assert said in texts
    assert "AskUser when x is missing" in texts
    assert "hook look; if it fails: Blocked" in texts
    assert root.get("role") == "img"
    assert root.findtext(f"{_NS}title") == "a title"
    assert "1 action and 1 gate" in (root.findtext(f"{_NS}desc") or "")
    assert root.find(f"{_NS}style") is not None


@given(st.text(max_size=400), st.text(max_size=80))
def test_foreign_text_is_only_text(text: str, name: str) -> None:
    root = drawn(rules([action(name, description=text, gates=(name,))], [gate(name, name, text, stops=text)]))
    assert {one.tag.removeprefix(_NS) for one in root.iter()} <= {
        "svg", "title", "desc", "g", "rect", "path", "circle", "polygon", "text"
    }  # fmt: skip


@given(st.text(max_size=300), st.integers(4, 60))
def test_no_line_is_wider_than_asked(text: str, width: int) -> None:
    lines = wrapped(text, width)
    assert lines
    assert all(len(line) <= width for line in lines)


def test_names_break_at_their_joints_and_wide_characters_count_twice() -> None:
    assert wrapped("review_packet_requires_rule_evaluation", 24) == ["review_packet_requires_", "rule_evaluation"]
    assert wrapped("漢字" * 10, 20) == ["漢字" * 5, "漢字" * 5]


def test_the_same_rules_give_the_same_picture() -> None:
    view = many(9)
    again = msgspec.convert(msgspec.to_builtins(view), RulesView)
    assert drawing.map_of(view, "t") == drawing.map_of(again, "t")
