"""``fluxrig store merge`` as git calls it: branches that imported, merged, rebased and picked by git itself."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from pytest_fluxscenario.cas.checking import check_store
from pytest_fluxscenario.cli.store.merge import EXAMPLE
from tests.fakes.git import Repository, has_git

pytestmark = pytest.mark.skipif(not has_git(), reason="there is no git to merge with")

ONE, TWO, THREE = "a: 1\n", "a: 2\n", "a: 3\n"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A store with one spec, and the branch ``side`` that begins there; git knows the driver."""
    repository = Repository(tmp_path / "project")
    repository.git(*shlex.split(EXAMPLE)[1:])
    repository.spec("card", "v1.0.0", ONE)
    repository.commit("begin")
    repository.git("branch", "side")
    return repository


def on_branches(repository: Repository, ours: tuple[str, str, str], theirs: tuple[str, str, str]) -> None:
    """Import one spec on main and one on side; main is checked out after it."""
    repository.spec(*ours)
    repository.commit("ours")
    repository.git("checkout", "-q", "side")
    repository.spec(*theirs)
    repository.commit("theirs")
    repository.git("checkout", "-q", "main")


def specs(repository: Repository) -> Any:
    return json.loads((repository.root / "store" / "index.json").read_bytes())["specs"]


def tags(repository: Repository) -> dict[str, list[str]]:
    return {name: sorted(tags) for name, tags in specs(repository).items()}


def is_whole(repository: Repository) -> bool:
    checked = check_store(str(repository.root / "store"))
    return checked is not None and checked.problems == ()


#: Two imports that are next to one another in the index, and what both give.
_GROWN = {
    "versions of one name": (("card", "v1.1.0", TWO), ("card", "v2.0.0", THREE)),
    "names": (("atlas", "v1.0.0", TWO), ("board", "v1.0.0", THREE)),
    "a name behind and a version": (("card", "v1.1.0", TWO), ("door", "v1.0.0", THREE)),
    "the same": (("card", "v1.1.0", TWO), ("card", "v1.1.0", TWO)),
    "the same content under two tags": (("card", "v1.1.0", TWO), ("card", "v1.2.0", TWO)),
}


def grown(one: tuple[str, str, str], two: tuple[str, str, str]) -> dict[str, list[str]]:
    filed: dict[str, set[str]] = {"card": {"v1.0.0"}}
    for name, tag, _ in (one, two):
        filed.setdefault(name, set()).add(tag)
    return {name: sorted(tags) for name, tags in filed.items()}


@pytest.mark.parametrize(
    ("command", "case"),
    [
        *(("merge", case) for case in _GROWN),
        ("rebase", "versions of one name"),
        ("rebase", "the same"),
        ("cherry-pick", "names"),
        ("cherry-pick", "the same"),
    ],
)
def test_what_both_sides_imported_is_there(repository: Repository, case: str, command: str) -> None:
    one, two = _GROWN[case]
    on_branches(repository, one, two)
    if command == "merge":
        repository.git("merge", "-q", "--no-edit", "side")
    elif command == "rebase":
        repository.git("rebase", "-q", "side")
    else:
        answer = repository.run("git", "cherry-pick", "side")
        # What is there already leaves nothing to commit.
        assert answer.returncode == (1 if case == "the same" else 0), answer.stderr
    assert repository.git("diff", "--name-only", "--diff-filter=U") == ""
    assert tags(repository) == grown(one, two)
    assert is_whole(repository)


def test_without_the_driver_git_finds_a_conflict(repository: Repository) -> None:
    """Else nothing above would show that the driver was asked."""
    repository.git("config", "--unset", "merge.fluxrig-store.driver")
    on_branches(repository, *_GROWN["versions of one name"])
    assert repository.run("git", "merge", "--no-edit", "side").returncode == 1
    assert repository.git("diff", "--name-only", "--diff-filter=U") == "store/index.json\n"
    answer = repository.fluxrig("store", "check")
    assert answer.returncode == 3
    assert "store/index.json:7:1: a git conflict marker, <<<<<<<" in answer.stderr


def test_a_tag_with_two_contents_is_refused_and_the_index_is_broken_until_one_is_kept(repository: Repository) -> None:
    on_branches(repository, ("card", "v1.1.0", TWO), ("card", "v1.1.0", THREE))
    refused = repository.run("git", "merge", "--no-edit", "side")
    assert refused.returncode == 1
    index = repository.root / "store" / "index.json"
    lines = index.read_text().splitlines()
    begin, middle, end = (lines.index(mark) for mark in ("<<<<<<< ours", "=======", ">>>>>>> theirs"))
    ours, theirs = lines[begin + 1 : middle], lines[middle + 1 : end]
    hashes = [line.split('"')[3] for line in (*ours, *theirs)]
    assert len(hashes) == 2
    said = refused.stdout + refused.stderr
    assert f"store/index.json:{begin + 1}: the spec card:v1.1.0 is sha256:{hashes[0][:12]}… in ours and " in said
    assert f"sha256:{hashes[1][:12]}… in theirs; a tag is immutable" in said
    for command in (("spec", "list"), ("spec", "show", "card:latest"), ("store", "check"), ("store", "gc")):
        answer = repository.fluxrig(*command)
        assert (answer.returncode, answer.stdout.count("card")) == (3, 0), command
        assert "a git conflict marker, <<<<<<< (resolve the merge conflict)" in answer.stderr, command
    for kept in (ours, theirs):
        index.write_text("\n".join([*lines[:begin], *kept, *lines[end + 1 :]]) + "\n")
        answer = repository.fluxrig("store", "check")
        assert answer.returncode == 0, answer.stderr
        assert "nothing names this blob" in answer.stderr
        assert repository.fluxrig("spec", "show", "card:latest").stdout == (TWO if kept is ours else THREE)


