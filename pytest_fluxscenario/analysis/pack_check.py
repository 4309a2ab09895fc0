"""Everything that is wrong with a pack, without running it (pack.md, "Validation").

The stages of ``packs.stages`` first; then the scenarios of the pack and its documents; where all of that holds, what
only a reader of the whole sees.
"""

from __future__ import annotations

from dataclasses import dataclass

from pytest_fluxscenario.analysis.pack_scenarios import PackScenarios, check_scenarios
from pytest_fluxscenario.base.place import json_pointer
from pytest_fluxscenario.base.problems import Problems
from pytest_fluxscenario.model.profile import profile_hash
from pytest_fluxscenario.model.report import ClassReport, Diagnostic, Report
from pytest_fluxscenario.packs.classes import KNOWN, asked_classes, impossible_classes
from pytest_fluxscenario.packs.dialects import WrittenProfile
from pytest_fluxscenario.packs.docs import check_docs
from pytest_fluxscenario.packs.files import LoneProfile, PackFiles, file_place
from pytest_fluxscenario.packs.reading.reader import read_whole
from pytest_fluxscenario.packs.reading.whole import Whole
from pytest_fluxscenario.packs.stages import STAGES, Draft, Finding, read_lone_profile, read_pack

#: The stages beyond those that a pack goes through when it is loaded, in their order.
MORE_STAGES = ("scenarios", "docs", "whole")


@dataclass(frozen=True, slots=True)
class Checked:
    """A pack, and all that was found."""

    draft: Draft
    #: None for a profile without a pack.
    scenarios: PackScenarios | None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Stage by stage, and by place within one."""
        order = {stage: at for at, stage in enumerate((*STAGES, *MORE_STAGES))}
        return tuple(sorted(self.draft.findings, key=lambda one: (order[one.stage], _key(one))))

    def count(self, severity: str) -> int:
        """How many findings have that severity."""
        return sum(one.problem.severity == severity for one in self.draft.findings)


def check_pack(files: PackFiles) -> Checked:
    """A pack with all of its faults. Raises StoreError and DamageError of a store that does not give its files."""
    draft = read_pack(files)
    manifest, profile = draft.manifest, draft.profile
    sound = profile is not None and not draft.errors
    found: list[PackScenarios] = []
    draft.run("scenarios", lambda problems: found.append(_scenarios(draft, problems, sound=sound)))
    if manifest is not None:
        draft.run("docs", lambda problems: check_docs(manifest, files, problems))
    _read_whole(draft, sound=sound)
    return Checked(draft, found[0] if found else None)


def check_lone_profile(files: LoneProfile) -> Checked:
    """A profile without a pack around it, with all of its faults."""
    draft = read_lone_profile(files)
    _read_whole(draft, sound=draft.profile is not None and not draft.errors)
    return Checked(draft, None)


def report_of(checked: Checked, pack: str) -> Report:
    """The validation report; ``pack`` is how the pack was named."""
    draft = checked.draft
    process = draft.manifest.manifest.process if draft.manifest else None
    profile = draft.profile.profile if draft.profile else None
    return Report(
        valid=not draft.errors,
        pack=pack,
        process_id=process.id if process else None,
        process_version=process.version if process else None,
        profile_api=process.profile_api if process else None,
        logic_api=process.logic_api if process else None,
        profile_hash=profile_hash(profile) if profile else None,
        diagnostics=tuple(_diagnostic(one) for one in checked.findings),
        classes=_class_reports(checked),
        left_out=tuple(draft.left_out),
    )


def _scenarios(draft: Draft, problems: Problems, *, sound: bool) -> PackScenarios:
    written = draft.profile if sound else None
    hooks = draft.hooks.hooks if draft.hooks else None
    scenarios = check_scenarios(draft.files, written.profile if written else None, hooks, problems)
    for profile in (draft.described, draft.profile):
        if profile is not None:
            _check_listed(profile, draft.files, problems)
    if not scenarios.files:
        message = "the pack has no scenarios: nothing shows that its rules hold"
        hint = "add a file such as scenarios/happy_path.scenario.yaml, or review what fluxrig scenario draft writes"
        problems.add("pack.no-scenarios", file_place(draft.files, "scenarios"), message, hint, "warning")
    elif written is not None:
        manifest = draft.manifest.manifest if draft.manifest else None
        for name in asked_classes(written.profile, hooks, manifest):
            if not scenarios.classes.get(name):
                message = f"no scenario is of the class {name}"
                hint = f"add scenarios/{name}.scenario.yaml, or name the class in the classes of one that shows it"
                hint += "; fluxrig scenario draft writes some to review"
                problems.add("pack.missing-class", file_place(draft.files, "scenarios"), message, hint, "warning")
    return scenarios


def _check_listed(written: WrittenProfile, files: PackFiles, problems: Problems) -> None:
    """The scenario files that a profile of the authoring dialect lists are there."""
    listed = written.document.data.get("scenarios") if written.authoring else None
    for at, path in enumerate(listed if isinstance(listed, list) else ()):
        fault = files.fault(path)
        if fault:
            place = written.document.at(("scenarios", at))
            problems.add("pack.listed-scenario", place, f"the scenario file cannot be used: {fault}")


def _read_whole(draft: Draft, *, sound: bool) -> None:
    profile = draft.profile
    if profile is None or not sound:
        draft.left_out.append("whole")
    else:
        whole = Whole(profile, draft.hooks, draft.manifest)
        draft.run("whole", lambda problems: read_whole(whole, problems))


def _class_reports(checked: Checked) -> tuple[ClassReport, ...]:
    draft, scenarios = checked.draft, checked.scenarios
    if draft.profile is None or scenarios is None:
        return ()
    profile = draft.profile.profile
    parts = (profile, draft.hooks.hooks if draft.hooks else None, draft.manifest.manifest if draft.manifest else None)
    asked, impossible = asked_classes(*parts), impossible_classes(*parts)
    reports = []
    for name in KNOWN:
        reason = "" if name in asked else impossible.get(name, "only a generated pack is asked for it")
        reports.append(ClassReport(name, scenarios.classes.get(name, 0), name in asked, reason))
    return tuple(reports)


def _diagnostic(found: Finding) -> Diagnostic:
    problem = found.problem
    place = problem.place
    path = json_pointer(place.pointer)
    return Diagnostic(
        problem.severity,
        problem.code,
        found.stage,
        place.file,
        place.line,
        place.column,
        path,
        problem.message,
        problem.hint,
    )


def _key(found: Finding) -> tuple[str, int, int]:
    place = found.problem.place
    return place.file, place.line, place.column
