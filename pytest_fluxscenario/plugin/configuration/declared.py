"""The options and ini keys of the plugin, declared (cli.md); ``options`` reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def add_options(parser: pytest.Parser) -> None:
    """Declare the options and ini keys, in the order in which pytest's help shows them."""
    group = parser.getgroup("fluxscenario", "scenarios of process packs")
    _add_run(group)
    _add_coverage(group)
    _add_mixer(group, parser)
    _add_gear(group, parser)
    _add_mutants(group, parser)
    _add_defaults(parser)
    _add_keys(parser)


def _add_run(group: pytest.OptionGroup) -> None:
    """What runs, on what, and what it leaves."""
    group.addoption(
        "--fluxscenario-store",
        metavar="DIR",
        help="the store of profiles (default: FLUXRIG_STORE, else store/ of the nearest folder upward)",
    )
    group.addoption(
        "--fluxscenario-evidence",
        metavar="DIR|off",
        help="where evidence is written, or off (default: beside the JUnit file, else .fluxscenario/evidence)",
    )
    group.addoption(
        "--fluxscenario-ref",
        metavar="REF",
        help="run a scenario, a suite or the scenarios of a pack from the store (name:tag, name:latest, sha256:HASH),"
        " or a path with a / in it; --fluxscenario-ref= runs what was run last",
    )
    group.addoption(
        "--fluxscenario-strict",
        action="store_true",
        default=None,
        help="warnings of the plugin are failures, such as a pack that changed without a new version",
    )
    group.addoption(
        "--fluxscenario-on-failure",
        choices=("continue", "stop"),
        help="after a failed step go on with the next one (default), or stop the scenario",
    )
    group.addoption("--fluxscenario-html", metavar="FILE", help="write the run as an HTML page, for people")


def _add_coverage(group: pytest.OptionGroup) -> None:
    """What was seen of each profile."""
    group.addoption(
        "--fluxscenario-coverage",
        action="store_true",
        default=None,
        help="show what the scenarios have seen of each profile, and what is missing with its line",
    )
    group.addoption(
        "--fluxscenario-coverage-fail-under",
        metavar="N",
        help="fail where less than N percent of a profile were seen: 90, gates=100,routes=90, or both",
    )


def _add_mixer(group: pytest.OptionGroup, parser: pytest.Parser) -> None:
    """Where scenarios run, and who hears of it."""
    group.addoption(
        "--fluxscenario-mixer",
        metavar="URL|off",
        help="let the racks of that Mixer run the scenarios (its token: FLUXRIG_API_TOKEN); off runs them here",
    )
    parser.addini("fluxscenario_mixer", "default of --fluxscenario-mixer")
    parser.addini("fluxscenario_mixer_wait", "seconds to wait for a rack, or for the Mixer to come back", default="60")
    group.addoption(
        "--fluxscenario-otel",
        choices=("on", "off"),
        help="export traces, metrics and logs by OpenTelemetry, or do not (default: as the OTEL_* variables say)",
    )
    parser.addini("fluxscenario_otel", "default of --fluxscenario-otel", default="")


def _add_gear(group: pytest.OptionGroup, parser: pytest.Parser) -> None:
    """What scenarios run against."""
    group.addoption(
        "--fluxscenario-gear",
        metavar="GEAR",
        help="run against another control implementation: stdio:COMMAND, http://HOST/PATH, mcp:COMMAND,"
        " mcp+http://HOST/PATH or module:function; or a name: of fluxscenario_gears, with a Mixer one that its racks"
        " offer (default: what the pack names, else the built-in engine)",
    )
    parser.addini("fluxscenario_gear", "default of --fluxscenario-gear", default="")
    parser.addini(
        "fluxscenario_gears", "what the names of gears mean here, as NAME = ADDRESS", type="linelist", default=[]
    )
    parser.addini("fluxscenario_gear_timeout", "seconds that one answer of a gear may take", default="30")


def _add_mutants(group: pytest.OptionGroup, parser: pytest.Parser) -> None:
    """What the scenarios would notice."""
    group.addoption(
        "--fluxscenario-mutate",
        action="store_true",
        default=None,
        help="when all scenarios of a pack have passed, weaken its rules one at a time and say what none would notice",
    )
    group.addoption(
        "--fluxscenario-mutate-fail-under",
        metavar="N",
        help="the least share of mutants, in percent, that has to be noticed (default: 100); tries them, too",
    )
    parser.addini("fluxscenario_mutate", "default of --fluxscenario-mutate", type="bool", default=False)
    parser.addini("fluxscenario_mutate_fail_under", "default of --fluxscenario-mutate-fail-under", default="100")


def _add_defaults(parser: pytest.Parser) -> None:
    """The ini keys of the options of a run."""
    parser.addini("fluxscenario_store", "default of --fluxscenario-store, relative to the ini file")
    parser.addini("fluxscenario_evidence", "default of --fluxscenario-evidence, relative to the ini file")
    parser.addini("fluxscenario_html", "default of --fluxscenario-html, relative to the ini file")
    parser.addini("fluxscenario_ref", "default of --fluxscenario-ref where no path is given, as testpaths")
    parser.addini("fluxscenario_strict", "default of --fluxscenario-strict", type="bool", default=False)
    parser.addini("fluxscenario_on_failure", "default of --fluxscenario-on-failure", default="continue")
    parser.addini("fluxscenario_coverage", "default of --fluxscenario-coverage", type="bool", default=False)
    parser.addini("fluxscenario_coverage_fail_under", "default of --fluxscenario-coverage-fail-under", default="")


def _add_keys(parser: pytest.Parser) -> None:
    """The ini keys that have no option."""
    parser.addini(
        "fluxscenario_files", "patterns of scenario files, instead of the usual rule", type="args", default=[]
    )
    parser.addini("fluxscenario_redact", "regular expressions of text to redact", type="linelist", default=[])
    parser.addini("fluxscenario_redact_env", "environment variables whose values are redacted", type="args", default=[])
    parser.addini("fluxscenario_hook_env", "environment variables that hooks of packs may see", type="args", default=[])
    parser.addini("fluxscenario_limits", "limits of documents, as name=value", type="args", default=[])
    parser.addini(
        "fluxscenario_classes",
        "scenario classes that a pack must have, or none (default: all that its profile makes possible)",
        type="args",
        default=[],
    )
