"""Secrets are taken out of everything that is written or printed (evidence.md, "Redaction")."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest

from pytest_fluxscenario.evidence.verify import verify
from tests.fakes.packs import scenario, step
from tests.fakes.project import Project, text_of

_VALUE = "s3cr3t/välue+of a variable"
_TOKEN = "tok-20261231"
#: What is put into everything.
_PUT = (
    _TOKEN,
    _VALUE,
    quote(_VALUE, safe=""),
    *[base64.b64encode(before + _VALUE.encode()).decode() for before in (b"", b"u", b"u:")],
    base64.urlsafe_b64encode(b"user:" + _VALUE.encode() + b"@host").decode(),
)
#: What must not be found: also halves, where something was cut.
_FORMS = (_TOKEN, _VALUE[:7], _VALUE[-9:], quote(_VALUE, safe="")[:12], *[whole[6:-6] for whole in _PUT[3:]])
_INI = ("fluxscenario_redact_env = MY_SECRET OTHER_SECRET", "fluxscenario_redact =", "    tok-[0-9]+")

_CONTROL = """\
import logging
import sys
import pytest
import warnings

SECRET = {secret!r}

class Leaks:
    def __init__(self, inner, name):
        self.inner, self.name = inner, name

    def begin(self, run_id, given):
        print("out", SECRET)
        print("err", SECRET, file=sys.stderr)
        logging.getLogger("leak").warning("log %s", SECRET)
        self.inner.begin(run_id, given)

    def approve(self, run_id, approval):
        self.inner.approve(run_id, approval)

    def decide(self, request):
        if self.name == "raises":
            raise RuntimeError("cannot reach https://user:" + SECRET + "@host/")
        return self.inner.decide(request)

@pytest.fixture
def fluxscenario_control(fluxscenario_case, fluxscenario_step_hooks):
    local = SECRET
    if fluxscenario_case.scenario.id == "no-setup":
        raise RuntimeError("fixture " + local)
    return Leaks(fluxscenario_case.control(fluxscenario_step_hooks), fluxscenario_case.scenario.id)

def pytest_fluxscenario_evidence_record(item, notes):
    notes["note"] = SECRET
"""


@pytest.fixture
def leaky(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Every way out that a secret could take."""
    monkeypatch.setenv("MY_SECRET", _VALUE)
    monkeypatch.setenv("OTHER_SECRET", "")
    project.ini(*_INI, "junit_logging = all")
    everything = " ".join(_PUT)
    project.text("packs/small/conftest.py", _CONTROL.format(secret=everything))
    wrong = {"status": "ok", "route": "Continue", "reason": f"because {everything}"}
    project.add(
        "a.json",
        scenario("passes", step(f"send {everything}", payload={"what": everything, _TOKEN: [{"deep": _VALUE}]})),
        scenario("fails", step(f"send {everything}", payload={"what": "x"}, expect=wrong), description=everything),
        scenario("raises"),
        scenario("no-setup"),
        scenario("skipped", skip=f"until {everything}"),
        scenario("expected", step(expect=wrong), xfail=f"because {everything}"),
    )
    project.add("broken.json", scenario("broken", step(expect={"status": everything, "route": everything})))
    project.add("warns.json", scenario("warns", classes=[everything]))
    return project


def leaks(where: str, text: str) -> list[str]:
    """Forms of the secrets that ``text`` still has, also as JSON and XML write them."""
    lines = text.replace("\\u00e4", "ä").splitlines()
    return [f"{where}: {form} in {line[:200]}" for line in lines for form in _FORMS if form in line]


def test_no_secret_leaves_by_any_way(leaky: Project, plugin_args: tuple[str, ...]) -> None:
    result = leaky.run_with(plugin_args, "-vv", "-rA", "-l", "--junitxml=junit.xml")
    told = 2 if "-n2" in plugin_args else 1
    result.assert_outcomes(passed=2, failed=2, errors=2, skipped=1, xfailed=1, warnings=told)
    found = leaks("terminal", text_of(result))
    for path in _written(leaky):
        text = path.read_text(encoding="utf-8")
        assert "[redacted]" in text
        found += leaks(path.name, text)
    assert "\n".join(found) == ""
    redactions = leaky.manifest(leaky.root / "evidence")["redactions"]
    assert set(redactions) == {"tok-[0-9]+", "$MY_SECRET"}
    assert all(count > 5 for count in redactions.values())


def test_no_secret_leaves_where_values_are_cut(leaky: Project) -> None:
    """Without ``-vv``, pytest and this plugin shorten what they show: half a secret is one too."""
    result = leaky.run("-l", "--junitxml=junit.xml")
    assert "\n".join(leaks("terminal", text_of(result))) == ""
    assert "\n".join(leaks("junit", (leaky.root / "junit.xml").read_text(encoding="utf-8"))) == ""


def test_without_redaction_the_test_above_would_see_them(leaky: Project) -> None:
    """The way out is open where nothing is configured: the test above tests something."""
    leaky.ini("junit_logging = all")
    result = leaky.run("-vv", "-rA", "-l", "--junitxml=junit.xml")
    for where in (text_of(result), *(path.read_text(encoding="utf-8") for path in _written(leaky))):
        assert leaks("", where)


