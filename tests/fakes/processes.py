"""Processes made ready to be explored: of packs, and of rules written down in a test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from pytest_fluxscenario.analysis.mutation.process import Process
from pytest_fluxscenario.analysis.space.examples import Examples, read_examples
from pytest_fluxscenario.analysis.space.space import Space, space_of
from pytest_fluxscenario.control.rules import Rules, make_rules
from pytest_fluxscenario.model.pack import Hook, Hooks, Manifest, Requires, Runtime
from pytest_fluxscenario.model.pack import Process as About
from pytest_fluxscenario.model.profile import Profile, profile_hash
from pytest_fluxscenario.packs.files import FolderFiles
from pytest_fluxscenario.packs.load import load_pack
from pytest_fluxscenario.packs.pack import Pack

#: Bundled packs: of the repository itself, and of its tests.
ROOT = Path(__file__).parents[2]
BUNDLED = ("scenarios/local_patch_review", "tests/packs/purchase", "tests/packs/vendor_onboarding")


def space_in(folder: Path | str) -> Space:
    """The space of the pack in a folder, its hooks saying anything."""
    pack = load_pack(FolderFiles(str(folder), str(folder)))
    return space_of_pack(pack, Process.of(pack).rules())


def space_of_pack(pack: Pack, rules: Rules) -> Space:
    """The space of a pack under these rules, with the payloads that its scenarios send."""
    assert pack.files is not None
    return space_of(rules, read_examples(pack.files), dict(pack.schemas))


def rules_of(
    profile: dict[str, Any], hooks: dict[str, str] | None = None, hook_inputs: dict[str, str] | None = None
) -> Rules:
    """The rules of a profile in core form, an action open to agents unless it says otherwise.

    ``hooks`` are ids to types, ``hook_inputs`` ids to the artifact types that they look at.
    """
    actions = [{"allowed_roles": ["agent"], **action} for action in profile.get("actions", ())]
    whole = {
        "id": "made",
        "version": "1.0.0",
        "roles": ["agent", "task_user", "approver"],
        **profile,
        "actions": actions,
    }
    read = msgspec.convert(whole, Profile)
    modes = tuple({action.materialization_mode for action in read.actions if action.materialization_mode is not None})
    manifest = Manifest(About("made", "1.0.0"), requires=Requires(("repo.read",), (), modes))
    declared = tuple(Hook(name, kind, (hook_inputs or {}).get(name)) for name, kind in (hooks or {}).items())
    return make_rules(read, profile_hash(read), manifest, Hooks(Runtime("r", "python_stdio", 1), declared))


def made_space(
    profile: dict[str, Any],
    hooks: dict[str, str] | None = None,
    *,
    hook_inputs: dict[str, str] | None = None,
    **payloads: tuple[dict[str, Any], ...],
) -> Space:
    """The space of such a profile; ``payloads`` are those of its suite, by action with ``_`` for the dot."""
    examples = Examples({name.replace("_", "."): sent for name, sent in payloads.items()})
    return space_of(rules_of(profile, hooks, hook_inputs), examples)
