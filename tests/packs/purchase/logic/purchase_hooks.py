"""The hooks of `purchase`: what the rules ask about amounts of money.

Reads one fst.hook.call.v1 object from the first line of stdin and writes one result object as one line. Facts are
computed from the payload of the request and nothing else; what follows from them is decided by the gates.
"""

import json
import re
import sys
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

#: From this total on, three suppliers are asked.
QUOTES_FROM = Decimal("1000.00")
QUOTES_NEEDED = 3
#: Above this amount a director approves too, and above that one nothing is ordered without a tender.
DIRECTOR_ABOVE = Decimal("10000.00")
TENDER_ABOVE = Decimal("50000.00")

_AMOUNT = re.compile(r"(?:0|[1-9][0-9]{0,8})\.[0-9]{2}", re.ASCII)
_Result = dict[str, Any]


def amount(payload: Mapping[str, Any], name: str) -> Decimal:
    """The amount of that name. Raises ValueError for anything but a text like 1249.90."""
    value = payload.get(name)
    if not isinstance(value, str) or not _AMOUNT.fullmatch(value):
        raise ValueError(f"{name} must be a text like 1249.90")
    return Decimal(value)


def quotes(payload: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The quotes. Raises ValueError where they are no list of objects with a supplier."""
    listed = payload.get("quotes")
    if not isinstance(listed, list) or not listed:
        raise ValueError("quotes must be a list of quotes")
    for number, quote in enumerate(listed, 1):
        if not isinstance(quote, dict) or not isinstance(quote.get("supplier"), str):
            raise ValueError(f"quote {number} must name its supplier")
    return listed


def quote_facts(payload: Mapping[str, Any]) -> _Result:
    """quotes_missing: the cheapest quote is not small, too few suppliers were asked, and no reason is given."""
    listed = quotes(payload)
    cheapest = min(amount(quote, "total") for quote in listed)
    asked = {quote["supplier"] for quote in listed}
    excused = bool(payload.get("sole_source_reason"))
    missing = cheapest >= QUOTES_FROM and len(asked) < QUOTES_NEEDED and not excused
    return {"facts": {"quotes_missing": missing, "suppliers_asked": len(asked)}}


def quotes_add_up(payload: Mapping[str, Any]) -> _Result:
    """Whether each total is unit price times quantity plus shipping, and each supplier has one quote."""
    said: list[str] = []
    seen: set[str] = set()
    for number, quote in enumerate(quotes(payload), 1):
        name = f"quote {number} ({quote['supplier']})"
        quantity = quote.get("quantity")
        if not isinstance(quantity, int) or isinstance(quantity, bool):
            raise ValueError(f"{name}: quantity must be a whole number")
        right = amount(quote, "unit_price") * quantity + amount(quote, "shipping")
        if right != amount(quote, "total"):
            said.append(f"{name}: its parts add up to {right}, and not to {quote['total']}")
        if quote["supplier"] in seen:
            said.append(f"{name}: there is a quote of this supplier already")
        seen.add(quote["supplier"])
    return {"valid": not said, "diagnostics": said}


def budget_facts(payload: Mapping[str, Any]) -> _Result:
    """over_budget: the cost centre has less than the amount."""
    return {"facts": {"over_budget": amount(payload, "amount") > amount(payload, "available")}}


def tender_facts(payload: Mapping[str, Any]) -> _Result:
    """over_limit: nothing of this size is ordered without a tender."""
    return {"facts": {"over_limit": amount(payload, "amount") > TENDER_ABOVE}}


def approval_level_facts(payload: Mapping[str, Any]) -> _Result:
    """needs_director: the manager alone cannot approve it."""
    return {"facts": {"needs_director": amount(payload, "amount") > DIRECTOR_ABOVE}}


HOOKS: Mapping[str, Callable[[Mapping[str, Any]], _Result]] = {
    "quote_facts": quote_facts,
    "quotes_add_up": quotes_add_up,
    "budget_facts": budget_facts,
    "tender_facts": tender_facts,
    "approval_level_facts": approval_level_facts,
}


def answer(line: bytes) -> _Result:
    """The result for one call; a call that cannot be answered is a result with status error."""
    try:
        call = _read(line)
        hook = HOOKS.get(str(call.get("hook_id")))
        if hook is None:
            raise ValueError("there is no such hook here")
        payload = call.get("payload")
        if not isinstance(payload, dict):
            raise ValueError("the payload must be an object")
        return {"status": "ok", **hook(payload)}
    except ValueError as error:
        return {"status": "error", "diagnostics": [str(error)]}


def _read(line: bytes) -> dict[str, Any]:
    # The parser's own words differ between Python versions, and the same fault must give the same diagnostics.
    try:
        call = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("the call is not JSON") from None
    if not isinstance(call, dict) or call.get("protocol_version") != "fst.hook.call.v1":
        raise ValueError("the call is not an object of fst.hook.call.v1")
    return call


if __name__ == "__main__":
    sys.stdout.write(json.dumps(answer(sys.stdin.buffer.readline())) + "\n")
