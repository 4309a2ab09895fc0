"""The tools that are timed, one module each; ``ALL`` lists them in the order of the report."""

from __future__ import annotations

from benchmarks.tools.base import Tool
from benchmarks.tools.behave_features import BEHAVE
from benchmarks.tools.fluxscenario import LISTS, OVERRIDDEN, PLUGIN
from benchmarks.tools.plain_pytest import BARE, PARAMETRIZE
from benchmarks.tools.pytest_bdd_features import BDD
from benchmarks.tools.robot_suites import ROBOT
from benchmarks.tools.tavern_files import TAVERN

ALL: tuple[Tool, ...] = (BARE, PLUGIN, OVERRIDDEN, LISTS, PARAMETRIZE, BEHAVE, BDD, ROBOT, TAVERN)
