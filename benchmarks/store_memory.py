"""The most memory that an import and a check take, by the size of the largest file."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

_SIZES = (1, 60)

_WORK = """\
import resource, sys
what, store, pack = sys.argv[1:]
if what == "check":
    from pytest_fluxscenario.cas.checking import check_store
    assert not check_store(store).problems
else:
    from pytest_fluxscenario.cli.main import main
    assert main(["profile", "import", pack, "--store", store]) == 0
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def measure(folder: Path) -> None:
    """A folder, an archive, and the check of the store."""
    peaks = {size: _peaks(folder / str(size), size) for size in _SIZES}
    small, large = (peaks[size] for size in _SIZES)
    for what, peak in large.items():
        text = f"{small[what] / 1024:.1f} MB with a file of {_SIZES[0]} MB, {peak / 1024:.1f} MB with {_SIZES[1]} MB"
        print(f"{what:<20} {text}: {(peak - small[what]) / 1024:+.1f} MB")


def _peaks(folder: Path, size: int) -> dict[str, int]:
    pack = folder / "pack"
    pack.mkdir(parents=True)
    (pack / "process.manifest.yaml").write_text("process: {id: large, version: '1.0.0'}\n", encoding="utf-8")
    # Piece by piece, as a child begins with the peak of its parent.
    with (pack / "data.bin").open("wb") as file:
        for _ in range(size):
            file.write(os.urandom(1 << 20))
    archive = folder / "pack.fstpack"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as written:
        for path in pack.iterdir():
            written.write(path, path.name)
    return {
        "import of a folder": _peak("import", folder / "one", pack),
        "import of an archive": _peak("import", folder / "two", archive),
        "check": _peak("check", folder / "one", pack),
    }


def _peak(what: str, store: Path, pack: Path) -> int:
    """Kilobytes."""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    command = [sys.executable, "-P", "-c", _WORK, what, str(store), str(pack)]
    out = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
    return int(out.split()[-1])
