"""What was submitted, as a value: whether two submissions are the same, and what many scenarios have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import structs

from pytest_fluxscenario.base.digest import sha256_ref
from pytest_fluxscenario.remote.api import Submission
from pytest_fluxscenario.remote.case import PortableCase


def digest_of(submission: Submission) -> str:
    """``sha256:`` of what is to be run, and how."""
    same = [submission.cases, submission.settings, submission.pool]
    return sha256_ref(msgspec.json.encode(same, order="deterministic"))


def lightened(cases: Iterable[PortableCase]) -> Iterator[PortableCase]:
    """The same cases; those of one pack hold it together, and not each for itself."""
    held: dict[Any, Any] = {}

    def one(value: Any) -> Any:
        return held.setdefault(value, value)

    for case in cases:
        yield structs.replace(case, profile=one(case.profile), pack=one(case.pack), spec=one(case.spec))
