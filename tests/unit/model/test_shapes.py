"""Decoding decides, and the explanation agrees with it; the published schema is the same shape."""

from __future__ import annotations

import copy
import re
import subprocess
import sys
from functools import cache
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from msgspec import inspect
from referencing import Registry

from pytest_fluxscenario.base.place import Place, Pointer
from pytest_fluxscenario.model.pack import Hooks, Manifest
from pytest_fluxscenario.model.profile import Profile
from pytest_fluxscenario.model.scenario import Expectation, Scenario
from pytest_fluxscenario.model.scenario_rules import scenario_problems
from pytest_fluxscenario.model.schema import DOCUMENTS, schema_of
from pytest_fluxscenario.model.shapes import decode, shape_problems

FULL: dict[str, Any] = {
    "id": "a",
    "profile_id": "b",
    "profile_version": "1.0.0",
    "name": "n",
    "tags": ["x"],
    "classes": ["happy_path"],
    "skip": None,
    "parameters": [{"p": 1}, {"p": 2}],
    "environment": {"capabilities": ["c"], "connectors": []},
    "given": {
        "artifacts": [{"type": "t", "payload": {}, "source": "controller"}],
        "approvals": [{"role": "r", "scope": "s", "decision": "denied", "values": {"f": 1}}],
    },
    "faults": {"h": "timeout"},
    "steps": [
        {
            "name": "one",
            "action": "x.y",
            "actor": {"id": "i", "role": "r"},
            "payload": {"k": [1, None, {"z": 1.5}]},
            "idempotency_key": "k",
            "capture": {"c": "reason"},
            "faults": {"h": "crash"},
            "expectation": {
                "status": {"any_of": ["ok", "nok"]},
                "route": "Blocked",
                "gate_id": None,
                "gate_type": "decision",
                "reason": {"matches": "x"},
                "missing_artifacts": ["a", {"contains": "b"}],
                "created_artifacts": {"in_order": ["a"]},
                "next_allowed_actions": [],
                "completion_report_exists": True,
                "idempotent_replay": "${p}",
                "idempotency_conflict": {"present": False},
                "required_approval": {"role": "r", "scope": "s"},
                "materialization": {"mode": "mock", "scope": {}},
                "hook_calls": {"h": "ok"},
            },
        },
        {"name": "two", "action": "x.y", "actor": "${p}", "payload": "${c}", "expectation": {"status": "error"}},
        {"name": "three", "approve": {"role": "r", "scope": "s", "by": "me", "expires_at": "2026-01-01T00:00:00Z"}},
    ],
}
MANIFEST: dict[str, Any] = {
    "process": {"id": "a", "version": "1.0.0", "command": {"name": "x"}, "skill_path": None},
    "docs": {"required": ["x"]},
    "requires": {"materialization_modes": ["mock"]},
    "approval_for_use": {"required_approval": {"role": "r", "scope": "s"}},
    "more": {},
}
PROFILE: dict[str, Any] = {
    "id": "a",
    "version": "1.0.0",
    "roles": ["agent"],
    "actions": [{"id": "x", "allowed_roles": ["agent"], "materialization_mode": "real"}],
    "gates": [{"id": "g", "type": "decision", "before_action": "x", "route": "Blocked", "condition": {"always": True}}],
}
HOOKS: dict[str, Any] = {
    "runtime": {"id": "r", "kind": "python_stdio", "timeout_ms": 100, "command": ["x"]},
    "contract": {"allowed_output_fields": None},
    "hooks": [{"id": "h", "type": "artifact.validate"}],
}
GOOD: tuple[tuple[Any, dict[str, Any]], ...] = (
    (Scenario, FULL),
    (Manifest, MANIFEST),
    (Profile, PROFILE),
    (Hooks, HOOKS),
)

WORDS = (
    "ok",
    "",
    "Blocked",
    "${p}",
    "${p}\n",
    "x${p}",
    "decision",
    "approved",
    "mock",
    "controller",
    "x.y",
    "1.0.0",
    "no",
    "a\n",
)
KEYS = (
    "id",
    "name",
    "status",
    "route",
    "role",
    "matches",
    "x-own",
    "x-own\n",
    "any_of",
    "foo",
    "steps",
    "gate_id",
    "type",
)
#: No floats with a whole value: the decoder takes none for an integer, JSON Schema does (that has a test of its own).
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.just(1.5) | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=5,
)


def pointers(value: Any, at: Pointer = ()) -> list[Pointer]:
    found = [at]
    if isinstance(value, dict):
        for key, inner in value.items():
            found += pointers(inner, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            found += pointers(inner, (*at, index))
    return found


@st.composite
def mutated(draw: st.DrawFn) -> tuple[Any, Any]:
    """A good document of some kind with one to three values removed, added or replaced."""
    kind, good = draw(st.sampled_from(GOOD))
    data = copy.deepcopy(good)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.sampled_from(pointers(data)))
        if not at:
            continue
        holder = data
        for part in at[:-1]:
            holder = holder[part]
        change = draw(st.sampled_from(["remove", "replace", "replace", "add"]))
        if change == "remove":
            del holder[at[-1]]
        elif change == "replace":
            holder[at[-1]] = draw(JSON_VALUES)
        elif isinstance(holder, dict):
            holder[draw(st.sampled_from(KEYS))] = draw(JSON_VALUES)
        else:
            holder.append(draw(JSON_VALUES))
    return kind, data


