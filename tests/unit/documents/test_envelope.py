"""Envelopes: what is signed is what is handed out, and nothing else ever is."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from hypothesis import given
from hypothesis import strategies as st

from pytest_fluxscenario.base.canonical import canonical
from pytest_fluxscenario.base.errors import DamageError, FluxError
from pytest_fluxscenario.documents.envelope import first_difference, read_envelope, sign, statement_of
from pytest_fluxscenario.documents.keys import PublicKey, SigningKey, load_public_key, load_signing_key
from tests.unit.documents.test_keys import pair

STATEMENT = statement_of([("manifest.json", "sha256:" + "ab" * 32)], "https://example.test/v1", {"result": "PASSED"})


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[SigningKey, PublicKey, Path]]:
    found = []
    for kind in (("-algorithm", "ed25519"), ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")):
        private, public = pair(tmp_path_factory.mktemp("key"), *kind)
        found.append((load_signing_key(str(private)), load_public_key(str(public)), public))
    return found


def opened(path: Path, data: bytes, *keys: PublicKey) -> Any:
    path.write_bytes(data)
    return read_envelope(str(path)).statement(keys)


@pytest.mark.parametrize("which", [0, 1])
def test_a_signature_is_that_of_the_protocol(keys: list[Any], which: int) -> None:
    signing, _, public = keys[which]
    document = json.loads(sign(STATEMENT, signing))
    payload = base64.b64decode(document["payload"])
    # Written out here once more: DSSE's pre-authentication encoding.
    encoded = b"DSSEv1 28 application/vnd.in-toto+json " + str(len(payload)).encode() + b" " + payload
    key: Any = load_pem_public_key(public.read_bytes())
    signature = base64.b64decode(document["signatures"][0]["sig"])
    if which:
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.hashes import SHA256

        key.verify(signature, encoded, ECDSA(SHA256()))
        with pytest.raises(InvalidSignature):
            key.verify(signature, encoded + b" ", ECDSA(SHA256()))
    else:
        key.verify(signature, encoded)
        with pytest.raises(InvalidSignature):
            key.verify(signature, encoded + b" ")
    assert json.loads(payload) == STATEMENT
    assert document["payloadType"] == "application/vnd.in-toto+json"


def test_each_key_that_is_asked_for_must_have_signed(keys: list[Any], tmp_path: Path) -> None:
    (one, public_one, _), (two, public_two, _) = keys
    path = tmp_path / "envelope.json"
    data = sign(STATEMENT, one)
    assert opened(path, data, public_one) == STATEMENT
    for wanted in ((public_two,), (public_one, public_two)):
        with pytest.raises(DamageError, match="holds no signature of the key"):
            opened(path, data, *wanted)
    both = sign(STATEMENT, two, read_envelope(str(path)))
    assert opened(path, both, public_one, public_two) == STATEMENT
    # A key signs once, and what says something else is not carried over.
    assert len(json.loads(sign(STATEMENT, one, read_envelope(str(path))))["signatures"]) == 2
    other = sign({**STATEMENT, "predicate": {}}, one, read_envelope(str(path)))
    assert len(json.loads(other)["signatures"]) == 1


def test_no_keys_verify_nothing(keys: list[Any], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no keys"):
        opened(tmp_path / "envelope.json", sign(STATEMENT, keys[0][0]))


def test_a_key_id_is_a_hint_that_nobody_trusts(keys: list[Any], tmp_path: Path) -> None:
    (one, public_one, _), (_, public_two, _) = keys
    document = json.loads(sign(STATEMENT, one))
    document["signatures"][0]["keyid"] = public_two.id
    data = json.dumps(document).encode()
    assert opened(tmp_path / "a.json", data, public_one) == STATEMENT
    with pytest.raises(DamageError, match="holds no signature"):
        opened(tmp_path / "b.json", data, public_two)
    del document["signatures"][0]["keyid"]
    assert opened(tmp_path / "c.json", json.dumps(document).encode(), public_one) == STATEMENT


def _changed(**fields: Any) -> bytes:
    document = {"payload": "e30=", "payloadType": "application/vnd.in-toto+json", "signatures": [{"sig": "AAAA"}]}
    return json.dumps({**document, **fields}).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"payload": "e30=", "payload": "e30=", "payloadType": "application/vnd.in-toto+json", "signatures": []}',
        _changed(payloadType="text/plain"),
        _changed(payload="not base64"),
        _changed(payload=1),
        _changed(signatures=[]),
        _changed(signatures={}),
        _changed(signatures=[1]),
        _changed(signatures=[{"keyid": "a"}]),
        _changed(signatures=[{"sig": "AAAA", "keyid": 1}]),
        _changed(signatures=[{"sig": "AAAA", "cert": "x"}]),
        _changed(signatures=[{"sig": "AAAA"}] * 65),
        _changed(more=1),
        _changed(payload="\u20ac"),
    ],
)
def test_what_is_no_envelope_is_refused_before_any_key_is_tried(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "envelope.json"
    path.write_bytes(data)
    with pytest.raises(FluxError) as caught:
        read_envelope(str(path))
    assert "\n" not in str(caught.value)


def test_every_single_changed_byte_is_found(keys: list[Any], tmp_path: Path) -> None:
    signing, public, _ = keys[0]
    data = sign(STATEMENT, signing)
    path = tmp_path / "envelope.json"
    document = json.loads(data)
    for at in range(0, len(data), 3):
        mutated = bytearray(data)
        mutated[at] ^= 1
        try:
            statement = opened(path, bytes(mutated), public)
        except FluxError:
            continue
        # White space and the hint of a key id are all that no signature covers.
        assert statement == STATEMENT
        changed = json.loads(bytes(mutated))
        assert [changed[key] for key in ("payload", "payloadType")] == [document["payload"], document["payloadType"]]


def test_a_signed_payload_that_is_no_strict_json_is_refused(keys: list[Any], tmp_path: Path) -> None:
    signing, public, _ = keys[0]
    payload = b'{"a": 1, "a": 2}'
    signature = signing.signer.sign(b"DSSEv1 28 application/vnd.in-toto+json %d %b" % (len(payload), payload))
    sig = base64.b64encode(bytes.fromhex(signature.signature)).decode()
    data = _changed(payload=base64.b64encode(payload).decode(), signatures=[{"sig": sig}])
    with pytest.raises(FluxError, match="'a'"):
        opened(tmp_path / "envelope.json", data, public)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=8,
)


@given(_JSON, _JSON)
def test_a_difference_is_named_exactly_where_there_is_one(one: Any, other: Any) -> None:
    assert (first_difference(one, other) == "") == (canonical(one) == canonical(other))
    assert first_difference(one, one) == ""


def test_a_difference_is_named_by_its_path() -> None:
    changed = {**STATEMENT, "predicate": {"result": "FAILED"}}
    assert first_difference(STATEMENT, changed) == "predicate.result"
    assert first_difference({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}) == "a[1].b"
    assert first_difference({"a": [1]}, {"a": [1, 2]}) == "a"
    assert first_difference({"a": 1}, {"b": 1}) == "a"
    assert first_difference({"a": None}, {}) == "a"
    assert first_difference({}, {"": None}) == "the whole"
