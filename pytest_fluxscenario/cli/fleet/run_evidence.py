"""Unpacks the evidence that a Mixer gives of a run: two files of known names, whatever else the archive says."""

from __future__ import annotations

import io
import os
import zipfile
import zlib
from collections.abc import Iterator
from typing import Final

from pytest_fluxscenario.base.fs import make_folder, remove_file, replace_file_by, write_error
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.evidence.writer import MANIFEST, RECORDS
from pytest_fluxscenario.remote.client import MixerError

#: Most bytes of one file, unpacked.
MOST: Final = 4 << 30
_PIECE: Final = 1 << 20


def unpack(data: bytes, folder: str, url: str) -> None:
    """Write manifest and records of a run into ``folder``. Raises MixerError for what is no evidence, WriteError."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sorted(archive.namelist()) != [MANIFEST, RECORDS]:
                raise _no_evidence(url, "it holds other files")
            if os.path.islink(folder):
                raise write_error(folder, OSError(40, "the evidence folder is a link"))
            make_folder(folder)
            # The manifest goes first and comes last: no moment may show a verdict beside other records.
            manifest = os.path.join(folder, MANIFEST)
            if os.path.lexists(manifest):
                remove_file(manifest)
            for name in (RECORDS, MANIFEST):
                replace_file_by(os.path.join(folder, name), _pieces(archive, name, url))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise _no_evidence(url, str(error) or type(error).__name__) from None


def _pieces(archive: zipfile.ZipFile, name: str, url: str) -> Iterator[bytes]:
    length = 0
    with archive.open(name) as file:
        while piece := file.read(_PIECE):
            length += len(piece)
            if length > MOST:
                raise _no_evidence(url, f"{name} is larger than {MOST >> 30} GiB")
            yield piece


def _no_evidence(url: str, why: str) -> MixerError:
    return MixerError.of("mixer.evidence", Place(url), f"what came is no evidence of a run: {shown(why, 300)}")
