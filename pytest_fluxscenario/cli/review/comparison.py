"""What stands beside the run in a packet: the version of the pack before, and what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from pytest_fluxscenario.analysis.review.changes import changes_of
from pytest_fluxscenario.base.errors import DamageError, FluxError
from pytest_fluxscenario.base.names import TagRef, tag_order
from pytest_fluxscenario.cli.project.suites import make_suite
from pytest_fluxscenario.cli.review.reviewed import ReviewedPack
from pytest_fluxscenario.model.flips import StepAnswer
from pytest_fluxscenario.model.review import ComparisonView, FlipView

if TYPE_CHECKING:
    from pytest_fluxscenario.packs.pack import Pack
    from pytest_fluxscenario.runner.suite import Suite


def compare_for_review(reviewed: ReviewedPack) -> ComparisonView:
    """The pack beside the last other version of it in the store. Raises DamageError."""
    pack, store = reviewed.pack, reviewed.store
    if pack is None:
        return ComparisonView("the pack cannot be used")
    if store is None:
        return ComparisonView("there is no store")
    tags = store.index.names.get("profiles", {}).get(pack.profile.id, {})
    others = [tag for tag, digest in tags.items() if digest != reviewed.tree_hash]
    if not others:
        said = "no version of it" if not tags else "no other version of it"
        return ComparisonView(f"there is {said} in the store ({store.name})")
    ref = TagRef(pack.profile.id, max(others, key=tag_order))
    suite = make_suite(reviewed.settings, reviewed.store)
    try:
        old = suite.resolver.packs.from_store(ref)
        return _compared(suite, str(ref), old, reviewed, pack)
    except DamageError:
        raise
    except FluxError as error:
        return ComparisonView(f"{ref} cannot be used: {error.problems[0]}")
    finally:
        suite.close()


def _compared(suite: Suite, ref: str, old: Pack, reviewed: ReviewedPack, new: Pack) -> ComparisonView:
    """Rules and answers of two versions; without the answers, and a note, where scenarios cannot be compared."""
    from pytest_fluxscenario.analysis.flips import find_flips

    changes = changes_of(old.profile, new.profile)
    same = old.behaviour_hash == new.behaviour_hash
    view = ComparisonView("", ref, old.profile_hash, same, changes)
    try:
        found = find_flips(suite, (ref, old), (reviewed.checked.draft.files.where or ".", new))
    except DamageError:
        raise
    except FluxError as error:
        return replace(view, notes=(f"the answers were not compared: {error.problems[0]}",))
    flips = tuple(
        FlipView(
            step.direction,
            scenario.id,
            f"{scenario.file}:{step.line}",
            f"{scenario.id.rpartition('::')[2]}, step {step.index} '{step.name}'",
            _answer(step.old),
            _answer(step.new),
        )
        for scenario in found.scenarios
        for step in scenario.steps
    )
    order = {"loosened": 0, "tightened": 1, "changed": 2}
    notes = tuple(f"not compared: {one.id} {one.why}" for one in found.left_out)
    return replace(
        view,
        flips=tuple(sorted(flips, key=lambda one: order[one.direction])),
        scenarios=found.counts.scenarios,
        notes=notes,
    )


def _answer(answer: StepAnswer) -> str:
    return f"{answer.text}: {answer.fault}" if answer.fault else answer.text
