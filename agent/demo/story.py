"""The demo from end to end; every chapter fails unless what it tells was really seen."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from agent.demo import bootstrap, waiting
from agent.demo.image import example, push_example
from agent.demo.policies import Names
from agent.errors import AccessDeniedError, CloudFailedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.cloud.embedded import EmbeddedCloud
    from agent.demo.bootstrap import AccessKey
    from agent.demo.progress import Progress

_JOB = "iris-1"
_ENDPOINT = "iris"
_INSTANCE = "ml.m5.large"
_FLOWERS = {"5.1,3.5,1.4,0.2": "setosa", "6.0,2.9,4.5,1.5": "versicolor", "6.7,3.0,5.2,2.3": "virginica"}
_LEAST_ACCURACY = 0.9
_DENIED = frozenset({"AccessDenied", "AccessDeniedException"})


@dataclass(frozen=True, kw_only=True)
class BuildServer:
    """What a build server holds: one access key in the tools account."""

    cloud: EmbeddedCloud
    key: AccessKey

    def client(self, service: str) -> Any:
        """A plain boto3 client of the build server's user."""
        return self.cloud.client(
            service,
            "tools",
            aws_access_key_id=self.key.access_key_id,
            aws_secret_access_key=self.key.secret_access_key,
        )

    def deployer(self, names: Names) -> Callable[[str], Any]:
        """Makes clients of the qa account's deploy role, assumed with the external id."""
        session = self.client("sts").assume_role(
            RoleArn=names.deploy_role, RoleSessionName="demo-1", ExternalId=names.external_id
        )["Credentials"]

        def client(service: str) -> Any:
            return self.cloud.client(
                service,
                "qa",
                aws_access_key_id=session["AccessKeyId"],
                aws_secret_access_key=session["SecretAccessKey"],
                aws_session_token=session["SessionToken"],
            )

        return client


def tell(cloud: EmbeddedCloud, progress: Progress, *, keep: bool) -> None:
    """Everything that happens in a fresh ``cloud``; ``keep`` leaves the endpoint in service.

    Raises ModelyardError with AWS's own words for whatever did not work.
    """
    failed = cloud.client("sts").exceptions.ClientError
    try:
        _tell(cloud, progress, keep=keep)
    except failed as error:
        denied = error.response["Error"]["Code"] in _DENIED
        raise (AccessDeniedError if denied else CloudFailedError)(str(error)) from error


def _tell(cloud: EmbeddedCloud, progress: Progress, *, keep: bool) -> None:
    accounts = {administrator.name: administrator.account for administrator in cloud.running.administrators}
    names = Names(tools=accounts["tools"], qa=accounts["qa"], region=cloud.running.region)
    server = _prepare(cloud, names, progress)
    image = _publish(server, names, progress)
    version = _train(server, names, image, progress)
    deployer = _deploy(server, names, version, progress)
    _call(deployer("sagemaker-runtime"), progress)
    _be_denied(server, names, progress)
    if not keep:
        _dismantle(deployer("sagemaker"), progress)


def _prepare(cloud: EmbeddedCloud, names: Names, progress: Progress) -> BuildServer:
    with progress.chapter("Prepare the accounts tools and qa") as chapter:
        key = bootstrap.prepare_tools(cloud, names)
        bootstrap.prepare_qa(cloud, names)
        bootstrap.share(cloud, names)
        chapter.fact(f"tools {names.tools}: bucket {names.bucket}, repository, model package group, a role to train")
        chapter.fact(f"tools {names.tools}: {names.ci_user.rpartition(':')[2]}, allowed to do its work and no more")
        chapter.fact(f"qa    {names.qa}: a role to deploy (external id needed) and a role to host")
    return BuildServer(cloud=cloud, key=key)


def _publish(server: BuildServer, names: Names, progress: Progress) -> str:
    with progress.chapter("Build the iris container and push it") as chapter:
        image = push_example(server.client("ecr"), server.cloud.endpoint, names.tools, names.repository)
        chapter.fact(image)
        chapter.doing("uploading the data")
        with TemporaryDirectory(prefix="modelyard-data-") as folder:
            data = Path(folder) / "iris.csv"
            subprocess.run([sys.executable, example() / "make_data.py", data], check=True)
            server.client("s3").put_object(Bucket=names.bucket, Key="data/iris.csv", Body=data.read_bytes())
        chapter.fact(f"s3://{names.bucket}/data/iris.csv")
    return image


