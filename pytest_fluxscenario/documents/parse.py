"""The careful readers behind one door: the suffix of a file's name says which of them reads it."""

from __future__ import annotations

from pytest_fluxscenario.base.errors import DocumentError
from pytest_fluxscenario.base.place import Place
from pytest_fluxscenario.documents.json_reader import read_json
from pytest_fluxscenario.documents.limits import Limits
from pytest_fluxscenario.documents.source import Source
from pytest_fluxscenario.documents.text import read_text
from pytest_fluxscenario.documents.tree import Document

_JSON = (".json",)
_YAML = (".yaml", ".yml")


def is_yaml(name: str) -> bool:
    """Whether a file is YAML, and not JSON. Raises DocumentError when its name says neither."""
    if name.endswith(_JSON):
        return False
    lowered = name.lower()
    if not lowered.endswith(_JSON + _YAML):
        hint = "known: " + ", ".join(_JSON + _YAML)
        raise DocumentError.of("document.suffix", Place(name), "the name says neither JSON nor YAML", hint)
    return lowered.endswith(_YAML)


def parse(source: Source, limits: Limits) -> tuple[str, tuple[Document, ...]]:
    """The text of a file, which offsets count in, and its documents. Raises DocumentError."""
    yaml = is_yaml(source.name)
    text = read_text(source, limits)
    if not yaml:
        return text, (read_json(source.name, text, limits),)
    # The parser of YAML is imported when there is YAML: it costs more than reading many files of JSON.
    from pytest_fluxscenario.documents.yaml_reader import read_yaml

    return text, read_yaml(source.name, text, limits)
