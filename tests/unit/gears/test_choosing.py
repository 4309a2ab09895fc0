"""What the scenarios of a pack run against: what is asked for, else what the pack names, else the engine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from pytest_fluxscenario.base.errors import ProfileError, UsageError
from pytest_fluxscenario.gears.choosing import GearChoice, is_word, name_for, read_named
from pytest_fluxscenario.gears.settings import GearSettings
from pytest_fluxscenario.packs.files import FolderFiles
from pytest_fluxscenario.packs.load import load_pack
from pytest_fluxscenario.packs.pack import Pack
from tests.fakes.packs import write_pack

_LINES = ("mine = http://127.0.0.1:9/a?b=c", "other=stdio:gear --x=y")


def _pack(folder: Path, gear: str = "") -> Pack:
    made = write_pack(folder)
    manifest = made / "process.manifest.yaml"
    if gear:
        manifest.write_text(manifest.read_text("utf-8") + f"gear: {gear}\n", encoding="utf-8")
    return load_pack(FolderFiles(str(made), "packs/small"))


def _choice(asked: str = "", lines: tuple[str, ...] = _LINES, environ: Mapping[str, str] = {}) -> GearChoice:
    return GearChoice(GearSettings(asked), read_named(lines, 5.0, environ))


@pytest.mark.parametrize(
    ("asked", "named", "found"),
    [
        ("", "", None),
        ("", "engine", None),
        ("", "mine", "mine"),
        ("other", "mine", "other"),
        ("engine", "mine", None),
        ("http://127.0.0.1:9/", "mine", "http://127.0.0.1:9/"),
        ("http://127.0.0.1:9/", "nobody", "http://127.0.0.1:9/"),
    ],
)
def test_the_option_comes_before_the_pack(tmp_path: Path, asked: str, named: str, found: str | None) -> None:
    choice, pack = _choice(asked), _pack(tmp_path / "small", named)
    gear = choice.of(pack)
    assert (None if gear is None else gear.name) == found
    # One for all of its scenarios.
    assert choice.of(pack) is gear
    choice.close()


def test_a_pack_starts_nothing_and_is_never_taken_for_the_engines(tmp_path: Path) -> None:
    pack = _pack(tmp_path / "small", "nobody")
    with pytest.raises(ProfileError) as caught:
        _choice().of(pack)
    assert str(caught.value) == (
        "packs/small: the pack names the gear 'nobody', and nothing here is called so "
        "(say what it is: fluxscenario_gears = nobody = ADDRESS; --fluxscenario-gear engine asks the engine)"
    )
    for address in ("'stdio:touch x'", "http://127.0.0.1:9/", "m:f", "Mine", "a.b"):
        with pytest.raises(ProfileError, match=r"4:7|:\d+:7: .* cannot name a gear"):
            _pack(tmp_path / str(abs(hash(address))), address)


def test_a_name_that_means_nothing_is_told() -> None:
    with pytest.raises(UsageError, match=r"the gear 'mien' names no gear \(did you mean 'mine'"):
        _choice("mien")
    with pytest.raises(UsageError, match=r"the gear 'mine' names no gear \(write stdio:.* racks of a Mixer offer"):
        _choice("mine", ())


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("mine",), "fluxscenario_gears: 'mine' names no gear"),
        (("mine = http://a/", "mine = http://b/"), "names 'mine' twice"),
        (("engine = http://a/",), "'engine' cannot name a gear .it is the built-in one"),
        (("a.b = http://a/",), "'a.b' cannot name a gear .a name here has no dot"),
        (("mine = other",), "the gear 'mine' has no address"),
        (("mine =",), "the gear 'mine' has no address"),
        (("mine = stdio:",), "the gear 'mine' names no command"),
        (("mine = http://u:p@a/",), "the gear 'mine' has no usable address"),
    ],
)
def test_lines_that_name_nothing_are_told(lines: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        read_named(lines, 5.0, {})


def test_each_gear_has_a_token_of_its_own_and_gets_no_others() -> None:
    environ = {"FLUXRIG_GEAR_TOKEN": "for-the-option", "FLUXRIG_GEAR_TOKEN_MY_GEAR": "for-mine"}
    named = read_named(("my-gear = http://a/", "other = http://b/"), 5.0, environ)
    assert {name: one.token for name, one in named.items()} == {"my-gear": "for-mine", "other": None}
    assert "for-mine" not in repr(named)


def test_words_and_addresses(tmp_path: Path) -> None:
    assert is_word("mine")
    assert not any(map(is_word, ("", "a:b", "Mine", "a.b", "http://a/")))
    assert name_for("", _pack(tmp_path / "small")) == "engine"
