"""The engine alone, timed in its own process: ``python -I engine.py FOLDER REPEATS``.

FOLDER holds the pack and the scenarios. Reading, building the rules and building the requests are not timed; each
scenario gets a control of its own, as in a session. Prints how many decisions were right and the seconds that all took.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import yaml

from pytest_fluxscenario.control.engine import Engine
from pytest_fluxscenario.control.memory import EngineControl
from pytest_fluxscenario.control.rules import Rules, make_rules
from pytest_fluxscenario.model.pack import Manifest
from pytest_fluxscenario.model.profile import Profile, profile_hash
from pytest_fluxscenario.model.request import Actor, Environment, Given, Request
from pytest_fluxscenario.runtimes.none import NoHooks

Expected = tuple[str, str]


def read_rules(folder: Path) -> Rules:
    """The rules of the pack in ``folder``."""
    document = yaml.safe_load((folder / "profile.yaml").read_text(encoding="utf-8"))
    profile = msgspec.convert({**document.pop("profile"), **document}, Profile)
    manifest = yaml.safe_load((folder / "process.manifest.yaml").read_text(encoding="utf-8"))
    return make_rules(profile, profile_hash(profile), msgspec.convert(manifest, Manifest))


def read_requests(path: Path) -> list[tuple[Request, Expected]]:
    """The requests of one scenario file, each with the status and route that it must get."""
    scenario: dict[str, Any] = json.loads(path.read_bytes())
    return [
        (
            Request(step["action"], Actor(**step["actor"]), step["payload"], run_id=scenario["id"]),
            (step["expectation"]["status"], step["expectation"]["route"]),
        )
        for step in scenario["steps"]
    ]


def main(folder: Path, repeats: int) -> None:
    """Decide everything ``repeats`` times and print the sum."""
    engine = Engine(read_rules(folder), Environment(), NoHooks(folder.name))
    runs = [read_requests(path) for path in sorted(folder.glob("scenarios/*.scenario.json"))]
    right, seconds, nothing = 0, 0.0, Given()
    for _ in range(repeats):
        start = time.perf_counter()
        answers = []
        for requests in runs:
            control = EngineControl(engine)
            control.begin(requests[0][0].run_id or "", nothing)
            answers.append([control.decide(request) for request, _ in requests])
        seconds += time.perf_counter() - start
        for requests, responses in zip(runs, answers, strict=True):
            pairs = zip(requests, responses, strict=True)
            right += sum((response.status, response.route) == expected for (_, expected), response in pairs)
    print(f"{right} passed in {seconds:.6f} s")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
