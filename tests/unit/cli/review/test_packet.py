"""``fluxrig review``: what stands against an approval, and that every form of the packet says it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from pytest_fluxscenario.cli.main import main
from pytest_fluxscenario.model.review import Packet
from pytest_fluxscenario.model.schema import schema_of
from tests.fakes.packs import failing, needs_hook, scenario, step, write, write_hook, write_pack
from tests.fakes.runs import ROOT

_PACK = "packs/small"
#: What most of the tests do not look at.
_QUICK = ("--no-mutants", "--no-proof")
_ASKED = {"status": "nok", "route": "AskUser", "gate_id": "what_required"}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_hook(write_pack(tmp_path / _PACK))
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    add(tmp_path, "begins", scenario("begins"))
    add(tmp_path, "asks", scenario("asks", step(payload={"what": ""}, expect=_ASKED)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("FLUXRIG_STORE", raising=False)
    return tmp_path


def add(root: Path, name: str, *documents: dict[str, Any]) -> Path:
    return write(root / _PACK / "scenarios" / f"{name}.scenario.json", *documents)


def packet(capsys: pytest.CaptureFixture[str], *args: str, pack: str = _PACK) -> dict[str, Any]:
    capsys.readouterr()
    status = main(["review", pack, "--json", *args])
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert status == (0 if said["verdict"]["ready"] else 1)
    return said


def markdown(capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    main(["review", _PACK, "--no-mutants"])
    return capsys.readouterr().out


def against(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    return "\n".join(packet(capsys, *args)["verdict"]["against"])


def kinds(said: dict[str, Any]) -> set[str]:
    return {risk["kind"] for risk in said["risks"]}


# ---- what stands against an approval ------------------------------------------------------------


def test_a_pack_whose_scenarios_do_not_prove_its_rules_is_not_ready(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = packet(capsys)
    assert said["verdict"]["ready"] is False
    told = "\n".join(said["verdict"]["against"])
    assert "no scenario is of the classes" in told
    assert "mutants survived: rules that could be lost without a test failing" in told
    assert said["run"]["counts"] == {"passed": 2}
    assert {"survivor", "not-covered", "missing-class"} <= kinds(said)


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (failing("bad"), "1 scenario failed"),
        (scenario("later", skip="not now"), "1 scenario was skipped"),
        (scenario("known", step(expect=_ASKED), xfail="known"), "1 scenario failed as its mark xfail expects"),
        (scenario("known", xfail="known"), "1 scenario passed against its mark xfail"),
    ],
)
def test_a_scenario_that_proves_nothing_stands_against_it(
    document: dict[str, Any], told: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(here, "one", document)
    assert told in against(capsys, *_QUICK).split("\n")


def test_a_scenario_without_a_verdict_stands_against_it(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_hook(here / _PACK, command=["no-such-program"])
    add(here, "hooked", needs_hook())
    assert "1 scenario ended without a verdict" in against(capsys, *_QUICK).split("\n")


def test_several_are_counted_in_words(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(here, "more", scenario("one", skip="x"), scenario("two", skip="x"), failing("bad"), failing("worse"))
    told = against(capsys, *_QUICK).split("\n")
    assert told[:2] == ["2 scenarios failed", "2 scenarios were skipped"]


def test_mutants_that_were_not_tried_stand_against_it(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "mutants were not tried: it was asked for none (--no-mutants)" in against(capsys, *_QUICK)
    add(here, "bad", failing())
    assert "mutants were not tried: packs/small/scenarios/bad.scenario.json:1: the scenario bad" in against(capsys)


def test_a_file_that_cannot_be_read_stands_against_it(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / _PACK / "scenarios" / "broken.scenario.json").write_text("{", encoding="utf-8")
    told = against(capsys, *_QUICK)
    assert "the pack check finds 1 error" in told
    assert "1 file of the run could not be used" in told


def test_a_pack_with_errors_has_a_packet_that_says_so(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    profile = here / _PACK / "profile.yaml"
    text = profile.read_text(encoding="utf-8")
    profile.write_text(text.replace("before_action: work.waive", "before_action: work.wave"), encoding="utf-8")
    said = packet(capsys)
    assert said["verdict"]["against"][:2] == [
        "the pack check finds 1 error",
        "no scenario ran: the pack cannot be used",
    ]
    assert said["rules"]["gates"]
    assert said["run"] is None
    profile.write_text("profile: [", encoding="utf-8")
    assert packet(capsys)["rules"] is None
    assert main(["review", _PACK, "-o", "p.md", "-o", "p.html"]) == 1
    assert "The rules cannot be read" in (here / "p.md").read_text(encoding="utf-8")
    assert "The rules cannot be read" in (here / "p.html").read_text(encoding="utf-8")


def test_a_pack_without_scenarios_is_not_ready(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("begins", "asks"):
        (here / _PACK / "scenarios" / f"{name}.scenario.json").unlink()
    told = against(capsys)
    assert "no scenario ran: there is none" in told
    assert "mutants were not tried: no scenario of the pack runs on it" in told


def test_the_bundled_pack_is_ready(tmp_path: Path, monkeypatch: Any, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    said = packet(capsys, "--evidence", str(tmp_path / "evidence"), pack="scenarios/local_patch_review")
    assert said["verdict"] == {"ready": True, "against": []}
    assert "survivor" not in kinds(said)
    main(["evidence", "verify", str(tmp_path / "evidence")])
    assert said["run"]["root"] in capsys.readouterr().out


def test_a_property_that_is_refuted_stands_against_it_with_its_steps(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "proved" in {one["verdict"] for one in packet(capsys, "--no-mutants")["proof"]["report"]["properties"]}
    profile = here / _PACK / "profile.yaml"
    text = profile.read_text(encoding="utf-8")
    always = "id: finish_requires_start\n    type: decision\n"
    text = text.replace("id: finish_requires_start\n    type: process_conformance\n", always)
    profile.write_text(text.replace("    required_artifacts: [start_record]\n", ""), encoding="utf-8")
    said = packet(capsys, "--no-mutants")
    assert [one["id"] for one in said["proof"]["report"]["properties"] if one["verdict"] == "refuted"] == ["dead-ends"]
    refuted = "the rules have a dead end: it is refuted that from every state some role has a way to the end"
    assert refuted in said["verdict"]["against"]
    assert "**refuted**" in markdown(capsys)


def test_what_was_not_proved_is_a_risk(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = packet(capsys, *_QUICK)
    assert said["proof"] == {"not_tried": "none was asked for (--no-proof)", "report": None}
    assert "not-proved" in kinds(said)
    assert "not-proved" not in kinds(packet(capsys, "--no-mutants"))


# ---- every form says the same -------------------------------------------------------------------


class _Tags(HTMLParser):
    """Whether every element is ended, and by its own end."""

    void = frozenset({"meta", "wbr"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.ids: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.ids += [value for name, value in attrs if name == "id" and value]
        assert not any(name.startswith("on") or name in ("src", "style") for name, _ in attrs)
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def page(root: Path, *args: str) -> _Tags:
    main(["review", _PACK, "-o", "packet.html", *args])
    text = (root / "packet.html").read_text(encoding="utf-8")
    tags = _Tags()
    tags.feed(text)
    assert tags.open == []
    svg = text[text.index("<svg") : text.index("</svg>") + 6]
    assert ET.fromstring(svg).get("role") == "img"  # noqa: S314 - it was drawn here
    return tags


def test_the_json_holds_against_its_schema(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    jsonschema.Draft202012Validator(schema_of(Packet)).validate(packet(capsys))


def test_page_and_markdown_say_verdict_rules_results_risks_and_root(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(here, "bad", failing())
    said = packet(capsys)
    tags = page(here)
    main(["review", _PACK])
    markdown = capsys.readouterr().out
    for text in (
        "Not ready.",
        "1 scenario failed",
        "waiver_needs_approval",
        "work.report",
        "until approver has approved waive",
        "profile.yaml:4",
        said["run"]["root"],
        said["pack"]["tree_hash"],
        "expected",
        "3. last",
    ):
        assert text in tags.text, text
        assert text in markdown, text
    assert "script" not in tags.seen
    assert len(tags.ids) == len(set(tags.ids))
    assert {"about", "map", "gates", "approvals", "scenarios", "mutants", "risks", "evidence"} <= set(tags.ids)


def test_where_it_goes_is_said_by_suffix_or_format(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = ["review", _PACK, *_QUICK]
    assert main([*args, "-o", "a.md", "-o", "b.html", "-o", "c.json"]) == 1
    assert capsys.readouterr().out.startswith("small 1.0.0: not ready, 2 things against it: ")
    assert (here / "a.md").read_text(encoding="utf-8").startswith("# Review of Small: small 1.0.0\n")
    assert (here / "b.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert json.loads((here / "c.json").read_bytes())["pack"]["id"] == "small"
    assert main([*args, "-o", "packet", "--format", "html"]) == 1
    assert (here / "packet").read_text(encoding="utf-8").startswith("<!doctype html>")
    capsys.readouterr()
    assert main([*args, "-o", "packet.txt"]) == 2
    assert "packet.txt: the name does not say which form it has (hint: " in capsys.readouterr().err.replace(
        "form it has (name", "form it has (hint: name"
    )


def test_the_same_pack_gives_the_same_bytes_but_for_the_time(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = []
    for name in ("one", "two"):
        main(["review", _PACK, "-o", f"{name}.md", "-o", f"{name}.html", "-o", f"{name}.json"])
        started = json.loads((here / f"{name}.json").read_bytes())["run"]["started"]
        texts.append(
            [(here / f"{name}{end}").read_text("utf-8").replace(started, "") for end in (".md", ".html", ".json")]
        )
    assert texts[0] == texts[1]


def test_what_a_scenario_starts_with_and_what_is_read_beside_the_rules_is_in_the_packet(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = {"type": "start_record", "payload": {"what": "a patch"}}
    approval = {"role": "approver", "scope": "waive", "values": {"x": 1}, "expires_at": "2030-01-01T00:00:00Z"}
    given = {"artifacts": [record], "approvals": [approval]}
    stops = {"status": "nok", "route": "InstructAgent"}
    check = step("check", "work.check", expect=stops, faults={"assess": "timeout"}, idempotency_key="once")
    add(
        here,
        "given",
        scenario("given", check, given=given, environment={"capabilities": ["repo.read"], "connectors": ["git"]}),
    )
    said = packet(capsys, "--no-mutants")
    one = next(one for one in said["run"]["scenarios"] if one["id"].endswith("::given"))
    assert one["begins"] == [
        'a record of start_record by agent: {"what": "a patch"}',
        'approver says approved to waive for {"x": 1} until 2030-01-01T00:00:00Z',
        "an environment that offers repo.read and git",
        "the hook assess fails in step 1 (timeout)",
    ]
    assert one["steps"][0]["key"] == "once"
    assert [source["path"] for source in said["pack"]["sources"]] == ["logic/main.py"]
    text = markdown(capsys)
    for line in (*one["begins"][2:], "call = json.loads(sys.stdin.readline())"):
        assert line in text, line


def test_files_that_are_no_text_or_too_long_are_named_and_left_out(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logic = here / _PACK / "logic"
    (logic / "data.bin").write_bytes(b"\xff\xfe")
    (logic / "large.py").write_text("# x\n" * 20_000, encoding="utf-8")
    said = {one["path"]: one for one in packet(capsys, "--no-mutants")["pack"]["sources"]}
    assert said["logic/data.bin"]["left_out"] == "2 bytes that are no text"
    assert said["logic/large.py"]["left_out"] == "80000 bytes are too many for a packet: read the file"
    assert said["logic/large.py"]["text"] == ""
    assert "80000 bytes are too many" in markdown(capsys)


def test_a_listing_ends_where_it_ends(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logic = here / _PACK / "logic" / "main.py"
    logic.write_text(logic.read_text(encoding="utf-8") + "# ````\n# </pre><b>no</b>\n", encoding="utf-8")
    text = markdown(capsys)
    assert text.count("\n`````\n") == 2
    assert "b" not in page(here).seen


def test_the_picture_is_written_alone(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["review", _PACK, "--no-mutants", "-o", "map.svg"])
    root = ET.parse(here / "map.svg").getroot()  # noqa: S314 - it was drawn here
    assert "waiver_needs_approval" in "".join(root.itertext())
    (here / _PACK / "profile.yaml").write_text("profile: [", encoding="utf-8")
    main(["review", _PACK, "-o", "map.svg"])
    assert "cannot be read" in (here / "map.svg").read_text(encoding="utf-8")


# ---- evidence -----------------------------------------------------------------------------------


def test_the_evidence_of_the_run_is_kept_and_holds(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = packet(capsys, *_QUICK)
    assert said["run"]["folder"] == ".fluxscenario/review"
    assert main(["evidence", "verify", ".fluxscenario/review"]) == 0
    assert said["run"]["root"] in capsys.readouterr().out
    assert packet(capsys, *_QUICK, "--evidence", "kept")["run"]["folder"] == "kept"
    assert (here / "kept" / "manifest.json").exists()


def test_evidence_of_an_earlier_run_is_taken_and_said_to_be_one(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fresh = packet(capsys, *_QUICK, "--evidence", "kept")
    earlier = packet(capsys, *_QUICK, "--from", "kept")
    assert earlier["run"].pop("fresh") is False
    assert fresh["run"].pop("fresh") is True
    assert earlier["run"] == fresh["run"]
    assert earlier["coverage"] == fresh["coverage"]
    assert kinds(earlier) - kinds(fresh) == {"earlier-run"}


def test_scenarios_that_are_not_in_the_evidence_count_as_not_run(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    packet(capsys, *_QUICK, "--evidence", "kept")
    add(here, "later", scenario("later"))
    said = packet(capsys, *_QUICK, "--from", "kept")
    assert "1 scenario did not run" in said["verdict"]["against"]
    assert [one["note"] for one in said["run"]["scenarios"] if one["outcome"] == "not_run"] == ["not in this evidence"]


def test_skipped_scenarios_of_an_earlier_run_are_found(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(here, "skips", scenario("skips", skip="not now"))
    write_pack(here / "packs" / "other")
    write(here / "packs" / "other" / "scenarios" / "skips.scenario.json", scenario("skips", skip="elsewhere"))
    main(["scenario", "run", ".", "--evidence", "kept"])
    said = packet(capsys, *_QUICK, "--from", "kept")
    assert said["run"]["counts"] == {"passed": 2, "skipped": 1}
    assert said["run"]["elsewhere"] == 1


def test_a_run_that_failed_elsewhere_stands_against_it(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = write_pack(here / "packs" / "other", version="2.0.0")
    write(other / "scenarios" / "bad.json", failing("bad", profile_version="2.0.0"))
    main(["scenario", "run", ".", "--evidence", "kept"])
    said = packet(capsys, *_QUICK, "--from", "kept")
    assert said["run"]["counts"] == {"passed": 2}
    assert said["run"]["elsewhere"] == 1
    assert "the run whose evidence this is failed" in said["verdict"]["against"]


def test_evidence_of_another_state_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(here, "hooked", needs_hook())
    main(["scenario", "run", _PACK, "--evidence", "kept"])

    def refused() -> str:
        capsys.readouterr()
        assert main(["review", _PACK, "--from", "kept", *_QUICK]) == 2
        return capsys.readouterr().err

    logic = here / _PACK / "logic" / "main.py"
    before = logic.read_text(encoding="utf-8")
    logic.write_text(before + "# more\n", encoding="utf-8")
    assert "the code of the hook assess has changed since it ran" in refused()
    logic.write_text(before, encoding="utf-8")
    add(here, "begins", scenario("begins", description="another"))
    assert "begins' has changed since it ran" in refused()
    add(here, "begins", scenario("begins"))
    assert main(["review", _PACK, "--from", "kept", *_QUICK]) == 1
    profile = here / _PACK / "profile.yaml"
    profile.write_text(profile.read_text(encoding="utf-8").replace("Begin first.", "Begin."), encoding="utf-8")
    assert "ran on other rules" in refused()


def test_evidence_of_nothing_here_is_refused_and_damage_is_damage(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["review", _PACK, "--from", "nowhere"]) == 2
    other = write_pack(here / "packs" / "other", version="2.0.0")
    write(other / "scenarios" / "one.json", scenario(profile_version="2.0.0"))
    main(["scenario", "run", "packs/other", "--evidence", "kept"])
    capsys.readouterr()
    assert main(["review", _PACK, "--from", "kept"]) == 2
    assert "kept: no scenario ran on small 1.0.0 as it is now" in capsys.readouterr().err
    main(["scenario", "run", _PACK, "--evidence", "kept"])
    records = here / "kept" / "records.jsonl"
    records.write_text(records.read_text(encoding="utf-8").replace("AskUser", "Blocked"), encoding="utf-8")
    capsys.readouterr()
    assert main(["review", _PACK, "--from", "kept"]) == 3
    assert "kept/records.jsonl:" in capsys.readouterr().err


# ---- where packs lie ----------------------------------------------------------------------------


def test_archives_and_stored_packs_are_reviewed_as_their_folder_is(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = packet(capsys, "--no-proof")
    assert main(["pack", "build", _PACK, "-o", "small.fstpack"]) == 0
    assert main(["profile", "import", _PACK]) == 0
    for pack in ("small.fstpack", "small:v1.0.0", "small:latest"):
        said = packet(capsys, "--no-proof", pack=pack)
        assert said["mutants"]["score"] == folder["mutants"]["score"], pack
        assert said["run"]["counts"] == folder["run"]["counts"], pack
        assert said["coverage"] == [
            {**one, "missing": [{**goal, "where": place(said, goal["where"])} for goal in one["missing"]]}
            for one in folder["coverage"]
        ], pack
        for name in ("tree_hash", "profile_hash", "behaviour_hash", "documents"):
            assert said["pack"][name] == folder["pack"][name], pack
        assert [one["outcome"] for one in said["run"]["scenarios"]] == ["passed", "passed"]
        assert all(one["where"].rpartition(":")[2].isdigit() for one in said["run"]["scenarios"]), pack


def place(said: dict[str, Any], where: str) -> str:
    return where.replace(_PACK, said["pack"]["where"])


def test_an_archive_and_a_stored_pack_without_scenarios_have_a_packet(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("begins", "asks"):
        (here / _PACK / "scenarios" / f"{name}.scenario.json").unlink()
    assert main(["pack", "build", _PACK, "-o", "small.fstpack"]) == 0
    assert main(["profile", "import", _PACK]) == 0
    for pack in ("small.fstpack", "small:v1.0.0"):
        assert "no scenario ran: there is none" in packet(capsys, pack=pack)["verdict"]["against"]


def test_evidence_that_cannot_be_written_is_an_error(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "taken").write_text("", encoding="utf-8")
    assert main(["review", _PACK, "--evidence", "taken"]) == 2
    assert capsys.readouterr().err.endswith(": a file is in the way (name another folder with --evidence)\n")
    assert main(["review", _PACK, "--evidence", "off"]) == 2
    assert "a packet needs evidence" in capsys.readouterr().err
    assert main(["review", _PACK, *_QUICK, "-o", "nowhere/p.md"]) == 2
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("pack", ["packs/smal", "small:v9.9.9", "nothing.fstpack", "profile.yaml"])
def test_what_is_no_pack_is_told(pack: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["review", pack]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1


# ---- against the version before -----------------------------------------------------------------


def test_the_last_other_version_of_the_store_is_compared(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert packet(capsys, *_QUICK)["comparison"]["not_compared"] == "there is no store"
    main(["profile", "import", _PACK])
    assert "no other version" in packet(capsys, *_QUICK)["comparison"]["not_compared"]
    profile = here / _PACK / "profile.yaml"
    text = profile.read_text(encoding="utf-8")
    profile.write_text(text.replace("Nothing was begun.", "Nothing."), encoding="utf-8")
    said = packet(capsys, *_QUICK)["comparison"]
    assert said["ref"] == "small:v1.0.0"
    assert said["changes"] == [
        {
            "kind": "changed",
            "part": "gate",
            "name": "finish_requires_start",
            "said": 'reason: "Nothing was begun." -> "Nothing."',
        }
    ]


def test_what_is_allowed_now_and_was_not_comes_first_and_is_a_risk(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    waits = {"status": "nok", "route": "AwaitApproval"}
    add(here, "waits", scenario("waits", step("waive", "work.waive", expect=waits)))
    main(["profile", "import", _PACK])
    profile = here / _PACK / "profile.yaml"
    text = profile.read_text(encoding="utf-8").replace("payload_missing: [what]", "payload_missing: [why]")
    more = "before_action: work.waive\n    condition: {payload_equals: {urgent: true}}\n"
    profile.write_text(text.replace("before_action: work.waive\n", more), encoding="utf-8")
    said = packet(capsys, *_QUICK)
    flips = said["comparison"]["flips"]
    assert [one["direction"] for one in flips] == ["loosened", "tightened"]
    assert flips[0]["before"] == "nok AwaitApproval (gate waiver_needs_approval)"
    assert flips[0]["after"] == "ok Continue"
    assert flips[0]["where"].startswith(f"{_PACK}/scenarios/waits.scenario.json:")
    assert said["comparison"]["scenarios"] == 3
    assert "loosened" in kinds(said)
    main(["review", _PACK, *_QUICK])
    assert "**loosened** | waits, step 1 'waive'" in capsys.readouterr().out


def test_another_text_of_a_hook_is_told_where_the_rules_are_the_same(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["profile", "import", _PACK])
    with (here / _PACK / "logic" / "main.py").open("a", encoding="utf-8") as file:
        file.write("# more\n")
    said = packet(capsys, *_QUICK)["comparison"]
    assert (said["same"], said["changes"], said["flips"]) == (False, [], [])
    assert "in requirements, schemas, or hooks and their code" in markdown(capsys)


def test_another_readme_changes_nothing_that_decides(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["profile", "import", _PACK])
    (here / _PACK / "README.md").write_text("# More\n", encoding="utf-8")
    said = packet(capsys, *_QUICK)["comparison"]
    assert (said["same"], said["changes"], said["flips"], said["scenarios"]) == (True, [], [], 2)
    assert "All that decides is the same" in markdown(capsys)


# ---- strangers and secrets ----------------------------------------------------------------------


def test_foreign_text_is_markup_nowhere(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>\u202e](javascript:x) **b** | `c` </svg>\x1b[31m"
    profile = here / _PACK / "profile.yaml"
    text = profile.read_text(encoding="utf-8").replace("Let an agent begin, ask, and finish.", json.dumps(evil))
    text = text.replace("reason: It is not said what to do.", f"reason: {json.dumps(evil)}")
    profile.write_text(text.replace("[what]}", f"[what, {json.dumps(evil)}]}}"), encoding="utf-8")
    add(here, "asks", scenario("asks", step(evil, payload={"what": evil})))
    tags = page(here, "-o", "packet.md")
    assert tags.seen.isdisjoint({"script", "img"})
    assert "<script>alert(1)</script>" in tags.text
    whole = (here / "packet.html").read_text(encoding="utf-8") + (here / "packet.md").read_text(encoding="utf-8")
    assert "\u202e" not in whole
    assert "\x1b" not in whole
    for line in (here / "packet.md").read_text(encoding="utf-8").split("\n"):
        outside = re.sub(r"(?<![\\`])(`+)(?!`).*?(?<!`)\1(?!`)", "", line)
        assert not re.search(r"(?<!\\)<", outside)


def test_hashes_are_no_secrets_whatever_a_pattern_says(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = packet(capsys, *_QUICK, "--redact", "[0-9a-f]{12}")
    assert said["pack"]["tree_hash"].startswith("sha256:")
    assert len(said["run"]["root"]) == len("sha256:") + 64


@pytest.mark.parametrize("pattern", ["[a-z]+", "a", "any|proved|error|warning|schema|kind", "[0-9]", "."])
def test_no_pattern_breaks_a_packet(pattern: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(here, "hooked", needs_hook())
    capsys.readouterr()
    status = main(["review", _PACK, "--redact", pattern, "-o", "p.json", "-o", "p.html", "-o", "p.md"])
    assert status in (0, 1), capsys.readouterr().err
    said = json.loads((here / "p.json").read_bytes())
    jsonschema.Draft202012Validator(schema_of(Packet)).validate(said)
    assert said["verdict"]["ready"] is False


def test_a_long_text_is_cut_where_it_is_read_and_whole_in_json(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    profile = here / _PACK / "profile.yaml"
    text = profile.read_text(encoding="utf-8")
    profile.write_text(text.replace("Let an agent begin", "x" * 150_000), encoding="utf-8")
    assert len(packet(capsys, *_QUICK)["pack"]["purpose"]) > 150_000
    main(["review", _PACK, *_QUICK, "-o", "p.html", "-o", "p.md"])
    assert (here / "p.html").stat().st_size < 80_000
    assert (here / "p.md").stat().st_size < 60_000


def test_secrets_are_masked_in_every_form_and_counted(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "s3cr3t-value")
    (here / "pytest.ini").write_text(
        "[pytest]\nfluxscenario_redact =\n    tok_[a-z]+\nfluxscenario_redact_env = TOKEN\n", encoding="utf-8"
    )
    profile = here / _PACK / "profile.yaml"
    text = profile.read_text(encoding="utf-8").replace("Nothing was begun.", "Ask s3cr3t-value or tok_abc.")
    profile.write_text(text, encoding="utf-8")
    add(here, "tok_scenario", scenario("tok", step(payload={"what": "s3cr3t-value"})))
    said = packet(capsys, *_QUICK)
    main(["review", _PACK, *_QUICK, "-o", "p.html", "-o", "p.md", "-o", "p.json"])
    for name in ("p.html", "p.md", "p.json"):
        whole = (here / name).read_text(encoding="utf-8")
        assert "s3cr3t" not in whole, name
        assert "tok_" not in whole.replace("tok_[a-z]+", ""), name
        assert "[redacted]" in whole.replace("\\[redacted\\]", "[redacted]"), name
    assert said["redactions"]["$TOKEN"] >= 1
    assert said["run"]["redactions"]["$TOKEN"] >= 1
    assert said["run"]["counts"] == {"passed": 3}
    assert "redacted" in kinds(said)
