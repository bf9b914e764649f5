"""What endpoints tell CloudWatch about their invocations: counted as they happen, published every few seconds.

Source: "Amazon SageMaker AI metrics in Amazon CloudWatch", section "Endpoint invocation metrics". AWS publishes once a
minute; a test or a person at a laptop should not have to wait that long.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.cloud.platform import Metric

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator
    from datetime import datetime

    from agent.cloud.platform import Platform

NAMESPACE = "AWS/SageMaker"
_PUBLISH_SECONDS = 10.0
_MICROSECONDS = "Microseconds"


@dataclass(frozen=True, kw_only=True)
class Source:
    """A variant of a deployed configuration, as metrics tell variants apart."""

    account: str
    region: str
    endpoint: str
    variant: str
    config: str


@dataclass(kw_only=True)
class Tally:
    """The invocations of one source since ``since``: what each metric's values were, and how often each was seen."""

    since: datetime
    values: dict[tuple[str, str], Counter[float]] = field(default_factory=dict)

    def add(self, name: str, unit: str, value: float) -> None:
        """Count one observation."""
        seen = self.values.get((name, unit))
        if seen is None:
            seen = self.values[name, unit] = Counter()
        seen[value] += 1


def rounded(microseconds: float) -> float:
    """A latency to three significant digits, so that a busy endpoint has few different ones."""
    return float(f"{microseconds:.2e}")


def metrics(source: Source, tally: Tally) -> Iterator[Metric]:
    """The data of one tally, for the variant and for the variant under this configuration (as during a canary)."""
    variant = {"EndpointName": source.endpoint, "VariantName": source.variant}
    for dimensions in (variant, {**variant, "EndpointConfigName": source.config}):
        for (name, unit), seen in tally.values.items():
            for value, count in seen.items():
                yield Metric(
                    name=name, value=value, time=tally.since, dimensions=dimensions, unit=unit, count=float(count)
                )


class Meter:
    """Counts invocations, and publishes what it has counted before the cloud goes down."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._tallies: dict[Source, Tally] = {}
        self._publisher: asyncio.Task[None] | None = None

    def record(self, source: Source, *, status: int, instances: int, model: float, overhead: float) -> None:
        """One invocation: what the model answered (0: nothing), and where its time went, in microseconds."""
        tally = self._tallies.get(source)
        if tally is None:
            tally = self._tallies[source] = Tally(since=self._platform.clock.now())
        tally.add("Invocations", "None", 1.0)
        tally.add("InvocationsPerInstance", "None", 1.0 / max(1, instances))
        tally.add("Invocation4XXErrors", "None", float(400 <= status < 500))
        tally.add("Invocation5XXErrors", "None", float(status >= 500 or status == 0))
        tally.add("InvocationModelErrors", "None", float(not 200 <= status < 300))
        tally.add("ModelLatency", _MICROSECONDS, rounded(model))
        tally.add("OverheadLatency", _MICROSECONDS, rounded(overhead))
        if self._publisher is None or self._publisher.done():
            self._publisher = self._platform.spawn(self._publish_soon(), "endpoint metrics")

    async def _publish_soon(self) -> None:
        try:
            await self._platform.clock.sleep(_PUBLISH_SECONDS)
        finally:
            self.publish()

    def publish(self) -> None:
        """Give CloudWatch what has been counted so far."""
        tallies, self._tallies = self._tallies, {}
        for source, tally in tallies.items():
            data = list(metrics(source, tally))
            self._platform.telemetry.put_metrics(source.account, source.region, NAMESPACE, data)
