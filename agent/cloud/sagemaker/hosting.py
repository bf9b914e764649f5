"""The endpoints that are up: from a name to the fleets behind it, and from a request to one of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.cloud.sagemaker.traffic import Rotation, shares

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agent.cloud.sagemaker.endpoint_records import Endpoint, Generation, Variant
    from agent.cloud.sagemaker.fleet import Fleet

Key = tuple[str, str, str]
"""Account, region and name of an endpoint."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Target:
    """A fleet that a request may go to."""

    generation: Generation
    variant: Variant
    fleet: Fleet


@dataclass(kw_only=True, eq=False)
class Shadow:
    """A shadow variant, with its part of the production variant's requests."""

    target: Target
    part: float
    credit: float = field(default=0.0, init=False)

    def take(self) -> bool:
        """Whether it gets a copy of the next request; evenly spread."""
        self.credit += self.part
        if self.credit < 1.0:
            return False
        self.credit -= 1.0
        return True


class Hosted:
    """One endpoint's fleets; requests wait while ``routed`` is not set, as after a restart of the cloud."""

    def __init__(self) -> None:
        self.fleets: dict[tuple[int, str], Fleet] = {}
        self.routed = asyncio.Event()
        self.shadows: list[Shadow] = []
        self._all: Rotation[Target] = Rotation(())
        self._by_variant: Mapping[str, Rotation[Target]] = {}

    def route(self, parts: Iterable[tuple[Generation, float]]) -> None:
        """Send each part (0 to 1) of the requests to the variants of that generation, by their weights."""
        weighted: list[tuple[Target, float]] = []
        named: dict[str, list[tuple[Target, float]]] = {}
        self.shadows = []
        for generation, part in parts:
            if part == 0:
                continue
            targets = [self._target(generation, variant) for variant in generation.variants if not variant.shadow]
            weighted += shares({target: target.variant.weight for target in targets}, part)
            for target in targets:
                named.setdefault(target.variant.name, []).append((target, part))
            self.shadows += [self._shadow(generation, v, targets) for v in generation.variants if v.shadow]
        self._all = Rotation(weighted)
        self._by_variant = {name: Rotation(targets) for name, targets in named.items()}
        self.routed.set()

    def next(self, variant: str | None) -> Target | None:
        """The target of the next request, of one variant if it names one; None when there is no such variant."""
        rotation = self._by_variant.get(variant) if variant else self._all
        return rotation.next() if rotation else None

    def fleets_of(self, generation: Generation) -> list[Fleet]:
        """The fleets of one generation that exist."""
        return [fleet for (number, _), fleet in self.fleets.items() if number == generation.number]

    def forget(self, generation: Generation) -> list[Fleet]:
        """Take a generation's fleets out, for their end."""
        gone = [key for key in self.fleets if key[0] == generation.number]
        return [self.fleets.pop(key) for key in gone]

    def _target(self, generation: Generation, variant: Variant) -> Target:
        return Target(generation=generation, variant=variant, fleet=self.fleets[generation.number, variant.name])

    def _shadow(self, generation: Generation, variant: Variant, production: list[Target]) -> Shadow:
        """A shadow variant's weight counts in relation to the production variant's."""
        of = sum(target.variant.weight for target in production)
        return Shadow(target=self._target(generation, variant), part=min(1.0, variant.weight / of) if of else 1.0)


class Hosting:
    """Every endpoint that is up, by account, region and name."""

    def __init__(self) -> None:
        self._hosted: dict[Key, Hosted] = {}

    def of(self, endpoint: Endpoint) -> Hosted:
        """The endpoint's fleets; an empty house for one that has none yet."""
        return self._hosted.setdefault((endpoint.account, endpoint.region, endpoint.name), Hosted())

    def find(self, key: Key) -> Hosted | None:
        """The fleets of an endpoint, if it is up."""
        return self._hosted.get(key)

    def drop(self, endpoint: Endpoint) -> None:
        """Forget a deleted endpoint."""
        self._hosted.pop((endpoint.account, endpoint.region, endpoint.name), None)

    def forget(self) -> None:
        """Forget every endpoint, after the cloud was reset."""
        self._hosted.clear()
