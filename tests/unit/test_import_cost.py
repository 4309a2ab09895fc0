"""pytest in a project without scenarios must not get slower: what loading the package and the plugin imports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import pytest_fluxscenario
from tests.fakes.packs import scenario, write, write_pack
from tests.fakes.quiet import QUIET

#: Each costs tens of milliseconds, or is needed only once there is a scenario.
_LATE = (
    "cbor2",
    "duckdb",
    "hypothesis",
    "jsonschema",
    "msgspec",
    "nacl",
    "nats",
    "opentelemetry",
    "pytest_fluxscenario.analysis",
    "pytest_fluxscenario.cli",
    "pytest_fluxscenario.fleet",
    "pytest_fluxscenario.telemetry",
    "referencing",
    "semver",
    "yaml",
)


def _added_by(statement: str, *, after: str = "pass") -> set[str]:
    """The modules that ``statement`` adds to a fresh interpreter that has run ``after``."""
    lines = [
        "import json, sys",
        after,
        "old = set(sys.modules)",
        statement,
        "print(json.dumps([*{*sys.modules} - old]))",
    ]
    home = Path(pytest_fluxscenario.__file__).parent.parent
    # -P and PYTHONPATH: the package that this test runs with, whatever the working directory holds.
    answer = subprocess.run(
        [sys.executable, "-P", "-c", "\n".join(lines)],
        env={**os.environ, "PYTHONPATH": str(home)},
        stdout=subprocess.PIPE,
        check=True,
        timeout=60,
    )
    return set(json.loads(answer.stdout))


def test_the_package_alone_imports_nothing() -> None:
    assert _added_by("import pytest_fluxscenario") == {"pytest_fluxscenario"}


def test_a_public_name_is_imported_at_its_first_use() -> None:
    added = _added_by("from pytest_fluxscenario import FluxError")
    assert "pytest_fluxscenario.base.errors" in added
    assert not any(name.startswith("pytest_fluxscenario.model") for name in added)


@pytest.mark.parametrize("name", pytest_fluxscenario.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(pytest_fluxscenario, name) is not None
    assert name in dir(pytest_fluxscenario)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Requests'"):
        getattr(pytest_fluxscenario, "Requests")  # noqa: B009 - mypy knows that it is not there


def test_loading_the_plugin_leaves_the_heavy_modules_alone() -> None:
    added = _added_by("import pytest_fluxscenario.plugin.entry", after="import pytest")
    assert "pytest_fluxscenario.plugin.entry" in added
    loaded = {name for name in added for late in _LATE if name == late or name.startswith(f"{late}.")}
    assert sorted(loaded) == []


def test_commands_other_than_those_of_a_fleet_leave_its_libraries_alone() -> None:
    nouns = "import pytest_fluxscenario.cli.main as main, importlib; [importlib.import_module("
    added = _added_by(nouns + "f'pytest_fluxscenario.cli.{noun.room}.{noun.module}') for noun in main.NOUNS.values()]")
    assert "pytest_fluxscenario.cli.fleet.rack" in added
    late = (
        "cbor2",
        "duckdb",
        "nacl",
        "nats",
        "nkeys",
        "sonyflake",
        "starlette",
        "uvicorn",
        "opentelemetry",
        "requests",
        "pytest_fluxscenario.fleet",
    )
    assert sorted(name for name in added if name.startswith(late)) == []


def test_running_scenarios_without_a_spec_leaves_what_checks_payloads_alone() -> None:
    added = _added_by(
        "import pytest_fluxscenario.plugin.process.record_session, pytest_fluxscenario.plugin.collecting.collect"
    )
    assert "pytest_fluxscenario.runner.run" in added
    late = ("jsonschema", "referencing", "pytest_fluxscenario.packs.spec", "pytest_fluxscenario.runner.payloads")
    assert [name for name in sorted(added) if name.startswith(late)] == []


@pytest.mark.parametrize("choice", ["", "--fluxscenario-otel=off"])
def test_a_session_that_exports_nothing_leaves_opentelemetry_alone(tmp_path: Path, choice: str) -> None:
    pack = write_pack(tmp_path / "packs" / "small")
    write(pack / "scenarios" / "one.json", scenario())
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "conftest.py").write_text(_LOADED)
    # Variables that configure, and ask for nothing.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    environ |= {"OTEL_SERVICE_NAME": "a", "PYTHONPATH": str(Path(pytest_fluxscenario.__file__).parent.parent)}
    if choice:
        environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://127.0.0.1:9"
    plugin = () if _installed() else ("-p", "pytest_fluxscenario.plugin.entry")
    quiet = (*QUIET, *plugin, *filter(None, [choice]))
    run = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "-q", *quiet, str(tmp_path)],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == 0, run.stdout
    assert "loaded: []" in run.stdout


_LOADED = """\
import sys

def pytest_terminal_summary(terminalreporter):
    found = [name for name in sys.modules if name.startswith(("opentelemetry", "requests", "google.protobuf"))]
    terminalreporter.write_line(f"loaded: {sorted(found)}")
"""


def _installed() -> bool:
    return any(point.name == "fluxscenario" for point in entry_points(group="pytest11"))
