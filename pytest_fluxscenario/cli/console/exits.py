"""What commands exit with (cli.md)."""

from __future__ import annotations

from typing import Final

DONE: Final = 0
#: The answer is no: scenarios failed, problems were found.
NO: Final = 1
#: Bad usage or unusable input.
USAGE: Final = 2
#: The store or the evidence is damaged.
DAMAGE: Final = 3
INTERRUPTED: Final = 130
