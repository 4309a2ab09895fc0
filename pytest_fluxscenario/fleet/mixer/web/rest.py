"""The Mixer's API over HTTP, as a table; ``docs/openapi.yaml`` is written from it (``make openapi``)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from pytest_fluxscenario.fleet.mixer.content import check_hash
from pytest_fluxscenario.fleet.mixer.history.history import Run
from pytest_fluxscenario.fleet.mixer.offers import Offers
from pytest_fluxscenario.fleet.mixer.refusal import NotThere, Refused, refused
from pytest_fluxscenario.fleet.mixer.runs.info import info_of, waiting_of
from pytest_fluxscenario.fleet.mixer.service import VERBS
from pytest_fluxscenario.fleet.mixer.web.endpoint import BYTES, NDJSON, ZIP, Asked, Download, Endpoint, Held, Query
from pytest_fluxscenario.remote.api import (
    MOST_HASHES,
    MOST_WANTED,
    Again,
    Filed,
    Hashes,
    Health,
    RackInfo,
    Records,
    RefSubmission,
    RunInfo,
    Submission,
    Wanted,
)

#: Longest time that a client may wait for records, in seconds.
MOST_WAIT: Final = 30.0
#: Most records of one answer: a client asks again.
_MOST_RECORDS: Final = 500


async def _health(asked: Asked) -> Health:
    return asked.service.health()


async def _racks(asked: Asked) -> list[RackInfo]:
    return asked.service.registry.all()


async def _rack(asked: Asked) -> RackInfo:
    return asked.service.registry.info(asked.path["name"])


async def _tell_rack(asked: Asked) -> RackInfo:
    verb = asked.path["verb"]
    if verb not in VERBS:
        raise refused(NotThere, "rack.verb", f"a rack is told one of: {', '.join(VERBS)}")
    return await asked.service.tell_rack(asked.path["name"], verb)


async def _remove_rack(asked: Asked) -> None:
    await asked.service.remove_rack(asked.path["name"])


async def _specs(asked: Asked) -> list[Filed]:
    return await asyncio.to_thread(asked.service.filed, "specs")


async def _scenarios(asked: Asked) -> list[Filed]:
    return await asyncio.to_thread(asked.service.filed, "scenarios")


async def _profiles(asked: Asked) -> list[Filed]:
    return await asyncio.to_thread(asked.service.filed, "profiles")


async def _missing(asked: Asked) -> Hashes:
    hashes = asked.document(Hashes).hashes
    if len(hashes) > MOST_HASHES:
        raise refused(Refused, "content.many", f"{len(hashes)} hashes at once", f"at most {MOST_HASHES}")
    return Hashes(await asyncio.to_thread(asked.service.content.lacks, hashes))


async def _content(asked: Asked) -> bytes:
    return await asyncio.to_thread(asked.service.content.read, asked.path["hash"])


async def _give(asked: Asked) -> None:
    digest = check_hash(asked.path["hash"])
    await asyncio.to_thread(asked.service.content.write, digest, asked.body)


async def _give_several(asked: Asked) -> Hashes:
    return Hashes(await asyncio.to_thread(asked.service.content.write_several, asked.body))


async def _runs(asked: Asked) -> list[RunInfo]:
    return await asked.service.runs.table.latest()


async def _submit_ref(asked: Asked) -> RunInfo:
    return await asked.service.submit_ref(asked.document(RefSubmission), asked.header, asked.trace)


async def _submit(asked: Asked) -> RunInfo:
    return await asked.service.submit(asked.path["run"], asked.document(Submission), asked.trace)


async def _run(asked: Asked) -> RunInfo:
    return info_of(await asked.service.runs.table.get(asked.path["run"]))


async def _records(asked: Asked) -> Records:
    after, wait = int(asked.query["after"]), asked.query["wait"]
    return _answer(asked, *await asked.service.runs.since(asked.path["run"], after, wait, _MOST_RECORDS))


async def _wanted(asked: Asked) -> Records:
    keys = asked.document(Wanted).items
    if not 1 <= len(keys) <= MOST_WANTED:
        raise refused(Refused, "run.wanted", f"{len(keys)} records are asked for", f"1 to {MOST_WANTED} at a time")
    return _answer(asked, *await asked.service.runs.wanted(asked.path["run"], keys, asked.query["wait"]))


def _answer(asked: Asked, found: Run, new: Sequence[bytes]) -> Records:
    registry, pool = asked.service.registry, found.pool
    counts, offered, waiting = registry.counts(pool), Offers(registry).gears(pool), waiting_of(found)
    # As they are stored: they are not made values of, and then text again.
    records: Any = tuple(map(msgspec.Raw, new))
    return Records(found.state, records, counts, len(found.asked), len(found.records), offered, waiting)


async def _attend(asked: Asked) -> Held:
    return Held((await asked.service.runs.table.get(asked.path["run"])).run)


async def _again(asked: Asked) -> RunInfo:
    return await asked.service.again(asked.path["run"], asked.document(Again), asked.trace)


async def _cancel(asked: Asked) -> RunInfo:
    return await asked.service.cancel(asked.path["run"])


async def evidence(asked: Asked) -> Download:
    """A ZIP file with the evidence of a run. Raises NotThere, FluxError."""
    run = asked.path["run"]
    return Download(await asked.service.archive(run), f"evidence-{run}.zip")


async def _record_lines(asked: Asked) -> Download:
    run = asked.path["run"]
    return Download(await asked.service.record_lines(run), f"records-{run}.jsonl")


_AFTER: Final = Query("after", "the last number that is known", most=1 << 53, whole=True)
_WAIT: Final = Query("wait", "seconds until an answer without records", most=MOST_WAIT)
_SEVERAL: Final = "Send several contents, each after its length (4 bytes, highest first); gives their hashes"

ENDPOINTS: Final = (
    Endpoint("GET", "/health", _health, "Whether the Mixer is there", "mixer", Health),
    Endpoint("GET", "/racks", _racks, "All racks, by name, with state and load", "racks", list[RackInfo]),
    Endpoint("GET", "/racks/{name}", _rack, "One rack", "racks", RackInfo),
    Endpoint("POST", "/racks/{name}/{verb}", _tell_rack, "approve, suspend or activate a rack", "racks", RackInfo),
    Endpoint("DELETE", "/racks/{name}", _remove_rack, "Forget a rack", "racks"),
    Endpoint("GET", "/specs", _specs, "Specs of the store, every version", "store", list[Filed]),
    Endpoint("GET", "/scenarios", _scenarios, "Scenarios of the store, every version", "store", list[Filed]),
    Endpoint("GET", "/profiles", _profiles, "Profiles of the store, every version", "store", list[Filed]),
    Endpoint("POST", "/content/missing", _missing, "Those of the hashes that are not there", "content", Hashes, Hashes),
    Endpoint("POST", "/content", _give_several, _SEVERAL, "content", Hashes, bytes),
    Endpoint("GET", "/content/{hash}", _content, "The bytes of that SHA-256", "content", bytes, kind=BYTES),
    Endpoint("PUT", "/content/{hash}", _give, "Send the bytes of that SHA-256", "content", takes=bytes),
    Endpoint("GET", "/runs", _runs, "The latest runs, newest first", "runs", list[RunInfo]),
    Endpoint(
        "POST",
        "/runs",
        _submit_ref,
        "Run what the store has, or what the Mixer was started with",
        "runs",
        RunInfo,
        RefSubmission,
        header=("Idempotency-Key", "1 to 255 visible ASCII characters: the same once more is the same run"),
    ),
    Endpoint("GET", "/runs/{run}", _run, "One run, and how far it is", "runs", RunInfo),
    Endpoint(
        "PUT",
        "/runs/{run}",
        _submit,
        "Run scenarios whose content was sent; again is the same run",
        "runs",
        RunInfo,
        Submission,
    ),
    Endpoint(
        "POST",
        "/runs/{run}/records",
        _wanted,
        "The records of these items that there are, once there is that of the first one",
        "runs",
        Records,
        Wanted,
        (_WAIT,),
    ),
    Endpoint(
        "GET",
        "/runs/{run}/records",
        _records,
        "What has come of a run, in the order in which it came",
        "runs",
        Records,
        query=(_AFTER, _WAIT),
    ),
    Endpoint(
        "GET",
        "/runs/{run}/attend",
        _attend,
        "Be there for a run: an empty line now and then, until the connection is ended",
        "runs",
        bytes,
        kind=NDJSON,
    ),
    Endpoint("POST", "/runs/{run}/again", _again, "Run a scenario of a run once more", "runs", RunInfo, Again),
    Endpoint("POST", "/runs/{run}/cancel", _cancel, "Drop what of a run has not begun", "runs", RunInfo),
    Endpoint(
        "GET",
        "/runs/{run}/evidence",
        evidence,
        "Manifest and records of a run, as 'fluxrig evidence verify' reads them",
        "runs",
        bytes,
        kind=ZIP,
    ),
    Endpoint(
        "GET",
        "/runs/{run}/evidence/records",
        _record_lines,
        "The records of a run, one a line, in order of id",
        "runs",
        bytes,
        kind=NDJSON,
    ),
)
