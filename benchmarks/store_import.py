"""Ten thousand small files in one call, beside git and a loop without any sync."""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import subprocess
from contextlib import redirect_stdout
from pathlib import Path

from benchmarks.timing import rounds, tell
from pytest_fluxscenario.cas.importing import file_all, read_file
from pytest_fluxscenario.cli.main import main as fluxrig

_FILES = 10_000
_ROUNDS = 5
_TEXTS = {
    "yaml": "id: spec-{0:05}\nversion: 1.0.0\ntitle: A spec\nlines:\n  - item: one\n    count: {0}\n",
    "json": '{{"id": "spec-{0:05}", "version": "1.0.0", "title": "A spec", "count": {0}}}\n',
}


def measure(folder: Path) -> None:
    """YAML, then JSON."""
    for suffix, text in _TEXTS.items():
        _measure(folder / suffix, suffix, text)


def _measure(folder: Path, suffix: str, text: str) -> None:
    inputs = folder / "in"
    inputs.mkdir(parents=True)
    for number in range(_FILES):
        (inputs / f"{number:05}.{suffix}").write_text(text.format(number), encoding="utf-8")
    paths = sorted(str(path) for path in inputs.iterdir())
    fresh = (folder / f"out-{number}" for number in itertools.count())

    def plain() -> None:
        out = next(fresh)
        for path in paths:
            with open(path, "rb") as file:
                data = file.read()
            digest = hashlib.sha256(data).hexdigest()
            os.makedirs(out / digest[:2], exist_ok=True)
            with open(out / digest[:2] / digest, "wb") as file:
                file.write(data)

    def git() -> None:
        out = str(next(fresh))
        subprocess.run(["git", "init", "-q", out], check=True)
        command = ["git", "-C", out, "-c", "core.fsync=loose-object", "hash-object", "-w", "--stdin-paths"]
        subprocess.run(command, input="\n".join(paths).encode(), stdout=subprocess.DEVNULL, check=True)

    def calls() -> None:
        out = next(fresh)
        file_all(str(out), [read_file("specs", path) for path in paths])
        _is_whole(out)

    def command() -> None:
        out = next(fresh)
        with redirect_stdout(io.StringIO()):
            status = fluxrig(["spec", "import", str(inputs), "--store", str(out)])
        if status:
            raise RuntimeError(status)

    works = {"plain loop": plain, "git": git, "read_file, file_all": calls, "fluxrig spec import": command}
    print(f"{_FILES} files of {len(text.format(0))} bytes of {suffix.upper()}, {_ROUNDS} rounds")
    tell(rounds(works, _ROUNDS), ("plain loop", "git"))


def _is_whole(store: Path) -> None:
    # Not a part of what is timed worth speaking of: it looks at the index alone.
    if (store / "index.json").read_bytes().count(b"v1.0.0") != _FILES:
        raise RuntimeError(store)
