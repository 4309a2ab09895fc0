"""Text to plain data with places: strict JSON and YAML, under limits, for files that strangers wrote.

The public names of the layer; yaml itself is imported when the first YAML file is read.
"""

from __future__ import annotations

from pytest_fluxscenario.documents.elements import Element, read_elements
from pytest_fluxscenario.documents.json import Json
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.places import Places, read_places
from pytest_fluxscenario.documents.source import Root, Source, read_source

__all__ = [
    "Element",
    "Json",
    "Limits",
    "Places",
    "Root",
    "Source",
    "read_elements",
    "read_places",
    "read_source",
]
