"""Which fleet gets the next request: exact shares in a steady rotation, so that a canary of 10 % is every tenth.

AWS draws at random with the same shares in the long run; a rotation has them in the short run too, which makes tests
of weights and canaries exact.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

T = TypeVar("T")


class Rotation(Generic[T]):
    """Smooth weighted round robin over targets of positive weight."""

    def __init__(self, weights: Iterable[tuple[T, float]]) -> None:
        self._targets = [(target, weight) for target, weight in weights if weight > 0]
        self._total = sum(weight for _, weight in self._targets)
        self._credit = [0.0] * len(self._targets)

    def next(self) -> T:
        """The target of the next request; LookupError when none has any weight."""
        if len(self._targets) == 1:
            return self._targets[0][0]
        if not self._targets:
            raise LookupError("no target has a weight")
        for number, (_, weight) in enumerate(self._targets):
            self._credit[number] += weight
        chosen = max(range(len(self._credit)), key=self._credit.__getitem__)
        self._credit[chosen] -= self._total
        return self._targets[chosen][0]


def shares(weights: Mapping[T, float], part: float = 1.0) -> list[tuple[T, float]]:
    """``part`` of the traffic divided over targets by their weights, and evenly where all weights are 0."""
    total = sum(weights.values())
    if not weights:
        return []
    if total == 0:
        return [(target, part / len(weights)) for target in weights]
    return [(target, part * weight / total) for target, weight in weights.items()]
