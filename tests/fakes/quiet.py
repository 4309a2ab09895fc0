"""What a pytest inside a test does without: plugins of the environment that it has no use for."""

from __future__ import annotations

from typing import Final

#: randomly would make every order another one. The others cost each process up to a second, and workers as much again.
QUIET: Final = ("-p", "no:randomly", "-p", "no:hypothesispytest", "-p", "no:anyio", "-p", "no:faker")
#: For one of which nobody looks at more than the end.
QUIETER: Final = ("-q", "-p", "no:cacheprovider", *QUIET)
