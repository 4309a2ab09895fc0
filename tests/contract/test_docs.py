"""The documentation speaks of what there is, and of all of it: options, commands, hooks, fields, words, limits, links.

That its examples hold is the subject of ``test_docs_examples.py``.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, cast, get_args

import pytest

import pytest_fluxscenario
from pytest_fluxscenario.base import errors
from pytest_fluxscenario.cli.console import exits
from pytest_fluxscenario.cli.main import NOUNS, _parser, main
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.evidence.junit import _STEP
from pytest_fluxscenario.model import evidence, pack, vocabulary
from pytest_fluxscenario.model.profile import Action, ArtifactType, Gate, Profile
from pytest_fluxscenario.model.request import Approval, Environment, Given, GivenArtifact, Request
from pytest_fluxscenario.model.response import Materialization, Response
from pytest_fluxscenario.model.scenario import Expectation, Scenario, Step
from pytest_fluxscenario.model.schema import DOCUMENTS
from pytest_fluxscenario.model.spec import SpecDocument, SpecHeader
from pytest_fluxscenario.packs import hooks as pack_hooks
from pytest_fluxscenario.packs.conditions import OPERATORS
from pytest_fluxscenario.plugin import hookspecs
from pytest_fluxscenario.plugin.configuration.declared import add_options
from pytest_fluxscenario.plugin.item import fixtures
from pytest_fluxscenario.remote.client import TOKEN_VARIABLE, URL_VARIABLE
from pytest_fluxscenario.runtimes.leftovers import TOKEN
from pytest_fluxscenario.telemetry import words

_ROOT = Path(__file__).resolve().parents[2]
_DOCS = _ROOT / "docs"
_PAGES = {path.relative_to(_ROOT).as_posix(): path.read_text(encoding="utf-8") for path in sorted(_DOCS.rglob("*.md"))}
_ALL = {name: (_ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CHANGELOG.md")} | _PAGES
#: Written by a program, with lines as long as its tables.
_GENERATED = "docs/benchmarks.md"


def _page(name: str) -> str:
    return _PAGES[f"docs/{name}.md"]


def _unquoted(words: Iterable[object], text: str) -> list[str]:
    """The words that do not stand in ``text`` as code of their own, or within a longer piece of it."""
    code = "\n".join(re.findall(r"`[^`\n]+`", text))
    return [str(word) for word in words if not re.search(rf"(?<![\w-]){re.escape(str(word))}(?![\w-])", code)]


@dataclass
class _Declared:
    """Stands for pytest's parser."""

    options: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def getgroup(self, *_: str) -> _Declared:
        return self

    def addoption(self, name: str, **_: object) -> None:
        self.options.append(name)

    def addini(self, name: str, *_: object, **__: object) -> None:
        self.keys.append(name)


def _declared() -> _Declared:
    declared = _Declared()
    add_options(cast("pytest.Parser", declared))
    return declared


def _hooks() -> list[str]:
    return [name for name in vars(hookspecs) if name.startswith("pytest_fluxscenario_")]


def _fixtures() -> list[str]:
    return [name for name in vars(fixtures) if name.startswith("fluxscenario_")]


def _subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def _commands() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for noun in NOUNS:
        parser = _subparsers(_parser([noun]))[noun]
        verbs = _subparsers(parser)
        yield from ((f"{noun} {verb}", one) for verb, one in verbs.items()) if verbs else ((noun, parser),)


# ---- what exists is documented, what is documented exists ---------------------------------------


def test_every_option_and_ini_key_is_documented() -> None:
    declared = _declared()
    assert len(declared.options) >= 4
    assert _unquoted((*declared.options, *declared.keys), _page("cli")) == []


def test_every_hook_and_fixture_is_documented() -> None:
    assert len(_hooks()) >= 6
    assert set(fixtures.OVERRIDABLE) < set(_fixtures())
    assert _unquoted((*_hooks(), *_fixtures()), _page("pytest")) == []


@pytest.mark.parametrize("name", _ALL)
def test_nothing_else_is_called_so(name: str) -> None:
    declared = _declared()
    words = set(re.findall(r"--fluxscenario[\w-]*|(?<![\w./-])(?:pytest_)?fluxscenario_\w+", _ALL[name]))
    assert words - {*declared.options, *declared.keys, *_hooks(), *_fixtures()} == set()
    variables = set(re.findall(r"\bFLUX\w+", _ALL[name]))
    ours = {"FLUXRIG_GEAR_TOKEN", "FLUXRIG_KEY_PASSWORD", "FLUXRIG_STORE"}
    assert variables <= {*ours, TOKEN, TOKEN_VARIABLE, URL_VARIABLE}


def test_every_command_with_its_options_and_arguments_is_documented() -> None:
    text = _page("cli")
    for command, parser in _commands():
        assert f"`fluxrig {command}" in text, command
        words = [word for action in parser._actions for word in (*action.option_strings, action.metavar)]
        # Where an option takes one of some words, they stand behind it.
        flat = [str(word) for word in words if word and word not in ("-h", "--help", "DIR|off")]
        assert _unquoted(flat, text) == [], command


