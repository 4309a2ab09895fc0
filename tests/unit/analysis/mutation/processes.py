"""Small processes for tests of mutants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from pytest_fluxscenario.analysis.mutation.process import Process
from pytest_fluxscenario.control.rules import NoSchemas
from pytest_fluxscenario.model.pack import Hook, Hooks, Manifest, Requires
from pytest_fluxscenario.model.pack import Process as Header
from pytest_fluxscenario.model.profile import Profile, profile_hash

_GATE = {"type": "decision", "before_action": "pay", "route": "Blocked"}
_ACTION = {"allowed_roles": ["agent"]}
_RUNTIME = {"id": "hooks", "kind": "python_stdio", "timeout_ms": 1000}


def process_of(sections: Mapping[str, Any]) -> Process:
    """A process with these sections; gates and actions say only what matters."""
    said = dict(sections)
    hooks = said.pop("hooks", None)
    schemas = said.pop("schemas", {})
    requires = Requires(materialization_modes=tuple(said.pop("modes", ())))
    data = {"id": "p", "version": "1.0.0", "roles": ["agent"], "actions": [{"id": "pay"}], **said}
    data["gates"] = [{**_GATE, **gate} for gate in data.get("gates", [])]
    data["actions"] = [{**_ACTION, **action} for action in data["actions"]]
    profile = msgspec.convert(data, Profile)
    known = None if hooks is None else msgspec.convert({"runtime": _RUNTIME, "hooks": hooks}, Hooks)
    manifest = Manifest(Header(id="p", version="1.0.0"), requires=requires)
    return Process(profile, profile_hash(profile), manifest, known, schemas, NoSchemas())


def hook_ids(hooks: tuple[Hook, ...]) -> list[str]:
    """The ids of hooks."""
    return [hook.id for hook in hooks]
