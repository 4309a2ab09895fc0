"""``fluxrig profile``: import, list and show (store.md)."""

from __future__ import annotations

import json
import re
from pathlib import Path

from pytest_fluxscenario.base.digest import sha256
from tests.fakes.packs import trap, write_pack
from tests.unit.cli.conftest import Rig


def test_an_import_says_what_was_filed_and_again_says_the_same(rig: Rig) -> None:
    first = rig("profile", "import", "packs/small")
    assert re.fullmatch(r"small:v1\.0\.0 sha256:[0-9a-f]{64}\n", first.stdout)
    assert (rig.root / "store" / "index.json").exists()
    assert rig("profile", "import", "packs/small/process.manifest.yaml").stdout == first.stdout
    named = rig("profile", "import", "packs/small", "--name", "other", "--tag", "v2.0.0")
    assert named.stdout == first.stdout.replace("small:v1.0.0", "other:v2.0.0")


def test_a_tag_keeps_its_content(rig: Rig) -> None:
    rig("profile", "import", "packs/small")
    write_pack(rig.root / "packs" / "small", reason="Another.")
    answer = rig("profile", "import", "packs/small")
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "a tag is immutable" in answer.stderr


def test_the_list_has_the_newest_first_and_says_what_is_latest(rig: Rig) -> None:
    for version in ("1.9.0", "1.10.0"):
        write_pack(rig.root / "packs" / "small", version=version)
        rig("profile", "import", "packs/small")
    (rig.root / "lone.yaml").write_text('profile: {id: lone, version: "0.1.0", name: Alone}\n', encoding="utf-8")
    rig("profile", "import", "lone.yaml")
    rows = json.loads(rig("profile", "list", "--json").stdout)
    assert [(row["name"], row["tag"], row["latest"], row["title"]) for row in rows] == [
        ("lone", "v0.1.0", True, "Alone"),
        ("small", "v1.10.0", True, "Small"),
        ("small", "v1.9.0", False, "Small"),
    ]
    files = (path for path in (rig.root / "packs" / "small").rglob("*") if path.is_file())
    assert rows[1]["size"] == sum(path.stat().st_size for path in files)
    lines = rig("profile", "list").stdout.splitlines()
    assert lines[0].split() == ["NAME", "TAG", "HASH", "SIZE", "TITLE", "USED", "BY"]
    assert lines[2].split()[:3] == ["small", "v1.10.0", "latest"]


def test_show_gives_the_bytes_or_the_tree(rig: Rig) -> None:
    text = 'profile: {id: lone, version: "0.1.0"}  # \x1b[31mas it is\n'.replace("\x1b", "ü")
    (rig.root / "lone.yaml").write_text(text, encoding="utf-8")
    rig("profile", "import", "lone.yaml")
    rig("profile", "import", "packs/small")
    assert rig("profile", "show", "lone:latest").stdout == text
    digest = sha256(text.encode())
    assert rig("profile", "show", f"sha256:{digest}").stdout == text
    assert rig("profile", "show", f"sha256:{digest[:12]}").stdout == text
    assert "no blobs have a hash that begins with" in rig("profile", "show", "sha256:" + "0" * 12).stderr
    tree = rig("profile", "show", "small:v1.0.0").stdout.splitlines()
    assert [line.split()[2] for line in tree] == sorted(
        path.relative_to(rig.root / "packs" / "small").as_posix()
        for path in (rig.root / "packs" / "small").rglob("*")
        if path.is_file()
    )
    manifest = (rig.root / "packs" / "small" / "process.manifest.yaml").read_bytes()
    assert f"644 {sha256(manifest)} process.manifest.yaml" in tree


def test_a_damaged_blob_hides_no_other_profile(rig: Rig) -> None:
    rig("profile", "import", "packs/small")
    rig("profile", "import", "packs/small", "--name", "other", "--tag", "v2.0.0")
    write_pack(rig.root / "packs" / "small", version="1.1.0")
    rig("profile", "import", "packs/small")
    rows = json.loads(rig("profile", "list", "--json").stdout)
    digest = next(row["hash"] for row in rows if row["tag"] == "v1.1.0").removeprefix("sha256:")
    (rig.root / "store" / "blobs" / digest[:2] / digest).write_bytes(b"{}")
    answer = rig("profile", "list", "--json")
    assert answer.returncode == 3
    assert digest in answer.stderr
    assert [row["size"] is None for row in json.loads(answer.stdout)] == [False, True, False]
    assert rig("profile", "show", "small:latest").returncode == 3


def test_the_store_of_the_environment(rig: Rig, tmp_path: Path) -> None:
    away = tmp_path / "away"
    assert rig("profile", "import", "packs/small", env={"FLUXRIG_STORE": str(away)}).returncode == 0
    assert not (rig.root / "store").exists()
    assert rig("profile", "list", "--store", away).stdout.count("small") == 1


def test_nothing_of_a_pack_runs(rig: Rig) -> None:
    trap(rig.root / "packs" / "small", rig.root / "ran")
    rig("profile", "import", "packs/small")
    rig("profile", "show", "small:latest")
    assert not (rig.root / "ran").exists()
