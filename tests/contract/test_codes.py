"""Every code of ``fluxrig pack check`` has a page, whose example raises that code and nothing else."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

import pytest_fluxscenario
from pytest_fluxscenario.analysis.pack_check import check_pack
from pytest_fluxscenario.packs.files import FolderFiles

_ROOT = Path(__file__).resolve().parents[2]
_FOLDER = _ROOT / "docs" / "codes"
_INDEX = (_FOLDER / "README.md").read_text(encoding="utf-8")
_PAGES = {
    path.stem: path.read_text(encoding="utf-8") for path in sorted(_FOLDER.glob("*.md")) if path.name != "README.md"
}
_FENCE = re.compile(r"^```(?P<language>[a-z]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
#: Codes that no example in a folder can show, or that would fill the page; other tests raise them.
_ELSEWHERE = {
    "pack.archive",
    "pack.changed-without-version",
    "pack.compression",
    "pack.encrypted",
    "pack.listed-scenario",
    "pack.materialization-route",
    "pack.more",
    "pack.none",
    "pack.ratio",
    "pack.size",
    "pack.slow-schema",
    "pack.twice",
    "pack.unreadable",
}


def _blocks(text: str, language: str) -> list[str]:
    return [found["text"] for found in _FENCE.finditer(text) if found["language"] == language]


def _write_base(folder: Path) -> None:
    """The pack that the index shows."""
    for found in _FENCE.finditer(_INDEX):
        first, _, rest = found["text"].partition("\n")
        path = folder / first.strip("#<>!- ")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rest, encoding="utf-8")


def _apply(folder: Path, diff: str) -> None:
    first, *lines = diff.splitlines()
    path = folder / first.removeprefix("# ")
    old = "".join(f"{line[1:]}\n" for line in lines if line[0] in " -")
    new = "".join(f"{line[1:]}\n" for line in lines if line[0] in " +")
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path.name} has no such lines:\n{old}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def _findings(folder: Path) -> list[tuple[str, str]]:
    """Code and line of everything that is said of the pack."""
    problems = [one.problem for one in check_pack(FolderFiles(str(folder), folder.name)).findings]
    return [
        (
            problem.code,
            f"{problem.place}: {problem.severity} {problem.code}: {problem.message}"
            + (f" ({problem.hint})" if problem.hint else ""),
        )
        for problem in problems
    ]


def _in_the_source() -> set[str]:
    codes: set[str] = set()
    for path in Path(pytest_fluxscenario.__file__).parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        codes |= set(re.findall(r'"(pack\.[a-z-]*[a-z])"', text))
        if path.name == "schemas.py":
            # The same rules hold for schemas of specs, under another name.
            codes |= {f"pack.{rule}" for rule in re.findall(r'_add\(\s*"(schema[a-z-]*)"', text)}
    return codes


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    found = _in_the_source()
    assert len(found) > 90
    assert found == set(_PAGES)


def test_the_index_lists_the_pages_with_their_titles() -> None:
    rows = re.findall(r"^\| \[(.+?)\]\((.+?)\.md\) \| (.+) \|$", _INDEX, re.MULTILINE)
    assert rows == [(code, code, text.split("\n")[2].removesuffix(".")) for code, text in sorted(_PAGES.items())]


@pytest.mark.parametrize("code", _PAGES)
def test_a_page_says_what_it_means_and_what_to_do(code: str) -> None:
    heading, _, title, _, meaning = _PAGES[code].split("\n")[:5]
    assert heading == f"# {code}"
    assert title.endswith(".")
    assert meaning
    assert "\n**What to do:** " in _PAGES[code]
    assert bool(_blocks(_PAGES[code], "text")) is (code not in _ELSEWHERE)


def test_of_the_pack_of_the_examples_there_is_nothing_to_be_said(tmp_path: Path) -> None:
    _write_base(tmp_path / "notes")
    assert _findings(tmp_path / "notes") == []


@pytest.mark.parametrize("code", sorted(set(_PAGES) - _ELSEWHERE))
def test_the_example_raises_its_code_and_nothing_else(code: str, tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    _write_base(folder)
    for diff in _blocks(_PAGES[code], "diff"):
        _apply(folder, diff)
    for script in _blocks(_PAGES[code], "sh"):
        subprocess.run(["bash", "-ec", script], cwd=tmp_path, check=True, timeout=60)
    found = _findings(folder)
    assert {one for one, _ in found} == {code}, found
    (shown,) = _blocks(_PAGES[code], "text")
    assert [line for _, line in found] == shown.splitlines()


@pytest.mark.parametrize("code", sorted(_ELSEWHERE))
def test_what_no_page_shows_is_raised_by_another_test(code: str) -> None:
    tests = [path for path in (_ROOT / "tests").rglob("test_*.py") if path.name != Path(__file__).name]
    assert any(re.search(rf"{re.escape(code)}\b(?!-)", path.read_text(encoding="utf-8")) for path in tests), code
