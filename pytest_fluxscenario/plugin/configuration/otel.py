"""Whether a session exports anything, by its option and the variables of OpenTelemetry."""

from __future__ import annotations

import os
from typing import cast

import pytest

from pytest_fluxscenario.base.errors import UsageError
from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.telemetry.wanted import CHOICES, Choice, Wanted, check_choice, read_wanted


def wanted_otel(choice: str) -> Wanted | None:
    """What is exported; None for nothing. Raises pytest.UsageError for what is asked for by name and cannot be had."""
    if choice not in ("", *CHOICES):
        raise pytest.UsageError(f"fluxscenario_otel is '{shown(choice, 80)}'; it can be 'on' or 'off'")
    wanted = read_wanted(os.environ, cast("Choice", choice))
    try:
        check_choice(wanted, "--fluxscenario-otel")
    except UsageError as error:
        raise pytest.UsageError(str(error)) from None
    return wanted