@pytest.mark.parametrize("name", _ALL)
def test_no_other_command_is_documented(name: str) -> None:
    known = {command for command, _ in _commands()} | {"schema"}
    for noun, verb in re.findall(r"(?:^\$ |`|; |^)fluxrig ([a-z]+)(?: ([a-z]+)\b)?", _ALL[name], re.MULTILINE):
        assert noun in known or f"{noun} {verb}" in known or (not verb and noun in NOUNS), (noun, verb)


def test_every_exit_status_is_documented() -> None:
    statuses = [value for name, value in vars(exits).items() if name.isupper()]
    assert [int(row) for row in re.findall(r"^\| (\d+) \|", _page("cli"), re.MULTILINE)] == statuses


def test_every_schema_is_documented_and_no_other() -> None:
    section = _page("evidence").split("## Schemas")[1]
    assert _unquoted(DOCUMENTS, section) == []
    named = {word for text in _ALL.values() for word in re.findall(r"fluxrig schema ([a-z-]+)", text)}
    assert named <= set(DOCUMENTS)


def test_every_limit_is_documented_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", _page("faults"), re.MULTILINE))
    assert rows == {one.name: str(one.default) for one in fields(Limits)}


@pytest.mark.parametrize(
    ("page", "types"),
    [
        ("scenario", (Scenario, Step, Expectation, Approval, GivenArtifact, Given, Environment, Materialization)),
        ("control", (Request, Response)),
        ("pack", (pack.Manifest, pack.Process, pack.Package, pack.Docs, pack.Requires, pack.Forbidden)),
        ("pack", (pack.ApprovalForUse, pack.Runtime, pack.HookContract, pack.Hook)),
        ("pack", (Profile, ArtifactType, Action, Gate)),
        ("evidence", (evidence.Record, evidence.Volatile, evidence.Manifest, evidence.ManifestScenario)),
    ],
)
def test_every_field_is_documented(page: str, types: tuple[Any, ...]) -> None:
    for kind in types:
        assert _unquoted(kind.__struct_fields__, _page(page)) == [], kind.__name__


@pytest.mark.parametrize("kind", [Scenario, Step, Expectation])
def test_every_field_of_a_scenario_stands_in_a_table(kind: Any) -> None:
    rows = re.findall(r"^\| (`.+?) \|", _page("scenario"), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert set(kind.__struct_fields__) - named == set()


def test_every_part_of_a_result_is_documented() -> None:
    assert _unquoted(evidence.Result.__struct_fields__, _page("evidence")) == []


def test_every_field_of_a_spec_is_documented() -> None:
    assert _unquoted(SpecDocument.__struct_encode_fields__, _page("spec")) == []
    assert _unquoted(SpecHeader.__struct_fields__, _page("spec")) == []


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("control", (*vocabulary.STATUSES, *vocabulary.ROUTES, *vocabulary.ROLES, *vocabulary.GATE_TYPES)),
        ("control", (*OPERATORS, *vocabulary.AUTHORITY_FIELDS, vocabulary.CONTROL_PROTOCOL)),
        ("control", (vocabulary.CONTRACT_ACTION,)),
        ("scenario", (*vocabulary.FAULT_KINDS, *vocabulary.MATCHERS)),
        ("pack", (*vocabulary.CLASSES, *vocabulary.GENERATED_CLASSES)),
        ("pack", (*pack.HOOK_TYPES, *pack_hooks.RUNTIME_KINDS, "mock", "shadow", "real")),
        ("evidence", (*get_args(evidence.ScenarioOutcome), *get_args(evidence.RunVerdict))),
        ("evidence", (evidence.RECORD_SCHEMA, evidence.MANIFEST_SCHEMA, *_STEP.values())),
    ],
)
def test_every_word_is_documented(page: str, words: tuple[str, ...]) -> None:
    assert _unquoted(words, _page(page)) == []


def test_the_public_names_are_documented() -> None:
    names = set(pytest_fluxscenario.__all__) - {"__version__"}
    assert _unquoted(names - {errors.FluxError.__name__}, _page("pytest")) == []
    assert _unquoted({errors.FluxError.__name__}, _page("faults")) == []


def test_the_architecture_names_the_layers_of_the_package_in_the_order_of_the_map() -> None:
    block = _page("architecture").split("```")[1]
    documented = re.findall(r"^([a-z]+) ", block, re.MULTILINE)
    contract = (_ROOT / "pyproject.toml").read_text(encoding="utf-8").split("\nlayers = [")[1].split("]")[0]
    layers = [word for word in re.findall(r"[a-z]+", contract) if (_package() / word).is_dir()]
    assert documented == layers


def _package() -> Path:
    return Path(pytest_fluxscenario.__file__).parent


# ---- what the code cites ------------------------------------------------------------------------


