"""A Tavern backend that calls the rules of the benchmark in the same process: no server, nothing to wait for."""
# mypy: disable-error-code="import-not-found, misc"

from __future__ import annotations

from typing import Any, Self

import box
from change_rules import decide, new_run
from tavern._core import exceptions
from tavern._core.dict_util import format_keys
from tavern.request import BaseRequest
from tavern.response import BaseResponse

CHECKED = ("status", "route", "gate_id")


class ChangeSession:
    """The records of one test."""

    def __init__(self, **_options: Any) -> None:
        self.records: set[str] = set()

    def __enter__(self) -> Self:
        self.records = new_run()
        return self

    def __exit__(self, *_error: object) -> None:
        """Nothing is held that had to be given back."""


class ChangeRequest(BaseRequest):
    """One stage's request."""

    def __init__(self, session: ChangeSession, rspec: Any, test_block_config: Any) -> None:
        self.session = session
        self.request = format_keys(rspec, test_block_config.variables)

    @property
    def request_vars(self) -> Any:
        """What later stages may refer to."""
        return box.Box(self.request)

    def run(self) -> dict[str, str | None]:
        """Decide the request."""
        answer: dict[str, str | None] = decide(self.session.records, self.request["action"], self.request["payload"])
        return answer


class ChangeResponse(BaseResponse):
    """One stage's expectation."""

    def __init__(self, session: ChangeSession, name: str, expected: Any, test_block_config: Any) -> None:
        del session
        super().__init__(name, expected, test_block_config)

    def verify(self, response: dict[str, str | None]) -> dict[str, Any]:
        """Compare, and fail the test where they differ."""
        for key in CHECKED:
            if response[key] != self.expected[key]:
                self._adderr("%s: expected %s, got %s", key, self.expected[key], response[key])
        if self.errors:
            raise exceptions.TestFailError("failed:\n" + self._str_errors(), failures=self.errors)
        return {}


session_type = ChangeSession
request_type = ChangeRequest
request_block_name = "change_request"
verifier_type = ChangeResponse
response_block_name = "change_response"
has_multiple_responses = False


def get_expected_from_request(response_block: Any, test_block_config: Any, session: ChangeSession) -> Any:
    """The expectation of a stage with Tavern's variables filled in."""
    del session
    return format_keys(response_block, test_block_config.variables)


_NULLABLE = {"type": ["string", "null"]}

schema = {
    "definitions": {
        "change_request": {
            "type": "object",
            "required": ["action", "payload"],
            "properties": {"actor": {"type": "string"}, "action": {"type": "string"}, "payload": {"type": "object"}},
        },
        "change_response": {
            "type": "object",
            "required": list(CHECKED),
            "properties": {"status": {"type": "string"}, "route": {"type": "string"}, "gate_id": _NULLABLE},
        },
        "stage": {
            "properties": {
                "change_request": {"$ref": "#/definitions/change_request"},
                "change_response": {"$ref": "#/definitions/change_response"},
            }
        },
    }
}
