"""The Mixer's configuration, database and startup reference: what cannot be used is told in a line."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pytest_fluxscenario.base.errors import DamageError, FluxError, UsageError
from pytest_fluxscenario.cli.main import main
from pytest_fluxscenario.fleet.mixer.config import ApiConfig, read_mixer_config, token_of
from pytest_fluxscenario.fleet.mixer.history.database import Database
from pytest_fluxscenario.remote.client import MixerError
from tests.fakes.fleet import TOKEN, as_yaml, config_of, running_mixer
from tests.fakes.packs import failing, scenario, write, write_pack
from tests.fleet.test_mixer_runs import all_of

_ROOT = Path(__file__).parents[2]


def test_the_sample_is_what_the_documentation_says() -> None:
    config = read_mixer_config(str(_ROOT / "configs/mixer.yaml"))
    assert config.api.listen == "127.0.0.1:8090"
    assert config.racks.adopt == ("rack-1", "rack-2")
    page = (_ROOT / "docs/fleet.md").read_text("utf-8")
    for section in ("api", "snake", "racks", "work", "keep"):
        for name in getattr(config, section).__struct_fields__:
            assert f"`{section}.{name}`" in page, f"{section}.{name}"


def test_a_configuration_is_read_as_it_was_written(tmp_path: Path) -> None:
    config = config_of(tmp_path, work={"pools": ("a", "b")})
    (tmp_path / "mixer.yaml").write_text(as_yaml(config), encoding="utf-8")
    read = read_mixer_config(str(tmp_path / "mixer.yaml"))
    assert read == config


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("data: [", "mixer.yaml:2:1: "),
        ("datta: x", "mixer.yaml:1:1: unknown field 'datta' in the mixer config (did you mean 'data'?)"),
        ("api: {listen: nowhere}", "mixer.yaml:1:15: 'nowhere' is no address and port (write it like 127.0.0.1:8090)"),
        ("api: {listen: '127.0.0.1:99999'}", "is no address and port"),
        ("work: {pools: []}", "mixer.yaml:1:15: there is no pool (name one, such as default)"),
        ("work: {pools: [a.b]}", "mixer.yaml:1:16: 'a.b' cannot be used (a name here has no dot)"),
        ("work: {tries: 0}", "mixer.yaml:1:15: 0 is out of bounds (from 1 to 100)"),
        ("racks: {beat: 5, offline_after: 6}", "6 is out of bounds (from 10 to 86400)"),
        ("snake: {tls_cert: a}", "a certificate needs its key, and a key its certificate"),
        ("api: {body_bytes: many}", "mixer.yaml:1:19: 'body_bytes' must be a whole number, not the string 'many'"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mixer.yaml"
    path.write_text(text + "\n", encoding="utf-8")
    with pytest.raises(FluxError) as refused:
        read_mixer_config(str(path))
    assert said in str(refused.value)
    assert refused.value.exit_status == 2


@pytest.mark.parametrize(("token", "said"), [("", "is not set"), ("short", "usable"), ("a b" * 9, "usable")])
def test_without_a_usable_token_nothing_begins(token: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        token_of(ApiConfig(), {"FLUXRIG_API_TOKEN": token})
    assert token == "" or token not in str(refused.value)
    assert token_of(ApiConfig(without_token=True), {}) == ""
    assert token_of(ApiConfig(), {"FLUXRIG_API_TOKEN": "0123456789abcdef"}) == "0123456789abcdef"


def test_a_database_is_one_process_es_and_what_is_written_lasts(tmp_path: Path) -> None:
    path = str(tmp_path / "data" / "fluxrig.duckdb")
    database = Database(path)
    database.now(lambda connection: connection.execute("INSERT INTO racks VALUES ('a', '{}')") and None)
    again = f"from pytest_fluxscenario.fleet.mixer.history.database import Database\nDatabase({path!r})"
    other = subprocess.run([sys.executable, "-c", again], capture_output=True, text=True, check=False)
    assert "is in use: another Mixer has it open (stop it, or name another folder as 'data')" in other.stderr
    database.close()
    database.close()
    database = Database(path)
    assert database.now(lambda connection: connection.execute("SELECT name FROM racks").fetchall()) == [("a",)]
    database.close()


def test_one_that_fails_does_not_undo_the_others(tmp_path: Path) -> None:
    database = Database(str(tmp_path / "fluxrig.duckdb"))

    async def ask() -> list[object]:
        good = [database.do(lambda connection: connection.execute("INSERT INTO racks VALUES ('a', '')") and 1)] * 1
        bad = database.do(lambda connection: connection.execute("INSERT INTO nowhere VALUES (1)"))
        more = database.do(lambda connection: connection.execute("INSERT INTO racks VALUES ('b', '')") and 1)
        return list(await asyncio.gather(*good, bad, more, return_exceptions=True))

    first, error, last = asyncio.run(ask())
    assert (first, last) == (1, 1)
    assert str(error).startswith(f"{tmp_path}/fluxrig.duckdb: the database refused: Catalog Error")
    assert database.now(lambda connection: connection.execute("SELECT count(*) FROM racks").fetchone()) == (2,)
    database.close()


def test_a_file_that_is_no_database_of_a_mixer_is_named(tmp_path: Path) -> None:
    path = tmp_path / "fluxrig.duckdb"
    path.write_bytes(b"garbage" * 1000)
    with pytest.raises(
        DamageError, match=r"fluxrig\.duckdb: cannot be used as the Mixer's database.*restore it"
    ) as damage:
        Database(str(path))
    assert damage.value.exit_status == 3
    assert path.read_bytes().startswith(b"garbage")
    path.unlink()
    with duckdb.connect(str(path)) as foreign:
        foreign.execute("CREATE TABLE mine (x INTEGER)")
    with pytest.raises(UsageError, match="is a database of another program"):
        Database(str(path))
    path.unlink()
    Database(str(path)).close()
    with duckdb.connect(str(path)) as newer:
        newer.execute("UPDATE meta SET version = 99")
    with pytest.raises(UsageError, match="has version 99 of the Mixer's tables, and this Mixer knows 1"):
        Database(str(path))


def test_what_the_store_has_is_run_by_its_ref(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_pack(tmp_path / "pack")
    write(tmp_path / "pack/scenarios/a.json", scenario("good"), failing("bad"))
    assert main(["profile", "import", "pack", "--store", "store"]) == 0
    with running_mixer(tmp_path) as mixer:
        mixer.start()
        client = mixer.client()
        assert [(filed.name, filed.tag, filed.latest) for filed in client.filed("profiles")] == [
            ("small", "v1.0.0", True)
        ]
        assert client.filed("specs") == []
        with pytest.raises(MixerError, match="no scenario was named, and none was run before"):
            client.submit_ref("")
        with pytest.raises(MixerError, match=r"has no scenario and no profile 'smal' .did you mean 'small'"):
            client.submit_ref("smal:latest")
        run = client.submit_ref("small:latest")
        assert run.source == "small:v1.0.0"
        done = {item.item: item.verdict for item in all_of(client, run.run)}
        assert done == {
            "small:v1.0.0::scenarios/a.json::good": "passed",
            "small:v1.0.0::scenarios/a.json::bad": "failed",
        }
    # It is what was run last, from now on.
    with running_mixer(tmp_path) as mixer:
        assert mixer.client().health().active == "small:v1.0.0"
        assert mixer.client().submit_ref("").source == "small:v1.0.0"
    with running_mixer(tmp_path, startup="pack/scenarios") as mixer:
        assert mixer.client().submit_ref("").total == 2
    with (
        pytest.raises(UsageError, match="-s: there is no 'nowhere/at/all'"),
        running_mixer(tmp_path, startup="nowhere/at/all"),
    ):
        pass


def test_the_program_refuses_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pytest_fluxscenario.cli.mixer import main as mixer_main

    monkeypatch.delenv("FLUXRIG_API_TOKEN", raising=False)
    assert mixer_main(["-c", str(tmp_path / "none.yaml")]) == 2
    (tmp_path / "mixer.yaml").write_text(as_yaml(config_of(tmp_path)), encoding="utf-8")
    assert mixer_main(["-c", str(tmp_path / "mixer.yaml")]) == 2
    monkeypatch.setenv("FLUXRIG_API_TOKEN", "0123456789abcdef")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/fluxrig.duckdb").write_bytes(b"x")
    assert mixer_main(["-c", str(tmp_path / "mixer.yaml")]) == 3


def test_it_says_whether_it_could_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pytest_fluxscenario.cli.mixer import main as mixer_main

    monkeypatch.setenv("FLUXRIG_API_TOKEN", TOKEN)
    config, path = tmp_path / "mixer.yaml", tmp_path / "data/fluxrig.duckdb"
    config.write_text(as_yaml(config_of(tmp_path)), encoding="utf-8")
    check = ["--check", "-c", str(config)]
    assert mixer_main(check) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"the database {path} is made when the Mixer starts",
        "started with nothing to run",
        "the configuration is in order",
    ]
    assert not (tmp_path / "data").exists()
    Database(str(path)).close()
    assert mixer_main(check) == 0
    assert capsys.readouterr().out.startswith(f"the database {path} is in order\n")
    assert mixer_main([*check, "-s", "nothing:latest"]) == 2
    assert "there is no store to look up 'nothing:latest' in" in capsys.readouterr().err
    with duckdb.connect(str(path)) as newer:
        newer.execute("UPDATE meta SET version = 99")
    assert mixer_main(check) == 2
    assert f"{path}: has version 99 of the Mixer's tables" in capsys.readouterr().err
    path.write_bytes(b"x" * 5_000)
    assert mixer_main(check) == 3
    monkeypatch.delenv("FLUXRIG_API_TOKEN")
    assert mixer_main(check) == 2
    assert "FLUXRIG_API_TOKEN: is not set" in capsys.readouterr().err
