"""A span for whoever does something, where spans are wanted; where not, nothing that costs anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Final, Literal, Protocol

Value = str | bool | int | float | Sequence[str]
#: What a span is to the one at the other side, if there is one.
Kind = Literal["internal", "server", "client", "producer", "consumer"]


class Span(Protocol):
    """One span that is under way."""

    @property
    def trace(self) -> str:
        """The ``traceparent`` of what belongs below it; empty where nothing is traced."""
        ...

    def set(self, attributes: Mapping[str, Value]) -> None:
        """Say more of it."""
        ...

    def fail(self, why: str) -> None:
        """It did not go well; ``why`` holds nothing that must not be seen."""
        ...


class Tracing(Protocol):
    """What opens spans, where they are wanted."""

    def span(
        self, name: str, parent: str, kind: Kind, attributes: Mapping[str, Value], links: Sequence[str] = ()
    ) -> AbstractContextManager[Span]:
        """A span around a block; see ``span`` below."""
        ...


class _Untraced:
    """Stands for a span where nothing is traced here: whoever is further down may trace all the same."""

    __slots__ = ("trace",)

    def __init__(self, trace: str) -> None:
        self.trace: Final = trace

    def set(self, attributes: Mapping[str, Value]) -> None:
        """Nobody wants to know."""

    def fail(self, why: str) -> None:
        """Nobody wants to know."""


@contextmanager
def span(
    telemetry: Tracing | None,
    name: str,
    parent: str = "",
    kind: Kind = "internal",
    attributes: Mapping[str, Value] | None = None,
    links: Sequence[str] = (),
) -> Iterator[Span]:
    """A span around a block, below the ``parent`` that a ``traceparent`` names; what is raised is a failure of it.

    What is logged inside belongs to it. Without ``telemetry`` the parent is handed on, and that is all.
    """
    if telemetry is None:
        yield _Untraced(parent)
        return
    with telemetry.span(name, parent, kind, attributes or {}, links) as opened:
        yield opened
