from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import FluxError, ProfileError
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.packs.files import FolderFiles, LoneProfile
from pytest_fluxscenario.packs.load import load_lone_profile, load_pack
from pytest_fluxscenario.packs.pack import Pack

WritePack = Callable[..., Path]


def load(folder: Path) -> Pack:
    return load_pack(FolderFiles(str(folder), "pack"))


def told(folder: Path) -> list[tuple[str, str]]:
    """Code and line of every problem."""
    with pytest.raises(ProfileError) as caught:
        load(folder)
    return [(problem.code, str(problem)) for problem in caught.value.problems]


def test_a_pack_that_is_in_order(tmp_path: Path, write_pack: WritePack) -> None:
    pack = load(write_pack(tmp_path))
    assert (pack.profile.id, pack.profile.version) == ("change_review", "1.2.0")
    assert (pack.where, pack.origin, pack.store_ref, pack.tree_hash) == ("pack", "tree", None, None)
    assert pack.hooks is not None
    assert list(pack.schemas) == ["diff_record"]
    assert pack.warnings == ()
    assert pack.profile_hash.startswith("sha256:")
    assert pack.behaviour_hash != pack.profile_hash


def test_both_dialects_behave_alike(tmp_path: Path, write_pack: WritePack, authoring: str) -> None:
    core = load(write_pack(tmp_path / "core"))
    same = load(write_pack(tmp_path / "authoring", {"profile.yaml": authoring}))
    assert same.profile_hash == core.profile_hash
    assert same.behaviour_hash == core.behaviour_hash


@pytest.mark.parametrize(
    ("path", "old", "new", "behaves"),
    [
        ("profile.yaml", "route: AskUser", "route: Blocked", True),
        ("hooks.yaml", "timeout_ms: 2000", "timeout_ms: 2001", True),
        ("schemas/artifacts/diff_record.json", "a-z", "a-y", True),
        ("logic/main.py", "never", "not", True),
        ("process.manifest.yaml", "[mock, real]", "[mock]", True),
        ("process.manifest.yaml", "Change review", "Review of changes", False),
    ],
)
def test_the_behaviour_hash_is_over_what_decides(
    tmp_path: Path, write_pack: WritePack, pack_files: dict[str, str], path: str, old: str, new: str, behaves: bool
) -> None:
    assert old in pack_files[path]
    before = load(write_pack(tmp_path / "before"))
    after = load(write_pack(tmp_path / "after", {path: pack_files[path].replace(old, new)}))
    assert (after.behaviour_hash != before.behaviour_hash) is behaves


def test_code_outside_the_logic_folder_is_part_of_it_when_the_command_names_it(
    tmp_path: Path, write_pack: WritePack, pack_files: dict[str, str]
) -> None:
    hooks = pack_files["hooks.yaml"].replace("logic/main.py", "tools/main.py")
    before = load(write_pack(tmp_path, {"hooks.yaml": hooks, "tools/main.py": "1", "tools/other.py": "1"}))
    assert (
        load(write_pack(tmp_path, {"hooks.yaml": hooks, "tools/other.py": "2"})).behaviour_hash == before.behaviour_hash
    )
    assert (
        load(write_pack(tmp_path, {"hooks.yaml": hooks, "tools/main.py": "2"})).behaviour_hash != before.behaviour_hash
    )


def test_what_was_compiled_beside_the_code_is_not_part_of_it(tmp_path: Path, write_pack: WritePack) -> None:
    before = load(write_pack(tmp_path)).behaviour_hash
    write_pack(tmp_path, {"logic/__pycache__/main.pyc": "x", "logic/.cache/y": "y", "README.md": "z"})
    assert load(tmp_path).behaviour_hash == before