def test_two_stores_that_were_begun_apart(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    repository.git(*shlex.split(EXAMPLE)[1:])
    repository.file("README.md", "x\n")
    repository.commit("begin")
    repository.git("branch", "side")
    on_branches(repository, ("atlas", "v1.0.0", ONE), ("board", "v1.0.0", TWO))
    repository.git("merge", "-q", "--no-edit", "side")
    assert tags(repository) == {"atlas": ["v1.0.0"], "board": ["v1.0.0"]}
    assert is_whole(repository)


def test_branches_that_merged_one_another(repository: Repository) -> None:
    """Git then merges what both come from first, by the same driver."""
    on_branches(repository, ("card", "v1.1.0", TWO), ("card", "v1.2.0", THREE))
    ours, theirs = repository.git("rev-parse", "main").strip(), repository.git("rev-parse", "side").strip()
    repository.git("merge", "-q", "--no-edit", theirs)
    repository.spec("card", "v1.3.0", "a: 4\n")
    repository.commit()
    repository.git("checkout", "-q", "side")
    repository.git("merge", "-q", "--no-edit", ours)
    repository.spec("card", "v1.4.0", "a: 5\n")
    repository.commit()
    repository.git("merge", "-q", "--no-edit", "main")
    assert tags(repository) == {"card": ["v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0", "v1.4.0"]}
    assert is_whole(repository)


def test_an_import_that_is_reverted_is_gone_also_when_others_came_after_it(repository: Repository) -> None:
    repository.spec("card", "v1.1.0", TWO)
    repository.commit("to be reverted")
    repository.spec("card", "v1.2.0", THREE)
    repository.commit("after it")
    repository.git("revert", "--no-edit", "HEAD^")
    assert tags(repository) == {"card": ["v1.0.0", "v1.2.0"]}
    assert repository.fluxrig("store", "check").returncode == 0


# ---- what no index is ----------------------------------------------------------------------------


def called(tmp_path: Path, base: str, ours: str, theirs: str, path: str = "store/index.json") -> tuple[int, str, str]:
    repository = Repository(tmp_path / "project")
    for name, text in (("base", base), ("ours", ours), ("theirs", theirs)):
        repository.file(name, text)
    answer = repository.fluxrig("store", "merge", "base", "ours", "theirs", path)
    assert answer.stdout == ""
    return answer.returncode, answer.stderr, (repository.root / "ours").read_text()


_EMPTY = '{\n  "profiles": {},\n  "scenarios": {},\n  "specs": {}\n}\n'


def test_a_side_that_is_no_index_leaves_nothing_that_looks_whole(tmp_path: Path) -> None:
    status, said, left = called(tmp_path, _EMPTY, _EMPTY, '{"pictures": {}}')
    assert (status, said) == (
        3,
        "theirs:store/index.json:1:2: 'pictures' is no kind of artifact (known: profiles, scenarios, specs)\n",
    )
    assert left == f'<<<<<<< ours\n{_EMPTY}=======\n{{"pictures": {{}}}}\n>>>>>>> theirs\n'


def test_a_base_that_is_no_index_takes_nothing_away(tmp_path: Path) -> None:
    index = _EMPTY.replace('"specs": {}', '"specs": {"card": {"v1.0.0": "' + "a" * 64 + '"}}')
    status, said, left = called(tmp_path, f"<<<<<<< ours\n{index}", index, _EMPTY)
    assert status == 0
    assert said.startswith("warning: base:store/index.json:1:1: a git conflict marker, <<<<<<<: what the sides come")
    assert json.loads(left)["specs"] == {"card": {"v1.0.0": "a" * 64}}


def test_it_is_for_the_index_alone(tmp_path: Path) -> None:
    status, said, left = called(tmp_path, "", "x\n", "y\n", "store/index.sum")
    assert (status, left) == (2, "x\n")
    assert said == "store/index.sum: is no index.json (in .gitattributes only index.json has merge=fluxrig-store)\n"


def test_what_cannot_be_read_or_written_is_said(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "project")
    answer = repository.fluxrig("store", "merge", "no", "no", "no", "store/index.json")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr == "no: cannot be read: No such file or directory\n"
