"""What every service of the cloud stands on, handed to it whole by the server that builds it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from agent.aws.sessions import ClientData

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from agent.cloud.clock import Clock
    from agent.cloud.faults import Faults
    from agent.cloud.identity import Credentials, Identity
    from agent.cloud.store import Store
    from agent.runtime.container import RunnableImage, Runtime


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One CloudWatch datum; ``unit`` is CloudWatch's word (``Count``, ``Microseconds``, ``None``).

    ``count`` says how often the value was seen, so that a busy source need not repeat it.
    """

    name: str
    value: float
    time: datetime
    dimensions: Mapping[str, str]
    unit: str = "None"
    count: float = 1.0


class Telemetry(Protocol):
    """CloudWatch as AWS's own services use it: without asking the customer's policies."""

    def put_metrics(self, account: str, region: str, namespace: str, metrics: Sequence[Metric]) -> None:
        """Publish data into a namespace such as ``AWS/SageMaker``."""

    def alarm_states(self, account: str, region: str, names: Sequence[str]) -> Mapping[str, str]:
        """The state (``OK``, ``ALARM``, ``INSUFFICIENT_DATA``) of each alarm that exists, freshly evaluated."""


class Events(Protocol):
    """EventBridge as SageMaker uses it: without asking the customer's policies."""

    def publish(
        self, account: str, region: str, detail_type: str, detail: Mapping[str, Any], resources: Sequence[str]
    ) -> None:
        """Put an event of the source ``aws.sagemaker`` on the account's default bus; ``resources`` are ARNs."""


class Registry(Protocol):
    """ECR as SageMaker pulls from it: with the permissions of the role that runs the container."""

    async def check(self, image: str, credentials: Credentials, region: str) -> None:
        """Raise what :meth:`pull` would raise, without fetching the image."""

    async def pull(self, image: str, credentials: Credentials, region: str) -> RunnableImage:
        """The image ready to be run; raises AwsError when it is absent or the role may not pull it."""


@dataclass(frozen=True, kw_only=True)
class Platform:
    """The parts that services share; ``endpoint`` is this cloud's own address (``http://127.0.0.1:PORT``)."""

    state: Path
    endpoint: str
    clock: Clock
    identity: Identity
    store: Store
    faults: Faults
    telemetry: Telemetry
    events: Events
    registry: Registry
    runtime: Runtime
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    @cached_property
    def client_data(self) -> ClientData:
        """What boto3 clients of this cloud's own services share, whatever role they act as."""
        return ClientData()

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run ``work`` beside the requests; it is cancelled and awaited when the cloud goes down."""
        task = asyncio.create_task(work, name=name)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def settle(self) -> None:
        """Cancel what runs beside the requests and wait until it has let go of its processes."""
        while self.tasks:
            running = list(self.tasks)
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
