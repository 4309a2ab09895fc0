"""What a rack keeps between its starts: its key, and the passport that its Mixer gave it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from pytest_fluxscenario.base.errors import StoreError, UsageError
from pytest_fluxscenario.base.fs import make_folder, remove_file, replace_file
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.cas.blobs import Blobs
from pytest_fluxscenario.cas.lock import locked
from pytest_fluxscenario.cas.store import blobs_of
from pytest_fluxscenario.fleet.messages.errors import PassportError
from pytest_fluxscenario.fleet.messages.keys import SECRET, Key, keep_key, read_secret
from pytest_fluxscenario.fleet.messages.passport import Passport, read_passport


@contextmanager
def alone_in(folder: str) -> Iterator[None]:
    """Hold a rack's folder until the process ends or leaves. Raises UsageError where another rack does, WriteError."""
    make_folder(folder)
    with ExitStack() as held:
        try:
            held.enter_context(locked(folder, folder, 0.0))
        except StoreError:
            message, hint = "another rack works with this folder", "stop it, or name another folder as 'data'"
            raise UsageError.of("rack.twice", Place(folder), message, hint) from None
        yield


@dataclass(slots=True)
class RackState:
    """The files below one folder."""

    folder: str
    rack: str
    key: Key
    #: Empty before the rack was adopted.
    passport: bytes = b""
    #: The public key of the Mixer that adopted it; empty before.
    mixer: str = ""

    @classmethod
    def open(cls, folder: str, rack: str) -> RackState:
        """What is kept there; a key is made where there is none.

        Raises UsageError for a key that cannot be used, PassportError for a passport that is not this rack's.
        """
        make_folder(folder)
        key = keep_key(os.path.join(folder, "rack.nk"))
        state = cls(folder, rack, key)
        data = read_secret(state._path)
        if data is None:
            return state
        try:
            state._take(data, read_passport(data, rack, key.public))
        except PassportError as error:
            message = f"{error.problems[0].message}, and not of this rack"
            hint = "remove the file, and the rack asks to be adopted again"
            raise PassportError.of("rack.passport", Place(state._path), message, hint) from None
        return state

    @property
    def blobs(self) -> Blobs:
        """The content that the rack was given."""
        return blobs_of(os.path.join(self.folder, "content"))

    def keep(self, data: bytes, mixer: str) -> None:
        """Keep the passport that a Mixer of that public key gave.

        Raises PassportError where it is none, or of another Mixer than the one that has adopted this rack; WriteError.
        """
        passport = read_passport(data, self.rack, self.key.public, self.mixer or mixer)
        if data != self.passport:
            replace_file(self._path, data, mode=SECRET)
            self._take(data, passport)

    def forget(self) -> None:
        """The Mixer has removed this rack. Raises WriteError."""
        remove_file(self._path)
        self.passport, self.mixer = b"", ""

    def _take(self, data: bytes, passport: Passport) -> None:
        self.passport, self.mixer = data, passport.mixer

    @property
    def _path(self) -> str:
        return os.path.join(self.folder, "passport")
