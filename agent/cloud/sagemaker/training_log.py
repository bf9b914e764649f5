"""What a training job's containers print: sent to CloudWatch Logs, and searched for the metrics it defines."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Self

from agent.cloud.platform import Metric
from agent.cloud.sagemaker.job_logs import LogStream
from agent.cloud.sagemaker.training_metrics import metric_definitions, metrics_in
from agent.cloud.sagemaker.training_state import MetricValue

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.cloud.identity import Credentials
    from agent.cloud.platform import Platform
    from agent.cloud.sagemaker.jobs import Handle
    from agent.cloud.sagemaker.training_state import TrainingJob
    from agent.runtime.container import LogLine
    from agent.runtime.contract.cluster import Host

GROUP = "/aws/sagemaker/TrainingJobs"
_FLUSH_SECONDS = 0.5


class TrainingLog:
    """The log streams of one attempt, one for each host; metrics are kept and published twice a second."""

    def __init__(
        self, platform: Platform, handle: Handle[TrainingJob], credentials: Credentials, hosts: Sequence[Host]
    ) -> None:
        job = handle.job
        self._platform = platform
        self._handle = handle
        self._definitions = metric_definitions(job.request["AlgorithmSpecification"].get("MetricDefinitions"))
        self._found: list[Metric] = []
        epoch = int(platform.clock.time())
        self._streams = {
            host.name: LogStream(platform, credentials, job.region, GROUP, f"{job.name}/{host.name}-{epoch}")
            for host in hosts
        }
        self._flusher: asyncio.Task[None] | None = None

    def taker(self, host: str) -> Callable[[LogLine], None]:
        """What takes the lines of a host's container."""
        stream = self._streams[host]

        def take(line: LogLine) -> None:
            stream.write(line.text)
            self._search(line.text)

        return take

    async def __aenter__(self) -> Self:
        self._flusher = asyncio.create_task(self._keep_flushing())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._flusher is not None
        self._flusher.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._flusher
        self._flush()
        await asyncio.gather(*(stream.close() for stream in self._streams.values()))

    async def _keep_flushing(self) -> None:
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            self._flush()

    def _search(self, text: str) -> None:
        now = self._platform.clock.now()
        dimensions = {"TrainingJobName": self._handle.job.name}
        for name, value in metrics_in(text, self._definitions):
            self._found.append(Metric(name=name, value=value, time=now, dimensions=dimensions))

    def _flush(self) -> None:
        """Publish what was found and keep the last value of each metric with the job."""
        found, self._found = self._found, []
        if not found:
            return
        job = self._handle.job
        self._platform.telemetry.put_metrics(job.account, job.region, GROUP, found)
        latest = {metric.name: MetricValue(value=metric.value, time=metric.time) for metric in found}
        self._handle.change(metrics={**job.metrics, **latest})
