"""What is wrong with a run that somebody asks for, before anything is kept of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from pytest_fluxscenario.base.text import shown
from pytest_fluxscenario.fleet.mixer.refusal import Refused, refused
from pytest_fluxscenario.remote.api import Submission
from pytest_fluxscenario.remote.case import PortableSettings

RUN_ID: Final = re.compile(r"[a-z0-9][a-z0-9_-]{7,63}")
MOST_CASES: Final = 100_000
_MOST_SETTINGS: Final = 1_000
_DAY: Final = 86_400


def check_submission(submission: Submission, pools: Sequence[str]) -> None:
    """Raise Refused, and UsageError, for what nobody could run, whatever its scenarios are."""
    if not submission.cases and not submission.parts:
        raise refused(Refused, "run.empty", "the run has no scenario")
    if len(submission.parts) > MOST_CASES:
        raise refused(Refused, "run.size", f"the run has {len(submission.parts)} parts", f"at most {MOST_CASES}")
    if submission.pool not in pools:
        hint = f"known: {', '.join(pools)}"
        raise refused(Refused, "run.pool", f"there is no pool '{shown(submission.pool, 80)}'", hint)
    if not 0 <= submission.patience <= _DAY:
        raise refused(Refused, "run.patience", "patience is no number of seconds", f"0 to {_DAY}")
    settings = submission.settings
    if max(map(len, (settings.redact, settings.limits, settings.hook_env))) > _MOST_SETTINGS:
        raise refused(Refused, "run.settings", "the run has too many settings")
    check_settings(settings)


def check_settings(settings: PortableSettings) -> None:
    """Raise UsageError for a pattern or limit that no rack could use."""
    from pytest_fluxscenario.documents.limits import Limits
    from pytest_fluxscenario.evidence.redact import Redactor

    Limits.parse(settings.limits)
    Redactor(settings.redact)


def check_run(run_id: str) -> str:
    """``run_id``. Raises Refused where it is none."""
    if not RUN_ID.fullmatch(run_id):
        hint = "8 to 64 of a-z, 0-9, '_' and '-'"
        raise refused(Refused, "run.id", f"'{shown(run_id, 80)}' is no id of a run", hint)
    return run_id