def _written(project: Project) -> list[Path]:
    evidence = project.root / "evidence"
    return [project.root / "junit.xml", evidence / "manifest.json", evidence / "records.jsonl"]


def test_verdicts_and_hashes_of_scenarios_do_not_depend_on_redaction(leaky: Project) -> None:
    leaky.run()
    redacted = leaky.outcomes(), [one["hash"] for one in leaky.manifest()["scenarios"] if "hash" in one]
    leaky.ini()
    leaky.run()
    assert (leaky.outcomes(), [one["hash"] for one in leaky.manifest()["scenarios"] if "hash" in one]) == redacted


@pytest.mark.parametrize("pattern", ["[0-9]+", ".+"])
def test_a_pattern_may_match_every_number(project: Project, plugin_args: tuple[str, ...], pattern: str) -> None:
    """What varies has numbers that nobody can do without; only its text is redacted."""
    project.ini(f"fluxscenario_redact = {pattern}")
    project.add("one.json", scenario("one", step(payload={"what": 4711})))
    project.run_with(plugin_args, "-v").assert_outcomes(passed=1)
    assert project.manifest()["verdict"] == "passed"
    (record,) = project.records()
    assert "4711" not in json.dumps(record["result"])
    assert record["volatile"]["duration"] > 0
    assert verify(str(project.evidence)).problems == ()


def test_numbers_are_redacted_too(project: Project) -> None:
    project.ini("fluxscenario_redact = 4711[0-9]{4}")
    project.add("a.json", scenario("one", step(payload={"what": 47110815, "rate": 47110815.5})))
    project.run().assert_outcomes(passed=1)
    assert "4711" not in re.sub(r"sha256:\w+", "", (project.evidence / "records.jsonl").read_text(encoding="utf-8"))


_KEY = "-----BEGIN KEY-----\nMIIEowIBAAKCAQEA\n  \nZZZZsecondlineZZZZ\n-----END KEY-----"
_RAISES = """\
import os
import pytest

class Raises:
    def begin(self, run_id, given):
        pass

    def decide(self, request):
        raise ValueError("key " + os.environ["MY_SECRET"])

@pytest.fixture
def fluxscenario_control(request):
    if request.node.name == "setup":
        raise ValueError("key " + os.environ["MY_SECRET"])
    return Raises()
"""


def test_a_secret_of_several_lines(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A traceback writes something before each of them."""
    monkeypatch.setenv("MY_SECRET", _KEY)
    project.ini("fluxscenario_redact_env = MY_SECRET")
    project.text("conftest.py", _RAISES)
    project.add("a.json", scenario("decides"), scenario("setup"))
    result = project.run("--junitxml=junit.xml")
    result.assert_outcomes(failed=1, errors=1)
    written = [path.read_text(encoding="utf-8") for path in (project.root / "evidence").iterdir()]
    for text in (text_of(result), (project.root / "junit.xml").read_text(encoding="utf-8"), *written):
        assert "MIIE" not in text
        assert "secondline" not in text


_HOOKS = """\
import os

def pytest_fluxscenario_resolve_profile(scenario, path, config):
    if scenario.id == "broken":
        raise RuntimeError("no profile at " + os.environ["MY_SECRET"])

def pytest_collection_modifyitems(items):
    for item in items:
        item.user_properties.append(("endpoint", "https://" + os.environ["MY_SECRET"]))
"""


@pytest.mark.parametrize("plugin_args", [("-n0", "-p", "no:rerunfailures"), ("-n2",)], ids=["short", "workers"])
def test_what_conftests_raise_and_add_is_redacted_too(
    project: Project, monkeypatch: pytest.MonkeyPatch, plugin_args: tuple[str, ...]
) -> None:
    monkeypatch.setenv("MY_SECRET", "hunter2hunter2")
    project.ini("fluxscenario_redact_env = MY_SECRET")
    project.text("conftest.py", _HOOKS)
    project.add("a.json", scenario("good"))
    project.add("b.json", scenario("broken"))
    result = project.run_with(plugin_args, "--continue-on-collection-errors", "--junitxml=junit.xml")
    junit = (project.root / "junit.xml").read_text(encoding="utf-8")
    assert "no profile at [redacted]" in text_of(result)
    assert "no profile at [redacted]" in junit
    assert "https://[redacted]" in junit
    assert "hunter2" not in text_of(result) + junit


def test_names_of_packs_gates_and_actions_are_redacted_in_the_manifest_too(project: Project) -> None:
    project.ini("fluxscenario_redact =", "    sm[a]ll", "    wh[a]t_required", "    w[o]rk.start")
    project.add("a.json", scenario("one"))
    result = project.run()
    result.assert_outcomes(passed=1)
    text = (project.evidence / "manifest.json").read_text(encoding="utf-8")
    assert [word for word in ("small", "what_required", "work.start") if word in text] == []
    assert project.manifest()["profiles"][0]["id"] == "[redacted]"
    assert project.manifest()["coverage"][0]["gates"]["[redacted]"] is False
    assert verify(str(project.evidence)).problems == ()
    ours = [line for line in result.outlines if line.startswith("fluxscenario: 1 scenario on")]
    assert ours
    assert "small" not in ours[0]
