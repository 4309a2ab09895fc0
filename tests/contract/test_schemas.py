"""The published JSON Schemas: files are not stale, and hold for documents of real runs (evidence.md, "Schemas")."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml

import pytest_fluxscenario
from pytest_fluxscenario.cli.main import main
from pytest_fluxscenario.documents.elements import read_elements
from pytest_fluxscenario.documents.source import read_source
from pytest_fluxscenario.model.schema import DOCUMENTS, schema_text
from pytest_fluxscenario.packs.files import FolderFiles
from pytest_fluxscenario.packs.load import load_pack
from tests.fakes.packs import failing, scenario, step, write, write_pack

_FILES = Path(pytest_fluxscenario.__file__).parent / "model" / "schemas"
_BUNDLED = Path(__file__).resolve().parents[2] / "scenarios" / "local_patch_review"


def _validator(name: str) -> jsonschema.Draft202012Validator:
    schema = json.loads((_FILES / f"{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def _holds(name: str, document: Any) -> None:
    errors = [f"{error.json_path}: {error.message}" for error in _validator(name).iter_errors(document)]
    assert errors == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_file_is_what_the_types_say(name: str) -> None:
    stale = f"run: fluxrig schema {name} > pytest_fluxscenario/model/schemas/{name}.schema.json"
    assert (_FILES / f"{name}.schema.json").read_text(encoding="utf-8") == schema_text(name), stale


def test_no_file_is_left_over() -> None:
    assert {path.name for path in _FILES.iterdir()} == {f"{name}.schema.json" for name in DOCUMENTS}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_schema_is_one_and_refuses_something(name: str) -> None:
    validator = _validator(name)
    assert not validator.is_valid([])
    assert not validator.is_valid({"unheard_of": 1})


def test_the_bundled_scenarios_hold() -> None:
    paths = sorted(path for path in _BUNDLED.glob("scenarios/**/*") if path.suffix in (".json", ".yaml", ".yml"))
    elements = [element for path in paths for element in read_elements(read_source(str(path), path.name))]
    assert len(elements) > 20
    for element in elements:
        _holds("scenario", element.data)


def test_the_bundled_pack_holds() -> None:
    for name, file in (("manifest", "process.manifest.yaml"), ("hooks", "hooks.yaml")):
        _holds(name, yaml.safe_load((_BUNDLED / file).read_text(encoding="utf-8")))
    pack = load_pack(FolderFiles(str(_BUNDLED), "local_patch_review"))
    _holds("profile", json.loads(msgspec.json.encode(pack.profile)))


def test_the_spec_of_the_documentation_holds() -> None:
    page = (_BUNDLED.parents[1] / "docs" / "spec.md").read_text(encoding="utf-8")
    text = page.split("```yaml\n# specs/release.yaml\n")[1].split("```")[0]
    _holds("spec", yaml.safe_load(text))
    assert not _validator("spec").is_valid({**yaml.safe_load(text), "defualt": {}})
    assert not _validator("spec").is_valid({"schemas": {"tests.record": "text"}})


def test_the_evidence_of_a_run_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    pack = write_pack(tmp_path / "small")
    asked = step("ask", payload={}, expect={"status": "nok", "route": "AskUser", "reason": {"contains": "said"}})
    approve = {"name": "approve", "approve": {"role": "approver", "scope": "waive", "decision": "approved"}}
    waive = step("waive", "work.waive", capture={"route": "route"})
    write(
        pack / "scenarios" / "all.json",
        scenario("asks", asked, approve, waive, step("report", "work.report", payload={"path": "${route}"})),
        failing("differs"),
        scenario("hooked", step("check", "work.check")),
        scenario("crashed", step("check", "work.check"), faults={"assess": "crash"}),
        scenario("left_out", skip="not now"),
        scenario(
            "rows", step(payload={"what": "${what}", "x": 1.5}), parameters=[{"what": [1]}, {"what": {"a": None}}]
        ),
    )
    write(pack / "scenarios" / "broken.json", {"id": "broken"})
    assert main(["scenario", "run", str(tmp_path), "--redact", "patch"]) == 1
    assert "broken.json" in capsys.readouterr().err
    evidence = tmp_path / ".fluxscenario" / "evidence"
    manifest = json.loads((evidence / "manifest.json").read_bytes())
    _holds("evidence-manifest", manifest)
    assert manifest["errors"]
    assert manifest["redactions"]
    records = [json.loads(line) for line in (evidence / "records.jsonl").read_bytes().splitlines()]
    assert len(records) == 6
    requests = responses = 0
    for record in records:
        _holds("evidence-record", record)
        for one in record["result"]["steps"]:
            if "request" in one:
                _holds("request", one["request"])
                requests += 1
            if "response" in one:
                _holds("response", one["response"])
                responses += 1
    assert requests > 6
    assert responses > 6


def test_a_document_of_another_schema_is_refused() -> None:
    record = {"schema": "flux.evidence.record.v2", "id": "a", "ref": "b", "result": {}, "volatile": {}}
    messages = [error.message for error in _validator("evidence-record").iter_errors(record)]
    assert any("flux.evidence.record.v1" in message for message in messages)
