"""What loads and runs scenarios, as the settings of a command say."""

from __future__ import annotations

import os

from pytest_fluxscenario.cas.store import Store
from pytest_fluxscenario.cli.project.settings import Settings
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.gears.choosing import GearChoice
from pytest_fluxscenario.packs.resolve import Resolver
from pytest_fluxscenario.runner.suite import Suite
from pytest_fluxscenario.runtimes.code import HookSettings
from pytest_fluxscenario.runtimes.make import Runtimes


def make_suite(settings: Settings, store: Store | None, gears: GearChoice | None = None) -> Suite:
    """A suite over the root and ``store``, whose hooks see the variables that the project names.

    Whoever asks closes it. Raises UsageError for limits that cannot be used.
    """
    limits = Limits.parse(settings.limits)
    runtimes = Runtimes(HookSettings.of(os.environ, settings.hook_env))
    return Suite(settings.root, Resolver(settings.root, store, limits), limits, runtimes=runtimes, gears=gears)
