"""What a runtime is given of a pack: how its hooks are called, and the files that they may see."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from pytest_fluxscenario.base.canonical import canonical_ref
from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import FluxError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.model.pack import Runtime
from pytest_fluxscenario.packs.files import PackFiles, file_place
from pytest_fluxscenario.runtimes.port import HookUnavailable, without_file


@dataclass(frozen=True, slots=True)
class HookSettings:
    """What a session lets its hooks see of its environment."""

    #: Where programs are looked for.
    path: str = os.defpath
    #: Further variables, by name; what shows locals must not show them.
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, environment: Mapping[str, str], names: Iterable[str] = ()) -> HookSettings:
        """The search path of ``environment``, and the variables of ``names`` that are set there."""
        variables = {name: environment[name] for name in names if name in environment}
        return cls(environment.get("PATH", os.defpath), variables)


@dataclass(frozen=True)
class PackCode:
    """The hooks of one pack, ready to be called."""

    runtime: Runtime
    files: PackFiles
    #: Path to the 64 hex digits that the file had when the pack was loaded: all that hooks may see, and no more.
    digests: Mapping[str, str]
    #: The hook manifest, for messages.
    place: Place
    settings: HookSettings

    @cached_property
    def entrypoint_hash(self) -> str:
        """``sha256:`` of the canonical JSON of path to hash: a call may run any of the files."""
        return canonical_ref(dict(self.digests))

    def content(self, path: str, digest: str) -> bytes:
        """The bytes of a file, which are those that were hashed as ``digest``. Raises HookUnavailable."""
        try:
            data = self.files.content(path)
        except FluxError as error:
            raise without_file(error) from error
        if sha256(data) != digest:
            message = "has changed since the pack was loaded; a hook runs only what was looked at"
            raise HookUnavailable.of("hook.changed", file_place(self.files, path), message, "run again")
        return data
