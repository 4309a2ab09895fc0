"""The actions of a process in the order in which it goes: how many steps each lies behind the beginning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def layers(following: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Name to its layer; ``following`` is each name, in order, with the names that may come after it.

    A name lies one layer behind the last of those that lead to it. What leads back to where one has come from counts
    for nothing. Where everything leads in a circle, the first name is the beginning.
    """
    order = _backwards(following)
    rank = {name: at for at, name in enumerate(order)}
    found = dict.fromkeys(following, 0)
    for name in order:
        for after in following[name]:
            if after in rank and rank[after] > rank[name]:
                found[after] = max(found[after], found[name] + 1)
    return found


def _backwards(following: Mapping[str, Sequence[str]]) -> list[str]:
    """All names, each before those that it leads to, but where that goes round in a circle."""
    led_to = {after for name, listed in following.items() for after in listed if after != name}
    # The last first, so that what is turned round in the end stands in the order that was written.
    begins = [*reversed([name for name in following if name not in led_to]), *following]
    done: list[str] = []
    seen: set[str] = set()
    for begin in begins:
        if begin in seen:
            continue
        seen.add(begin)
        path = [(begin, iter([one for one in reversed(following[begin]) if one in following]))]
        while path:
            name, left = path[-1]
            after = next((one for one in left if one not in seen), None)
            if after is None:
                done.append(name)
                path.pop()
            else:
                seen.add(after)
                path.append((after, iter([one for one in reversed(following[after]) if one in following])))
    return done[::-1]
