"""The store of this repository holds the bundled pack as it is: what ships under a tag is what the tests ran."""

from __future__ import annotations

from pathlib import Path

from pytest_fluxscenario.cas.store import open_store
from pytest_fluxscenario.cas.trees import build_tree, read_tree

_ROOT = Path(__file__).resolve().parents[4]
_STALE = (
    "the bundled pack changed. Before a release: delete store/ and run "
    "'fluxrig profile import scenarios/local_patch_review' in the root; after one, give the pack a new version first"
)


def test_the_store_holds_the_pack_as_it_is() -> None:
    pack = build_tree(str(_ROOT / "scenarios" / "local_patch_review"), "local_patch_review")
    store = open_store(str(_ROOT / "store"), "store")
    assert store is not None
    tags = store.index.tags("profiles", "local_patch_review")
    assert tags
    assert store.index.names["profiles"]["local_patch_review"][tags[0]] == pack.hash, _STALE


def test_every_file_of_the_pack_is_in_the_store() -> None:
    pack = build_tree(str(_ROOT / "scenarios" / "local_patch_review"), "local_patch_review")
    store = open_store(str(_ROOT / "store"), "store")
    assert store is not None
    assert dict(read_tree(store.blobs, pack.hash)) == dict(pack.files), _STALE


def test_git_changes_no_byte_of_the_store_and_merges_its_index() -> None:
    lines = ["* -text", "index.json merge=fluxrig-store", "index.sum merge=union"]
    assert (_ROOT / "store" / ".gitattributes").read_text(encoding="utf-8").splitlines() == lines
