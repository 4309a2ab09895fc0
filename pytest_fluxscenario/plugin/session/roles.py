"""What a process is in a session of xdist."""

from __future__ import annotations

import pytest


def is_controller(config: pytest.Config) -> bool:
    """Whether this process hands its tests to xdist workers."""
    return (
        config.getoption("dist", "no") != "no"
        and bool(config.getoption("tx", None))
        and not config.option.collectonly
        and not hasattr(config, "workerinput")
    )


def workers_of(config: pytest.Config) -> int:
    """How many xdist workers run the session that this process belongs to; 1 where it runs all of it."""
    return int(getattr(config, "workerinput", {}).get("workercount", 1))
