"""A passport is what its Mixer signed for one rack, and a hello is what its rack signed; every byte of both counts."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec
import pytest

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.fleet.messages import cbor
from pytest_fluxscenario.fleet.messages.errors import MessageError, PassportError
from pytest_fluxscenario.fleet.messages.ids import Ids
from pytest_fluxscenario.fleet.messages.keys import keep_key, key_fault, new_key, read_key, verify
from pytest_fluxscenario.fleet.messages.message import Evidence, Hello
from pytest_fluxscenario.fleet.messages.passport import (
    is_evidence_of,
    is_signed,
    issue,
    read_passport,
    sign_evidence,
    sign_hello,
)
from pytest_fluxscenario.fleet.messages.wire import Writer, decode_as
from pytest_fluxscenario.fleet.rack.state import RackState
from pytest_fluxscenario.remote.case import Done

_MIXER, _RACK = new_key(), new_key()


def test_a_passport_is_of_one_rack_and_one_mixer() -> None:
    data = issue(_MIXER, "one", _RACK.public, ("default",))
    passport = read_passport(data, "one", _RACK.public, _MIXER.public)
    assert (passport.rack, passport.mixer, passport.pools) == ("one", _MIXER.public, ("default",))
    other = new_key().public
    for rack, key, mixer, said in (
        ("two", _RACK.public, "", "is of the rack 'one'"),
        ("one", other, "", "is of the rack 'one'"),
        ("one", _RACK.public, other, "is of another Mixer"),
    ):
        with pytest.raises(PassportError, match=said):
            read_passport(data, rack, key, mixer)


def test_every_bit_of_a_passport_counts() -> None:
    data = issue(_MIXER, "one", _RACK.public, ("default",))
    for at in range(len(data)):
        broken = bytearray(data)
        broken[at] ^= 1
        with pytest.raises(PassportError):
            read_passport(bytes(broken), "one", _RACK.public, _MIXER.public)


def test_a_passport_that_a_rack_wrote_itself_is_none() -> None:
    plain = cbor.load(issue(_MIXER, "one", _RACK.public, ("default",)))
    plain["signature"] = _RACK.sign(cbor.dump(plain["passport"]))
    with pytest.raises(PassportError, match="is not signed by the Mixer that it names"):
        read_passport(cbor.dump(plain), "one", _RACK.public)


@pytest.mark.parametrize("data", [b"", b"\xa0", b"x" * 100, cbor.dump({"passport": {}, "signature": b""})])
def test_what_is_no_passport(data: bytes) -> None:
    with pytest.raises(PassportError, match="the passport is none"):
        read_passport(data, "one", _RACK.public)


def test_a_hello_is_signed_by_its_rack() -> None:
    hello = sign_hello(Hello(rack="one", key=_RACK.public, version="1", gears=("engine",)), _RACK)
    assert is_signed(hello)
    assert not is_signed(msgspec.structs.replace(hello, slots=99))
    assert not is_signed(msgspec.structs.replace(hello, key=_MIXER.public))
    assert not is_signed(msgspec.structs.replace(hello, signature=b""))
    assert not is_signed(sign_hello(hello, _MIXER))


def test_public_keys_are_looked_at_whole() -> None:
    assert key_fault(_RACK.public) is None
    for text in ("", "U", _RACK.public[:-1], _RACK.public[:-1] + "é", "A" + _RACK.public[1:], "U" + "A" * 55):
        assert key_fault(text)
        assert not verify(text, b"", b"x" * 64)


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "one.nk"
    assert read_key(str(path)) is None
    made = keep_key(str(path))
    assert keep_key(str(path)) == made
    assert path.stat().st_mode & 0o777 == 0o600
    assert made.seed not in repr(made)
    path.chmod(0o640)
    with pytest.raises(UsageError, match=r"one\.nk: can be read by others \(chmod 600 "):
        keep_key(str(path))
    path.chmod(0o600)
    path.write_text("nonsense")
    with pytest.raises(UsageError, match=r"one\.nk: holds no nkey"):
        keep_key(str(path))
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(UsageError, match="cannot be read"):
        keep_key(str(path))


def test_a_rack_keeps_its_passport_and_knows_its_mixer_by_it(tmp_path: Path) -> None:
    state = RackState.open(str(tmp_path), "one")
    state.keep(issue(_MIXER, "one", state.key.public, ("default",)), _MIXER.public)
    assert (tmp_path / "passport").stat().st_mode & 0o777 == 0o600
    again = RackState.open(str(tmp_path), "one")
    assert (again.passport, again.mixer, again.key) == (state.passport, _MIXER.public, state.key)
    stranger = new_key()
    with pytest.raises(PassportError, match="is of another Mixer"):
        again.keep(issue(stranger, "one", state.key.public, ("default",)), stranger.public)
    with pytest.raises(PassportError, match="remove the file, and the rack asks to be adopted again"):
        RackState.open(str(tmp_path), "two")
    again.forget()
    assert RackState.open(str(tmp_path), "one").mixer == ""


_DONE: Final = Done(
    "a", '{"id":"a"}', "sha256:1", "passed", "one", where=((0, ("steps", 1)),), redactions={"b": 1, "a": 2}
)
_SAID: Final = Evidence(rack="one", item="a", attempt=1, outcome="ran", reason="r", done=_DONE, ticket="t")
_CHANGES: Final[dict[str, object]] = {
    "rack": "two",
    "item": "b",
    "attempt": 2,
    "outcome": "missing",
    "reason": "",
    "gear": "other",
    "done": msgspec.structs.replace(_DONE, redactions={"a": 1, "b": 2}),
    "ticket": "",
}


def test_evidence_is_signed_with_all_that_it_says_and_for_its_run() -> None:
    key = new_key()
    signed = sign_evidence(_SAID, "run-0001", key)
    assert is_evidence_of(signed, "run-0001", key.public)
    assert not is_evidence_of(signed, "run-0002", key.public)
    assert not is_evidence_of(signed, "run-0001", new_key().public)
    assert {*_CHANGES, "signature"} == {field.name for field in msgspec.structs.fields(Evidence)}
    for name, value in _CHANGES.items():
        assert not is_evidence_of(msgspec.structs.replace(signed, **{name: value}), "run-0001", key.public), name


def test_evidence_is_signed_whatever_order_its_words_come_in() -> None:
    key, writer = new_key(), Writer(Ids(1))
    sent = writer.encoded(sign_evidence(_SAID, "run-0001", key), run="run-0001")
    come = decode_as(Evidence, sent)[1]
    assert come.done is not None
    assert list(come.done.redactions) == ["a", "b"] != list(_DONE.redactions)
    assert is_evidence_of(come, "run-0001", key.public)


def test_what_no_message_can_hold_is_not_signed() -> None:
    with pytest.raises(MessageError, match="cannot be sent: UnicodeEncodeError"):
        sign_evidence(msgspec.structs.replace(_SAID, reason="\udcff"), "run-0001", new_key())
