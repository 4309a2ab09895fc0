"""A process pack that has been loaded and found usable (pack.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pytest_fluxscenario.base.canonical import canonical_ref
from pytest_fluxscenario.base.problems import Problem
from pytest_fluxscenario.model.pack import Hooks, Manifest
from pytest_fluxscenario.model.profile import Profile
from pytest_fluxscenario.packs.files import PackFiles


@dataclass(frozen=True)
class Pack:
    """Everything of a pack that decides, and where it came from."""

    profile: Profile
    #: ``sha256:`` of the canonical JSON of the normalised profile.
    profile_hash: str
    manifest: Manifest
    #: None where the pack has no hooks.
    hooks: Hooks | None
    #: Artifact type to the JSON Schema of its payload; types without one are not in it.
    schemas: Mapping[str, dict[str, Any]]
    #: How the pack is shown: a folder relative to the root, or a place in the store.
    where: str
    origin: Literal["tree", "store"]
    #: ``name:tag``, where the store was asked by it.
    store_ref: str | None
    #: 64 hex digits of the tree document, or of a profile alone; None in the working tree.
    tree_hash: str | None
    #: ``sha256:`` over all that a decision can depend on: see ``behaviour_hash``.
    behaviour_hash: str
    #: The files that hooks may see, path to 64 hex digits as they were when the pack was loaded.
    code: Mapping[str, str] = field(default_factory=dict)
    #: What its owner should know of.
    warnings: tuple[Problem, ...] = ()
    #: What the pack was read from; a runtime takes the code of hooks from here.
    files: PackFiles | None = field(default=None, repr=False, compare=False)


def behaviour_hash(
    profile_hash: str,
    manifest: Manifest,
    hooks: Hooks | None,
    schemas: Mapping[str, dict[str, Any]],
    logic: Mapping[str, str],
) -> str:
    """``sha256:`` over all that a decision can depend on.

    Two packs with one behaviour hash answer alike: the profile, what the manifest requires and forbids, the hook
    manifest, the schemas, and the code of hooks (path to hash). Texts such as a README are not in it.
    """
    return canonical_ref(
        {
            "profile": profile_hash,
            "requires": manifest.requires,
            "forbidden_outputs": manifest.forbidden.hook_outputs,
            "hooks": hooks,
            "schemas": schemas,
            "logic": logic,
        }
    )