def test_what_the_code_cites_is_a_section() -> None:
    """``control.md, "Hooks"`` and ``control.md, 7`` lead to where they say."""
    cited = 0
    for path in sorted(_package().rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for page, section in re.findall(r'\b([a-z]+)\.md, "([^"\n]+)"', text):
            cited += 1
            assert section in _headings(_page(page)), f"{path.name}: {page}.md, {section}"
        for number in re.findall(r"\bcontrol\.md, (\d+)", text):
            cited += 1
            assert re.search(rf"^{number}\. \*\*", _page("control"), re.MULTILINE), f"{path.name}: rule {number}"
        for page in re.findall(r"\(([a-z]+)\.md[,;)]", text):
            assert f"docs/{page}.md" in _PAGES, f"{path.name}: {page}.md"
    assert cited > 30


# ---- form ---------------------------------------------------------------------------------------


def _headings(text: str) -> list[str]:
    return re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("name", _ALL)
def test_links_lead_somewhere(name: str) -> None:
    text = re.sub(r"^```.*?^```$", "", _ALL[name], flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\[[^\]]+\]\(([^)\s]+)\)", re.sub(r"\n\s*", " ", text)):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = os.path.normpath(os.path.join(os.path.dirname(name), path)) if path else name
        assert (_ROOT / target).exists(), f"{name}: {link}"
        if anchor:
            assert anchor in map(_anchor, _headings(_ALL[target])), f"{name}: {link}"


def test_decisions_are_numbered_and_listed() -> None:
    records = sorted((_DOCS / "adr").glob("*.md"))
    numbers = [int(path.name[:4]) for path in records]
    assert numbers == list(range(1, len(numbers) + 1))
    listed = re.findall(r"^- \[(.+)\]\(adr/(.+)\)$", _page("architecture"), re.MULTILINE)
    assert listed == [
        (path.read_text(encoding="utf-8").split("\n")[0].removeprefix("# "), path.name) for path in records
    ]
    for path, number in zip(records, numbers, strict=True):
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# {number}. "), path.name
        assert {"What has to be decided"} <= set(_headings(text)), path.name


def test_decisions_name_tests_that_exist() -> None:
    named = {path for text in _PAGES.values() for path in re.findall(r"`(tests/[\w/]+(?:\.py)?/?)`", text)}
    assert len(named) > 10
    assert [path for path in sorted(named) if not (_ROOT / path).exists()] == []


def test_every_page_is_reached_from_the_readme() -> None:
    reached, pending = set[str](), ["README.md"]
    while pending:
        name = pending.pop()
        if name in reached or name not in _ALL:
            continue
        reached.add(name)
        links = re.findall(r"\]\(([^)#\s]+)", _ALL[name])
        pending += [os.path.normpath(os.path.join(os.path.dirname(name), link)) for link in links]
    assert set(_ALL) - {_GENERATED} <= reached


@pytest.mark.parametrize("name", _ALL)
def test_the_text_is_fit_to_be_read(name: str) -> None:
    text = _ALL[name]
    assert text.startswith("# ")
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert not re.search(r"[ \t]$", text, re.MULTILINE)
    assert text.count("\n```") % 2 == 0
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    if name != _GENERATED:
        assert [line for line in prose.split("\n") if len(line) > 140 and not line.startswith(("|", "- ["))] == []


def test_the_picture_of_the_bundled_pack_is_that_of_its_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made anew by ``fluxrig review scenarios/local_patch_review -o docs/local_patch_review.svg``."""
    monkeypatch.chdir(_ROOT)
    drawn = tmp_path / "drawn.svg"
    pack, evidence = "scenarios/local_patch_review", str(tmp_path / "evidence")
    main(["review", pack, "--no-mutants", "--no-proof", "--evidence", evidence, "-o", str(drawn)])
    assert (_DOCS / "local_patch_review.svg").read_text(encoding="utf-8") == drawn.read_text(encoding="utf-8")


def test_every_operator_of_mutants_is_documented_as_it_says() -> None:
    from pytest_fluxscenario.analysis.mutation.operators import OPERATORS

    section = _page("mutation").split("## What is changed")[1].split("\n\nRoutes")[0]
    rows = dict(re.findall(r"\| `([a-z-]+)` \| (.*) \|", section))
    assert rows == {operator.name: operator.does for operator in OPERATORS}


def test_every_attribute_and_metric_is_documented_and_no_other() -> None:
    text, code = _page("telemetry"), "".join(path.read_text("utf-8") for path in _package().rglob("*.py"))
    attributes = {value for name, value in vars(words).items() if name.isupper()}
    metrics = set(re.findall(r'"(fluxscenario\.[a-z_.]+)", "(?:s|\{[a-z]+\}|Time)', code)) | set(
        re.findall(r'name, says = "([a-z.]+)"', code)
    )
    assert len(metrics) >= 12
    assert _unquoted(attributes | metrics, text) == []
    quoted = set(re.findall(r"`((?:fluxscenario|test|messaging|http|error)\.[a-z_.]+)`", text))
    assert quoted - attributes - metrics == set()
    spans = set(re.findall(r"^\| `(\w+) (?:ID|NAME)` \|", text, re.MULTILINE))
    assert spans == {"scenario", "step", "hook"}
