"""Evidence of a small run, to read back and to damage."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_fluxscenario.cli.main import main
from tests.fakes.packs import failing, scenario, step, write, write_pack


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Evidence with every outcome that one run can have; nobody changes it."""
    root = tmp_path_factory.mktemp("run")
    (root / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    pack = write_pack(root / "packs" / "small")
    asked = step("ask", payload={}, expect={"status": "nok", "route": "AskUser", "gate_id": "what_required"})
    documents = (
        scenario("asks", asked, step()),
        failing("differs"),
        scenario("hooked", step("check", "work.check")),
        scenario("left_out", skip="not now"),
        scenario("rows", step(payload={"what": "${what}"}), parameters=[{"what": "a"}, {"what": "b"}]),
        failing("expected", xfail="known"),
    )
    write(pack / "scenarios" / "all.json", *documents)
    assert main(["scenario", "run", str(root), "--json"]) == 1
    return root / ".fluxscenario" / "evidence"


@pytest.fixture
def evidence(written: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    folder = tmp_path / "evidence"
    folder.mkdir()
    for name in ("manifest.json", "records.jsonl"):
        (folder / name).write_bytes((written / name).read_bytes())
    return folder
