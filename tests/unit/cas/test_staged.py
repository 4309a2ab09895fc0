"""What git may commit of a store, and what it must not: a real repository, its staged state, and real bytes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.cas.garbage import collect_garbage
from pytest_fluxscenario.cas.git import GitError
from pytest_fluxscenario.cas.staged import StagedCheck, check_staged
from tests.fakes.git import Repository, has_git
from tests.fakes.imports import import_tree
from tests.fakes.packs import write_pack

pytestmark = pytest.mark.skipif(not has_git(), reason="there is no git to ask")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A store with a pack and a spec, imported and staged, nothing committed; it is the working folder."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    repository = Repository(tmp_path / "project")
    monkeypatch.chdir(repository.root)
    import_tree("store", str(write_pack(tmp_path / "pack")))
    repository.spec("card", "v1.0.0", "a: 1\n")
    repository.git("add", "-A")
    return repository


@pytest.fixture
def committed(repository: Repository) -> Repository:
    repository.commit()
    return repository


def checked(folder: str = "store") -> StagedCheck:
    found = check_staged(folder, folder)
    assert found is not None
    return found


def codes(found: StagedCheck) -> list[str]:
    return [problem.code for problem in found.problems.found]


def blob(repository: Repository, content: str = "a: 1\n") -> Path:
    return next(path for path in (repository.root / "store" / "blobs").glob("*/*") if path.read_text() == content)


# ---- what may be committed -----------------------------------------------------------------------


def test_the_first_commit(repository: Repository) -> None:
    found = checked()
    assert (found.entries, found.added, codes(found), found.refused) == (2, 2, [], False)


def test_nothing_new_and_one_version_more(committed: Repository) -> None:
    assert (checked().added, codes(checked())) == (0, [])
    committed.spec("card", "v1.1.0", "a: 2\n")
    assert (checked().added, codes(checked())) == (0, [])
    committed.git("add", "-A")
    assert (checked().entries, checked().added, codes(checked())) == (3, 1, [])


def test_what_gc_removed(committed: Repository) -> None:
    digest = sha256(b"orphan\n")
    orphan = committed.file(f"store/blobs/{digest[:2]}/{digest}", "orphan\n")
    committed.commit()
    os.utime(orphan, (0, 0))
    collected = collect_garbage("store")
    assert collected is not None
    assert len(collected.removed) == 1
    committed.git("add", "-A")
    assert committed.git("diff", "--cached", "--name-status").startswith("D")
    assert codes(checked()) == []


def test_a_store_that_git_does_not_know(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = Repository(tmp_path / "project")
    monkeypatch.chdir(repository.root)
    repository.spec("card", "v1.0.0", "a: 1\n")
    assert check_staged("store", "store") is None


# ---- what must not -------------------------------------------------------------------------------


def _renamed(repository: Repository) -> None:
    path = blob(repository)
    repository.git("mv", str(path), str(path.parent / ("0" * 64)))


def _removed(repository: Repository) -> None:
    repository.git("rm", "-q", str(blob(repository)))


def _removed_file_of_a_pack(repository: Repository) -> None:
    path = next(path for path in (repository.root / "store/blobs").glob("*/*") if "runtime:" in path.read_text())
    repository.git("rm", "-q", str(path))


def _changed(repository: Repository) -> None:
    blob(repository).write_text("a: 3\n")
    repository.git("add", "-A")


def _linked(repository: Repository) -> None:
    blob(repository).unlink()
    blob_path = next(iter(repository.git("ls-files", "-d").split()))
    (repository.root / blob_path).symlink_to("/dev/null")
    repository.git("add", "-A")


def _other_hash(repository: Repository) -> None:
    digest = sha256(b"b\n")
    other = repository.file(f"store/blobs/{digest[:2]}/{digest}", "b\n")
    index = repository.root / "store" / "index.json"
    index.write_text(index.read_text().replace(blob(repository).name, other.name))
    repository.git("add", "-A")


def _vanished(repository: Repository) -> None:
    index = repository.root / "store" / "index.json"
    index.write_text(index.read_text().replace(f'"v1.0.0": "{blob(repository).name}"', '"latest": "x"'))
    repository.git("add", "-A")


def _no_index(repository: Repository) -> None:
    repository.git("rm", "-q", "store/index.json")


def _no_sums(repository: Repository) -> None:
    repository.git("rm", "-q", "store/index.sum")


def _broken_index(repository: Repository) -> None:
    repository.file("store/index.json", "<<<<<<< ours\n{}\n")
    repository.git("add", "-A")


def _no_blob(repository: Repository) -> None:
    repository.spec("card", "v1.1.0", "a: 2\n")
    repository.git("add", "store/index.json", "store/index.sum")


def _no_line(repository: Repository) -> None:
    repository.spec("card", "v1.1.0", "a: 2\n")
    repository.git("add", "store/index.json", "store/blobs")


def _no_store(repository: Repository) -> None:
    repository.git("rm", "-q", "-r", "store")


@pytest.mark.parametrize(
    ("change", "code", "said", "damaged"),
    [
        (_renamed, "staged.missing-blob", "would become blobs/", False),
        (_removed, "staged.missing-blob", "would be removed, and specs card:v1.0.0 names it (restore it: git", False),
        (_removed_file_of_a_pack, "staged.missing-blob", "profiles small:v1.0.0, hooks.yaml names it", False),
        (_changed, "store.damaged-blob", "have another hash", True),
        (_linked, "staged.link", "the blob is a link", True),
        (_other_hash, "staged.changed-entry", "specs card:v1.0.0 is sha256:", False),
        (_vanished, "staged.removed-entry", "specs card:v1.0.0 would be removed", False),
        (_no_index, "staged.no-index", "store/index.json: would be removed", False),
        (_no_sums, "staged.no-sum", "store/index.sum: would be removed", False),
        (_broken_index, "document.conflict-marker", "a git conflict marker, <<<<<<<", True),
        (_no_blob, "staged.missing-blob", "is not staged, and specs card:v1.1.0 names it", False),
        (_no_line, "staged.no-sum", "has no line for specs card:v1.1.0", False),
        (_no_store, "staged.no-index", "would be removed", False),
    ],
)
def test_what_would_break_the_store(
    committed: Repository, change: Callable[[Repository], None], code: str, said: str, damaged: bool
) -> None:
    change(committed)
    found = checked()
    assert code in codes(found)
    assert said in "\n".join(map(str, found.problems.found))
    assert (found.refused, found.damaged) == (True, damaged)
    # Each has its own reason, and no other follows from it, but for an entry whose line is gone too.
    assert set(codes(found)) - {code, "staged.no-sum"} == set()


def test_line_endings_that_git_changed_are_named(repository: Repository) -> None:
    (repository.root / "store" / ".gitattributes").unlink()
    repository.git("config", "core.autocrlf", "input")
    repository.spec("lines", "v1.0.0", "a: 1\r\nb: 2\r\n")
    (repository.root / "store" / ".gitattributes").unlink()
    repository.git("add", "-A")
    found = checked()
    assert (codes(found), found.damaged) == (["store.line-endings"], True)
    assert "git add --renormalize" in str(found.problems.found[0])


def test_a_filter_that_changes_what_is_staged(committed: Repository) -> None:
    committed.git("config", "filter.shout.clean", "tr a-z A-Z")
    committed.file("store/.gitattributes", "* -text filter=shout\n")
    committed.spec("card", "v1.1.0", "a: 2\n")
    committed.git("add", "store/blobs")
    assert "store.damaged-blob" in codes(checked())


def test_what_is_staged_counts_and_not_what_lies_there(committed: Repository) -> None:
    _changed(committed)
    committed.git("restore", "--worktree", "--source=HEAD", "store")
    assert codes(checked()) == ["store.damaged-blob"]
    committed.git("reset", "-q", "--hard")
    blob(committed).unlink()
    assert codes(checked()) == []


def test_a_clone_without_gitattributes_is_a_warning(repository: Repository) -> None:
    repository.git("rm", "-q", "--cached", "store/.gitattributes")
    found = checked()
    assert (codes(found), found.refused) == (["staged.no-gitattributes"], False)


def test_a_commit_that_repairs_a_broken_index(repository: Repository) -> None:
    whole = (repository.root / "store" / "index.json").read_text()
    repository.file("store/index.json", "{")
    repository.commit()
    repository.file("store/index.json", whole)
    repository.git("add", "-A")
    found = checked()
    assert (codes(found), found.refused) == (["staged.parent"], False)


# ---- merges --------------------------------------------------------------------------------------


def _branches(repository: Repository, ours: str, theirs: str) -> None:
    repository.git("branch", "side")
    repository.spec("card", "v1.1.0", ours)
    repository.commit()
    repository.git("checkout", "-q", "side")
    repository.spec("card", "v1.1.0" if theirs == "a: 3\n" else "v1.2.0", theirs)
    repository.commit()
    repository.git("checkout", "-q", "main")


def test_a_merge_that_lost_what_the_other_branch_filed(committed: Repository) -> None:
    _branches(committed, "a: 2\n", "a: 4\n")
    # Git's own merge finds a conflict here; taking one side forgets the other.
    assert committed.run("git", "merge", "side").returncode == 1
    assert codes(checked()) == ["staged.unmerged"]
    committed.git("checkout", "--ours", "store/index.json")
    committed.git("add", "-A")
    assert codes(checked()) == ["staged.removed-entry"]


def test_a_merge_that_chose_one_of_two_contents(committed: Repository) -> None:
    _branches(committed, "a: 2\n", "a: 3\n")
    assert committed.run("git", "merge", "side").returncode == 1
    for side in ("--ours", "--theirs"):
        committed.git("checkout", side, "store/index.json")
        committed.git("add", "-A")
        assert codes(checked()) == []


# ---- where the store lies ------------------------------------------------------------------------


def test_a_store_below_a_folder_with_odd_names(committed: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = "a *b\n[ö]/:store"
    committed.spec("card", "v1.0.0", "a: 1\n", folder)
    committed.git("add", "-A")
    assert (checked(folder).added, codes(checked(folder))) == (1, [])
    monkeypatch.chdir(committed.root / "a *b\n[ö]")
    assert checked(":store").added == 1
    committed.git("rm", "-q", "-r", "--cached", ":(literal)" + folder + "/blobs")
    assert codes(checked(":store")) == ["staged.missing-blob"]


def test_the_top_of_the_repository_is_a_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = Repository(tmp_path / "project")
    monkeypatch.chdir(tmp_path)
    repository.spec("card", "v1.0.0", "a: 1\n", ".")
    repository.commit()
    repository.git("rm", "-q", "-r", "blobs")
    assert codes(checked("project")) == ["staged.missing-blob"]


def test_a_linked_worktree(committed: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    committed.git("worktree", "add", "-q", "../other")
    monkeypatch.chdir(committed.root.parent / "other")
    committed.git("rm", "-q", "store/index.json", cwd=committed.root.parent / "other")
    assert codes(checked()) == ["staged.no-index"]
    assert codes(checked(str(committed.root / "store"))) == []


def test_no_repository_and_no_git(tmp_path: Path, committed: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(GitError, match="lies in no working tree of git: not a git repository"):
        check_staged(str(tmp_path / "nowhere" / "store"), "store")
    with pytest.raises(GitError, match="lies in no working tree of git"):
        check_staged(".git/store", "store")
    monkeypatch.setenv("GIT_INDEX_FILE", str(committed.root / ".git" / "index"))
    with pytest.raises(GitError, match="lies out of the working tree"):
        check_staged(str(tmp_path / "elsewhere"), "store")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError, match="there is no git to ask"):
        check_staged("store", "store")


def test_an_object_that_git_has_lost(committed: Repository) -> None:
    committed.spec("card", "v1.1.0", "a: 2\n")
    committed.git("add", "-A")
    name = committed.git("hash-object", str(blob(committed, "a: 2\n"))).strip()
    lost = committed.root / ".git" / "objects" / name[:2] / name[2:]
    lost.chmod(0o600)
    lost.unlink()
    found = checked()
    assert (codes(found), found.damaged) == (["git.object"], True)
