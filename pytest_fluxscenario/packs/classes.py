"""Which scenario classes a pack should have, and which ones a scenario is of (pack.md, "Scenario classes")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import did_you_mean, shown
from pytest_fluxscenario.documents.suffixes import SUFFIXES
from pytest_fluxscenario.model.pack import Hooks, Manifest
from pytest_fluxscenario.model.profile import Profile
from pytest_fluxscenario.model.vocabulary import CLASSES, GENERATED_CLASSES

#: Every class that there is.
KNOWN: Final = (*CLASSES, *GENERATED_CLASSES)
#: Asks for no class at all.
NONE: Final = "none"
_MARK: Final = ".scenario"
_OF_USE: Final = "approval_for_use_requires_approval"


def read_classes(words: Iterable[str], place: Place) -> tuple[str, ...] | None:
    """The classes that a project asks for: all that are possible (None) where it says nothing, none for ``none``.

    Raises UsageError, at ``place``, for a word that is no class.
    """
    said = tuple(words)
    if said == (NONE,):
        return ()
    for word in said:
        if word not in KNOWN:
            message = f"'{shown(word, 80)}' is no scenario class"
            raise UsageError.of("usage.class", place, message, did_you_mean(word, (*KNOWN, NONE)))
    return said or None


def classes_of(scenario_id: str, declared: Iterable[str], file: str) -> tuple[str, ...]:
    """The classes of a scenario: those that it declares; where it declares none, those that its names say.

    An id, or the stem of the file at the path ``file``, says a class by being it or beginning with it; a hyphen in a
    name is as good as an underscore.
    """
    said = tuple(declared)
    if said:
        return said
    names = [name.replace("-", "_") for name in (scenario_id, stem_of(file))]
    if not (names[0].startswith(KNOWN) or names[1].startswith(KNOWN)):
        return ()
    return tuple(one for one in KNOWN if any(name.startswith(one) for name in names))


def stem_of(file: str) -> str:
    """The name of a scenario file without what marks it as one."""
    name = file.rpartition("/")[2]
    for suffix in SUFFIXES:
        name = name.removesuffix(suffix)
    return name.removesuffix(_MARK)


def asked_classes(profile: Profile, hooks: Hooks | None, manifest: Manifest | None) -> tuple[str, ...]:
    """The classes that a pack should have a scenario of: for a generated one (``docs_hash``) also those of its own.

    Not asked for is what its profile makes impossible.
    """
    impossible = impossible_classes(profile, hooks, manifest)
    every = KNOWN if profile.docs_hash is not None else CLASSES
    return tuple(one for one in every if one not in impossible)


def impossible_classes(profile: Profile, hooks: Hooks | None, manifest: Manifest | None) -> Mapping[str, str]:
    """The classes of which no scenario can be written for this profile, each with the reason."""
    reasons: dict[str, str] = {}
    routes = {route for gate in profile.gates for route in (gate.route, gate.on_hook_failure)}
    routes |= {hook.on_failure for hook in hooks.hooks} if hooks else set()
    if hooks is None or not hooks.hooks:
        reasons["hook_failure"] = "the pack has no hooks"
    if not any(action.materialization_mode for action in profile.actions):
        reasons["materialization_preflight"] = "nothing materializes"
    if not any(gate.type == "approval" for gate in profile.gates):
        reasons["approval_required"] = "there is no approval gate"
    if "AskUser" not in routes:
        reasons["ask_user_case"] = "no gate asks the user"
    if "InstructAgent" not in routes and not _refuses_candidates(profile, hooks):
        reasons["instruct_agent_case"] = "nothing instructs the agent"
    if not _needs_input(profile):
        reasons["missing_required_input"] = "no input is required"
    use = manifest.approval_for_use.approve_use_action if manifest else ""
    if not any(action.id == use for action in profile.actions):
        reasons[_OF_USE] = "the profile has no action that approves its use"
    return reasons


def _refuses_candidates(profile: Profile, hooks: Hooks | None) -> bool:
    """Whether the engine itself may instruct the agent (control.md, 9 and 11)."""
    return (
        bool(profile.completion_report.required)
        or any(kind.required_fields or kind.schema or kind.allowed_sources for kind in profile.artifact_types)
        or any(hook.type == "artifact.validate" for hook in (hooks.hooks if hooks else ()))
    )


def _needs_input(profile: Profile) -> bool:
    return (
        any("payload_missing" in gate.condition for gate in profile.gates)
        or any(gate.required_artifacts for gate in profile.gates)
        or any(kind.required_fields or kind.schema for kind in profile.artifact_types)
        or any(action.materialization_scope_fields for action in profile.actions)
    )
