"""Documents that were made to crash, to hang or to fill the memory: refused quickly, with a small stack too."""

from __future__ import annotations

import resource
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import pytest_fluxscenario
from pytest_fluxscenario.base.digest import sha256
from pytest_fluxscenario.base.errors import DocumentError
from pytest_fluxscenario.documents import Limits, Source, read_elements

SIZES = (25_000, 1 << 20)

JSON_PIECES = (b"[", b'{"a":', b'[{"a":', b"[1,", b'["', b'{"a":1,', b'["\\n', b"\\", b'"', b"[\n<<<<<<< \n")
YAML_PIECES = (
    b"[", b"{", b"- ", b"? ", b"{a: ", b"[? ", b"{? ", b"- ? ", b'"a": {', b"? - ", b"&a [", b"&a ", b"*a ",
    b"! [", b"!!x ",
    b"<<: ", b"<<: {", b"a: b: ", b"%a\n", b"--- ", b"'", b'"', b'"\\u0041', b"|\n", b">", b"# \n", b": ", b",", b"?\n",
    b"a:\n", b"a: 1\n", b"<<<<<<< \n", b"a: '<<<<<<< x\n", b"\\", b"!", b"&", b"1", b"[1,", b"[a, ",
)  # fmt: skip

#: Nesting by indentation alone.
INDENTED = tuple(
    b"".join(b" " * level + key + b"\n" for level in range(220)) for key in (b"a:", b"-", b"? ", b"? a\n:")
)

NINE_LEVELS = b"a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"a%d: &a%d [%s]\n" % (level, level, b",".join([b"*a%d" % (level - 1)] * 9)) for level in range(1, 9)
)
MERGES = b"a0: &a0 {k: v}\n" + b"".join(
    b"a%d: &a%d {<<: [%s]}\n" % (level, level, b",".join([b"*a%d" % (level - 1)] * 9)) for level in range(1, 9)
)

BOMBS = [
    *(("a.json", (piece * size)[:size]) for size in SIZES for piece in JSON_PIECES),
    *(("a.yaml", (piece * size)[:size]) for size in SIZES for piece in YAML_PIECES),
    *(("a.yaml", text) for text in (*INDENTED, NINE_LEVELS, MERGES)),
]


def refusal(name: str, data: bytes) -> str:
    """The message, or nothing where the text can be read: not every repetition is wrong."""
    try:
        read_elements(Source(name, data, sha256(data)))
    except DocumentError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("name", "data"), BOMBS, ids=lambda value: repr(value[:12]) if isinstance(value, bytes) else value
)
def test_a_bomb_is_refused_at_once(name: str, data: bytes) -> None:
    start = time.process_time()
    message = refusal(name, data)
    spent = time.process_time() - start
    assert len(message) <= 2048
    # 50 ms on a quiet machine for all but long lists (up to 0.3 s); the bound says that nothing is quadratic.
    assert spent < 20


@pytest.mark.parametrize(("name", "data"), [
    ("a.json", b"[" * 25_000), ("a.json", b'{"a":' * 5_000), ("a.json", b"[" * 25_000 + b"]" * 25_000),
    ("a.yaml", b"[" * 25_000), ("a.yaml", b"- " * 12_500), ("a.yaml", b"{a: " * 6_250), ("a.yaml", INDENTED[0]),
    ("a.yaml", INDENTED[1]),
])  # fmt: skip
def test_nesting_is_refused_by_its_depth(name: str, data: bytes) -> None:
    assert refusal(name, data).endswith("nested too deep (the limit depth is 64)")


@pytest.mark.parametrize(("name", "data"), [("a.yaml", NINE_LEVELS), ("a.yaml", MERGES)])
def test_aliases_and_merges_are_refused_before_they_grow(name: str, data: bytes) -> None:
    assert "an anchor, &a0" in refusal(name, data)


def test_a_thread_with_a_small_stack_reads_them_all() -> None:
    answers: list[str] = []
    before = threading.stack_size(256 << 10)
    try:
        thread = threading.Thread(
            target=lambda: answers.extend(refusal(*bomb) for bomb in BOMBS if len(bomb[1]) < 99_999)
        )
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert len(answers) > len(JSON_PIECES) + len(YAML_PIECES)


@pytest.mark.parametrize("name", ["a.json", "a.yaml"])
def test_the_deepest_allowed_document_fits_a_small_stack(name: str) -> None:
    limits = Limits.parse(["depth=256"])
    data = b"[" * 256 + b"]" * 256
    answers: list[int] = []
    before = threading.stack_size(256 << 10)
    try:
        thread = threading.Thread(
            target=lambda: answers.append(len(read_elements(Source(name, data, ""), limits, split=False)))
        )
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert answers == [1]


SCRIPT = """
import sys
from pytest_fluxscenario.base.errors import DocumentError
from pytest_fluxscenario.documents import Source, read_elements
for name in ("a.json", "a.yaml"):
    for piece in (b"[", b'{"a":', b"{a: ", b"- ", b"? ", b"{? ", b"[{a: "):
        try:
            read_elements(Source(name, (piece * 25000)[:25000], ""))
        except DocumentError as error:
            print(str(error).count("\\n"))
"""


def test_a_process_with_a_small_stack_and_little_memory_survives() -> None:
    def restrict() -> None:
        resource.setrlimit(resource.RLIMIT_STACK, (512 << 10, 512 << 10))
        resource.setrlimit(resource.RLIMIT_AS, (512 << 20, 512 << 20))

    where = str(Path(pytest_fluxscenario.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        preexec_fn=restrict,
        env={"PYTHONPATH": where},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["0"] * 14
