"""The codes that no folder of files shows: archives, permissions, what only a run finds (docs/codes)."""

from __future__ import annotations

import os
import unicodedata
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_fluxscenario.base import patience
from pytest_fluxscenario.base.errors import FluxError, ProfileError
from pytest_fluxscenario.cli.main import main
from pytest_fluxscenario.packs.artifact_schemas import ArtifactSchemas
from pytest_fluxscenario.packs.files import FolderFiles
from pytest_fluxscenario.packs.opening import open_pack
from tests.fakes.packs import write_pack

_AUTHORING = """\
profile: {id: small, version: "1.0.0"}
roles: [{id: agent}]
actions:
  - name: work.start
    allowed_roles: [agent]
    creates_artifacts: [start_record]
    materialization_route: MaterializeMock
    materialization_scope_fields: [path]
artifacts:
  - type: start_record
completion_report: {required: [start_record]}
scenarios: [scenarios/happy_path.yaml]
"""


def _codes(path: Path) -> list[str]:
    with pytest.raises(FluxError) as caught:
        open_pack(str(path), path.name)
    return [problem.code for problem in caught.value.problems]


def _damaged(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04 and no more")


def _large(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes((64 << 20) + 1))


def _dense(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(1 << 20))


def _bzip(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("README.md", os.urandom(2000))


def _twice(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("README.md", "one")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("README.md", "two")


def _encrypted(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("README.md", "one")
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (_damaged, "pack.archive"),
        (_large, "pack.size"),
        (_dense, "pack.ratio"),
        (_bzip, "pack.compression"),
        (_twice, "pack.twice"),
        (_encrypted, "pack.encrypted"),
    ],
)
def test_archives(tmp_path: Path, make: Callable[[Path], None], code: str) -> None:
    make(tmp_path / "a.fstpack")
    assert _codes(tmp_path / "a.fstpack") == [code]


def test_there_is_no_such_pack(tmp_path: Path) -> None:
    assert _codes(tmp_path / "nothing") == ["pack.none"]


def test_one_name_in_two_forms_of_unicode_and_a_folder_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = write_pack(tmp_path / "small")
    for form in ("NFC", "NFD"):
        (pack / unicodedata.normalize(form, "caf\u00e9.md")).touch()
    (pack / "locked").mkdir()
    real = os.scandir

    def scandir(path: str) -> Any:
        if path.endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(ProfileError) as caught:
        FolderFiles(str(pack), "small").list()
    assert {problem.code for problem in caught.value.problems} == {"pack.twice", "pack.unreadable"}


def test_a_schema_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "PATIENCE", 0.05)
    schemas = ArtifactSchemas({"note": {"properties": {"a": {"pattern": "^(a+)+$"}}}})
    with pytest.raises(ProfileError) as caught:
        schemas.faults("note", {"a": "a" * 40 + "!"})
    assert [problem.code for problem in caught.value.problems] == ["pack.slow-schema"]


def test_what_only_the_authoring_dialect_can_get_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pack = write_pack(tmp_path / "small")
    (pack / "profile.yaml").write_text(_AUTHORING, encoding="utf-8")
    assert main(["pack", "check", str(pack)]) == 1
    lines = [line for line in capsys.readouterr().out.splitlines() if ": error " in line]
    assert len(lines) == 1
    assert f"{pack}/profile.yaml:12:13: error pack.listed-scenario: " in lines[0]
    text = _AUTHORING.replace("MaterializeMock", "MaterializeMoc").replace("scenarios:", "routes: []\n#")
    (pack / "profile.yaml").write_text(text, encoding="utf-8")
    assert main(["pack", "check", str(pack)]) == 1
    lines = [line for line in capsys.readouterr().out.splitlines() if ": error " in line]
    assert [line.split()[2] for line in lines] == ["pack.materialization-route:"]
