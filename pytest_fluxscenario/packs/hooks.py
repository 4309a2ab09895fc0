"""``hooks.yaml``, and the hooks that gates name: two stages of validation (pack.md; control.md, "Hooks")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pytest_fluxscenario.base.place import Place, Pointer
from pytest_fluxscenario.base.problems import Problems
from pytest_fluxscenario.base.text import did_you_mean, shown
from pytest_fluxscenario.cas.paths import path_fault
from pytest_fluxscenario.model.pack import HOOK_TYPES, LIFETIMES, Hooks
from pytest_fluxscenario.model.vocabulary import AUTHORITY_FIELDS, ROUTES
from pytest_fluxscenario.packs.conditions import asks_facts
from pytest_fluxscenario.packs.dialects import WrittenProfile
from pytest_fluxscenario.packs.document import PackDocument, read_document
from pytest_fluxscenario.packs.files import PackFiles
from pytest_fluxscenario.packs.manifest import WrittenManifest

#: Folders of what hooks may see: their code, and what it works with.
HOOK_FOLDERS: Final = ("logic", "schemas", "templates")
CALL_PROTOCOL: Final = "fst.hook.call.v1"
RESULT_PROTOCOL: Final = "fst.hook.result.v1"
RUNTIME_KINDS: Final = ("python_stdio", "js_ts_stdio", "wasm")
_LIKE: Final = {
    "python_stdio": "[python3, logic/main.py]",
    "js_ts_stdio": "[node, logic/main.js]",
    "wasm": "[logic/main.wasm]",
}
_CODE: Final = (".py", ".js", ".mjs", ".cjs", ".ts", ".wasm")
_CONDITION: Final = "condition.evaluate"


@dataclass(frozen=True)
class WrittenHooks:
    """A hook manifest, and where its file says what."""

    hooks: Hooks
    document: PackDocument


def read_hooks(files: PackFiles, path: str, problems: Problems) -> WrittenHooks:
    """The hook manifest at ``path``; unknown fields become warnings in ``problems``.

    Raises ProfileError with every fault of its shape; DocumentError where it cannot be read.
    """
    document = read_document(files, path)
    return WrittenHooks(document.decode_open(Hooks, problems), document)


def check_hook_manifest(
    written: WrittenHooks, profile: WrittenProfile | None, files: PackFiles, problems: Problems
) -> None:
    """The stage "hook manifest": its runtime, its list of hooks; their input types where the profile could be read."""
    _check_runtime(written, files, problems)
    _check_list(written, profile, problems)


def check_named_hooks(
    written: WrittenHooks | None, profile: WrittenProfile, files: PackFiles, problems: Problems
) -> None:
    """The hooks that gates name; ``written`` is None where the manifest names no hooks."""
    for at, gate in enumerate(profile.profile.gates):
        if gate.hook is not None:
            _check_named(gate.hook, written, profile.at("gates", at, "hook"), files, problems)
        elif asks_facts(gate.condition):
            message = f"the condition of the gate '{shown(gate.id, 80)}' asks for facts, but the gate names no hook"
            problems.add("pack.hook-missing", profile.at("gates", at, "condition"), message, "add hook: and its id")


def check_forbidden_outputs(manifest: WrittenManifest | None, written: WrittenHooks, problems: Problems) -> None:
    """The stage "forbidden output fields": what a hook may say is nothing that is forbidden."""
    contract = written.hooks.contract
    forbidden: dict[str, str] = dict.fromkeys(contract.forbidden_output_fields, "the hook contract forbids it")
    if manifest is not None:
        forbidden |= dict.fromkeys(manifest.manifest.forbidden.hook_outputs, "the manifest forbids it")
    forbidden |= dict.fromkeys(AUTHORITY_FIELDS, "a hook never grants authority")
    for at, name in enumerate(contract.allowed_output_fields or ()):
        if name in forbidden:
            place = written.document.at(("contract", "allowed_output_fields", at))
            message = f"the output field '{shown(name, 80)}' cannot be allowed: {forbidden[name]}"
            problems.add("pack.forbidden-output", place, message)


def code_of(hooks: Hooks | None, files: PackFiles) -> Mapping[str, str]:
    """What hooks may see, path to hash: all below ``HOOK_FOLDERS``, and the files that the command names.

    Raises FluxError for what cannot be in a pack.
    """
    if hooks is None:
        return {}
    named = (part for part in hooks.runtime.command if _is_file(part) and files.exists(part))
    below = (path for folder in HOOK_FOLDERS for path in files.list(folder))
    return {path: files.digest(path) for path in sorted({*below, *named})}


def _is_file(part: str) -> bool:
    """Whether a part of a command names a file of the pack, and not an option or a program of the system."""
    return part.endswith(_CODE) and not part.startswith("-")


def _check_runtime(written: WrittenHooks, files: PackFiles, problems: Problems) -> None:
    runtime, contract, document = written.hooks.runtime, written.hooks.contract, written.document
    if runtime.kind not in RUNTIME_KINDS:
        message = f"'{shown(runtime.kind, 80)}' is no kind of hook runtime"
        hint = did_you_mean(runtime.kind, RUNTIME_KINDS)
        problems.add("pack.runtime-kind", document.at(("runtime", "kind")), message, hint)
    elif not runtime.command:
        message = f"a {runtime.kind} runtime needs a command"
        problems.add("pack.hook-command", document.at(("runtime", "command")), message, f"like {_LIKE[runtime.kind]}")
    elif runtime.kind == "wasm" and not runtime.command[0].endswith(".wasm"):
        message = f"a wasm runtime runs a module, and '{shown(runtime.command[0], 80)}' is none"
        place = document.at(("runtime", "command", 0))
        problems.add("pack.hook-command", place, message, f"like {_LIKE['wasm']}")
    if runtime.lifetime not in LIFETIMES:
        message = f"'{shown(runtime.lifetime, 80)}' is no lifetime of a process"
        problems.add("pack.lifetime", document.at(("runtime", "lifetime")), message, f"known: {', '.join(LIFETIMES)}")
    for at, part in enumerate(runtime.command):
        fault = _part_fault(part, files)
        if fault:
            message = f"'{shown(part, 80)}' cannot be in the command: {fault}"
            hint = "a command is looked up by its name, and files are relative to the pack"
            problems.add("pack.path", document.at(("runtime", "command", at)), message, hint)
    for name, known in (("input_protocol", CALL_PROTOCOL), ("output_protocol", RESULT_PROTOCOL)):
        said = getattr(contract, name)
        if said != known:
            message = f"the {name} '{shown(said, 80)}' is not one that this version knows"
            problems.add("pack.api-version", document.at(("contract", name)), message, f"known: {known}")


def _part_fault(part: str, files: PackFiles) -> str | None:
    if part.startswith("/") or ".." in part.split("/"):
        return path_fault(part)
    return files.fault(part) if _is_file(part) else None


def _check_list(written: WrittenHooks, profile: WrittenProfile | None, problems: Problems) -> None:
    types = None if profile is None else [kind.id for kind in profile.profile.artifact_types]
    first: dict[str, Pointer] = {}
    for at, hook in enumerate(written.hooks.hooks):
        pointer: Pointer = ("hooks", at)
        document = written.document
        other = first.setdefault(hook.id, pointer)
        if other != pointer:
            message = f"the hook '{shown(hook.id, 80)}' is there already, in line {document.at((*other, 'id')).line}"
            problems.add("pack.duplicate-hook", document.at((*pointer, "id")), message)
        if hook.type not in HOOK_TYPES:
            message = f"'{shown(hook.type, 80)}' is no type of hook"
            hint = did_you_mean(hook.type, HOOK_TYPES)
            problems.add("pack.hook-type", document.at((*pointer, "type")), message, hint)
        if hook.input_artifact_type is not None and types is not None and hook.input_artifact_type not in types:
            message = f"'{shown(hook.input_artifact_type, 80)}' is no artifact type of the profile"
            hint = did_you_mean(hook.input_artifact_type, types)
            problems.add("pack.unknown-artifact", document.at((*pointer, "input_artifact_type")), message, hint)
        elif hook.type == "artifact.validate" and hook.input_artifact_type is None:
            message = f"the hook '{shown(hook.id, 80)}' validates an artifact, but names no input_artifact_type"
            problems.add("pack.hook-input", document.at(pointer), message, did_you_mean("", types or ()))
        elif hook.type == "template.render" and hook.input_artifact_type is None:
            message = f"the hook '{shown(hook.id, 80)}' renders nothing: it names no input_artifact_type"
            problems.add("pack.hook-input", document.at(pointer), message, did_you_mean("", types or ()), "warning")
        if hook.on_failure is not None and hook.on_failure not in ROUTES:
            message = f"'{shown(hook.on_failure, 80)}' is no route"
            hint = did_you_mean(hook.on_failure, ROUTES)
            problems.add("pack.unknown-route", document.at((*pointer, "on_failure")), message, hint)


def _check_named(
    hook_id: str, written: WrittenHooks | None, place: Place, files: PackFiles, problems: Problems
) -> None:
    if written is None:
        hint = "name it in the manifest: hooks_path: hooks.yaml" if files.exists("hooks.yaml") else ""
        message = f"the gate names the hook '{shown(hook_id, 80)}', but the manifest names no hooks_path"
        problems.add("pack.unknown-hook", place, message, hint)
        return
    hook = written.hooks.find(hook_id)
    if hook is None:
        hint = did_you_mean(hook_id, (known.id for known in written.hooks.hooks))
        problems.add("pack.unknown-hook", place, f"there is no hook '{shown(hook_id, 80)}'", hint)
    elif hook.type in HOOK_TYPES and hook.type != _CONDITION:
        message = f"the hook '{shown(hook_id, 80)}' is of type {shown(hook.type, 80)}, but a gate needs {_CONDITION}"
        problems.add("pack.hook-type", place, message)
