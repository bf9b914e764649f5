"""Carries one transform job: model servers, the input's records through them, results to S3.

Results are kept here until the end: a job that is stopped stores nothing (``StopTransformJob``), one that fails stores
the objects that were transformed whole (``TransformOutput``).
"""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from agent.aws.objects import Location, parse_location
from agent.cloud.errors import AwsError
from agent.cloud.sagemaker.cluster import sounded
from agent.cloud.sagemaker.job_logs import LogStream
from agent.cloud.sagemaker.jobs import JobFailedError
from agent.cloud.sagemaker.one_attempt import COMPLETED, Finish, OneAttempt, finish_of
from agent.cloud.sagemaker.role_session import RoleSession, s3_words
from agent.cloud.sagemaker.serving import ContainerGoneError, ModelServer, ServerPlan, ServingError
from agent.cloud.sagemaker.threads import in_thread
from agent.cloud.sagemaker.transform_object import ObjectTransformer
from agent.cloud.sagemaker.transform_plan import batch_of, execution_parameters, plan_of
from agent.errors import ModelyardError
from agent.runtime.channels import ChannelError, ChannelSource, Download, Reader, materialise
from agent.runtime.instances import capacity

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from agent.cloud.platform import Platform
    from agent.cloud.sagemaker.jobs import Handle, Job
    from agent.cloud.sagemaker.one_attempt import Alarms
    from agent.cloud.sagemaker.servable import ServableModel
    from agent.cloud.sagemaker.slots import Slots

GROUP = "/aws/sagemaker/TransformJobs"
OPERATION = "sagemaker:CreateTransformJob"
_MOST_SERVERS = 2
"""However many instances are asked for, this many model servers really run, so that any job fits a laptop."""


class TransformRun:
    """One job under way."""

    def __init__(self, platform: Platform, slots: Slots, handle: Handle[Any], model: ServableModel) -> None:
        self._platform = platform
        self._job: Job = handle.job
        self._model = _with_environment(model, self._job.request.get("Environment") or {})
        self._attempt = OneAttempt(platform, slots, handle, OPERATION)

    async def run(self) -> None:
        """Return when the job has ended."""
        await self._attempt.run(self._work)

    async def _work(self, alarms: Alarms) -> Finish:
        try:
            session = RoleSession(self._platform, self._model.role_arn, self._model.region)
        except AwsError as error:
            raise JobFailedError(f"ClientError: {error.message}") from error
        downloads = await in_thread(self._download, session)
        work = asyncio.create_task(self._transform(session, downloads))
        try:
            await asyncio.wait({work, *alarms}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done() and (cut := sounded(alarms)) is not None:
                return finish_of(cut)
        finally:
            if not work.done():
                work.cancel()
                await asyncio.wait({work})
        # A failed job stores what was transformed whole before it tells its reason.
        await in_thread(self._upload, session, downloads)
        work.result()
        return COMPLETED

    async def _transform(self, session: RoleSession, downloads: Sequence[Download]) -> None:
        count = min(self._job.request["TransformResources"]["InstanceCount"], _MOST_SERVERS, len(downloads))
        servers = [self._server() for _ in range(count)]
        log = LogStream(
            self._platform, session.credentials, self._model.region, GROUP, f"{servers[0].plan.log_stream}/data-log"
        )
        try:
            await asyncio.gather(*(server.start() for server in servers))
            offered = execution_parameters(await servers[0].get("/execution-parameters"))
            plan = plan_of(self._job.request, offered)
            transformers = [ObjectTransformer(self._platform.clock, server, plan, log) for server in servers]
            await _together(
                transformers[index % count].transform(download, self._input / download.name, self._output)
                for index, download in enumerate(downloads)
            )
        except ServingError as error:
            raise JobFailedError(f"ClientError: {error}") from error
        except ContainerGoneError as error:
            raise JobFailedError(f"AlgorithmError: The model's container ended: {error}") from error
        finally:
            await asyncio.gather(*(server.stop() for server in servers))
            await log.close()

    def _server(self) -> ModelServer:
        instance = secrets.token_hex(16)
        return ModelServer(
            self._platform,
            ServerPlan(
                model=self._model,
                label=f"transform job {self._job.name}",
                log_group=GROUP,
                log_stream=f"{self._job.name}/{instance}",
                batch=batch_of(self._job.request),
                offered=capacity(self._job.request["TransformResources"]["InstanceType"]),
            ),
        )

    def _download(self, session: RoleSession) -> Sequence[Download]:
        given = self._job.request["TransformInput"]
        data = given["DataSource"]["S3DataSource"]
        source = ChannelSource(
            uri=data["S3Uri"], data_type=data["S3DataType"], compression=given.get("CompressionType", "None")
        )
        reader = Reader(region=self._model.region, role_arn=self._model.role_arn)
        try:
            return materialise(source, self._input, session.s3, reader)
        except ChannelError as error:
            raise JobFailedError(f"ClientError: {error}") from error
        except ModelyardError as error:
            raise JobFailedError(f"ClientError: Data download failed:{s3_words(error)}") from error

    def _upload(self, session: RoleSession, downloads: Sequence[Download]) -> None:
        output = self._job.request["TransformOutput"]
        where = parse_location(output["S3OutputPath"])
        try:
            for download in downloads:
                result = self._output / f"{download.name}.out"
                if result.exists():
                    target: Location = where.below(f"{download.name}.out")
                    session.s3.put(target.bucket, target.key, result, kms_key_id=output.get("KmsKeyId"))
        except ModelyardError as error:
            raise JobFailedError(f"ClientError: Data upload failed:{s3_words(error)}") from error

    @property
    def _input(self) -> Path:
        return self._attempt.folder / "input"

    @property
    def _output(self) -> Path:
        return self._attempt.folder / "output"


async def _together(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Do everything side by side; the first failure ends the rest and is raised."""
    tasks = [asyncio.create_task(each) for each in work]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _with_environment(model: ServableModel, environment: Mapping[str, str]) -> ServableModel:
    """The model with the job's variables over those of its containers."""
    containers = [
        container.model_copy(update={"environment": {**container.environment, **environment}})
        for container in model.containers
    ]
    return model.model_copy(update={"containers": tuple(containers)})
