"""Model servers: what stands behind one instance of an endpoint or of a transform job.

A :class:`ModelServer` runs a model's containers and keeps them running; invocations are proxied to them over HTTP as
SageMaker does it ("Use Your Own Inference Code with Hosting Services" in the developer guide).
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp

from agent.cloud.errors import AwsError
from agent.cloud.patience import within
from agent.cloud.sagemaker.job_logs import LogStream
from agent.cloud.sagemaker.model_data import ModelDataError, fetch
from agent.cloud.sagemaker.role_session import RoleSession
from agent.cloud.sagemaker.servable import DeployedImage
from agent.cloud.sagemaker.serving_container import ContainerGoneError, ModelAnswer, ServingContainer
from agent.errors import CloudFailedError
from agent.runtime.container import CannotStartError
from agent.runtime.contract.serving import ServingModel, serving_environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from agent.cloud.platform import Platform
    from agent.cloud.sagemaker.servable import ModelContainer, ServableModel
    from agent.runtime.container import RunnableImage
    from agent.runtime.contract.serving import Batch
    from agent.runtime.instances import Capacity

__all__ = ["ContainerGoneError", "ModelAnswer", "ModelServer", "ServerPlan", "ServingError"]

HEALTH_CHECK_SECONDS = 480
"""How long a container may take to answer /ping with 200, unless its variant says otherwise."""
DOWNLOAD_SECONDS = 3600
_FOLDER = "servers"
_DRAIN_SECONDS = 60.0
_KEEP_ALIVE_SECONDS = 1.5
"""Less than servers keep idle connections (gunicorn: 2 s), so that none is closed just as it is used again."""


def clear_leftovers(platform: Platform) -> None:
    """Remove the files of servers that a cloud left behind when it was killed."""
    shutil.rmtree(platform.state / _FOLDER, ignore_errors=True)


class ServingError(Exception):
    """A model server cannot be had; the message is AWS's, for FailureReason."""


@dataclass(frozen=True, kw_only=True)
class ServerPlan:
    """One model server to start.

    ``label`` is how failures call what it belongs to (``production variant AllTraffic``); a model of several
    containers logs each to ``log_stream`` and its hostname; ``healthy`` False is a fault: /ping never passes; ``batch``
    is how a transform job asks; ``offered`` is what each container has of its instance, None for no limit.
    """

    model: ServableModel
    label: str
    log_group: str
    log_stream: str
    health_check_seconds: float = HEALTH_CHECK_SECONDS
    download_seconds: float = DOWNLOAD_SECONDS
    healthy: bool = True
    batch: Batch | None = None
    offered: Capacity | None = None