@cache
def validator(kind: Any, patterns: bool) -> Draft202012Validator:
    """The published schema of ``kind``; without its patterns it is what a decoder can hold to."""

    def without(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: without(inner) for key, inner in value.items() if key not in ("pattern", "propertyNames")}
        return [without(inner) for inner in value] if isinstance(value, list) else value

    schema = schema_of(kind)
    return Draft202012Validator(schema if patterns else without(schema), registry=Registry())


def accepts(kind: Any, data: Any) -> bool:
    try:
        decode(kind, msgspec.json.encode(data))
    except msgspec.ValidationError:
        return False
    return True


def locate(pointer: Pointer, key: bool = False) -> Place:
    return Place("f", 1, 1, pointer)


@pytest.mark.parametrize(("kind", "data"), GOOD)
def test_a_good_document_is_good_for_all_three(kind: Any, data: Any) -> None:
    assert accepts(kind, data)
    assert validator(kind, True).is_valid(data)
    assert shape_problems(kind, data, locate) == []


@settings(max_examples=800, deadline=None)
@given(mutated())
def test_the_decoder_the_schema_and_the_explanation_agree(case: tuple[Any, Any]) -> None:
    kind, data = case
    accepted = accepts(kind, data)
    assert accepted == validator(kind, False).is_valid(data)
    assert accepted == (shape_problems(kind, data, locate) == [])


@settings(max_examples=800, deadline=None)
@given(mutated())
def test_what_the_patterns_of_the_schema_refuse_the_rules_refuse_too(case: tuple[Any, Any]) -> None:
    kind, data = case
    if kind is not Scenario or not accepts(kind, data):
        return
    if not validator(kind, True).is_valid(data):
        scenario = decode(Scenario, msgspec.json.encode(data))
        codes = {problem.code for problem in scenario_problems(scenario, locate)}
        assert codes & {"scenario.unknown-matcher", "scenario.type"}


def test_a_whole_float_is_no_integer_for_the_decoder() -> None:
    data = copy.deepcopy(HOOKS)
    data["runtime"]["timeout_ms"] = 100.0
    assert validator(Hooks, True).is_valid(data)
    (problem,) = shape_problems(Hooks, data, locate)
    assert problem.code == "shape.refused"


def test_text_that_is_no_json_is_a_decode_error() -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(Scenario, b"{")


def patterned(kind: Any) -> list[str]:
    """Every pattern that a decoder of ``kind`` would hold."""
    found: list[str] = []
    seen: set[int] = set()
    pending: list[Any] = [inspect.type_info(kind)]
    while pending:
        info = pending.pop()
        if isinstance(info, list | tuple):
            pending += info
        elif isinstance(info, inspect.Type | inspect.Field) and id(info) not in seen:
            seen.add(id(info))
            if isinstance(info, inspect.StrType) and info.pattern is not None:
                found.append(info.pattern)
            pending += [getattr(info, name) for name in info.__struct_fields__]
    return found


@pytest.mark.parametrize("kind", DOCUMENTS.values(), ids=list(DOCUMENTS))
def test_no_decoder_holds_a_pattern_for_that_crashes_the_interpreter_when_it_exits(kind: Any) -> None:
    assert patterned(kind) == []


def test_the_search_for_patterns_would_find_one() -> None:
    found = patterned(tuple[Annotated[str, msgspec.Meta(pattern="^a$")] | None, ...])
    assert found == ["^a$"]


def test_the_published_schema_keeps_the_patterns() -> None:
    assert len(re.findall(r"'pattern'", str(schema_of(Scenario)))) > 5
    assert Expectation.__struct_fields__[0] == "status"


def test_a_good_document_imports_no_jsonschema() -> None:
    code = (
        "import sys, msgspec\n"
        "from pytest_fluxscenario.model.scenario import Scenario\n"
        "from pytest_fluxscenario.model.scenario_rules import scenario_problems\n"
        "from pytest_fluxscenario.model.shapes import decode, shape_problems\n"
        "data = {'id': 'a', 'profile_id': 'b', 'profile_version': '1.0.0', 'steps': [{'name': 'a', 'action': 'b',"
        " 'actor': {'id': 'c', 'role': 'd'}, 'payload': {}, 'expectation': {'status': 'ok', 'route': 'Continue'}}]}\n"
        "scenario = decode(Scenario, msgspec.json.encode(data))\n"
        "assert shape_problems(Scenario, data, None) == []\n"
        "assert scenario_problems(scenario, None) == []\n"
        "print(sorted(name for name in sys.modules if name in ('jsonschema', 'yaml', 'referencing')))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


#: Classes that no thread has seen, each read for the first time by several threads at once.
_THREADS = """
import sys, threading
import msgspec
from pytest_fluxscenario.model.shapes import decode, make_ready
sys.setswitchinterval(1e-6)
def read(kind):
    there.wait()
    decode(kind, b'{"a": {"f0": 1}}')
    make_ready(kind)
    msgspec.convert({"a": {"f1": 2}}, kind)
for number in range(40):
    inner = msgspec.defstruct(f"Inner{number}", [(f"f{at}", int | str | None, None) for at in range(30)])
    more = [(f"g{at}", list[inner] | None, None) for at in range(30)]
    kind = msgspec.defstruct(f"Outer{number}", [("a", inner), *more])
    there = threading.Barrier(4)
    threads = [threading.Thread(target=read, args=(kind,)) for _ in range(4)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
print("all")
"""


def test_threads_read_a_class_for_the_first_time_at_once() -> None:
    for _ in range(2):
        ran = subprocess.run([sys.executable, "-c", _THREADS], capture_output=True, text=True, check=False)
        assert (ran.returncode, ran.stdout) == (0, "all\n"), ran.stderr
