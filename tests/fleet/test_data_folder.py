"""A Mixer whose data somebody else owns, or that lies where nothing can be written."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.cli.mixer import main
from pytest_fluxscenario.fleet.mixer.data_folder import check_data
from pytest_fluxscenario.fleet.mixer.mixer import DATABASE
from tests.fakes.fleet import TOKEN, as_yaml, config_of, running_mixer

_HINT = "(let the user of the Mixer read and write there, or name another folder as 'data')"
_NOBODY = 65_534


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder below no folder of one's own: whoever it is may look there."""
    made = Path(tempfile.mkdtemp(prefix="fluxrig-"))
    made.chmod(0o755)
    yield made
    subprocess.run(["chmod", "-R", "u+rwX", str(made)], check=True)
    shutil.rmtree(made)


@contextmanager
def _ordinary() -> Iterator[None]:
    """As a user who may not write everywhere."""
    if os.geteuid():
        yield
        return
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def _said(data: Path) -> list[str]:
    with _ordinary(), pytest.raises(UsageError) as raised:
        check_data(str(data), DATABASE)
    return str(raised.value).splitlines()


def _used(data: Path) -> None:
    for folder in ("keys", "nats", "content"):
        (data / folder).mkdir(parents=True)
    for file in (DATABASE, "keys/mixer.nk", "keys/joining.nk"):
        (data / file).touch(mode=0o600)
    if not os.geteuid():
        for path in (data, *data.rglob("*")):
            os.chown(path, _NOBODY, _NOBODY)


def test_a_folder_of_ones_own_is_in_order(open_folder: Path) -> None:
    _used(open_folder / "data")
    with _ordinary():
        check_data(str(open_folder / "data"), DATABASE)


@pytest.mark.parametrize(
    ("name", "mode", "said"),
    [
        ("", 0o555, "cannot be written"),
        ("", 0o000, "cannot be read"),
        ("keys", 0o500, "cannot be written"),
        ("keys", 0o300, "cannot be read"),
        ("nats", 0o500, "cannot be written"),
        ("content", 0o500, "cannot be written"),
        (DATABASE, 0o400, "cannot be read and written"),
        ("keys/mixer.nk", 0o200, "cannot be read"),
        ("keys/joining.nk", 0o000, "cannot be read"),
    ],
)
def test_what_cannot_be_used_is_named(open_folder: Path, name: str, mode: int, said: str) -> None:
    data = open_folder / "data"
    _used(data)
    (data / name).chmod(mode)
    assert f"{data / name if name else data}: {said} {_HINT}" in _said(data)


def test_what_is_not_there_yet_is_made_where_something_can_be_made(open_folder: Path) -> None:
    with _ordinary():
        check_data(tempfile.gettempdir() + "/fluxrig-not-there/data", DATABASE)
    open_folder.chmod(0o555)
    assert _said(open_folder / "not" / "there") == [f"{open_folder}: cannot be written {_HINT}"]
    open_folder.chmod(0o755)
    (open_folder / "file").touch()
    assert _said(open_folder / "file" / "data") == [f"{open_folder / 'file'}: is no folder {_HINT}"]


def test_several_faults_are_told_at_once_and_a_check_finds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FLUXRIG_API_TOKEN", TOKEN)
    (tmp_path / "data").mkdir()
    (tmp_path / "data/keys").write_text("a file")
    (tmp_path / "data/nats").write_text("another")
    config = tmp_path / "mixer.yaml"
    config.write_text(as_yaml(config_of(tmp_path)), encoding="utf-8")
    for more in (["--check"], []):
        assert main(["-c", str(config), *more]) == 2
        said = capsys.readouterr().err.splitlines()
        assert said == [f"{tmp_path}/data/{name}: is no folder {_HINT}" for name in ("keys", "nats")]
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == ["keys", "nats"]


def test_a_mixer_on_a_disk_that_is_read_only_does_not_start(tmp_path: Path) -> None:
    with running_mixer(tmp_path):
        pass
    mount = ["mount", "--bind", "-o", "ro", str(tmp_path / "data"), str(tmp_path / "data")]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a file system may not be mounted here")
    subprocess.run(["mount", "-o", "remount,bind,ro", str(tmp_path / "data")], check=True)
    try:
        with pytest.raises(UsageError, match="data: cannot be written"), running_mixer(tmp_path):
            pass
    finally:
        subprocess.run(["umount", "-l", str(tmp_path / "data")], check=True)
