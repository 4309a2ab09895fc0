"""What ``fluxrig spec|scenario|profile`` do with the store: import, list, history, show, export, diff (cli.md)."""

from __future__ import annotations

import json
import os
import re
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pytest_fluxscenario.base.digest import sha256
from tests.fakes.packs import scenario, trap, write_pack
from tests.unit.cli.conftest import Rig

_NOUNS = ("spec", "scenario", "profile")


def put(rig: Rig, name: str, text: str) -> str:
    (rig.root / name).parent.mkdir(parents=True, exist_ok=True)
    (rig.root / name).write_text(text, encoding="utf-8")
    return name


def piped(rig: Rig, text: str, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        rig.command(*args),
        cwd=rig.root,
        env=rig.environment(),
        input=text,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def filed(answer: subprocess.CompletedProcess[str]) -> list[str]:
    """``name:tag`` of each line; nothing else may stand in it."""
    assert (answer.returncode, answer.stderr) == (0, "")
    lines = answer.stdout.splitlines()
    assert all(re.fullmatch(r"\S+:v\S+ sha256:[0-9a-f]{64}", line) for line in lines)
    return [line.split()[0] for line in lines]


# ---- import --------------------------------------------------------------------------------------


def test_a_tag_that_says_another_version_is_told(rig: Rig) -> None:
    put(rig, "card.yaml", "spec: {id: card, version: 1.2.0}\n")
    for tag, said in (("v1.2.0", ""), ("v1.3.0", "is filed as v1.3.0, but says that its version is 1.2.0")):
        answer = rig("spec", "import", "card.yaml", "--tag", tag)
        assert (answer.returncode, answer.stdout.split()[0]) == (0, f"card:{tag}")
        assert answer.stderr.partition("card.yaml: ")[2].startswith(said)
        assert bool(answer.stderr) == bool(said)
    answer = rig("profile", "import", "packs/small", "--tag", "v9.0.0")
    assert answer.stderr.startswith(
        "warning: packs/small/process.manifest.yaml: is filed as v9.0.0, but says that its version is 1.0.0 ("
    )


def test_a_bare_name_is_answered_with_its_newest_version(rig: Rig) -> None:
    rig("profile", "import", "packs/small")
    newest = "(for its newest version in the store write small:latest)"
    for command in (
        ("profile", "export", "small", "out"),
        ("profile", "diff", "small", "small"),
        ("scenario", "run", "small"),
        ("scenario", "diff", "small", "packs/small"),
        ("pack", "check", "small"),
    ):
        answer = rig(*command)
        assert (answer.returncode, answer.stdout) == (2, ""), command
        assert newest in answer.stderr, command
    assert "(a profile of the store has this name: fluxrig profile)" in rig("scenario", "export", "small", "x").stderr
    assert "store" not in rig("scenario", "run", "smell").stderr


@pytest.mark.parametrize("noun", _NOUNS)
def test_a_kind_is_a_namespace_of_its_own(rig: Rig, noun: str) -> None:
    # A profile alone, so that it can be used as one too.
    put(rig, "thing.yaml", "id: thing\nversion: '1.2.0'\nroles: [agent]\nactions: [{id: thing.do}]\n")
    assert filed(rig(noun, "import", "thing.yaml")) == ["thing:v1.2.0"]
    assert [row["name"] for row in rig.json(noun, "list")] == ["thing"]
    others = [one for one in _NOUNS if one != noun]
    assert [rig.json(one, "list") for one in others] == [[], []]
    assert f"a {noun} of that name exists" in rig(others[0], "show", "thing:latest").stderr


def test_the_rules_of_names_and_tags(rig: Rig) -> None:
    put(rig, "some-spec.yaml", "a: 1\n")
    assert filed(rig("spec", "import", "some-spec.yaml")) == ["some-spec:v0.1.0"]
    put(rig, "some-spec.yaml", "a: 2\n")
    assert filed(rig("spec", "import", "some-spec.yaml")) == ["some-spec:v0.2.0"]
    put(rig, "some-spec.yaml", "a: 3\nversion: 2.2.0\n")
    assert filed(rig("spec", "import", "some-spec.yaml")) == ["some-spec:v2.2.0"]
    assert filed(rig("spec", "import", "some-spec.yaml")) == ["some-spec:v2.2.0"]
    other = rig("spec", "import", "some-spec.yaml", "--name", "b", "--tag", "v1.0.0-rc.1")
    assert (other.returncode, other.stdout.split()[0]) == (0, "b:v1.0.0-rc.1")
    put(rig, "some-spec.yaml", "a: 4\n")
    before = (rig.root / "store" / "index.json").read_bytes()
    taken = rig("spec", "import", "some-spec.yaml", "--tag", "v2.2.0")
    assert (taken.returncode, taken.stdout) == (1, "")
    assert "some-spec:v2.2.0 exists with other content" in taken.stderr
    for tag in ("1.0.0", "v1", "latest", "v1.0.0+build", "../x", ""):
        malformed = rig("spec", "import", "some-spec.yaml", "--tag", tag)
        assert (malformed.returncode, malformed.stdout) == (2, ""), tag
        assert "cannot be a tag" in malformed.stderr
    for name in ("Big", "../x", "latest", "con", "x" * 65, ""):
        malformed = rig("spec", "import", "some-spec.yaml", "--name", name)
        assert (malformed.returncode, malformed.stdout) == (2, ""), name
        assert "cannot be the name" in malformed.stderr
    assert (rig.root / "store" / "index.json").read_bytes() == before


def test_many_files_are_filed_together_or_not_at_all(rig: Rig) -> None:
    names = [put(rig, f"specs/s{number}.yaml", f"n: {number}\n") for number in range(25)]
    bad = put(rig, "specs/bad.yaml", "a: [\n")
    worse = put(rig, "specs/worse.json", "{")
    refused = rig("spec", "import", *names, bad, worse)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert [line.split(":")[0] for line in refused.stderr.splitlines()] == [bad, worse]
    assert not (rig.root / "store").exists()
    (rig.root / bad).unlink()
    (rig.root / worse).unlink()
    assert filed(rig("spec", "import", *names)) == [f"s{number}:v0.1.0" for number in range(25)]
    assert len(rig.json("spec", "list")) == 25
    several = rig("spec", "import", *names, "--name", "one")
    assert (several.returncode, several.stdout) == (2, "")
    assert "--name names one artifact, and these are 25" in several.stderr


def test_a_folder_of_specs(rig: Rig) -> None:
    for name in ("b.yaml", "a.json", "deep/c.yml", "deep/notes.md", ".hidden/d.yaml", "deep/.e.yaml"):
        put(rig, f"specs/{name}", "{}")
    (rig.root / "specs" / "link.yaml").symlink_to("b.yaml")
    assert filed(rig("spec", "import", "specs")) == ["a:v0.1.0", "b:v0.1.0", "c:v0.1.0"]
    (rig.root / "empty").mkdir()
    nothing = rig("spec", "import", "empty")
    assert (nothing.returncode, nothing.stderr) == (2, "empty: there is no spec file in this folder\n")


def test_a_folder_of_scenarios(rig: Rig) -> None:
    rig.add("one.json", scenario("one"))
    rig.add("two.json", scenario("two"))
    put(rig, "elsewhere/three.scenario.yaml", json.dumps(scenario("three")))
    assert filed(rig("scenario", "import", ".")) == ["three:v0.1.0", "one:v0.1.0", "two:v0.1.0"]
    # A file that is named is taken for what it is said to be.
    put(rig, "four.yaml", json.dumps(scenario("four")))
    assert filed(rig("scenario", "import", rig.root / "four.yaml")) == ["four:v0.1.0"]
    shown = rig("scenario", "show", "one:latest")
    assert shown.stdout == (rig.root / "packs/small/scenarios/one.json").read_text(encoding="utf-8")


def test_standard_input(rig: Rig) -> None:
    text = "id: card\nversion: '3.0.0'\n"
    assert filed(piped(rig, text, "spec", "import", "-")) == ["card:v3.0.0"]
    assert rig("spec", "show", "card:latest").stdout == text
    assert filed(piped(rig, json.dumps(scenario("one")), "scenario", "import", "-")) == ["one:v0.1.0"]
    nameless = piped(rig, "a: 1\n", "spec", "import", "-")
    assert (nameless.returncode, nameless.stdout) == (2, "")
    assert nameless.stderr == "stdin.yaml: does not name itself (give a name with --name)\n"
    assert filed(piped(rig, "a: 1\n", "spec", "import", "-", "--name", "said")) == ["said:v0.1.0"]
    assert "stdin.yaml:2:1: not YAML" in piped(rig, "id: [\n", "spec", "import", "-").stderr
    assert "limit file_bytes is 1048576" in piped(rig, "x" * (1 << 20) + "yz", "spec", "import", "-").stderr
    assert "standard input is for specs and scenarios" in piped(rig, text, "profile", "import", "-").stderr


def test_an_archive_is_the_pack(rig: Rig) -> None:
    folder = trap(rig.root / "packs" / "small", rig.root / "ran")
    with zipfile.ZipFile(rig.root / "small.fstpack", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    from_folder = rig("profile", "import", "packs/small").stdout
    assert rig("profile", "import", "small.fstpack").stdout == from_folder
    with zipfile.ZipFile(rig.root / "deep.fstpack", "w") as archive:
        archive.write(folder / "process.manifest.yaml", "small/process.manifest.yaml")
    deep = rig("profile", "import", "deep.fstpack")
    assert (deep.returncode, deep.stdout) == (2, "")
    assert "so this is no pack (there is one in small: import that folder)" in deep.stderr
    put(rig, "evil.fstpack", "no zip")
    evil = rig("profile", "import", "evil.fstpack")
    assert (evil.returncode, evil.stdout, len(evil.stderr.splitlines())) == (2, "", 1)
    assert not (rig.root / "ran").exists()


# ---- looking at what is there --------------------------------------------------------------------


def test_the_history_has_the_newest_version_first(rig: Rig) -> None:
    for tag in ("v1.9.0", "v1.10.0", "v1.10.0-rc.1", "v0.1.0"):
        put(rig, "card.yaml", f"title: Card {tag}\n")
        rig("spec", "import", "card.yaml", "--tag", tag)
    rows = rig.json("spec", "history", "card")
    assert [(row["tag"], row["latest"], row["title"]) for row in rows] == [
        ("v1.10.0", True, "Card v1.10.0"),
        ("v1.10.0-rc.1", False, "Card v1.10.0-rc.1"),
        ("v1.9.0", False, "Card v1.9.0"),
        ("v0.1.0", False, "Card v0.1.0"),
    ]
    lines = rig("spec", "history", "card").stdout.splitlines()
    assert [line.split()[1] for line in lines[1:]] == [row["tag"] for row in rows]
    assert rig("spec", "show", "card:latest").stdout == "title: Card v1.10.0\n"
    unknown = rig("spec", "history", "cards", "--json")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "the store has no spec 'cards' (did you mean 'card'?)" in unknown.stderr


def test_refs_that_mean_nothing_say_what_there_is(rig: Rig) -> None:
    put(rig, "card.yaml", "a: 1\n")
    rig("spec", "import", "card.yaml", "--tag", "v1.0.0")
    digest = sha256(b"a: 1\n")
    for ref, said in {
        "card": "for its newest version in the store write card:latest",
        "crad": "did you mean 'card'?",
        "crad:latest": "did you mean 'card'?",
        "card:v2.0.0": "it has v1.0.0",
        "card:1.0.0": "a tag begins with 'v': v1.0.0",
        f"sha256:{digest[:11]}": "give 12 digits or more",
        f"sha256:{digest[:12].upper()}": "a hash is 64 lowercase hex digits",
        "sha256:" + "0" * 64: "there is no blob",
        "../card:v1.0.0": "a name is 1 to 64",
        "card:v1.0.0/../../x": "a tag is SemVer",
    }.items():
        answer = rig("spec", "show", ref)
        assert (answer.returncode, answer.stdout, len(answer.stderr.splitlines())) == (2, "", 1), ref
        assert said in answer.stderr, ref
    assert rig("spec", "show", f"sha256:{digest[:12]}").stdout == "a: 1\n"
    (rig.root / "store" / "blobs" / digest[:2] / (digest[:12] + "0" * 52)).write_bytes(b"")
    assert "2 blobs have a hash that begins with" in rig("spec", "show", f"sha256:{digest[:12]}").stderr
    assert rig("spec", "show", f"sha256:{digest[:14]}").stdout == "a: 1\n"


@pytest.mark.parametrize("noun", _NOUNS)
def test_json_is_one_document_also_of_nothing(rig: Rig, noun: str) -> None:
    put(rig, "x.yaml", "a: 1\n")
    rig("spec" if noun != "spec" else "scenario", "import", "x.yaml")
    answer = rig(noun, "list", "--json")
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "[]\n", "")
    assert rig(noun, "list").stdout == ""


# ---- export --------------------------------------------------------------------------------------


def test_what_was_exported_is_what_was_imported(rig: Rig) -> None:
    (rig.root / "packs" / "small" / "logic" / "main.py").chmod(0o755)
    first = rig("profile", "import", "packs/small").stdout
    exported = rig("profile", "export", "small:latest", "out/small")
    assert (exported.returncode, exported.stdout) == (0, "small:v1.0.0 in out/small\n")
    for path in (rig.root / "out").rglob("*"):
        os.utime(path, (1, 1))
    assert rig("profile", "import", "out/small", "--store", "other").stdout == first
    put(rig, "card.yaml", "a: 1  # as it is\n")
    rig("spec", "import", "card.yaml")
    digest = sha256(b"a: 1  # as it is\n")
    assert rig("spec", "export", f"sha256:{digest[:12]}", "out.yaml").returncode == 0
    assert (rig.root / "out.yaml").read_bytes() == b"a: 1  # as it is\n"


def test_an_export_overwrites_nothing_unless_told(rig: Rig) -> None:
    rig("profile", "import", "packs/small")
    write_pack(rig.root / "packs" / "small", version="1.1.0")
    refused = rig("profile", "export", "small:v1.0.0", "packs/small")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == "packs/small: exists (replace it with --force)\n"
    assert "1.1.0" in (rig.root / "packs" / "small" / "profile.yaml").read_text(encoding="utf-8")
    assert rig("profile", "export", "small:v1.0.0", "packs/small", "--force").returncode == 0
    assert "1.0.0" in (rig.root / "packs" / "small" / "profile.yaml").read_text(encoding="utf-8")
    put(rig, "home/diary.txt", "dear")
    assert "is not empty and no pack" in rig("profile", "export", "small:v1.0.0", "home", "--force").stderr
    before = (rig.root / "store" / "index.json").read_bytes()
    for path in ("store/index.json", "store", "store/new"):
        assert "lies in the store" in rig("profile", "export", "small:v1.0.0", path, "--force").stderr
    assert (rig.root / "store" / "index.json").read_bytes() == before


# ---- diff ----------------------------------------------------------------------------------------


def changes(rig: Rig, *args: str) -> Any:
    answer = rig(*args, "--json")
    assert answer.stderr == ""
    return json.loads(answer.stdout)


def test_documents_are_compared_by_what_they_say(rig: Rig) -> None:
    for number, text in enumerate(("a: 1\nb: [x, y]\n", "a: 2\nb: [x, y]\n", '{"b": ["x", "y"],\n "a": 2}')):
        put(rig, f"card{number}.yaml", text)
        rig("spec", "import", f"card{number}.yaml", "--name", "card", "--tag", f"v1.{number}.0")
    answer = rig("spec", "diff", "card:v1.0.0", "card:v1.1.0")
    assert answer.returncode == 1
    lines = answer.stdout.splitlines()
    assert lines[:2] == ["--- card:v1.0.0", "+++ card:v1.1.0"]
    assert [line for line in lines[2:] if line[0] in "+-"] == ['-  "a": 1,', '+  "a": 2,']
    same = rig("spec", "diff", "card:v1.1.0", "card:latest")
    assert (same.returncode, same.stdout) == (0, "the same content, written in another way\n")
    assert rig("spec", "diff", "card:latest", "card:v1.2.0").stdout == "identical\n"
    assert changes(rig, "spec", "diff", "card:v1.0.0", "card:latest")["same"] is False


def test_packs_are_compared_by_files_actions_and_gates(rig: Rig) -> None:
    folder = rig.root / "packs" / "small"
    rig("profile", "import", "packs/small")
    write_pack(folder, version="1.1.0", reason="Nobody said.")
    profile = (folder / "profile.yaml").read_text(encoding="utf-8")
    more = "  - id: work.wait\n    next_actions: [work.finish]\n  - id: work.report\n"
    assert "  - id: work.report\n" in profile
    put(rig, "packs/small/profile.yaml", profile.replace("  - id: work.report\n", more))
    (folder / "logic" / "main.py").chmod(0o755)
    (folder / "hooks.yaml").rename(folder / "hook.yaml")
    manifest = (folder / "process.manifest.yaml").read_text(encoding="utf-8")
    put(rig, "packs/small/process.manifest.yaml", manifest.replace("hooks.yaml", "hook.yaml"))
    rig("profile", "import", "packs/small")
    answer = rig("profile", "diff", "small:v1.0.0", "small:latest")
    assert answer.returncode == 1
    assert answer.stdout.splitlines() == [
        "+ file hook.yaml",
        "- file hooks.yaml",
        "~ file logic/main.py: mode 644 to 755",
        "~ file process.manifest.yaml: content",
        "~ file profile.yaml: content",
        "+ action work.wait",
        '~ gate what_required: reason: "It is not said what to do." -> "Nobody said."',
        '~ profile version: version: "1.0.0" -> "1.1.0"',
    ]
    said = changes(rig, "profile", "diff", "small:v1.0.0", "small:latest")
    assert said["files"]["added"] == ["hook.yaml"]
    assert said["parts"]["action"]["added"] == ["work.wait"]
    assert rig("profile", "diff", "small:latest", "small:latest").stdout == "identical\n"


def test_a_pack_whose_profile_cannot_be_used_is_compared_by_files(rig: Rig) -> None:
    rig("profile", "import", "packs/small")
    write_pack(rig.root / "packs" / "small", version="1.1.0")
    put(rig, "packs/small/profile.yaml", "profile: {id: small}\n")
    rig("profile", "import", "packs/small")
    answer = rig("profile", "diff", "small:v1.0.0", "small:latest")
    assert answer.returncode == 1
    assert "small:v1.1.0 has no usable profile to compare: " in answer.stderr
    assert answer.stdout.splitlines()[-1] == "~ file profile.yaml: content"


def test_what_a_stranger_wrote_moves_no_cursor(rig: Rig) -> None:
    for number in range(2):
        put(rig, "card.json", json.dumps({"a": f"\x1b[2J{number}"}, ensure_ascii=True))
        rig("spec", "import", "card.json")
    answer = rig("spec", "diff", "card:v0.1.0", "card:v0.2.0")
    assert answer.returncode == 1
    assert "\x1b" not in answer.stdout


def test_progress_is_for_terminals(rig: Rig) -> None:
    from tests.unit.cli.test_main import _on_a_terminal

    names = [put(rig, f"specs/s{number}.yaml", f"n: {number}\n") for number in range(40)]
    assert "\r" not in rig("spec", "import", *names).stdout
    seen = _on_a_terminal(rig, "spec", "import", "specs", "--store", "other")
    assert "filed 20 of 40" in seen
    assert seen.count("sha256:") == 40


def test_damage_is_exit_3_for_every_verb(rig: Rig) -> None:
    put(rig, "card.yaml", "a: 1\n")
    rig("spec", "import", "card.yaml")
    digest = sha256(b"a: 1\n")
    (rig.root / "store" / "blobs" / digest[:2] / digest).write_bytes(b"a: 2\n")
    for args in (
        ("list",),
        ("history", "card"),
        ("show", "card:latest"),
        ("export", "card:latest", "out.yaml"),
        ("diff", "card:latest", "card:latest"),
    ):
        answer = rig("spec", *args)
        assert answer.returncode == 3, args
        assert digest in answer.stderr
    assert not (rig.root / "out.yaml").exists()
    assert filed(rig("spec", "import", "card.yaml")) == ["card:v0.1.0"]
    assert rig("spec", "show", "card:latest").stdout == "a: 1\n"


def test_no_store_says_how_to_make_one(rig: Rig, tmp_path: Path) -> None:
    for noun in _NOUNS:
        answer = rig(noun, "list", cwd=tmp_path)
        assert (answer.returncode, answer.stdout) == (2, "")
        assert (
            answer.stderr
            == f"store: there is no such folder, and so no store (make one with: fluxrig {noun} import PATH)\n"
        )
