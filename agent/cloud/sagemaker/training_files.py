"""What one attempt of a training job moves and makes: image, channels, checkpoints, containers, artifacts."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from agent.aws.objects import parse_location
from agent.cloud.errors import AwsError
from agent.cloud.sagemaker.instances import addresses
from agent.cloud.sagemaker.jobs import OUT_OF_MEMORY, JobFailedError
from agent.cloud.sagemaker.role_session import RoleSession, s3_words
from agent.cloud.sagemaker.threads import in_thread
from agent.cloud.sagemaker.upload_loop import UploadLoop
from agent.errors import ModelyardError
from agent.runtime.channels import ChannelError, ChannelSource, Reader, materialise
from agent.runtime.container import Bind, ContainerSpec, Exit
from agent.runtime.contract import training
from agent.runtime.contract.cluster import Cluster
from agent.runtime.contract.folder import LONGEST_REASON, failure_text, furnish
from agent.runtime.instances import capacity
from agent.runtime.outputs import Destination, download_checkpoints, upload_training_output

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from agent.cloud.platform import Platform
    from agent.cloud.sagemaker.cluster import Ended
    from agent.cloud.sagemaker.operation import Members
    from agent.cloud.sagemaker.training_log import TrainingLog
    from agent.cloud.sagemaker.training_state import TrainingJob
    from agent.runtime.container import RunnableImage
    from agent.runtime.contract.cluster import Host

_CHECKPOINTS = "/opt/ml/checkpoints"


class TrainingFiles:
    """One attempt's files, each host's ``/opt/ml`` in a folder of its name below ``folder``."""

    def __init__(self, platform: Platform, job: TrainingJob, hosts: tuple[Host, ...], folder: Path) -> None:
        try:
            self.session = RoleSession(platform, job.request["RoleArn"], job.region)
        except AwsError as error:
            raise JobFailedError(f"ClientError: {error.message}") from error
        self._platform = platform
        self._job = job
        self._hosts = hosts
        self._folder = folder
        self._channels: Sequence[Members] = job.request.get("InputDataConfig") or []
        self._interface = "lo"
        self.checkpoints: list[UploadLoop] = []

    async def pull(self) -> RunnableImage:
        """The job's image, as far as the role may pull it."""
        image = self._job.request["AlgorithmSpecification"]["TrainingImage"]
        try:
            pulled = await self._platform.registry.pull(image, self.session.credentials, self._job.region)
        except AwsError as error:
            raise JobFailedError(f"ClientError: {error.message}") from error
        self._interface = self._platform.runtime.interface(pulled)
        return pulled

    async def download(self) -> None:
        """Fill every host's folder with its configuration, its channels and the checkpoints there are."""
        await in_thread(self._download)

    def containers(self, image: RunnableImage, log: TrainingLog) -> list[ContainerSpec]:
        """One container for each host."""
        return [self._container(index, image, log) for index in range(len(self._hosts))]

    async def upload_checkpoints(self) -> None:
        """Send the checkpoints that the containers' last moments left."""
        try:
            for loop in self.checkpoints:
                await in_thread(loop.upload)
        except ModelyardError as error:
            raise JobFailedError(_upload_failed(error)) from error

    async def upload(self) -> str:
        """Send model and output; the model artifact's address."""
        output = self._job.request["OutputDataConfig"]
        where = parse_location(output["S3OutputPath"]).below(f"{self._job.name}/output")
        destination = Destination(location=where, kms_key_id=output.get("KmsKeyId"))
        try:
            return await in_thread(
                upload_training_output,
                [self._opt_ml(host) for host in self._hosts],
                destination,
                self.session.s3,
                compressed=output.get("CompressionType", "GZIP") == "GZIP",
            )
        except ModelyardError as error:
            raise JobFailedError(_upload_failed(error)) from error

    def failure(self, ended: Ended) -> str:
        """Why the algorithm failed, from the failing host's ``/opt/ml/output/failure`` and its exit."""
        assert ended.failed is not None
        return algorithm_failure(failure_text(self._opt_ml(self._hosts[ended.failed])), ended.exits[ended.failed])

    def _download(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        try:
            for index, host in enumerate(self._hosts):
                described = self._described(index)
                furnish(self._opt_ml(host), training.training_folders(described), training.training_files(described))
                for channel in self._channels_of(host):
                    self._materialise(channel, host)
            self._restore_checkpoints()
        except ChannelError as error:
            raise JobFailedError(f"ClientError: {error}") from error
        except ModelyardError as error:
            raise JobFailedError(f"ClientError: Data download failed:{s3_words(error)}") from error

    def _materialise(self, channel: Members, host: Host) -> None:
        source = channel["DataSource"]["S3DataSource"]
        readers = [other for other in self._hosts if channel in self._channels_of(other)]
        reader = Reader(
            region=self._job.region,
            role_arn=self._job.request["RoleArn"],
            index=readers.index(host),
            count=len(readers),
        )
        folder = self._opt_ml(host) / "input" / "data" / channel["ChannelName"]
        materialise(_source(source), folder, self.session.s3, reader)

    def _restore_checkpoints(self) -> None:
        config = self._job.request.get("CheckpointConfig")
        if config is None:
            return
        where = parse_location(config["S3Uri"])
        key = self._job.request["OutputDataConfig"].get("KmsKeyId")
        for host in self._hosts:
            folder = self._checkpoint_folder(host)
            self.checkpoints.append(
                UploadLoop(
                    folder=folder,
                    destination=Destination(location=where, kms_key_id=key),
                    store=self.session.s3,
                    uploaded=download_checkpoints(where, folder, self.session.s3),
                )
            )

    def _container(self, index: int, image: RunnableImage, log: TrainingLog) -> ContainerSpec:
        request, host = self._job.request, self._hosts[index]
        algorithm = request["AlgorithmSpecification"]
        entrypoint = algorithm.get("ContainerEntrypoint")
        arguments = algorithm.get("ContainerArguments") or (() if entrypoint else ("train",))
        opt_ml = self._opt_ml(host)
        network = not request.get("EnableNetworkIsolation", False)
        offered = capacity(host.instance_type)
        base = self._platform.runtime.base_dir(image, opt_ml)
        return ContainerSpec(
            name=f"{self._job.name}/{host.name}",
            image=image,
            opt_ml=opt_ml,
            entrypoint=tuple(entrypoint) if entrypoint else None,
            arguments=tuple(arguments),
            environment={
                **self.session.environment(network=network),
                **training.training_environment(self._described(index), base),
            },
            binds=self._binds(host),
            network=network,
            hostname=host.name,
            hosts=addresses(self._hosts),
            cluster=self._job.arn if len(self._hosts) > 1 else None,
            memory_mb=offered.memory_mb,
            cpus=offered.cpus,
            gpus=offered.gpus,
            log=log.taker(host.name),
        )

    def _binds(self, host: Host) -> tuple[Bind, ...]:
        path = _checkpoint_path(self._job.request)
        if path == _CHECKPOINTS:
            return ()
        return (Bind(source=self._checkpoint_folder(host), target=path),)

    def _checkpoint_folder(self, host: Host) -> Path:
        """Under ``/opt/ml``, unless the job wants checkpoints elsewhere: that path is bound to a folder beside it."""
        if _checkpoint_path(self._job.request) == _CHECKPOINTS:
            return self._opt_ml(host) / "checkpoints"
        return self._folder / f"{host.name}-checkpoints"

    def _described(self, index: int) -> training.TrainingJob:
        """The job as the container of one host is told about it."""
        request, host = self._job.request, self._hosts[index]
        offered = capacity(host.instance_type)
        return training.TrainingJob(
            name=self._job.name,
            arn=self._job.arn,
            region=self._job.region,
            cluster=Cluster(hosts=self._hosts, index=index, interface=self._interface),
            cpus=offered.cpus,
            gpus=offered.gpus,
            hyperparameters=request.get("HyperParameters") or {},
            channels=tuple(self._channel(channel) for channel in self._channels_of(host)),
            environment=request.get("Environment") or {},
        )

    def _channel(self, channel: Members) -> training.TrainingChannel:
        return training.TrainingChannel(
            name=channel["ChannelName"],
            input_mode=channel.get("InputMode") or self._job.request["AlgorithmSpecification"]["TrainingInputMode"],
            distribution=channel["DataSource"]["S3DataSource"].get("S3DataDistributionType", "FullyReplicated"),
            record_wrapper=channel.get("RecordWrapperType", "None"),
            content_type=channel.get("ContentType"),
        )

    def _channels_of(self, host: Host) -> list[Members]:
        """The channels that an instance group reads: all but those that are for other groups."""
        named = [(c, c["DataSource"]["S3DataSource"].get("InstanceGroupNames")) for c in self._channels]
        return [channel for channel, groups in named if not groups or host.group in groups]

    def _opt_ml(self, host: Host) -> Path:
        return self._folder / host.name


def algorithm_failure(text: str, end: Exit) -> str:
    """The ``FailureReason`` of an algorithm that explained itself with ``text``; its exit code is always told."""
    if end.out_of_memory:
        return f"{OUT_OF_MEMORY}, exit code: {end.code}"
    code = f", exit code: {end.code}"
    return f"AlgorithmError: {text}"[: LONGEST_REASON - len(code)] + code


def _source(members: Mapping[str, Any]) -> ChannelSource:
    return ChannelSource(
        uri=members["S3Uri"],
        data_type=members["S3DataType"],
        distribution=members.get("S3DataDistributionType", "FullyReplicated"),
        attributes=tuple(members.get("AttributeNames") or ()),
    )


def _checkpoint_path(request: Members) -> str:
    path: str = (request.get("CheckpointConfig") or {}).get("LocalPath") or _CHECKPOINTS
    return path.rstrip("/")


def _upload_failed(error: ModelyardError) -> str:
    return f"ClientError: Artifact upload failed:{s3_words(error)}"
