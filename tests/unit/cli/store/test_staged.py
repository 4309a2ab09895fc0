"""``fluxrig store check --staged`` as a hook of git: what git commits, and what it does not."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
import yaml

from pytest_fluxscenario.cli.main import _parser
from tests.fakes.git import Repository, has_git

pytestmark = pytest.mark.skipif(not has_git(), reason="there is no git to commit with")

_ROOT = Path(__file__).resolve().parents[4]


def hook(repository: Repository, *more: str) -> None:
    """The hook of the documentation."""
    text = (_ROOT / "docs" / "store.md").read_text(encoding="utf-8")
    found = re.search(r"^```\n(#!/bin/sh\n.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found
    path = repository.file(".git/hooks/pre-commit", found[1].replace("--staged", shlex.join(["--staged", *more])))
    path.chmod(0o755)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "project")
    repository.spec("card", "v1.0.0", "a: 1\n")
    return repository


def blob(repository: Repository, store: str = "store") -> Path:
    return next(iter((repository.root / store / "blobs").glob("*/*")))


def test_git_commits_what_is_good_and_nothing_else(repository: Repository) -> None:
    hook(repository)
    repository.git("add", "store/index.json")
    refused = repository.run("git", "commit", "-m", "without the blob")
    assert refused.returncode == 1
    assert "is not staged, and specs card:v1.0.0 names it" in refused.stderr
    repository.git("add", "-A")
    repository.git("commit", "-q", "-m", "begin")
    # Staged by the commit itself, in an index of its own.
    path = blob(repository)
    path.write_text("a: 2\n")
    assert repository.run("git", "commit", "-a", "-m", "changed").returncode == 1
    assert repository.run("git", "commit", "-m", "changed", "--", str(path)).returncode == 1
    repository.git("checkout", "-q", "--", "store")
    repository.file("README.md", "x\n")
    repository.git("add", "-A")
    repository.git("commit", "-q", "-m", "something else")
    assert repository.git("status", "--porcelain") == ""


def test_a_linked_worktree_and_a_store_in_a_folder(repository: Repository) -> None:
    hook(repository, "--store", "deep/store")
    repository.spec("card", "v1.0.0", "a: 1\n", "deep/store")
    repository.commit()
    other = repository.root.parent / "other"
    repository.git("worktree", "add", "-q", str(other))
    repository.git("rm", "-q", "-r", "deep/store/blobs", cwd=other)
    refused = repository.run("git", "commit", "-m", "less", cwd=other)
    assert refused.returncode == 1
    assert "deep/store/blobs/" in refused.stderr
    repository.git("commit", "-q", "--allow-empty", "-m", "the other tree is as it was")


def test_exit_status_and_json(repository: Repository) -> None:
    def answer(*more: str) -> tuple[int, str, str]:
        done = repository.fluxrig("store", "check", "--staged", *more)
        return done.returncode, done.stdout, done.stderr

    assert answer() == (0, "store: git has nothing of it\n", "")
    repository.git("add", "-A")
    assert answer() == (0, "store: 1 entry staged, 1 new: good\n", "")
    assert json.loads(answer("--json")[1]) == {
        "added": 1,
        "entries": 1,
        "problems": [],
        "store": "store",
        "verdict": "good",
    }
    repository.git("rm", "-q", "--cached", "store/index.sum")
    assert answer() == (
        1,
        "store: 1 entry staged, 1 new: must not be committed, 1 error\n",
        "store/index.sum: is not staged (git add it with the others)\n",
    )
    blob(repository).write_text("")
    repository.git("add", "-A")
    status, said, _ = answer("--json")
    document = json.loads(said)
    assert (status, document["verdict"], len(document["problems"])) == (3, "damaged", 1)
    status, said, told = answer("--store", "nowhere")
    assert (status, said) == (2, "")
    assert told == "nowhere: there is no such folder, and git knows none (give it with --store)\n"
    away = repository.fluxrig("store", "check", "--staged", cwd=repository.root.parent)
    assert (away.returncode, away.stdout) == (2, "")
    assert away.stderr.startswith("store: lies in no working tree of git: not a git repository")


def test_the_hook_of_the_framework_is_a_command() -> None:
    (found,) = yaml.safe_load((_ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    program, *arguments = shlex.split(found["entry"])
    assert program == "fluxrig"
    assert _parser(arguments).parse_args(arguments).staged
    assert (found["language"], found["pass_filenames"], found["always_run"]) == ("python", False, True)
    assert f"id: {found['id']}" in (_ROOT / "docs" / "store.md").read_text(encoding="utf-8")
