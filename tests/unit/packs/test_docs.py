"""The documents that a manifest promises, where files are missing or begin with front matter."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_fluxscenario.base.problems import Problems
from pytest_fluxscenario.packs.docs import check_docs
from pytest_fluxscenario.packs.files import FolderFiles
from pytest_fluxscenario.packs.manifest import read_manifest
from tests.fakes.packs import write_pack

_SKILL = "---\nname: small\ndescription: Small things.\n---\n\n# Small\n\n## How to\n"


@pytest.mark.parametrize(
    ("docs", "files", "found"),
    [
        (
            "{required: [README.md, SKILL.md], trusted_source: README.md, required_sections: [Rules]}",
            {"SKILL.md": _SKILL},
            ["the document 'README.md' is promised, but there is no such file"],
        ),
        (
            "{required: [SKILL.md], trusted_source: README.md, required_sections: [Rules]}",
            {"SKILL.md": _SKILL},
            ["the document 'README.md' is promised, but there is no such file"],
        ),
        ("{required: [SKILL.md], required_sections: [Small, how to]}", {"SKILL.md": _SKILL}, []),
        (
            "{required: [SKILL.md], required_sections: ['description: Small things.']}",
            {"SKILL.md": _SKILL},
            ["the section 'description: Small things.' is promised, but SKILL.md has no such heading"],
        ),
        ("{required: [a.md], required_sections: [One, Two]}", {"a.md": "One\n---\n\nTwo\n===\n"}, []),
        ("{required: [a.md], required_sections: [One]}", {"a.md": "---\nOne\n---\n"}, ["the section 'One' is"]),
        ("{required: [a.md], required_sections: [One]}", {"a.md": "---\n# One\n"}, []),
    ],
)
def test_what_is_promised_is_told_once(tmp_path: Path, docs: str, files: dict[str, str], found: list[str]) -> None:
    pack = write_pack(tmp_path / "small")
    manifest = pack / "process.manifest.yaml"
    manifest.write_text(manifest.read_text("utf-8") + f"docs: {docs}\n", "utf-8")
    for name, text in files.items():
        (pack / name).write_text(text, "utf-8")
    problems = Problems()
    read = FolderFiles(str(pack), "small")
    check_docs(read_manifest(read, problems), read, problems)
    told = [problem.message for problem in problems]
    assert len(told) == len(found)
    assert all(message.startswith(start) for message, start in zip(told, found, strict=True)), told
