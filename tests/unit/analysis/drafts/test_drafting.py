"""Drafts for packs of which scenarios were taken away: they show again what is not shown any more."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_fluxscenario.analysis.drafts.drafting import Draft, Missed, drafts_for, sort_out
from pytest_fluxscenario.analysis.drafts.search import Search
from pytest_fluxscenario.analysis.drafts.targets import Target
from pytest_fluxscenario.analysis.drafts.wanted import targets_of
from pytest_fluxscenario.analysis.drafts.write import write_new
from pytest_fluxscenario.cli.scenario.bench import Bench, open_bench
from pytest_fluxscenario.model.scenario import DRAFTED

_ROOT = Path(__file__).resolve().parents[4]
_PACKS = ("scenarios/local_patch_review", "tests/packs/purchase", "tests/packs/vendor_onboarding")
#: What cannot be shown without an input that only the code of a hook explains.
_OPAQUE = {
    "scenarios/local_patch_review": {
        "conditions:ownership_review_required.fact_true:held",
        "conditions:ownership_review_required.fact_true:not_held",
        "gates:ownership_review_required:fired",
        "hooks:ownership_facts:answered",
        "condition-negated:ownership_review_required",
        "facts-ignored:ownership_review_required",
        "route-weakened:ownership_review_required",
    },
    "tests/packs/purchase": set[str](),
    "tests/packs/vendor_onboarding": {"actions:vendor.bank_proof.record:allowed", "artifacts:bank_proof:created"},
}
#: The same with all of the suite but one file.
_HIDDEN = {"conditions:ownership_review_required.fact_true:not_held"}


@pytest.fixture
def pack(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if request.param.endswith("vendor_onboarding") and shutil.which("node") is None:
        pytest.skip("its hooks run on Node.js, and there is no node")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "pack"
    shutil.copytree(_ROOT / request.param, folder)
    return folder


def opened() -> Bench:
    return open_bench("pack", None)


def ids(targets: Iterator[Target] | tuple[Target, ...]) -> set[str]:
    return {one.id for one in targets}


def lacking(bench: Bench) -> tuple[Target, ...]:
    return sort_out(targets_of(bench.ground), bench.shown).wanted


def drafted(bench: Bench, wanted: tuple[Target, ...]) -> tuple[list[Draft], list[Missed]]:
    drafts: list[Draft] = []
    missed: list[Missed] = []
    for one in drafts_for(wanted, Search(bench.ground), bench.runner, bench.name_in("pack/scenarios/drafts")):
        if isinstance(one, Draft):
            drafts.append(one)
        else:
            missed.append(one)
    return drafts, missed


def reviewed(drafts: list[Draft], folder: Path) -> None:
    """Write them, as somebody would leave them who agrees with every line."""
    for one in drafts:
        assert f"skip: {DRAFTED}\n" in one.text
        write_new(str(folder / "scenarios" / "drafts"), one.scenario.id, one.text.replace(f"skip: {DRAFTED}\n", ""))


def check(folder: Path, removed: list[Path]) -> int:
    """Take scenario files away; what is not shown then is shown by the drafts. Gives how much that was."""
    for path in removed:
        path.unlink()
    bench = opened()
    try:
        wanted = lacking(bench)
        drafts, missed = drafted(bench, wanted)
    finally:
        bench.close()
    reviewed(drafts, folder)
    again = opened()
    try:
        assert ids(lacking(again)) == {one.target.id for one in missed}
    finally:
        again.close()
        shutil.rmtree(folder / "scenarios" / "drafts", ignore_errors=True)
    assert {one.target.id for one in missed} <= _HIDDEN
    return len(wanted)


@pytest.mark.parametrize("pack", _PACKS[:1], indirect=True)
@pytest.mark.parametrize("name", ["approval_required*", "idempotency_*", "roles*"])
def test_what_a_scenario_alone_shows_is_drafted_when_it_is_gone(pack: Path, name: str) -> None:
    removed = sorted((pack / "scenarios").glob(name))
    assert removed
    assert check(pack, removed) > 0


@pytest.mark.slow
@pytest.mark.parametrize("pack", _PACKS, indirect=True)
def test_so_it_is_for_each_file_of_scenarios(pack: Path) -> None:
    every = sorted((pack / "scenarios").iterdir())
    counts = []
    for path in every:
        kept = path.read_bytes()
        counts.append(check(pack, [path]))
        path.write_bytes(kept)
    assert sum(counts) > 10


@pytest.mark.slow
@pytest.mark.parametrize(("pack", "opaque"), list(_OPAQUE.items()), indirect=["pack"])
def test_without_a_suite_everything_is_drafted_but_what_a_hook_hides(pack: Path, opaque: set[str]) -> None:
    shutil.rmtree(pack / "scenarios")
    bench = opened()
    try:
        drafts, missed = drafted(bench, lacking(bench))
    finally:
        bench.close()
    assert {one.target.id for one in missed} == opaque
    reviewed(drafts, pack)
    again = opened()
    try:
        assert ids(lacking(again)) == opaque
    finally:
        again.close()


@pytest.mark.parametrize("pack", _PACKS[:1], indirect=True)
def test_the_same_pack_gives_the_same_bytes(pack: Path) -> None:
    for path in (pack / "scenarios").glob("[a-i]*"):
        path.unlink()
    texts = []
    for _ in range(2):
        bench = opened()
        try:
            drafts, _missed = drafted(bench, lacking(bench))
        finally:
            bench.close()
        texts.append([one.text for one in drafts])
    assert texts[0] == texts[1]
    assert len(texts[0]) > 20
