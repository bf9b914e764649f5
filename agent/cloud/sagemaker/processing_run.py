"""Carries one processing job: inputs to each host, containers, outputs to S3."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agent.aws.objects import parse_location
from agent.cloud.errors import AwsError
from agent.cloud.sagemaker.cluster import run_cluster, sounded
from agent.cloud.sagemaker.instances import addresses, processing_hosts
from agent.cloud.sagemaker.job_logs import LogStream
from agent.cloud.sagemaker.jobs import OUT_OF_MEMORY, Job, JobFailedError, JobStatus
from agent.cloud.sagemaker.one_attempt import COMPLETED, Finish, OneAttempt, finish_of
from agent.cloud.sagemaker.role_session import RoleSession, s3_words
from agent.cloud.sagemaker.threads import in_thread
from agent.cloud.sagemaker.upload_loop import UploadLoop, uploading
from agent.errors import ModelyardError
from agent.runtime.channels import ChannelError, ChannelSource, Reader, materialise
from agent.runtime.container import ContainerSpec
from agent.runtime.contract import processing
from agent.runtime.contract.cluster import Cluster
from agent.runtime.contract.folder import exit_message, furnish
from agent.runtime.instances import capacity
from agent.runtime.outputs import Destination

if TYPE_CHECKING:
    from pathlib import Path

    from agent.cloud.platform import Platform
    from agent.cloud.sagemaker.cluster import Ended
    from agent.cloud.sagemaker.jobs import Handle
    from agent.cloud.sagemaker.one_attempt import Alarms
    from agent.cloud.sagemaker.operation import Members
    from agent.cloud.sagemaker.slots import Slots
    from agent.runtime.container import Exit, RunnableImage
    from agent.runtime.contract.cluster import Host

GROUP = "/aws/sagemaker/ProcessingJobs"
OPERATION = "sagemaker:CreateProcessingJob"
_FAILED = "AlgorithmError: See job logs for more information"


class ProcessingJob(Job):
    """A processing job; ``exit_message`` is what its container said at its end."""

    exit_message: str | None = None


class ProcessingRun:
    """One job under way, each host's ``/opt/ml`` in a folder of its name."""

    def __init__(self, platform: Platform, slots: Slots, handle: Handle[ProcessingJob]) -> None:
        self._platform = platform
        self._job = handle.job
        self._hosts = processing_hosts(self._job.request["ProcessingResources"]["ClusterConfig"])
        self._interface = "lo"
        self._attempt = OneAttempt(platform, slots, handle, OPERATION)

    async def run(self) -> None:
        """Return when the job has ended."""
        await self._attempt.run(self._work)

    async def _work(self, alarms: Alarms) -> Finish:
        try:
            session = RoleSession(self._platform, self._job.request["RoleArn"], self._job.region)
            image = await self._pull(session)
        except AwsError as error:
            raise JobFailedError(f"ClientError: {error.message}") from error
        await in_thread(self._download, session)
        if (cut := sounded(alarms)) is not None:
            return finish_of(cut)
        outputs = self._outputs(session)
        ended = await self._process(session, image, alarms, outputs)
        return await self._conclude(ended, outputs)

    async def _pull(self, session: RoleSession) -> RunnableImage:
        image = self._job.request["AppSpecification"]["ImageUri"]
        pulled = await self._platform.registry.pull(image, session.credentials, self._job.region)
        self._interface = self._platform.runtime.interface(pulled)
        return pulled

    async def _process(
        self, session: RoleSession, image: RunnableImage, alarms: Alarms, outputs: list[tuple[UploadLoop, str]]
    ) -> Ended:
        streams = self._streams(session)
        specs = [self._container(index, session, image, stream) for index, stream in enumerate(streams)]
        try:
            async with uploading([loop for loop, mode in outputs if mode == "Continuous"]):
                return await run_cluster(self._platform.runtime, self._platform.clock, specs, alarms)
        finally:
            for stream in streams:
                await stream.close()

    async def _conclude(self, ended: Ended, outputs: list[tuple[UploadLoop, str]]) -> Finish:
        """What containers that have ended mean for the job; of one that failed only Continuous outputs are kept."""
        messages = [exit_message(self._opt_ml(host)) for host in self._hosts]
        finish = COMPLETED if ended.cut is None else finish_of(ended.cut)
        if ended.failed is not None:
            finish = Finish(status=JobStatus.FAILED, failure=container_failure(ended.exits[ended.failed]))
        lost = finish.status is JobStatus.FAILED
        await in_thread(_upload, [loop for loop, mode in outputs if mode == "Continuous" or not lost])
        return replace(finish, members={"exit_message": next((message for message in messages if message), None)})

    def _download(self, session: RoleSession) -> None:
        try:
            for index, host in enumerate(self._hosts):
                job = self._described(index)
                opt_ml = self._opt_ml(host)
                furnish(opt_ml, processing.processing_folders(job), processing.processing_files(job))
                for entry in self._job.request.get("ProcessingInputs") or []:
                    if not entry.get("AppManaged"):
                        self._materialise(entry["S3Input"], opt_ml, index, session)
        except ChannelError as error:
            raise JobFailedError(f"ClientError: {error}") from error
        except ModelyardError as error:
            raise JobFailedError(f"ClientError: Data download failed:{s3_words(error)}") from error

    def _materialise(self, source: Members, opt_ml: Path, index: int, session: RoleSession) -> None:
        reader = Reader(
            region=self._job.region, role_arn=self._job.request["RoleArn"], index=index, count=len(self._hosts)
        )
        channel = ChannelSource(
            uri=source["S3Uri"],
            data_type=source["S3DataType"],
            distribution=source.get("S3DataDistributionType", "FullyReplicated"),
        )
        materialise(channel, processing.host_path(opt_ml, source["LocalPath"]), session.s3, reader)

    def _container(self, index: int, session: RoleSession, image: RunnableImage, stream: LogStream) -> ContainerSpec:
        host, job = self._hosts[index], self._described(index)
        entrypoint, arguments = processing.processing_command(job)
        offered = capacity(host.instance_type)
        network = not (self._job.request.get("NetworkConfig") or {}).get("EnableNetworkIsolation", False)
        return ContainerSpec(
            name=f"{self._job.name}/{host.name}",
            image=image,
            opt_ml=self._opt_ml(host),
            entrypoint=entrypoint,
            arguments=arguments,
            environment={**session.environment(network=network), **processing.processing_environment(job)},
            network=network,
            hostname=host.name,
            hosts=addresses(self._hosts),
            cluster=self._job.arn if len(self._hosts) > 1 else None,
            memory_mb=offered.memory_mb,
            cpus=offered.cpus,
            gpus=offered.gpus,
            log=lambda line: stream.write(line.text),
        )

    def _streams(self, session: RoleSession) -> list[LogStream]:
        epoch = int(self._platform.clock.time())
        return [
            LogStream(
                self._platform, session.credentials, self._job.region, GROUP, f"{self._job.name}/{host.name}-{epoch}"
            )
            for host in self._hosts
        ]

    def _outputs(self, session: RoleSession) -> list[tuple[UploadLoop, str]]:
        """Every host's output folders, and when they are uploaded."""
        config = self._job.request.get("ProcessingOutputConfig") or {}
        wanted = [entry["S3Output"] for entry in config.get("Outputs") or [] if not entry.get("AppManaged")]
        return [
            (
                UploadLoop(
                    folder=processing.host_path(self._opt_ml(host), output["LocalPath"]),
                    destination=Destination(
                        location=parse_location(output["S3Uri"]), kms_key_id=config.get("KmsKeyId")
                    ),
                    store=session.s3,
                ),
                output["S3UploadMode"],
            )
            for output in wanted
            for host in self._hosts
        ]

    def _described(self, index: int) -> processing.ProcessingJob:
        """The job as the container of one host is told about it."""
        return processing.ProcessingJob(
            arn=self._job.arn,
            region=self._job.region,
            request=self._job.request,
            cluster=Cluster(hosts=self._hosts, index=index, interface=self._interface),
        )

    def _opt_ml(self, host: Host) -> Path:
        return self._attempt.folder / host.name


def container_failure(end: Exit) -> str:
    """The ``FailureReason`` of a container that failed: only for want of memory does it say more than where to look."""
    return OUT_OF_MEMORY if end.out_of_memory else _FAILED


def _upload(outputs: list[UploadLoop]) -> None:
    try:
        for output in outputs:
            output.upload()
    except ModelyardError as error:
        raise JobFailedError(f"ClientError: Data upload failed:{s3_words(error)}") from error