CASES = [
    # manifest shape and paths
    ("process.manifest.yaml", "id: change_review", "ident: change_review", "shape.", 2, "id"),
    ("process.manifest.yaml", 'version: "1.2.0"', "version: 1.2", "shape.", 3, '"1.2"'),
    ("process.manifest.yaml", "id: change_review", "id: Change-Review", "pack.id", 2, "is no id"),
    ("process.manifest.yaml", '"1.2.0"', '"v1.2.0"', "pack.version", 3, "leave out the 'v': 1.2.0"),
    ("process.manifest.yaml", "profile.yaml", "/profile.yaml", "pack.path", 7, "absolute"),
    ("process.manifest.yaml", "profile.yaml", "../profile.yaml", "pack.path", 7, "leaves the pack"),
    ("process.manifest.yaml", "profile.yaml", "profil.yaml", "pack.path", 7, "no such file"),
    ("process.manifest.yaml", "requires:", "package: {kind: foldr}\nrequires:", "pack.package-kind", 9, "directory"),
    (
        "process.manifest.yaml",
        "requires:",
        "package: {output_archive: ../x.fstpack}\nrequires:",
        "pack.path",
        9,
        "leaves the pack",
    ),
    # API versions
    ("process.manifest.yaml", "fst.profile.v1", "fst.profile.v2", "pack.api-version", 5, "known: fst.profile.v1"),
    ("process.manifest.yaml", "fst.process_logic.v1", "x", "pack.api-version", 6, "known: fst.process_logic.v1"),
    # profile shape
    (
        "profile.yaml",
        "id: change_review",
        "id: change_revue",
        "pack.profile-disagrees",
        2,
        "pack/process.manifest.yaml:2:7",
    ),
    ("profile.yaml", '"1.2.0"', '"1.3.0"', "pack.profile-disagrees", 3, "pack/process.manifest.yaml:3:12"),
    ("profile.yaml", "roles: [agent,", "roles: [agnet,", "pack.unknown-role", 6, "did you mean 'agent'"),
    # actions
    ("profile.yaml", "- id: report.write", "- id: diff.inspect", "pack.duplicate-action", 22, "line 18"),
    ("profile.yaml", "[report.write]", "[report.wrte]", "pack.unknown-action", 21, "did you mean 'report.write'"),
    ("profile.yaml", "- id: change.publish", "- id: Change.Publish", "pack.id", 32, "is no action id"),
    (
        "profile.yaml",
        "- id: change.publish",
        "- id: fst.help.process_contract",
        "pack.reserved-action",
        32,
        "control itself",
    ),
    (
        "profile.yaml",
        "allowed_roles: [agent]",
        "allowed_roles: [agents]",
        "pack.unknown-role",
        23,
        "did you mean 'agent'",
    ),
    # artifact types
    ("profile.yaml", "- id: verdict", "- id: report", "pack.duplicate-artifact-type", 16, "line 13"),
    ("profile.yaml", "- id: verdict", "- id: approval_record", "pack.reserved-type", 16, "trusted surface"),
    ("profile.yaml", "[controller]", "[controler]", "pack.unknown-source", 15, "did you mean 'controller'"),
    (
        "profile.yaml",
        "produces_artifacts: [verdict]",
        "produces_artifacts: [verdikt]",
        "pack.unknown-artifact",
        30,
        "verdict",
    ),
    ("profile.yaml", "required: [verdict]", "required: [verdikt]", "pack.unknown-artifact", 74, "verdict"),
    ("profile.yaml", "- id: verdict", "- id: The-Verdict", "pack.id", 16, "is no id"),
    # gates
    ("profile.yaml", "- id: forced", "- id: files_missing", "pack.duplicate-gate", 44, "line 36"),
    ("profile.yaml", "- id: forced", "- id: Forced", "pack.id", 44, "is no id"),
    (
        "profile.yaml",
        "before_action: change.publish",
        "before_action: change.publsh",
        "pack.unknown-action",
        69,
        "change.publish",
    ),
    (
        "profile.yaml",
        "required_artifacts: [diff_record]",
        "required_artifacts: [dif_record]",
        "pack.unknown-artifact",
        66,
        "diff_record",
    ),
    (
        "profile.yaml",
        "next_allowed_actions: [diff.inspect]",
        "next_allowed_actions: [diff.inspec]",
        "pack.unknown-action",
        43,
        "diff.inspect",
    ),
    (
        "profile.yaml",
        "\n    required_approval: {role: approver, scope: publish}",
        "",
        "pack.gate-approval",
        67,
        "publish_approved",
    ),
    ("profile.yaml", "\n    required_artifacts: [diff_record]", "", "pack.gate-artifacts", 61, "report_needs_diff"),
    # routes
    ("profile.yaml", "routes: [Continue", "routes: [Contine", "pack.unknown-route", 7, "did you mean 'Continue'"),
    (
        "profile.yaml",
        "route: AwaitApproval",
        "route: WaitApproval",
        "pack.unknown-route",
        71,
        "did you mean 'AwaitApproval'",
    ),
    (
        "profile.yaml",
        "on_hook_failure: Blocked",
        "on_hook_failure: Bloked",
        "pack.unknown-route",
        60,
        "did you mean 'Blocked'",
    ),
    # hooks
    ("profile.yaml", "hook: assess", "hook: asess", "pack.unknown-hook", 59, "did you mean 'assess'"),
    ("profile.yaml", "hook: assess", "hook: check_diff", "pack.hook-type", 59, "condition.evaluate"),
    ("profile.yaml", "\n    hook: assess", "", "pack.hook-missing", 57, "names no hook"),
    ("process.manifest.yaml", "\n  hooks_path: hooks.yaml", "", "pack.unknown-hook", 59, "hooks_path: hooks.yaml"),
    ("hooks.yaml", "timeout_ms: 2000", "timeout: 2000", "shape.", 2, "timeout_ms"),
    ("hooks.yaml", "kind: python_stdio", "kind: python_studio", "pack.runtime-kind", 3, "did you mean 'python_stdio'"),
    (
        "hooks.yaml",
        "timeout_ms: 2000",
        "timeout_ms: 2000\n  lifetime: 1 call",
        "pack.lifetime",
        6,
        "known: call, session",
    ),
    ("hooks.yaml", "command: [python3, logic/main.py]", "command: []", "pack.hook-command", 4, "needs a command"),
    ("hooks.yaml", "kind: python_stdio", "kind: wasm", "pack.hook-command", 4, "'python3' is none (like [logic/main.w"),
    ("hooks.yaml", "logic/main.py", "/logic/main.py", "pack.path", 4, "absolute"),
    ("hooks.yaml", "logic/main.py", "../main.py", "pack.path", 4, "leaves the pack"),
    ("hooks.yaml", "logic/main.py", "logic/mian.py", "pack.path", 4, "no such file"),
    ("hooks.yaml", "id: check_diff", "id: assess", "pack.duplicate-hook", 12, "line 10"),
    ("hooks.yaml", "type: condition.evaluate", "type: condition.evalute", "pack.hook-type", 11, "condition.evaluate"),
    ("hooks.yaml", "type: diff_record", "type: dif_record", "pack.unknown-artifact", 14, "did you mean 'diff_record'"),
    ("hooks.yaml", "\n    input_artifact_type: diff_record", "", "pack.hook-input", 12, "names no input_artifact_type"),
    ("hooks.yaml", "on_failure: Blocked", "on_failure: Bloked", "pack.unknown-route", 15, "did you mean 'Blocked'"),
    (
        "hooks.yaml",
        "contract:",
        "contract:\n  input_protocol: fst.hook.call.v9",
        "pack.api-version",
        7,
        "fst.hook.call.v1",
    ),
    # forbidden output fields
    (
        "hooks.yaml",
        "[route]",
        "[facts]",
        "pack.forbidden-output",
        8,
        "the hook contract forbids it",
    ),
    ("hooks.yaml", "[facts, diagnostics]", "[facts, secret]", "pack.forbidden-output", 8, "the manifest forbids it"),
    ("hooks.yaml", "[facts, diagnostics]", "[approval_record]", "pack.forbidden-output", 8, "never grants authority"),
    # artifact schemas
    ("profile.yaml", "allowed_sources: [agent]", "schema: schemas/x.json", "pack.schema-path", 11, "no such file"),
    ("profile.yaml", "allowed_sources: [agent]", "schema: ../x.json", "pack.schema-path", 11, "leaves the pack"),
    ("schemas/artifacts/diff_record.json", '"object"', '"objct"', "pack.schema", 2, "is no valid schema"),
    ("schemas/artifacts/diff_record.json", "{", "[", "document.syntax", 2, ""),
    # materialization scope
    ("profile.yaml", "\n    materialization_scope_fields: [target]", "", "pack.scope-fields", 32, "change.publish"),
]


