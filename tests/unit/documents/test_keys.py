"""Which keys are taken, and what is said of the others."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pytest_fluxscenario.base.errors import FluxError, UsageError
from pytest_fluxscenario.documents.keys import load_public_key, load_signing_key


def openssl(*args: str | Path) -> None:
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)


def pair(folder: Path, *kind: str) -> tuple[Path, Path]:
    private, public = folder / "key.pem", folder / "public.pem"
    openssl("genpkey", *kind, "-out", private)
    openssl("pkey", "-in", private, "-pubout", "-out", public)
    return private, public


@pytest.mark.parametrize(
    "kind", [("-algorithm", "ed25519"), ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")]
)
def test_keys_of_openssl_are_taken_and_have_one_id(tmp_path: Path, kind: tuple[str, ...]) -> None:
    private, public = pair(tmp_path, *kind)
    assert load_signing_key(str(private)).id == load_public_key(str(public)).id
    # A password that nothing asks for is no mistake: one environment serves several keys.
    assert load_signing_key(str(private), "unneeded").id == load_public_key(str(public)).id


@pytest.mark.parametrize(
    "kind",
    [
        ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
        ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"),
        ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"),
        ("-algorithm", "ed448"),
        ("-algorithm", "x25519"),
    ],
)
def test_other_kinds_are_refused_on_both_sides(tmp_path: Path, kind: tuple[str, ...]) -> None:
    private, public = pair(tmp_path, *kind)
    for load, path in ((load_signing_key, private), (load_public_key, public)):
        with pytest.raises(UsageError, match="another kind than Ed25519 and ECDSA P-256"):
            load(str(path))


def test_an_encrypted_key_needs_its_password(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    openssl("genpkey", "-algorithm", "ed25519", "-aes256", "-pass", "pass:secret", "-out", path)
    assert load_signing_key(str(path), "secret").id
    with pytest.raises(UsageError, match=r"is encrypted.*FLUXRIG_KEY_PASSWORD"):
        load_signing_key(str(path))
    with pytest.raises(UsageError, match="no key that this password opens"):
        load_signing_key(str(path), "wrong")


def test_the_two_halves_are_not_mixed_up(tmp_path: Path) -> None:
    private, public = pair(tmp_path, "-algorithm", "ed25519")
    with pytest.raises(UsageError, match="is a public key, and a private one is asked for"):
        load_signing_key(str(public))
    with pytest.raises(UsageError, match="is a private key, and a public one is asked for"):
        load_public_key(str(private))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no .* key in PEM"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "key"),
        (
            b"-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n",
            "cosign",
        ),
        (b"x" * 70_000, "larger|limit"),
        (b"\xff\x00", "no .* key in PEM"),
    ],
)
def test_what_is_no_key_is_an_error_in_one_line(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(data)
    for load in (load_signing_key, load_public_key):
        with pytest.raises(FluxError, match=said) as caught:
            load(str(path))
        assert "\n" not in str(caught.value)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(FluxError, match=r"nowhere\.pem: cannot be read"):
        load_public_key("nowhere.pem")
