"""What runs elsewhere gives the record that it gives here, byte for byte, and what does not fit is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import DamageError, FluxError
from pytest_fluxscenario.cas.blobs import Blobs
from pytest_fluxscenario.cas.store import blobs_of
from pytest_fluxscenario.cas.writing import write_blob
from pytest_fluxscenario.evidence.circumstances import circumstances
from pytest_fluxscenario.evidence.record import make_result, write_record
from pytest_fluxscenario.evidence.redact import Redactor
from pytest_fluxscenario.packs.resolve import Resolver
from pytest_fluxscenario.remote.api import ItemDone
from pytest_fluxscenario.remote.bench import Bench
from pytest_fluxscenario.remote.case import Done, PortableCase, PortableSettings
from pytest_fluxscenario.remote.content import bring, contents
from pytest_fluxscenario.remote.parcel import Parcel
from pytest_fluxscenario.remote.unpack import outcome_of, read_record
from pytest_fluxscenario.runner.run import RunSettings, run_scenario
from pytest_fluxscenario.runner.suite import Suite, make_case
from tests.fakes.packs import failing, scenario, step, write, write_hook, write_pack

_ROOT = Path(__file__).parents[3]
_SETTINGS = PortableSettings()


class _Here:
    """A root with scenarios, and what a local run of them records."""

    def __init__(self, root: Path) -> None:
        self.suite = Suite(str(root), Resolver(str(root)))
        self.root = root

    def sent(self, *names: str) -> tuple[Parcel, list[bytes]]:
        """Everything of these files packed up, and the local results in the same order."""
        parcel, results = Parcel(), []
        for name in names:
            for loaded in self.suite.load(self.suite.read(str(self.root / name), name)):
                subject = self.suite.subject(loaded, name)
                for row in loaded.rows:
                    parcel.add(f"{name}::{row.name}", row, subject, name)
                    case = make_case(row, subject, name)
                    hooks = case.hooks()
                    outcome = run_scenario(
                        case.scenario,
                        case.control(hooks),
                        hooks,
                        RunSettings(),
                        references=row.references,
                        spec=subject.spec,
                    )
                    result = make_result(case, case.environment, outcome)
                    written = write_record("x", result, circumstances("", 0), Redactor(), floats=row.floats)
                    results.append(_result(written.line))
        return parcel, results


def _result(line: bytes | str) -> bytes:
    class _Line(msgspec.Struct):
        result: msgspec.Raw

    return bytes(msgspec.json.decode(line, type=_Line).result)


def _fetch(parcel: Parcel) -> Callable[[str], bytes]:
    return lambda digest: parcel.content[digest]()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(blobs_of(str(tmp_path / "elsewhere")), "rack-a")
    yield made
    made.close()


def _run(bench: Bench, parcel: Parcel, settings: PortableSettings = _SETTINGS) -> list[Done]:
    # As it travels: nothing but JSON, and content by its hash.
    cases = [msgspec.json.decode(msgspec.json.encode(case), type=PortableCase) for case in parcel.cases]
    for case in cases:
        bring(case, bench.blobs, _fetch(parcel))
    return [bench.run(case, settings) for case in cases]


def _sent_back(done: Done) -> ItemDone:
    """As the Mixer gives it out."""
    more = (done.record, done.ref, done.verdict, done.where, done.fault, done.errors, done.called, done.damaged)
    sent = ItemDone(1, done.item, 1, done.rack, "ran", "", *more)
    return msgspec.json.decode(msgspec.json.encode(sent), type=ItemDone)


_PACKS = [
    path.relative_to(_ROOT).as_posix()
    for folder in ("scenarios", "tests/packs")
    for path in sorted((_ROOT / folder).iterdir())
    if (path / "scenarios").is_dir()
]


@pytest.mark.parametrize("pack", _PACKS)
def test_results_of_the_packs_of_this_repository_are_equal_byte_for_byte(pack: str, bench: Bench) -> None:
    files = [path.relative_to(_ROOT).as_posix() for path in sorted((_ROOT / pack / "scenarios").iterdir())]
    here = _Here(_ROOT)
    try:
        # Enough of each: hooks that are programs take their time.
        parcel, local = here.sent(*[name for name in files if name.endswith((".json", ".yaml"))][:6])
        done = _run(bench, parcel)
    finally:
        here.suite.close()
    assert len(done) >= 2
    assert [_result(one.record) for one in done] == local
    assert {one.rack for one in done} == {"rack-a"}


@pytest.fixture
def project(tmp_path: Path) -> _Here:
    root = tmp_path / "project"
    write_pack(root / "packs" / "small")
    return _Here(root)


def test_what_failed_comes_back_as_the_runner_said_it(project: _Here, bench: Bench) -> None:
    write(project.root / "packs/small/scenarios/bad.json", failing())
    parcel, local = project.sent("packs/small/scenarios/bad.json")
    (done,) = _run(bench, parcel)
    record = read_record(_sent_back(done))
    outcome = outcome_of(_sent_back(done), record)
    assert outcome.verdict == "failed"
    assert [one.verdict for one in outcome.steps] == ["passed", "failed", "passed"]
    assert _result(done.record) == local[0]
    assert record.volatile.worker == "rack-a"


def test_rows_and_a_profile_alone_travel(project: _Here, bench: Bench) -> None:
    profile = (project.root / "packs/small/profile.yaml").read_text("utf-8")
    lone = profile.split("  - id: check_needs_facts")[0] + "  - id: waiver" + profile.split("  - id: waiver", 1)[1]
    (project.root / "alone.yaml").write_text(lone, encoding="utf-8")
    rows = [{"what": "a"}, {"what": "b"}]
    one = scenario("rows", step(payload={"what": "${what}"}), parameters=rows, profile="./alone.yaml")
    write(project.root / "rows.scenario.json", one)
    parcel, local = project.sent("rows.scenario.json")
    assert [case.row for case in parcel.cases] == ["0", "1"]
    assert parcel.cases[0].pack.kind == "profile"
    assert [_result(done.record) for done in _run(bench, parcel)] == local


def test_a_spec_travels_and_refuses_what_it_refuses_here(project: _Here, bench: Bench) -> None:
    (project.root / "card.yaml").write_text("type: object\nrequired: [amount]\n", encoding="utf-8")
    write(project.root / "s.scenario.json", scenario("refused", step(), spec="./card.yaml"))
    parcel, local = project.sent("s.scenario.json")
    (done,) = _run(bench, parcel)
    assert done.verdict == "error"
    assert _result(done.record) == local[0]


def test_what_the_sender_redacts_is_in_no_record(project: _Here, bench: Bench) -> None:
    write(project.root / "s.scenario.json", scenario("one", step(payload={"what": "card 4711"})))
    parcel, _ = project.sent("s.scenario.json")
    (done,) = _run(bench, parcel, PortableSettings(redact=("4711",)))
    assert "4711" not in done.record
    assert done.redactions == {"4711": 1}
    bench.redact_env, bench.environ = ("TOKEN",), {"TOKEN": "card 4711"}
    (done,) = _run(bench, parcel)
    assert "4711" not in done.record


def test_what_is_given_up_has_a_record_that_says_why(project: _Here, bench: Bench) -> None:
    write(project.root / "s.scenario.json", scenario("one", step("first"), step("last")))
    parcel, _ = project.sent("s.scenario.json")
    bring(parcel.cases[0], bench.blobs, _fetch(parcel))
    done = bench.give_up(parcel.cases[0], _SETTINGS, "three racks died while they ran it")
    record = read_record(_sent_back(done))
    assert record.result.verdict == "error"
    assert record.result.steps[0].fault == "three racks died while they ran it"
    assert [one.verdict for one in outcome_of(_sent_back(done), record).steps] == ["skipped", "skipped"]


def test_what_was_brought_before_is_not_looked_through_again(project: _Here, bench: Bench) -> None:
    write(project.root / "packs/small/scenarios/s.json", scenario("one"), scenario("two"))
    parcel, local = project.sent("packs/small/scenarios/s.json")
    asked: list[str] = []
    whole: set[str] = set()

    def fetch(digest: str) -> bytes:
        asked.append(digest)
        return parcel.content[digest]()

    first, second = parcel.cases
    bring(first, bench.blobs, fetch, whole)
    assert sorted(asked) == sorted(set(parcel.content) - {second.content})
    assert whole == {first.pack.hash}
    asked.clear()
    # A scenario that came along is neither asked for nor kept; it runs, and gives the record that it gives here.
    document = parcel.content[second.content]()
    bring(second, bench.blobs, fetch, whole, document)
    assert asked == []
    assert not bench.blobs.lies(second.content)
    done = bench.run(second, _SETTINGS, document=document)
    assert _result(done.record) == local[1]
    with pytest.raises(DamageError, match="has another one"):
        bench.run(second, _SETTINGS, document=document + b" ")


def test_content_with_another_hash_is_not_kept(project: _Here, bench: Bench) -> None:
    write(project.root / "s.scenario.json", scenario())
    parcel, _ = project.sent("s.scenario.json")
    with pytest.raises(DamageError, match="has another one"):
        bring(parcel.cases[0], bench.blobs, lambda _digest: b"something else")
    assert not bench.blobs.lies(parcel.cases[0].content)


def test_a_pack_that_changed_since_it_was_collected_is_refused(project: _Here, bench: Bench) -> None:
    write_hook(project.root / "packs/small")
    write(project.root / "packs/small/scenarios/s.json", scenario())
    parcel, _ = project.sent("packs/small/scenarios/s.json")
    case = parcel.cases[0]
    other = msgspec.structs.replace(case, pack=msgspec.structs.replace(case.pack, behaviour="sha256:" + "0" * 64))
    bring(case, bench.blobs, _fetch(parcel))
    with pytest.raises(FluxError, match=r"packs/small: the pack is another one .* \(run again\)"):
        bench.run(other, _SETTINGS)
    other = msgspec.structs.replace(case, profile=msgspec.structs.replace(case.profile, hash="sha256:" + "0" * 64))
    with pytest.raises(FluxError, match=r"packs/small: the profile is sha256:.*same version"):
        bench.run(other, _SETTINGS)


def test_content_that_is_no_scenario_is_an_error_in_one_line(project: _Here, bench: Bench) -> None:
    write(project.root / "s.scenario.json", scenario())
    parcel, _ = project.sent("s.scenario.json")
    bring(parcel.cases[0], bench.blobs, _fetch(parcel))
    write_blob(bench.blobs, b"[1")
    other = msgspec.structs.replace(parcel.cases[0], content=sha256(b"[1"))
    with pytest.raises(FluxError, match=r"^s\.scenario\.json: the scenario cannot be read here"):
        bench.run(other, _SETTINGS)


def test_a_record_that_is_none_is_told(project: _Here, bench: Bench) -> None:
    write(project.root / "s.scenario.json", scenario())
    parcel, _ = project.sent("s.scenario.json")
    (done,) = _run(bench, parcel)
    for wrong in (
        msgspec.structs.replace(done, record="{}"),
        msgspec.structs.replace(done, ref="sha256:" + "0" * 64),
    ):
        with pytest.raises(FluxError, match=r"s\.scenario\.json::one"):
            read_record(_sent_back(wrong))


def test_what_a_case_needs_is_all_that_was_packed(project: _Here, bench: Bench) -> None:
    write(project.root / "packs/small/scenarios/s.json", scenario())
    parcel, _ = project.sent("packs/small/scenarios/s.json")
    blobs: Blobs = bench.blobs
    bring(parcel.cases[0], blobs, _fetch(parcel))
    assert sorted(set(contents(parcel.cases[0], blobs))) == sorted(parcel.content)
    assert json.loads(blobs.read(parcel.cases[0].content))["id"] == "one"