@pytest.mark.parametrize(("path", "old", "new", "code", "line", "fragment"), CASES)
def test_each_error_is_told_on_its_line(
    tmp_path: Path,
    write_pack: WritePack,
    pack_files: dict[str, str],
    path: str,
    old: str,
    new: str,
    code: str,
    line: int,
    fragment: str,
) -> None:
    assert old in pack_files[path]
    write_pack(tmp_path, {path: pack_files[path].replace(old, new, 1)})
    problems = told(tmp_path)
    stands_in = "profile.yaml" if code == "pack.unknown-hook" else path
    stood_at = f"pack/{stands_in}:{line}:"
    assert any(said.startswith(code) and where.startswith(stood_at) for said, where in problems), problems
    assert any(fragment in where for said, where in problems if said.startswith(code)), problems


def test_the_problems_of_all_stages_are_told_together(
    tmp_path: Path, write_pack: WritePack, pack_files: dict[str, str]
) -> None:
    text = pack_files["profile.yaml"]
    text = text.replace("next_actions: [report.write]", "next_actions: [nothing.there]")
    text = text.replace("- id: change.publish", "- id: change.close").replace(
        "route: AwaitApproval", "route: Elsewhere"
    )
    problems = told(write_pack(tmp_path, {"profile.yaml": text}))
    assert [code for code, _ in problems] == [
        "pack.duplicate-action",
        "pack.unknown-action",
        "pack.unknown-action",  # the gate stood before the action that has another name now
        "pack.unknown-route",
    ]