class ModelServer:
    """The containers of one model on one instance; stop it, whatever became of its start."""

    def __init__(self, platform: Platform, plan: ServerPlan) -> None:
        self._platform = platform
        self.plan = plan
        self._folder: Path = platform.state / _FOLDER / uuid.uuid4().hex
        self._http: aiohttp.ClientSession | None = None
        self._containers: list[ServingContainer] = []
        self._logs: list[LogStream] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._under_way = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.images: Sequence[DeployedImage] = ()

    async def start(self) -> None:
        """Return when every container is healthy; raises ServingError with AWS's words otherwise."""
        role, images = await self._pull()
        await self._fetch_models(role)
        # Containers run in this process's own network; a proxy of the environment must not see their requests.
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None),
        )
        for container, image in zip(self.plan.model.containers, images, strict=True):
            self._containers.append(self._container(container, image, role, self._http))
        self._tasks = [self._platform.spawn(self._keep(container), container.name) for container in self._containers]
        health = (self._await_health(container) for container in self._containers)
        for outcome in await asyncio.gather(*health, return_exceptions=True):
            if outcome is not None:
                raise outcome

    async def resolve(self) -> None:
        """Pull the images without starting anything, so that ``images`` are known; raises ServingError."""
        await self._pull()

    async def invoke(self, body: bytes, headers: Mapping[str, str], hostname: str | None = None) -> ModelAnswer:
        """The model's answer to one request, of the first container that refuses it or of the last.

        ``headers`` are passed to containers as they are; ``hostname`` names the one of a model in Direct mode. Waits
        for a container that is starting again; raises ContainerGoneError when one ends during the request.
        """
        self._under_way += 1
        self._idle.clear()
        try:
            return await self._visit([c for c in self._containers if hostname in {None, c.hostname}], body, headers)
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._idle.set()

    async def get(self, path: str) -> ModelAnswer:
        """What the first container answers to a GET, such as a transform job's ``/execution-parameters``."""
        return await self._containers[0].get(path)

    @property
    def ready(self) -> bool:
        """Whether every container is healthy at this moment."""
        return bool(self._containers) and all(container.ready.is_set() for container in self._containers)

    def hostnames(self) -> Sequence[str]:
        """The names of the model's containers."""
        return [container.hostname for container in self.plan.model.containers]

    async def stop(self) -> None:
        """Let invocations under way finish, end every container, send its last log lines, and remove its files."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), _DRAIN_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for log in self._logs:
            await log.close()
        if self._http is not None:
            await self._http.close()
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def _visit(
        self, containers: Sequence[ServingContainer], body: bytes, headers: Mapping[str, str]
    ) -> ModelAnswer:
        """One container's answer is the next one's request."""
        for container in containers[:-1]:
            answer = await container.post("/invocations", body, headers)
            if answer.status >= 400:
                return answer
            body, headers = answer.body, {**headers, "Content-Type": answer.content_type}
        return await containers[-1].post("/invocations", body, headers)

    async def _pull(self) -> tuple[RoleSession, list[RunnableImage]]:
        """A session of the execution role, and the images that it may pull."""
        model, registry = self.plan.model, self._platform.registry
        try:
            role = RoleSession(self._platform, model.role_arn, model.region)
            pulled = [await registry.pull(c.image, role.credentials, model.region) for c in model.containers]
        except AwsError as error:
            raise ServingError(error.message) from error
        now = self._platform.clock.now()
        self.images = [
            DeployedImage(specified=c.image, resolved=f"{_repository(c.image)}@{image.digest}", time=now)
            for c, image in zip(model.containers, pulled, strict=True)
        ]
        return role, pulled

    async def _fetch_models(self, role: RoleSession) -> None:
        def fetch_all() -> None:
            for container in self.plan.model.containers:
                fetch(container, self._folder / container.hostname, role.s3)

        try:
            await within(self._platform.clock, self.plan.download_seconds, asyncio.to_thread(fetch_all))
        except ModelDataError as error:
            raise ServingError(str(error)) from error
        except TimeoutError as error:
            raise ServingError(
                f"Model data download for {self.plan.label} timed out after {self.plan.download_seconds:g} seconds. "
                "Increase ModelDataDownloadTimeoutInSeconds, or make the model data smaller."
            ) from error

    def _container(
        self, container: ModelContainer, image: RunnableImage, role: RoleSession, http: aiohttp.ClientSession
    ) -> ServingContainer:
        plan = self.plan
        single = len(plan.model.containers) == 1
        stream = plan.log_stream if single else f"{plan.log_stream}/{container.hostname}"
        log = LogStream(self._platform, role.credentials, plan.model.region, plan.log_group, stream)
        self._logs.append(log)
        opt_ml = self._folder / container.hostname
        model = ServingModel(region=plan.model.region, environment=container.environment)
        told = serving_environment(model, self._platform.runtime.base_dir(image, opt_ml), plan.batch)
        return ServingContainer(
            name=f"{plan.log_group.rpartition('/')[2]} {stream}",
            runtime=self._platform.runtime,
            http=http,
            image=image,
            opt_ml=opt_ml,
            hostname=container.hostname,
            environment={**role.environment(network=plan.model.network), **told},
            network=plan.model.network,
            healthy=plan.healthy,
            offered=plan.offered,
            log=lambda line: log.write(line.text),
        )

    async def _keep(self, container: ServingContainer) -> None:
        with contextlib.suppress(
            CannotStartError, CloudFailedError
        ):  # start() reports it; later ends lead to another start
            await container.keep_running()

    async def _await_health(self, container: ServingContainer) -> None:
        seconds = self.plan.health_check_seconds
        try:
            await within(self._platform.clock, seconds, container.first_health(), had_chance=container.has_had_a_chance)
        except CannotStartError as error:
            raise ServingError(
                f"CannotStartContainerError. Please ensure the model container for {self.plan.label} starts correctly "
                f"when invoked with 'docker run <image> serve'. ({error})"
            ) from error
        except CloudFailedError as error:
            raise ServingError(f"Request to service failed for {self.plan.label}: {error}") from error
        except TimeoutError as error:
            raise ServingError(
                f"The {container.hostname} container for {self.plan.label} did not pass the ping health check. Please "
                "check CloudWatch logs for this endpoint."
            ) from error


def _repository(image: str) -> str:
    """An image's name without its tag or digest."""
    name = image.partition("@")[0]
    registry, slash, repository = name.rpartition("/")
    return f"{registry}{slash}{repository.partition(':')[0]}"
