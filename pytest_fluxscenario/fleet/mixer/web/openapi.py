"""The description of the API as OpenAPI: ``python -m pytest_fluxscenario.fleet.mixer.web.openapi FILE [--check]``."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import yaml

from pytest_fluxscenario.fleet.mixer.service import VERBS
from pytest_fluxscenario.fleet.mixer.web.endpoint import BYTES, JSON, Endpoint
from pytest_fluxscenario.fleet.mixer.web.rest import ENDPOINTS
from pytest_fluxscenario.remote.api import API, Trouble

#: Of the API, not of the package: it changes when the API does.
VERSION = "1"


#: What stands in the place of each part of a path.
_PATHS: dict[str, dict[str, Any]] = {
    "name": {"pattern": "^[a-z0-9][a-z0-9_-]{0,63}$"},
    "verb": {"enum": [*VERBS]},
    "hash": {"pattern": "^[0-9a-f]{64}$"},
    "run": {"pattern": "^[a-z0-9][a-z0-9_-]{7,63}$"},
}


def describe(endpoints: Sequence[Endpoint], version: str) -> dict[str, Any]:
    """OpenAPI 3.1 of these endpoints, as plain data."""
    wanted = [one for endpoint in endpoints for one in (endpoint.gives, endpoint.takes)]
    kinds = [*dict.fromkeys(str(one) for one in wanted if one not in (None, bytes))]
    types = [next(one for one in wanted if str(one) == kind) for kind in kinds]
    schemas, components = msgspec.json.schema_components([*types, Trouble], ref_template="#/components/schemas/{name}")
    by_kind = dict(zip(kinds, schemas, strict=False))
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        operation = _operation(endpoint, by_kind)
        paths.setdefault(f"{API}{endpoint.path}", {})[endpoint.method.lower()] = operation
    about = "Racks, content and runs of a fleet that runs scenarios of process packs."
    plain = {
        "openapi": "3.1.0",
        "info": {"title": "Mixer", "version": version, "description": about},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }
    # Defaults may be values of this package.
    decoded: dict[str, Any] = _in_order(msgspec.json.decode(msgspec.json.encode(plain)))
    return decoded


def _in_order(value: Any) -> Any:
    """The same, where each place of an array has one type said once: tools that read OpenAPI stumble over more."""
    if isinstance(value, list):
        return [_in_order(one) for one in value]
    if not isinstance(value, dict):
        return value
    plain = {name: _in_order(one) for name, one in value.items()}
    places = plain.get("prefixItems")
    if places and all(place == places[0] for place in places):
        plain["items"] = plain.pop("prefixItems")[0]
    return plain


def _operation(endpoint: Endpoint, schemas: Mapping[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {
        "operationId": endpoint.answer.__name__.strip("_"),
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "responses": _responses(endpoint, schemas),
    }
    if parameters := list(_parameters(endpoint)):
        said["parameters"] = parameters
    if endpoint.takes is not None:
        kind, schema = (BYTES, {}) if endpoint.takes is bytes else (JSON, schemas[str(endpoint.takes)])
        # Bytes may be none at all.
        said["requestBody"] = {"required": endpoint.takes is not bytes, "content": _content(kind, schema)}
    return said


def _parameters(endpoint: Endpoint) -> Iterator[dict[str, Any]]:
    """What of a request is not its body: parts of the path, of the query, and a header."""
    for name in re.findall(r"\{(\w+)\}", endpoint.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", **_PATHS[name]}}
    for one in endpoint.query:
        number = {"type": "integer" if one.whole else "number", "minimum": 0, "maximum": one.most, "default": 0}
        yield {"name": one.name, "in": "query", "description": one.says, "schema": number}
    if endpoint.header is not None:
        name, says = endpoint.header
        text = {"type": "string", "pattern": "^[!-~]{1,255}$"}
        yield {"name": name, "in": "header", "description": says, "schema": text}


def _responses(endpoint: Endpoint, schemas: Mapping[str, Any]) -> dict[str, Any]:
    """What comes back, by status."""
    trouble = {"description": "Why not", "content": _content(JSON, {"$ref": "#/components/schemas/Trouble"})}
    failures = {"4XX": trouble, "5XX": trouble}
    if endpoint.gives is None:
        return {"204": {"description": "Done"}, **failures}
    schema = {} if endpoint.gives is bytes else schemas[str(endpoint.gives)]
    return {"200": {"description": "Done", "content": _content(endpoint.kind, schema)}, **failures}


def _content(kind: str, schema: Any) -> dict[str, Any]:
    return {kind: {"schema": schema}}


def openapi_yaml() -> str:
    """The description as YAML, in one spelling."""
    plain = describe(ENDPOINTS, VERSION)
    return yaml.safe_dump(plain, sort_keys=True, allow_unicode=True, width=120)


def main(arguments: Sequence[str]) -> int:
    """Write the file, or with ``--check`` say whether it is as it would be written."""
    path, *more = arguments
    text = openapi_yaml()
    if more == ["--check"]:
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                return 0
        sys.stderr.write(f"{path}: is not what the code says (make openapi)\n")
        return 1
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