def test_fields_that_are_not_known_are_warnings_with_the_nearest_name(
    tmp_path: Path, write_pack: WritePack, pack_files: dict[str, str]
) -> None:
    manifest = pack_files["process.manifest.yaml"].replace("  display_name:", "  display_nam:") + "vendor: {x: 1}\n"
    hooks = pack_files["hooks.yaml"].replace("- id: check_diff", "- id: check_diff\n    retries: 3")
    pack = load(write_pack(tmp_path, {"process.manifest.yaml": manifest, "hooks.yaml": hooks}))
    assert {(warning.code, warning.severity, str(warning.place)) for warning in pack.warnings} == {
        ("pack.unknown-field", "warning", "pack/process.manifest.yaml:4:3"),
        ("pack.unknown-field", "warning", "pack/process.manifest.yaml:14:1"),
        ("pack.unknown-field", "warning", "pack/hooks.yaml:13:5"),
    }
    assert any("did you mean 'display_name'" in warning.hint for warning in pack.warnings)


def test_a_route_or_a_role_that_is_used_but_not_listed_is_a_warning(
    tmp_path: Path, write_pack: WritePack, pack_files: dict[str, str]
) -> None:
    text = (
        pack_files["profile.yaml"]
        .replace("AskUser, AwaitApproval", "AwaitApproval")
        .replace("approver, system", "approver")
    )
    text = text.replace("allowed_roles: [agent]", "allowed_roles: [agent, system]")
    pack = load(write_pack(tmp_path, {"profile.yaml": text}))
    assert [(warning.code, warning.place.line) for warning in pack.warnings] == [
        ("pack.role-not-listed", 23),
        ("pack.route-not-listed", 40),
        ("pack.route-not-listed", 58),
    ]


