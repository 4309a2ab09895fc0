"""Runs by ref, and the evidence that a Mixer gives of its runs: what a local run of the same would have left."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pytest_fluxscenario.cli.main import main
from pytest_fluxscenario.evidence.verify import verify
from pytest_fluxscenario.fleet.messages.message import Evidence
from pytest_fluxscenario.remote.api import Again
from pytest_fluxscenario.remote.client import Client, MixerError
from tests.fakes.fleet import RunningMixer, running_mixer
from tests.fakes.packs import failing, scenario, write, write_pack
from tests.fakes.waiting import until
from tests.fleet.test_mixer_runs import all_of, parcel_of, send


def unpacked(client: Client, run: str, folder: Path) -> dict[str, Any]:
    """The evidence of a run, verified; gives its manifest."""
    with zipfile.ZipFile(io.BytesIO(client.evidence(run))) as archive:
        assert archive.namelist() == ["manifest.json", "records.jsonl"]
        archive.extractall(folder)
    verified = verify(str(folder))
    assert verified.problems == ()
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
    return manifest


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pack in a store, with a scenario for each thing that may become of one."""
    monkeypatch.chdir(tmp_path)
    write_pack(tmp_path / "pack")
    documents = [
        scenario("good"),
        failing("bad"),
        scenario("later", skip="not yet"),
        failing("known", xfail="a known fault"),
        scenario("mended", xfail="was a fault"),
    ]
    write(tmp_path / "pack/scenarios/a.json", *documents)
    assert main(["profile", "import", "pack", "--store", "store"]) == 0
    return tmp_path


def test_a_run_by_ref_heeds_skip_and_xfail_and_its_evidence_is_that_of_a_local_run(stored: Path) -> None:
    assert main(["scenario", "run", "small:latest", "--store", "store", "--evidence", "local"]) == 1
    local = json.loads((stored / "local/manifest.json").read_bytes())
    with running_mixer(stored) as mixer:
        rack = mixer.start()
        client = mixer.client()
        run = client.submit_ref("small:latest").run
        all_of(client, run)
        info = client.run(run)
        assert info.verdicts == {"passed": 2, "failed": 1, "skipped": 1, "xfailed": 1}
        assert (info.verdict, info.total, info.done) == ("failed", 5, 5)
        assert info.ended > info.created
        assert not any("later" in item for item in rack.taken)
        manifest = unpacked(client, run, stored / "evidence")
        # Again is the same archive, byte for byte.
        assert client.evidence(run) == client.evidence(run)
        # What was made for it goes when it was sent.
        until(lambda: not list((stored / "data/scratch").iterdir()))

    def named(document: dict[str, Any]) -> list[tuple[str, object, object, object]]:
        entries = document["scenarios"]
        return [(one["id"].rpartition("::")[2], one["outcome"], one.get("ref"), one.get("note")) for one in entries]

    assert named(manifest) == named(local)
    for field in ("verdict", "counts", "coverage", "refs", "profiles", "specs"):
        assert manifest[field] == local[field], field


def test_a_run_under_way_is_incomplete_and_one_that_was_cancelled_says_so(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, scenario("a"), scenario("b"))
    with running_mixer(tmp_path) as mixer:
        client = mixer.client()
        run = send(client, parcel).run
        assert unpacked(client, run, tmp_path / "under-way")["verdict"] == "incomplete"
        client.cancel(run)
        manifest = unpacked(client, run, tmp_path / "cancelled")
        assert manifest["verdict"] == client.run(run).verdict == "incomplete"
        assert {one["note"] for one in manifest["scenarios"]} == {"the run was cancelled"}


def _say(mixer: RunningMixer, run: str, *said: Evidence) -> None:
    assert mixer.mixer.service is not None
    runs, rack = mixer.mixer.service.runs, mixer.rack("r")
    mixer.do(rack.hello())
    mixer.do(runs.take([(run, rack.signed(one, run, runs.acceptance.tickets)) for one in said]))