def _train(server: BuildServer, names: Names, image: str, progress: Progress) -> str:
    sagemaker = server.client("sagemaker")
    with progress.chapter("Train it in the tools account") as chapter:
        sagemaker.create_training_job(**_training(names, image))
        job = waiting.trained(sagemaker, _JOB, chapter)
        accuracy = {metric["MetricName"]: metric["Value"] for metric in job["FinalMetricDataList"]}["accuracy"]
        if accuracy < _LEAST_ACCURACY:
            raise CloudFailedError(f"training job {_JOB} reports accuracy {accuracy}, less than {_LEAST_ACCURACY}")
        chapter.fact(f"{_JOB}: accuracy {accuracy:.3f}")
        container = {"Image": image, "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"]}
        version = sagemaker.create_model_package(
            ModelPackageGroupName=names.project,
            ModelApprovalStatus="Approved",
            InferenceSpecification={
                "Containers": [container],
                "SupportedContentTypes": ["text/csv"],
                "SupportedResponseMIMETypes": ["text/csv"],
            },
            CustomerMetadataProperties={"accuracy": f"{accuracy:.3f}"},
        )["ModelPackageArn"]
        chapter.fact(f"registered as {version}")
    return str(version)


def _training(names: Names, image: str) -> dict[str, Any]:
    data = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{names.bucket}/data/"}
    return {
        "TrainingJobName": _JOB,
        "RoleArn": names.training_role,
        "AlgorithmSpecification": {
            "TrainingImage": image,
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "accuracy", "Regex": r"^accuracy=([0-9.]+);"}],
        },
        "HyperParameters": {"max_leaf_nodes": "5"},
        "InputDataConfig": [
            {"ChannelName": "training", "ContentType": "text/csv", "DataSource": {"S3DataSource": data}}
        ],
        "OutputDataConfig": {"S3OutputPath": f"s3://{names.bucket}/models/"},
        "ResourceConfig": {"InstanceType": _INSTANCE, "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 300},
    }


def _deploy(server: BuildServer, names: Names, version: str, progress: Progress) -> Callable[[str], Any]:
    with progress.chapter("Deploy that version to the qa account") as chapter:
        chapter.doing("assuming the deploy role")
        deployer = server.deployer(names)
        sagemaker = deployer("sagemaker")
        sagemaker.create_model(
            ModelName=_ENDPOINT, ExecutionRoleArn=names.hosting_role, PrimaryContainer={"ModelPackageName": version}
        )
        variant = {"VariantName": "AllTraffic", "ModelName": _ENDPOINT, "InstanceType": _INSTANCE}
        sagemaker.create_endpoint_config(
            EndpointConfigName=_ENDPOINT, ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
        )
        sagemaker.create_endpoint(EndpointName=_ENDPOINT, EndpointConfigName=_ENDPOINT)
        endpoint = waiting.in_service(sagemaker, _ENDPOINT, chapter)
        chapter.fact(f"{endpoint['EndpointArn']} is InService")
    return deployer


def _call(runtime: Any, progress: Progress) -> None:
    with progress.chapter("Ask the endpoint about three flowers") as chapter:
        answer = runtime.invoke_endpoint(
            EndpointName=_ENDPOINT, ContentType="text/csv", Body="\n".join(_FLOWERS).encode()
        )
        kinds = answer["Body"].read().decode().split()
        if kinds != list(_FLOWERS.values()):
            raise CloudFailedError(f"the endpoint answers {kinds} where {list(_FLOWERS.values())} was to be expected")
        for flower, kind in zip(_FLOWERS, kinds, strict=True):
            chapter.fact(f"{flower} → {kind}")


def _be_denied(server: BuildServer, names: Names, progress: Progress) -> None:
    with progress.chapter("Try what is not allowed") as chapter:
        denied_role = _refusal(
            server.client("sts"), "assume_role", RoleArn=names.deploy_role, RoleSessionName="without-external-id"
        )
        chapter.fact(f"without the external id: {denied_role}")
        denied_key = _refusal(
            server.client("s3"), "get_object", Bucket=names.bucket, Key=f"models/{_JOB}/output/model.tar.gz"
        )
        chapter.fact(f"a model that is not the build server's to read: {denied_key}")


def _refusal(client: Any, operation: str, **members: Any) -> str:
    """The message with which a call is denied; raises CloudFailedError when it is not."""
    try:
        getattr(client, operation)(**members)
    except client.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in _DENIED:
            return str(error.response["Error"]["Message"])
        raise
    raise CloudFailedError(f"{operation} was allowed, although no policy allows it")


def _dismantle(sagemaker: Any, progress: Progress) -> None:
    with progress.chapter("Take it down again"):
        sagemaker.delete_endpoint(EndpointName=_ENDPOINT)
        sagemaker.get_waiter("endpoint_deleted").wait(
            EndpointName=_ENDPOINT, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300}
        )
        sagemaker.delete_endpoint_config(EndpointConfigName=_ENDPOINT)
        sagemaker.delete_model(ModelName=_ENDPOINT)
