"""What a careful reader makes of one document: its data, and beside it where everything stands."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_fluxscenario.documents.json import Json

#: Where one value stands, in offsets of characters: its key (in a list, itself), its beginning, its end, which counts
#: for scalars only, and the spots of what is in it, under the same keys and indices as the data.
Spot = tuple[int, int, int, "Inside"]
Inside = dict[str, Spot] | list[Spot] | None


@dataclass(frozen=True, slots=True)
class Document:
    """One JSON text, or one document of a YAML stream."""

    data: Json
    spot: Spot
    #: Whether a number with a fraction or an exponent is somewhere in it.
    floats: bool


def too_large(value: str, limit: int) -> bool:
    """Whether a scalar has more than ``limit`` bytes of UTF-8."""
    return len(value) * 4 > limit and len(value.encode("utf-8", "surrogatepass")) > limit
