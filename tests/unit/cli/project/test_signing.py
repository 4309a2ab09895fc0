"""Signed evidence and signed archives, by the commands as people type them."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from pytest_fluxscenario.cli.main import main
from tests.fakes.packs import failing, scenario, write, write_pack
from tests.unit.documents.test_keys import pair


@pytest.fixture
def keys(tmp_path: Path) -> tuple[str, str]:
    private, public = pair(tmp_path, "-algorithm", "ed25519")
    return str(private), str(public)


@pytest.fixture
def run(tmp_path: Path) -> str:
    """Evidence of a run of one scenario."""
    return _run(tmp_path)


def _run(root: Path, *more: dict[str, object], status: int = 0) -> str:
    (root / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    pack = write_pack(root / "packs" / "small")
    write(pack / "scenarios" / "all.json", scenario("one"), *more)
    folder = root / "evidence"
    assert main(["scenario", "run", str(root / "packs"), "--evidence", str(folder)]) == status
    return str(folder)


def sign(folder: str, key: str, *more: str) -> int:
    return main(["evidence", "sign", folder, "--key", key, *more])


def verify(folder: str, *keys: str) -> int:
    return main(["evidence", "verify", folder, *(part for key in keys for part in ("--key", key))])


def test_what_is_signed_is_verified(run: str, keys: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    private, public = keys
    capsys.readouterr()
    assert sign(run, private, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["verdict"] == "passed"
    assert verify(run, public) == 0
    assert f"signed with {public} {said['key']}" in capsys.readouterr().out
    assert verify(run) == 0
    capsys.readouterr()
    assert main(["evidence", "verify", run, "--key", public, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["signed_by"] == [f"{public} {said['key']}"]


def test_evidence_that_nobody_signed_is_not_verified(
    run: str, keys: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    private, public = keys
    assert verify(run, public) == 3
    assert "there is no signature" in capsys.readouterr().err
    (tmp_path / "other").mkdir()
    other, _ = pair(tmp_path / "other", "-algorithm", "ed25519")
    assert sign(run, str(other)) == 0
    assert verify(run, public) == 3
    assert "holds no signature of the key" in capsys.readouterr().err
    assert sign(run, private) == 0
    assert verify(run, public) == 0


def test_a_signature_does_not_pass_to_the_next_run(
    run: str, keys: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    private, public = keys
    assert sign(run, private) == 0
    _run(tmp_path, failing("bad"), status=1)
    assert verify(run, public) == 3
    assert "signs something else: predicate" in capsys.readouterr().err
    assert sign(run, private) == 2
    assert "such as an earlier run (--force replaces it)" in capsys.readouterr().err
    assert sign(run, private, "--force") == 0
    assert verify(run, public) == 0


def test_a_failed_run_is_signed_as_one(tmp_path: Path, keys: tuple[str, str]) -> None:
    folder = _run(tmp_path, failing("bad"), scenario("later", skip="not now"), status=1)
    assert sign(folder, keys[0]) == 0
    envelope = json.loads((Path(folder) / "attestation.intoto.json").read_bytes())
    statement = json.loads(base64.b64decode(envelope["payload"]))
    assert statement["predicate"]["result"] == "FAILED"
    assert statement["predicate"]["failedTests"] == ["packs/small/scenarios/all.json::bad"]
    assert statement["predicate"]["warnedTests"] == ["packs/small/scenarios/all.json::later"]
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"


def test_an_incomplete_run_is_never_signed_as_passed(tmp_path: Path, keys: tuple[str, str]) -> None:
    folder = _run(tmp_path, scenario("two"))
    assert main(["scenario", "run", str(tmp_path / "packs"), "-k", "two", "--evidence", folder]) == 0
    assert json.loads((Path(folder) / "manifest.json").read_bytes())["verdict"] == "incomplete"
    assert sign(folder, keys[0]) == 0
    envelope = json.loads((Path(folder) / "attestation.intoto.json").read_bytes())
    assert json.loads(base64.b64decode(envelope["payload"]))["predicate"]["result"] == "FAILED"


def test_damaged_evidence_is_not_signed(run: str, keys: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(run) / "records.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"passed"', b'"Passed"', 1))
    assert sign(run, keys[0]) == 3
    assert not (Path(run) / "attestation.intoto.json").exists()
    assert verify(run, keys[1]) == 3


def test_evidence_that_was_rewritten_whole_is_found_by_its_signature(
    run: str, keys: tuple[str, str], tmp_path: Path
) -> None:
    private, public = keys
    assert sign(run, private) == 0
    signature = (Path(run) / "attestation.intoto.json").read_bytes()
    (tmp_path / "again").mkdir()
    forged = _run(tmp_path / "again", scenario("two"))
    (Path(forged) / "attestation.intoto.json").write_bytes(signature)
    assert verify(forged) == 0
    assert verify(forged, public) == 3


def test_others_may_not_read_a_private_key(run: str, keys: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    Path(keys[0]).chmod(0o644)
    assert sign(run, keys[0]) == 0
    assert "others may read this private key (chmod 600 it)" in capsys.readouterr().err
    Path(keys[0]).chmod(0o600)
    assert sign(run, keys[0]) == 0
    assert capsys.readouterr().err == ""


def test_an_archive_is_signed_and_verified_by_its_bytes(
    tmp_path: Path, keys: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    private, public = keys
    archive = tmp_path / "small.fstpack"
    pack = write_pack(tmp_path / "packs" / "small")
    assert main(["pack", "build", str(pack), "-o", str(archive)]) == 0
    assert main(["pack", "verify", str(archive), "--key", public]) == 3
    assert main(["pack", "sign", str(archive), "--key", private]) == 0
    capsys.readouterr()
    assert main(["pack", "verify", str(archive), "--key", public, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["process"] == "small:v1.0.0"
    write_pack(pack, reason="Another.")
    assert main(["pack", "build", str(pack), "-o", str(archive), "--force"]) == 0
    assert main(["pack", "verify", str(archive), "--key", public]) == 3
    assert "signs something else" in capsys.readouterr().err
    assert main(["pack", "sign", str(archive), "--key", private]) == 2
    assert main(["pack", "sign", str(archive), "--key", private, "--force"]) == 0
    assert main(["pack", "verify", str(archive), "--key", public]) == 0
    # A signature of one archive beside a copy under another name says so too.
    copy = tmp_path / "copy.fstpack"
    copy.write_bytes(archive.read_bytes())
    (tmp_path / "copy.fstpack.intoto.json").write_bytes((tmp_path / "small.fstpack.intoto.json").read_bytes())
    assert main(["pack", "verify", str(copy), "--key", public]) == 3


def test_evidence_is_no_signature_of_an_archive(run: str, tmp_path: Path, keys: tuple[str, str]) -> None:
    archive = tmp_path / "small.fstpack"
    assert main(["pack", "build", str(tmp_path / "packs" / "small"), "-o", str(archive)]) == 0
    assert sign(run, keys[0]) == 0
    (tmp_path / "small.fstpack.intoto.json").write_bytes((Path(run) / "attestation.intoto.json").read_bytes())
    assert main(["pack", "verify", str(archive), "--key", keys[1]]) == 3


def test_a_pack_folder_or_another_file_is_no_archive(
    tmp_path: Path, keys: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    pack = write_pack(tmp_path / "small")
    assert main(["pack", "sign", str(pack), "--key", keys[0]]) == 2
    assert main(["pack", "sign", str(pack / "profile.yaml"), "--key", keys[0]]) == 2
    assert "Traceback" not in capsys.readouterr().err
