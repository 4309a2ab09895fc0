"""Scenarios, the executable examples of process packs, as pytest tests.

The public names are those of ``__all__``; modules below are private. A name is imported when it is first used, so that
importing this package costs nothing. Modules of this package never import from here (the lint run proves it).
"""

# Not typing.TYPE_CHECKING: importing typing is most of what this module would cost.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from pytest_fluxscenario.base.errors import FluxError
    from pytest_fluxscenario.control.port import Control
    from pytest_fluxscenario.model.request import Approval, Given, Request
    from pytest_fluxscenario.model.response import Response

    __version__: str

__all__ = ["Approval", "Control", "FluxError", "Given", "Request", "Response", "__version__"]

_HOMES = {
    "Approval": "pytest_fluxscenario.model.request",
    "Control": "pytest_fluxscenario.control.port",
    "FluxError": "pytest_fluxscenario.base.errors",
    "Given": "pytest_fluxscenario.model.request",
    "Request": "pytest_fluxscenario.model.request",
    "Response": "pytest_fluxscenario.model.response",
}

# Hidden from type checkers, which would take any name for a good one.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """The public name ``name``, imported at its first use; AttributeError for any other name."""
        if name == "__version__":
            from importlib import metadata

            try:
                value: object = metadata.version("pytest-fluxscenario")
            except metadata.PackageNotFoundError:  # run from a checkout that is not installed
                value = "0+source"
        elif name in _HOMES:
            from importlib import import_module

            value = getattr(import_module(_HOMES[name]), name)
        else:
            message = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(message)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