def test_a_role_that_nobody_can_approve_in_is_a_warning(
    tmp_path: Path, write_pack: WritePack, pack_files: dict[str, str]
) -> None:
    text = pack_files["profile.yaml"].replace("{role: approver,", "{role: aprover,")
    (warning,) = load(write_pack(tmp_path, {"profile.yaml": text})).warnings
    assert (warning.code, warning.place.line, warning.severity) == ("pack.unknown-role", 72, "warning")
    assert "did you mean 'approver'" in warning.hint


def test_the_core_profile_is_what_is_executed(
    tmp_path: Path, write_pack: WritePack, pack_files: dict[str, str], authoring: str, flat_core: dict[str, Any]
) -> None:
    manifest = pack_files["process.manifest.yaml"].replace(
        "  hooks_path:", "  core_profile_path: core-profile.json\n  hooks_path:"
    )
    core = {**flat_core, "purpose": "Executed."}
    files = {"process.manifest.yaml": manifest, "profile.yaml": authoring, "core-profile.json": json.dumps(core)}
    assert load(write_pack(tmp_path, files)).profile.purpose == "Executed."


@pytest.mark.parametrize(
    ("old", "new", "line", "fragments"),
    [
        ("id: change_review", "id: other", 2, ["the id is 'other' and not 'change_review'"]),
        ("- name: change.close", "- name: change.end", 42, ["'change.end'"]),
        ("- id: forced", "- id: enforced", 56, ["'enforced'"]),
        ("type: decision", "type: process_conformance", 49, ["the type of the gate 'files_missing'"]),
        ("route: AskUser", "route: Blocked", 52, ["the route of the gate 'files_missing'", "core-profile.json:"]),
        ("before_action: diff", "before_action: dif", 50, ["the before_action of the gate 'files_missing'"]),
        ("- type: verdict", "- type: verdikt", 28, ["'verdikt'"]),
    ],
)
def test_the_two_profiles_of_a_pack_agree(
    tmp_path: Path,
    write_pack: WritePack,
    pack_files: dict[str, str],
    authoring: str,
    flat_core: dict[str, Any],
    old: str,
    new: str,
    line: int,
    fragments: list[str],
) -> None:
    manifest = pack_files["process.manifest.yaml"].replace(
        "  hooks_path:", "  core_profile_path: core-profile.json\n  hooks_path:"
    )
    described = authoring.replace(old, new, 1)
    files = {"process.manifest.yaml": manifest, "profile.yaml": described}
    problems = told(write_pack(tmp_path, {**files, "core-profile.json": json.dumps(flat_core, indent=2)}))
    code, text = problems[0]
    assert code == "pack.dialects-disagree"
    assert text.startswith(f"pack/profile.yaml:{line}:")
    assert "see pack/core-profile.json:" in text
    for fragment in fragments:
        assert any(fragment in said for _, said in problems)


def test_a_manifest_or_profile_may_be_json(tmp_path: Path, write_pack: WritePack, flat_core: dict[str, Any]) -> None:
    manifest = {
        "process": {"id": "change_review", "version": "1.2.0", "profile_path": "core.json", "hooks_path": "hooks.yaml"}
    }
    files: dict[str, str | None] = {"process.manifest.yaml": None, "profile.yaml": None}
    files |= {"process.manifest.json": json.dumps(manifest), "core.json": json.dumps(flat_core)}
    assert load(write_pack(tmp_path, files)).profile.id == "change_review"


