"""The page of a run: what it shows, what it leaves out, and what it never lets through."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from pytest_fluxscenario.base.errors import DocumentError
from pytest_fluxscenario.cli.main import main
from pytest_fluxscenario.evidence import html
from pytest_fluxscenario.evidence.html import PageNotes, write_empty_page, write_page
from pytest_fluxscenario.evidence.reading import RecordIndex, find_record, read_manifest
from tests.fakes.packs import failing, scenario, step, write, write_pack
from tests.fakes.page import Page

_HOSTILE = "</pre></style><script>alert(1)</script><img src=x onerror='alert(1)'>\x1b[31m\u202e\u200b\""


def page_of(folder: Path, root: Path | None = None, about: PageNotes | None = None) -> Page:
    path = folder.parent / "page.html"
    write_page(str(folder), str(path), None if root is None else str(root), about or PageNotes())
    return Page(path.read_text(encoding="utf-8"))


def run_in(root: Path, *documents: dict[str, Any], file: str = "all.json") -> Path:
    pack = write_pack(root / "packs" / "small")
    (root / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    write(pack / "scenarios" / file, *documents)
    main(["scenario", "run", str(root), "--json"])
    return root / ".fluxscenario" / "evidence"


def test_the_verdict_comes_first_and_what_did_not_pass_before_what_did(written: Path) -> None:
    page = page_of(written)
    assert page.said.index("failed") < page.said.index("8 scenarios" if "8 scenarios" in page.said else "scenarios")
    assert page.classes("h1") == ["bad"]
    outcomes = [kind for kind in page.classes("details") + page.classes("p") if kind in ("failed", "error", "passed")]
    assert outcomes == sorted(outcomes, key=["failed", "error", "passed"].index)
    assert set(outcomes) == {"failed", "error", "passed"}


def test_what_of_the_profile_was_not_seen_is_said(written: Path) -> None:
    said = page_of(written).said
    assert "Coverage of small 1.0.0 11 of 50 points, 22.0%" in said
    assert "gate finish_requires_start: never fired, never passed" in said


def test_every_outcome_of_the_run_can_be_chosen(written: Path) -> None:
    page = page_of(written)
    ids = [attributes["id"] for name, attributes in page.tags if name == "input"]
    present = {entry.outcome for entry in read_manifest(str(written)).manifest.scenarios}
    assert ids == ["only-all", *(f"only-{one}" for one in html._OUTCOMES if one in present)]
    style = html._style()
    assert all(f"#only-{one}:checked ~ .list > :not(.{one})" in style for one in html._OUTCOMES)


def test_a_failed_step_is_shown_with_what_was_asked_expected_and_came_back_and_its_line(written: Path) -> None:
    root = written.parents[1]
    page = page_of(written, root)
    lines = (root / "packs/small/scenarios/all.json").read_text(encoding="utf-8").splitlines()
    number = next(number for number, line in enumerate(lines, 1) if '"name": "wrong"' in line) - 1
    assert f"packs/small/scenarios/all.json:{number}" in page.said
    said = page.said[page.said.index("2 wrong") :]
    assert (
        said.index("work.start by agent-1 (agent)") < said.index("status") < said.index("nok") < said.index("ok Cont")
    )


def test_lines_are_left_out_where_the_file_has_changed_or_the_root_is_not_known(tmp_path: Path) -> None:
    evidence = run_in(tmp_path, failing())
    assert not re.search(r"all\.json:\d", page_of(evidence).said)
    assert re.search(r"all\.json:\d", page_of(evidence, tmp_path).said)
    write(tmp_path / "packs" / "small" / "scenarios" / "all.json", failing(description="since then"))
    assert not re.search(r"all\.json:\d", page_of(evidence, tmp_path).said)


@pytest.mark.parametrize("file", ["../outside.json", "/etc/hostname", "link.json", "fifo.json", "a\0b", "gone.json"])
def test_a_record_leads_to_no_file_out_of_the_root(tmp_path: Path, file: str) -> None:
    root = tmp_path / "root"
    evidence = run_in(root, failing())
    document = (root / "packs" / "small" / "scenarios" / "all.json").read_bytes()
    (tmp_path / "outside.json").write_bytes(document)
    (root / "link.json").symlink_to(tmp_path / "outside.json")
    os.mkfifo(root / "fifo.json")
    log = evidence / "records.jsonl"
    old = json.dumps("packs/small/scenarios/all.json").encode()
    text = log.read_bytes().replace(b'"file":' + old, b'"file":' + json.dumps(file).encode())
    log.write_bytes(text)
    page = page_of(evidence, root)
    assert "2 wrong" in page.said
    assert not re.search(r"(json|hostname|b):\d", page.said)


def test_nothing_that_is_foreign_becomes_markup(tmp_path: Path) -> None:
    evil = scenario(
        "evil",
        step(_HOSTILE, payload={"what": _HOSTILE}, expect={"status": "nok", "route": "Blocked", "reason": _HOSTILE}),
        {
            "name": "approve",
            "approve": {"role": "approver", "scope": "<script>alert(1)</script>", "decision": "approved", "by": "x"},
        },
    )
    evidence = run_in(tmp_path, evil, scenario("other", skip=_HOSTILE), file="<b>.json")
    page = page_of(evidence, tmp_path, PageNotes((_HOSTILE,), (_HOSTILE,)))
    assert page.names.isdisjoint({"script", "img", "b"})
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert page.said.count("<script>alert(1)</script>") >= 6
    assert not {"\x1b", "\u202e", "\u200b"} & set(page.said)


def test_damage_is_the_verdict(written: Path) -> None:
    page = page_of(written, about=PageNotes(("it is not what was written",)))
    assert page.said.index("damaged") < page.said.index("it is not what was written") < page.said.index("scenarios")
    assert page.classes("h1") == ["bad"]


def test_a_run_that_died_is_never_green(tmp_path: Path) -> None:
    evidence = run_in(tmp_path, scenario("a"), scenario("b"))
    text = (
        (evidence / "manifest.json")
        .read_text(encoding="utf-8")
        .replace('"verdict": "passed"', '"verdict": "incomplete"')
    )
    (evidence / "manifest.json").write_text(text, encoding="utf-8")
    page = page_of(evidence)
    assert page.classes("h1") == ["warn"]
    assert "Not everything that was collected has run to its end." in page.said


def test_of_many_that_passed_the_steps_are_left_out_and_the_page_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html, "MOST_PASSED", 2)
    page = page_of(run_in(tmp_path, *(scenario(f"s{number}") for number in range(5)), failing("bad")))
    assert page.classes("details").count("passed") == 2
    assert page.classes("p").count("passed") == 3
    assert "The steps of 3 passed scenarios are not on this page; the records have them." in page.said
    assert all(f"::s{number}" in page.said for number in range(5))


def test_a_full_page_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "MOST_STEPS", 1)
    page = page_of(run_in(tmp_path, failing("one"), failing("two")))
    assert page.classes("details").count("failed") == 1
    assert "The page was full" in page.said


def test_what_the_manifest_says_is_there(written: Path) -> None:
    manifest = read_manifest(str(written)).manifest
    said = page_of(written).said
    for word in (manifest.root, manifest.log, manifest.started, manifest.profiles[0].hash, "Coverage of small 1.0.0"):
        assert word in said
    assert "what_required" in said


def test_without_a_run_a_page_says_why(tmp_path: Path) -> None:
    write_empty_page(str(tmp_path / "page.html"), "incomplete", "No <scenario>.", ["a & b"])
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert page.classes("h1") == ["warn"]
    assert "No <scenario>." in page.said
    assert "a & b" in page.said


def test_no_evidence_leaves_the_page_that_was_there(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("old", encoding="utf-8")
    with pytest.raises(DocumentError, match="there is no such folder"):
        write_page(str(tmp_path / "none"), str(tmp_path / "page.html"), None)
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_records_are_found_in_any_order(evidence: Path) -> None:
    index = RecordIndex(str(evidence))
    ids = [entry.id for entry in read_manifest(str(evidence)).manifest.scenarios]
    assert len(ids) == 7
    for item_id in reversed(ids):
        assert index.read(item_id) == find_record(str(evidence), item_id)
    assert index.read("gone") is None


def test_the_last_attempt_in_a_log_of_a_session_that_died_counts(evidence: Path) -> None:
    log = evidence / "records.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    again = lines[0].replace(b'"worker":', b'"attempt":2,"worker":') if b'"worker":' in lines[0] else lines[0]
    log.write_bytes(b"".join([*lines, b"no record\n", again, lines[1][:40]]))
    index = RecordIndex(str(evidence))
    record = json.loads(again)
    assert index._lines[record["id"]][0] == sum(map(len, lines)) + len(b"no record\n")


def test_the_command_verifies_and_writes(
    evidence: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(evidence.parent)
    assert main(["evidence", "html", "evidence", "-o", "out/page.html"]) == 0
    assert capsys.readouterr().out == "failed: out/page.html\n"
    text = (evidence.parent / "out" / "page.html").read_text(encoding="utf-8")
    assert "The evidence was verified when this page was made." in text
    log = evidence / "records.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"nok"', b'"ok"'))
    assert main(["evidence", "html", "evidence"]) == 3
    out, err = capsys.readouterr()
    assert out == "damaged: report.html\n"
    assert "is not what its ref" in err
    page = Page((evidence.parent / "report.html").read_text(encoding="utf-8"))
    assert page.classes("h1") == ["bad"]
    assert "believe nothing on this page" in page.said
    assert main(["evidence", "html", "nowhere"]) == 2
