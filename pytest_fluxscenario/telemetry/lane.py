"""What went into one exporter and what came out of it: nothing is lost in silence, and nobody waits for room."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(eq=False)
class Lane:
    """The way of one signal to one exporter."""

    #: Of one, and of several.
    one: str
    several: str
    #: How many may be under way.
    room: int
    #: Why the exporter could not deliver; empty where it does not know.
    why: Callable[[], str] = str
    #: Told when delivering begins to fail, and when it is well again.
    changed: Callable[[Lane], None] = lambda _lane: None
    taken: int = 0
    delivered: int = 0
    failed: int = 0
    dropped: int = 0
    #: The last export did not arrive.
    failing: bool = False
    #: Why the last one that did not arrive did not.
    fault: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        # A fork may find the lock held by a thread that the child does not have.
        weak = weakref.WeakMethod(self._forked)

        def forked() -> None:
            if method := weak():
                method()

        os.register_at_fork(after_in_child=forked)

    @property
    def lost(self) -> int:
        """What was given to it and has not arrived."""
        return self.taken + self.dropped - self.delivered

    @property
    def total(self) -> int:
        """What was given to it."""
        return self.taken + self.dropped

    def enter(self) -> bool:
        """Whether there is room for one more; where not, it is counted as dropped."""
        with self._lock:
            if self.taken - self.delivered - self.failed >= self.room:
                self.dropped += 1
                return False
            self.taken += 1
            return True

    def settle(self, count: int, *, arrived: bool, why: str = "") -> None:
        """So many have arrived, or will not."""
        with self._lock:
            if arrived:
                self.delivered += count
            else:
                self.failed += count
                self.fault = why or self.why()
            was, self.failing = self.failing, not arrived
        if was != self.failing:
            self.changed(self)

    def said(self) -> str:
        """What is lost, for people; empty where nothing is."""
        lost, total = self.lost, self.total
        return f"{lost} of {total} {self.one if total == 1 else self.several}" if lost > 0 else ""

    def _forked(self) -> None:
        self._lock = threading.Lock()
        self.taken = self.delivered = self.failed = self.dropped = 0
