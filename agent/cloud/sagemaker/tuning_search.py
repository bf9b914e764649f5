"""How a tuning job chooses hyperparameters: pure functions of its ranges, its seed and the trials so far.

``Bayesian`` here is a tree-structured Parzen estimator (Bergstra et al., "Algorithms for Hyper-Parameter
Optimization", NeurIPS 2011) after a quasi-random start: it learns from results as AWS's Gaussian process does, without
a numerical library in a cloud that must start in a second.
"""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from agent.cloud.sagemaker.tuning_ranges import Range

_GOOD_SHARE = 0.25
_CANDIDATES = 32
_LEAST_START = 4
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103,
           107, 109, 113)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One choice; ``loss`` (smaller is better) is None while it is unknown, or where there was none."""

    values: Mapping[str, str]
    loss: float | None = None


@dataclass(frozen=True, kw_only=True)
class Search:
    """What a strategy sees: the next choice is number ``number`` (from 0) of a job with this seed."""

    ranges: Sequence[Range]
    trials: Sequence[Trial]
    number: int
    seed: int

    @property
    def random(self) -> random.Random:
        """Randomness that is the same for the same seed and number."""
        return random.Random(f"{self.seed}:{self.number}")  # noqa: S311 - a search, not a secret


def grid_size(ranges: Sequence[Range]) -> int:
    """The number of combinations of categorical ranges."""
    return math.prod(r.choices or 0 for r in ranges)


def grid(search: Search) -> dict[str, str] | None:
    """Every combination once, the last range changing fastest; None after the last one."""
    places = [[(i + 0.5) / (r.choices or 1) for i in range(r.choices or 1)] for r in search.ranges]
    chosen = next(itertools.islice(itertools.product(*places), search.number, None), None)
    return None if chosen is None else _values(search, chosen)


def at_random(search: Search) -> dict[str, str]:
    """Independent uniform draws on each range's scale."""
    draw = search.random
    return _values(search, [draw.random() for _ in search.ranges])


def parzen(search: Search) -> dict[str, str]:
    """The candidate that looks most like the good trials and least like the others."""
    known = _placed(search)
    finished = sorted((t for t in known if t[1] is not None), key=lambda t: t[1] or 0.0)
    if len(finished) < max(_LEAST_START, 2 * len(search.ranges)):
        return _values(search, _halton(search))
    cut = max(1, math.ceil(_GOOD_SHARE * len(finished)))
    good = [places for places, _ in finished[:cut]]
    # Choices still under way count as others, so that parallel trials do not crowd one spot.
    others = [places for places, _ in finished[cut:]] + [places for places, loss in known if loss is None]
    draw = search.random
    best = [_better(search.ranges[i], i, good, others, draw) for i in range(len(search.ranges))]
    return _values(search, best)


STRATEGIES: Mapping[str, Callable[[Search], dict[str, str] | None]] = {
    "Grid": grid,
    "Random": at_random,
    "Bayesian": parzen,
}


def _values(search: Search, places: Sequence[float]) -> dict[str, str]:
    return {r.name: r.value(place) for r, place in zip(search.ranges, places, strict=True)}


def _placed(search: Search) -> list[tuple[tuple[float, ...], float | None]]:
    """Trials as points, those of other ranges (a warm start's) left out."""
    placed = []
    for trial in search.trials:
        places = [r.place(trial.values[r.name]) if r.name in trial.values else None for r in search.ranges]
        known = tuple(place for place in places if place is not None)
        if len(known) == len(places):
            placed.append((known, trial.loss))
    return placed


def _halton(search: Search) -> list[float]:
    """A point of the Halton sequence, shifted by the seed: it covers the space evenly from the first trials on."""
    shift = random.Random(search.seed)  # noqa: S311 - a search, not a secret
    shifts = [shift.random() for _ in search.ranges]
    return [(_radical_inverse(search.number + 1, _PRIMES[i % len(_PRIMES)]) + s) % 1.0 for i, s in enumerate(shifts)]


def _radical_inverse(number: int, base: int) -> float:
    inverse, fraction = 0.0, 1.0 / base
    while number:
        inverse += (number % base) * fraction
        number //= base
        fraction /= base
    return inverse


def _better(
    parameter: Range,
    index: int,
    good: Sequence[Sequence[float]],
    others: Sequence[Sequence[float]],
    draw: random.Random,
) -> float:
    """Of the places drawn near good trials, the one where good ones are densest compared with others."""
    likely = _Density([p[index] for p in good], parameter.choices)
    unlikely = _Density([p[index] for p in others], parameter.choices)
    candidates = [likely.draw(draw) for _ in range(_CANDIDATES)]
    return max(candidates, key=lambda place: likely.at(place) / unlikely.at(place))


class _Density:
    """A density on [0, 1]: a bump around each observation and one flat observation, or counts for categories."""

    def __init__(self, places: Sequence[float], choices: int | None) -> None:
        self._places = places
        self._choices = choices
        self._width = max(0.05, 0.5 / math.pow(1 + len(places), 0.7))

    def at(self, place: float) -> float:
        if self._choices is not None:
            same = sum(int(p * self._choices) == int(place * self._choices) for p in self._places)
            return (same + 1.0 / self._choices) / (len(self._places) + 1.0)
        bumps = sum(math.exp(-0.5 * ((place - p) / self._width) ** 2) for p in self._places)
        return (1.0 + bumps / (self._width * math.sqrt(2 * math.pi))) / (len(self._places) + 1.0)

    def draw(self, source: random.Random) -> float:
        number = source.randrange(len(self._places) + 1)
        if number == len(self._places):
            return source.random()
        if self._choices is not None:
            return self._places[number]
        return min(max(source.gauss(self._places[number], self._width), 0.0), 1.0 - 1e-9)