def test_no_manifest_or_two(tmp_path: Path, write_pack: WritePack) -> None:
    ((code, text),) = told(write_pack(tmp_path / "none", {"process.manifest.yaml": None}))
    assert code == "pack.no-manifest"
    assert "there is no such file" in text
    ((code, text),) = told(write_pack(tmp_path / "two", {"process.manifest.json": "{}"}))
    assert code == "pack.two-manifests"


@pytest.mark.parametrize("text", ["", "- a\n", "{}\n---\n{}\n", "a: [\n", "a: 1\na: 2\n"])
def test_a_document_that_is_none_is_an_error_with_its_file(tmp_path: Path, write_pack: WritePack, text: str) -> None:
    for path in ("process.manifest.yaml", "profile.yaml", "hooks.yaml"):
        with pytest.raises(FluxError) as caught:
            load(write_pack(tmp_path / path, {path: text}))
        assert caught.value.place.file == f"pack/{path}"
        if "---" in text:
            assert str(caught.value) == f"pack/{path}:3: a second document begins here, where one is needed"


@pytest.mark.parametrize(
    "path", ["process.manifest.yaml", "profile.yaml", "hooks.yaml", "schemas/artifacts/diff_record.json"]
)
def test_links_out_of_the_pack_are_refused(tmp_path: Path, write_pack: WritePack, path: str) -> None:
    pack = write_pack(tmp_path / "pack")
    outside = tmp_path / "outside"
    (pack / path).rename(outside)
    (pack / path).symlink_to(outside)
    if path.startswith("schemas"):
        profile = (pack / "profile.yaml").read_text()
        (pack / "profile.yaml").write_text(profile.replace("allowed_sources: [agent]", f"schema: {path}"))
    assert any("a link" in text for _, text in told(pack))


def test_links_that_stay_in_the_pack_are_followed_but_not_among_the_code(tmp_path: Path, write_pack: WritePack) -> None:
    pack = write_pack(tmp_path)
    (pack / "profile.yaml").rename(pack / "other.yaml")
    (pack / "profile.yaml").symlink_to("other.yaml")
    assert load(pack).profile.id == "change_review"
    (pack / "logic" / "more.py").symlink_to("main.py")
    ((code, text),) = told(pack)
    assert code == "pack.link"
    assert text.startswith("pack/logic/more.py: ")


def test_a_profile_that_stands_alone(pack_files: dict[str, str]) -> None:
    def lone(text: str) -> Pack:
        data = text.encode()
        return load_lone_profile(LoneProfile(Source("x/profile.yaml", data, sha256(data)), "x"))

    text = pack_files["profile.yaml"]
    with pytest.raises(ProfileError, match="names no hooks_path"):
        lone(text)
    with pytest.raises(ProfileError) as caught:
        lone(text.replace("id: change_review", "id: Change").replace('"1.2.0"', '"1.2"'))
    assert [(problem.code, problem.place.line) for problem in caught.value.problems] == [
        ("pack.id", 2),
        ("pack.version", 3),
        ("pack.unknown-hook", 59),
    ]
    pack = lone(text.replace("condition: {fact_true: risky}", "").replace("    hook: assess\n", ""))
    assert pack.hooks is None
    assert pack.manifest.process.version == "1.2.0"
    assert pack.schemas == {}
    with pytest.raises(ProfileError, match="has no files beside it"):
        lone(
            text.replace("    hook: assess\n", "")
            .replace("{fact_true: risky}", "{}")
            .replace("expires_after: 86400", "schema: a.json")
        )


def test_a_hook_that_renders_nothing_is_a_warning(
    tmp_path: Path, write_pack: WritePack, pack_files: dict[str, str]
) -> None:
    more = "  - id: letter\n    type: template.render\n"
    pack = load(write_pack(tmp_path, {"hooks.yaml": pack_files["hooks.yaml"] + more}))
    [warning] = pack.warnings
    assert (warning.code, warning.severity) == ("pack.hook-input", "warning")
    assert warning.message == "the hook 'letter' renders nothing: it names no input_artifact_type"