def test_what_no_rack_could_run_has_a_record_that_says_why(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, scenario("a"), failing("b"), scenario("c"))
    parcel.cases[1:2] = [_expected(parcel.cases[1])]
    items = [case.item for case in parcel.cases]
    with running_mixer(tmp_path) as mixer:
        client = mixer.client()
        run = send(client, parcel).run
        gone = Evidence(rack="r", item=items[0], attempt=1, outcome="given-up", reason="taken 3 times\x1b[2J")
        late = Evidence(rack="r", item=items[1], attempt=1, outcome="refused", reason="no end")
        lacks = Evidence(rack="r", item=items[2], attempt=1, outcome="missing", reason="no wasm")
        _say(mixer, run, gone, late, lacks)
        info = client.run(run)
        assert (info.verdict, info.verdicts) == ("failed", {"given-up": 1, "refused": 1, "missing": 1})
        manifest = unpacked(client, run, tmp_path / "evidence")
        assert manifest["counts"] == manifest["counts"] | {"error": 2, "not_run": 1, "xfailed": 0}
        lines = (tmp_path / "evidence/records.jsonl").read_text("utf-8").splitlines()
        records = {record["id"]: record for record in map(json.loads, lines)}
        assert set(records) == set(items[:2])
        assert {record["result"]["verdict"] for record in records.values()} == {"error"}
        assert "\x1b" not in "".join(lines)
        assert "taken 3 times" in json.dumps(records[items[0]]["result"])


def _expected(case: Any) -> Any:
    import msgspec

    return msgspec.structs.replace(case, xfail="known")


def test_of_several_attempts_the_last_one_counts(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, scenario("a"))
    item = parcel.cases[0].item
    with running_mixer(tmp_path) as mixer:
        client = mixer.client()
        run = send(client, parcel).run
        _say(mixer, run, Evidence(rack="r", item=item, attempt=1, outcome="given-up", reason="lost"))
        assert client.run(run).verdict == "failed"
        client.again(run, Again(item, 2))
        assert (client.run(run).ended, client.run(run).verdict) == ("", "failed")
        mixer.start()
        all_of(client, run)
        assert client.run(run).verdict == "passed"
        assert unpacked(client, run, tmp_path / "evidence")["counts"]["passed"] == 1


def test_where_the_content_is_gone_the_records_are_all_there_is(tmp_path: Path) -> None:
    parcel = parcel_of(tmp_path, scenario("a"))
    with running_mixer(tmp_path) as mixer:
        client = mixer.client()
        run = send(client, parcel).run
        mixer.start()
        done = all_of(client, run)
        for blob in (tmp_path / "data/content/blobs").glob("*/*"):
            blob.unlink()
        said = rf"what the run ran on cannot be read any more: .*GET /v1/runs/{run}/evidence/records"
        with pytest.raises(MixerError, match=said):
            client.evidence(run)
        assert client._send("GET", f"/runs/{run}/evidence/records").decode() == f"{done[0].record}\n"


def test_a_key_makes_what_is_sent_twice_one_run(stored: Path) -> None:
    with running_mixer(stored) as mixer:
        client = mixer.client()
        first = client.submit_ref("small:latest", key="deploy 42".replace(" ", "-"))
        # Whatever the ref means by now.
        write(stored / "pack/scenarios/b.json", scenario("more"))
        assert main(["profile", "import", "pack", "--store", "store", "--tag", "v2.0.0"]) == 0
        assert client.submit_ref("small:latest", key="deploy-42").run == first.run
        with pytest.raises(MixerError, match=r"was asked for with something else"):
            client.submit_ref("small:v1.0.0", key="deploy-42")
        assert client.submit_ref("small:latest", key="deploy-43").total == 6
        assert client.submit_ref("small:latest").run != client.submit_ref("small:latest").run
        with pytest.raises(MixerError, match=r"the Idempotency-Key cannot be used .1 to 255 visible ASCII characters"):
            client.submit_ref("small:latest", key="a b")
        assert len(client.runs()) == 4
    with running_mixer(stored) as mixer:
        assert mixer.client().submit_ref("small:latest", key="deploy-42").run == first.run
