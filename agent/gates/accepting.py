"""What is borne for a time although a gate refuses it: an acceptance counts up to the end of its last day, in UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from agent.config.supply_gates import Acceptance

_NAMED = 5


def accepted(names: Iterable[str], acceptances: Mapping[str, Acceptance], today: date) -> frozenset[str]:
    """Those of the names that an acceptance covers today."""
    return frozenset(name for name in names if name in acceptances and today.isoformat() <= acceptances[name].until)


def expired(names: Iterable[str], acceptances: Mapping[str, Acceptance], today: date) -> str:
    """Of the names those that an acceptance does not cover any more, as the end of a sentence."""
    over = {name: acceptances[name].until for name in names if name in acceptances}
    told = [f"{name} was accepted until {until}" for name, until in over.items() if until < today.isoformat()]
    return f"; {listed(told)}" if told else ""


def listed(words: Sequence[str]) -> str:
    """The first few of some words, and how many more there are."""
    more = len(words) - _NAMED
    return ", ".join(words[:_NAMED]) + (f" and {more} more" if more > 0 else "")
