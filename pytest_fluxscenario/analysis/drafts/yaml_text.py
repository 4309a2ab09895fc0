"""A scenario as the text of a YAML file, as a person would write it: the strict reader gives the same scenario back.

The emitter is PyYAML's, which knows how to write a scalar; what a plain scalar means is said by the reader's own rules
(YAML 1.2), so that a string is quoted where, and only where, they would take it for something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from pytest_fluxscenario.base.text import invisible, shown
from pytest_fluxscenario.documents import yaml_scalars
from pytest_fluxscenario.model.scenario import Scenario

_TOP: Final = (
    "id",
    "name",
    "description",
    "tags",
    "classes",
    "profile_id",
    "profile_version",
    "profile",
    "spec",
    "skip",
    "xfail",
    "parameters",
    "environment",
    "given",
    "faults",
    "steps",
)
_STEP: Final = (
    "name",
    "approve",
    "action",
    "actor",
    "idempotency_key",
    "payload",
    "faults",
    "capture",
    "expectation",
)
#: What is written without line breaks where it is short; everything that a reader compares field by field is not.
_FLOW: Final = 100
_TAG: Final = "tag:yaml.org,2002:"
_KINDS: Final[Mapping[type, str]] = {bool: "bool", int: "int", float: "float", str: "str", type(None): "null"}
# Breaks and marks that the reader refuses where they stand unescaped; PyYAML escapes them in double quotes only.
_ODD: Final = re.compile("[\x85\u2028\u2029\ufeff]")

#: What no YAML text may hold, not even a comment.
_UNPRINTABLE: Final = re.compile("[\ufffe\uffff]")
_ESCAPED: Final = re.compile(r'["\\]')


def scenario_text(scenario: Scenario, comments: Iterable[str] = ()) -> str:
    """The text of a file that holds one scenario; each of ``comments`` becomes a line (or several) above it.

    Fields stand in the order of scenario.md. Values are those of the scenario, so strings that must not be taken for
    references come escaped.
    """
    data: dict[str, Any] = _ordered(msgspec.to_builtins(scenario), _TOP)
    data["steps"] = [_ordered(step, _STEP) for step in data["steps"]]
    top = MappingNode(_TAG + "map", [(_scalar(key), _top(key, value)) for key, value in data.items()], flow_style=False)
    written: str = yaml.serialize(top, Dumper=_Dumper, width=_NEVER, allow_unicode=True, indent=2)
    return "".join(_comment(line) for comment in comments for line in comment.split("\n")) + written


_NEVER: Final = 1 << 30
_LONGEST_COMMENT: Final = 2_000


def _comment(line: str) -> str:
    safe = _UNPRINTABLE.sub(lambda found: f"\\u{ord(found.group()):04x}", shown(line, _LONGEST_COMMENT))
    return f"# {safe}".rstrip() + "\n"


def _ordered(data: dict[str, Any], order: tuple[str, ...]) -> dict[str, Any]:
    known = {key: data[key] for key in order if key in data}
    return {**known, **data}


def _top(key: str, value: Any) -> Node:
    """The value of a field of the scenario."""
    if key == "profile_version":
        return ScalarNode(_TAG + "str", value, style='"')
    if key == "steps":
        return SequenceNode(_TAG + "seq", [_step(step) for step in value], flow_style=False)
    if key == "given":
        # What a run starts with is a list to read, one to a line.
        return _mapping({part: _Block(items) for part, items in value.items()}, flow=False)
    return _node(value)


def _step(step: dict[str, Any]) -> Node:
    pairs = []
    for key, value in step.items():
        node = _mapping(value, flow=False) if key == "expectation" else _node(value)
        pairs.append((_scalar(key), node))
    return MappingNode(_TAG + "map", pairs, flow_style=False)


class _Block(tuple[Any, ...]):
    """A list that is written one item to a line, however short."""

    __slots__ = ()


def _node(value: Any) -> Node:
    if isinstance(value, dict):
        return _mapping(value, flow=_is_short(value))
    if isinstance(value, list | tuple):
        flow = not isinstance(value, _Block) and _is_short(value)
        return SequenceNode(_TAG + "seq", [_node(item) for item in value], flow_style=flow)
    return _scalar(value)


def _mapping(data: dict[str, Any], *, flow: bool) -> MappingNode:
    pairs = [(_scalar(key), _node(value)) for key, value in data.items()]
    return MappingNode(_TAG + "map", pairs, flow_style=flow or not data)


def _is_short(value: Any) -> bool:
    """Whether a list or an object is written in one line: it is short, and holds no text of several lines."""
    encoded = msgspec.json.encode(value)
    return len(encoded) <= _FLOW and b"\\n" not in encoded


def _scalar(value: Any) -> ScalarNode:
    tag = _TAG + _KINDS[type(value)]
    if isinstance(value, str):
        return ScalarNode(tag, value, style=_style(value))
    # JSON's words and numbers are YAML's.
    return ScalarNode(tag, msgspec.json.encode(value).decode())


def _style(text: str) -> str | None:
    """How a string is written where it is not plain; None leaves it to the emitter."""
    if _ODD.search(text) or invisible(text):
        return '"'
    if "\n" in text and not text.startswith((" ", "\n")):
        return "|"
    return None


class _Dumper(yaml.SafeDumper):
    """PyYAML's emitter, with what scalars mean as the strict reader says it."""

    def resolve(self, kind: type[Node], value: Any, implicit: Any) -> str:
        """The tag that the reader would give a plain scalar; the emitter quotes it where that is not its own."""
        if kind is ScalarNode and implicit[0]:
            return _TAG + _meaning(value)
        return {ScalarNode: _TAG + "str", SequenceNode: _TAG + "seq"}.get(kind, _TAG + "map")

    def choose_scalar_style(self) -> str:
        """What must be quoted is, in double quotes, unless those would need escapes."""
        style: str = super().choose_scalar_style()
        return '"' if style == "'" and not _ESCAPED.search(getattr(self.event, "value", "")) else style

    def write_double_quoted(self, text: str, split: bool = True) -> None:
        """With nothing invisible in it: whoever reviews the text sees all of it."""
        unicode, self.allow_unicode = self.allow_unicode, not invisible(text)
        super().write_double_quoted(text, split)
        self.allow_unicode = unicode

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Lists are indented below their key, as in the examples of the documentation."""
        del indentless
        super().increase_indent(flow, False)


def _meaning(text: str) -> str:
    if text in ("<<", "="):
        # The first is a merge key to the reader; the second meant a value in YAML 1.1.
        return "merge"
    try:
        return _KINDS[type(yaml_scalars.resolve(text))]
    except yaml_scalars.RefusedError:
        return "float"
