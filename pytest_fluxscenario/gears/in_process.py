"""A gear that is a Python function: ``module:name``, called with the stage of each scenario, gives its control."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from typing import cast

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.control.port import Control
from pytest_fluxscenario.gears.port import About, Stage
from pytest_fluxscenario.gears.wire import failed

_METHODS = ("begin", "decide", "approve")


@dataclass
class InProcessGear:
    """Calls ``module:name`` for each scenario."""

    name: str
    module: str
    attribute: str

    @cached_property
    def make(self) -> Callable[[Stage], Control]:
        """The function. Raises GearError where there is none."""
        try:
            found = import_module(self.module)
            for part in self.attribute.split("."):
                found = getattr(found, part)
        except Exception as error:
            said = f"{type(error).__name__}: {shown(error, 500)}"
            hint = "name a module that can be imported from here, and a function in it"
            raise failed(self.name, f"cannot be imported: {said}", hint) from error
        if not callable(found):
            raise failed(self.name, "is no function", "name a function that takes the stage and gives a control")
        return cast("Callable[[Stage], Control]", found)

    @cached_property
    def about(self) -> About:
        """Its name; a control in the same process can do all that a control has methods for."""
        _ = self.make
        return About(self.name)

    def control(self, stage: Stage) -> Control:
        """What the function gives for a scenario. Raises GearError for an object that is no control."""
        control = self.make(stage)
        for method in _METHODS:
            if not callable(getattr(control, method, None)):
                kind = shown(type(control).__name__, 80)
                raise failed(self.name, f"gives an object of {kind}, which has no method {method}")
        return control

    def close(self) -> None:
        """Nothing is held."""
