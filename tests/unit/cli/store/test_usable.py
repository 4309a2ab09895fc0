"""``fluxrig profile import`` files what it is given, and says what cannot be used."""

from __future__ import annotations

import pytest

from tests.fakes.packs import write_pack
from tests.unit.cli.conftest import Rig


def test_a_pack_that_cannot_be_used_is_filed_with_a_warning(rig: Rig) -> None:
    write_pack(rig.root / "packs" / "other", version="2.0.0")
    profile = rig.root / "packs" / "small" / "profile.yaml"
    text = profile.read_text(encoding="utf-8")
    assert "route: InstructAgent" in text
    profile.write_text(text.replace("route: InstructAgent", "route: InstructNobody"), encoding="utf-8")
    answer = rig("profile", "import", "packs/small", "packs/other")
    assert answer.returncode == 0
    assert [line.split()[0] for line in answer.stdout.splitlines()] == ["small:v1.0.0", "small:v2.0.0"]
    (line,) = answer.stderr.splitlines()
    said = (
        "warning: packs/small: is filed, but cannot be used, 1 error: packs/small/profile.yaml:61:12: 'InstructNobody'"
    )
    assert line.startswith(said)
    assert line.endswith(" (run: fluxrig pack check packs/small)")
    checked = rig("pack", "check", "packs/small")
    assert (checked.returncode, checked.stdout.count("error pack.")) == (1, 1)


@pytest.mark.parametrize("path", ["packs/small/process.manifest.yaml", "packs/small/profile.yaml", "packs/small/"])
def test_a_good_pack_by_its_manifest_and_a_profile_alone_need_no_word(rig: Rig, path: str) -> None:
    if path.endswith("profile.yaml"):
        (rig.root / path).write_text("id: lone\nversion: '1.0.0'\nactions: [{id: a.b}]\n", encoding="utf-8")
        answer = rig("profile", "import", path)
        assert answer.returncode == 0
        assert answer.stderr.startswith(f"warning: {path}: is filed, but cannot be used, ")
        return
    answer = rig("profile", "import", path)
    assert (answer.returncode, answer.stderr) == (0, "")


def test_an_archive_is_looked_at_as_its_folder_is(rig: Rig) -> None:
    profile = rig.root / "packs" / "small" / "profile.yaml"
    assert rig("pack", "build", "packs/small", "-o", "good.fstpack").returncode == 0
    text = profile.read_text(encoding="utf-8")
    profile.write_text(text.replace("route: InstructAgent", "route: InstructNobody"), encoding="utf-8")
    assert rig("pack", "build", "packs/small", "-o", "bad.fstpack").returncode == 0
    answer = rig("profile", "import", "good.fstpack")
    assert (answer.returncode, answer.stderr) == (0, "")
    answer = rig("profile", "import", "bad.fstpack", "--tag", "v2.0.0")
    assert answer.returncode == 0
    assert "bad.fstpack/profile.yaml:61:12: 'InstructNobody'" in answer.stderr
