"""The smallest requests that make SageMaker do something, so that a test spells out only what it is about."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Members = dict[str, Any]

INSTANCE = "ml.m5.large"
ENDED = frozenset({"Completed", "Failed", "Stopped"})
SETTLED = frozenset({"InService", "Failed", "OutOfService"})
_PATIENCE_SECONDS = 1800
"""Enough for AWS itself, where an endpoint takes ten minutes."""


@dataclass(frozen=True, kw_only=True)
class Workbench:
    """Jobs, models and endpoints of the test image. Every ``members`` replaces or adds members of the request."""

    sagemaker: Any
    role: str
    bucket: str
    image: str

    def train(self, name: str, orders: Mapping[str, str] | None = None, **members: Any) -> str:
        """Start a training job that gets ``orders`` as its hyperparameters; its ARN."""
        answer = self.sagemaker.create_training_job(**self.training(name, orders, **members))
        return str(answer["TrainingJobArn"])

    def training(self, name: str, orders: Mapping[str, str] | None = None, **members: Any) -> Members:
        """The request of :meth:`train`."""
        return {
            "TrainingJobName": name,
            "AlgorithmSpecification": {"TrainingImage": self.image, "TrainingInputMode": "File"},
            "HyperParameters": dict(orders or {}),
            "RoleArn": self.role,
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.bucket}/output"},
            "ResourceConfig": {"InstanceType": INSTANCE, "InstanceCount": 1, "VolumeSizeInGB": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
            **members,
        }

    def process(self, name: str, orders: Mapping[str, str] | None = None, **members: Any) -> str:
        """Start a processing job that gets ``orders`` through its environment; its ARN."""
        request = {
            "ProcessingJobName": name,
            "AppSpecification": {"ImageUri": self.image, "ContainerEntrypoint": ["process"]},
            "ProcessingResources": {
                "ClusterConfig": {"InstanceType": INSTANCE, "InstanceCount": 1, "VolumeSizeInGB": 1}
            },
            "RoleArn": self.role,
            "Environment": as_environment(orders or {}),
            **members,
        }
        return str(self.sagemaker.create_processing_job(**request)["ProcessingJobArn"])

    def transform(self, name: str, model: str, source: str, **members: Any) -> str:
        """Start a transform job over the objects under the S3 URI ``source``; its ARN."""
        request = {
            "TransformJobName": name,
            "ModelName": model,
            "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": source}}},
            "TransformOutput": {"S3OutputPath": f"s3://{self.bucket}/output/{name}"},
            "TransformResources": {"InstanceType": INSTANCE, "InstanceCount": 1},
            **members,
        }
        return str(self.sagemaker.create_transform_job(**request)["TransformJobArn"])

    def tune(self, name: str, jobs: int = 2, orders: Mapping[str, str] | None = None, **members: Any) -> str:
        """Start a tuning job of ``jobs`` training jobs with a random ``rate``; its ARN."""
        training = self.training("unused", orders)
        definition = {
            "AlgorithmSpecification": {
                **training["AlgorithmSpecification"],
                "MetricDefinitions": [{"Name": "score", "Regex": r"score=([0-9.]+)"}],
            },
            "StaticHyperParameters": {"print": "score=0.5", **(orders or {})},
            **{key: training[key] for key in ("RoleArn", "OutputDataConfig", "ResourceConfig", "StoppingCondition")},
        }
        rate = {"Name": "rate", "MinValue": "0.1", "MaxValue": "1.0"}
        request = {
            "HyperParameterTuningJobName": name,
            "HyperParameterTuningJobConfig": {
                "Strategy": "Random",
                "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "score"},
                "ResourceLimits": {"MaxNumberOfTrainingJobs": jobs, "MaxParallelTrainingJobs": min(jobs, 2)},
                "ParameterRanges": {"ContinuousParameterRanges": [rate]},
            },
            "TrainingJobDefinition": definition,
            **members,
        }
        return str(self.sagemaker.create_hyper_parameter_tuning_job(**request)["HyperParameterTuningJobArn"])

    def model(self, name: str, orders: Mapping[str, str] | None = None, **members: Any) -> str:
        """A model whose server gets ``orders`` through its environment; its ARN."""
        container = {"Image": self.image, "Environment": as_environment(orders or {})}
        request = {"ModelName": name, "ExecutionRoleArn": self.role, "PrimaryContainer": container, **members}
        return str(self.sagemaker.create_model(**request)["ModelArn"])

    def package(self, group: str, **members: Any) -> str:
        """A new version in a model package group; its ARN."""
        specification = {
            "Containers": [{"Image": self.image}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        }
        request = {"ModelPackageGroupName": group, "InferenceSpecification": specification, **members}
        return str(self.sagemaker.create_model_package(**request)["ModelPackageArn"])

    def endpoint_config(self, name: str, model: str, **members: Any) -> str:
        """An endpoint configuration with one instance of ``model`` as its variant ``only``; its ARN."""
        variant = {
            "VariantName": "only",
            "ModelName": model,
            "InstanceType": INSTANCE,
            "InitialInstanceCount": 1,
            "InitialVariantWeight": 1,
        }
        request = {"EndpointConfigName": name, "ProductionVariants": [variant], **members}
        return str(self.sagemaker.create_endpoint_config(**request)["EndpointConfigArn"])

    def endpoint(self, name: str, orders: Mapping[str, str] | None = None, **members: Any) -> str:
        """A model, a configuration and an endpoint of the same name; the endpoint's ARN."""
        self.model(name, orders)
        self.endpoint_config(name, name)
        request = {"EndpointName": name, "EndpointConfigName": name, **members}
        return str(self.sagemaker.create_endpoint(**request)["EndpointArn"])

    def dismantle(self, endpoint: str) -> None:
        """Delete what :meth:`endpoint` made."""
        self.sagemaker.delete_endpoint(EndpointName=endpoint)
        self.sagemaker.delete_endpoint_config(EndpointConfigName=endpoint)
        self.sagemaker.delete_model(ModelName=endpoint)

    def ended_training(self, name: str) -> Members:
        """The description of a training job once it has ended."""
        return once(lambda: self.sagemaker.describe_training_job(TrainingJobName=name), "TrainingJobStatus", ENDED)

    def ended_processing(self, name: str) -> Members:
        """The description of a processing job once it has ended."""
        return once(
            lambda: self.sagemaker.describe_processing_job(ProcessingJobName=name), "ProcessingJobStatus", ENDED
        )

    def ended_transform(self, name: str) -> Members:
        """The description of a transform job once it has ended."""
        return once(lambda: self.sagemaker.describe_transform_job(TransformJobName=name), "TransformJobStatus", ENDED)

    def ended_tuning(self, name: str) -> Members:
        """The description of a tuning job once it has ended."""
        return once(
            lambda: self.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name),
            "HyperParameterTuningJobStatus",
            ENDED,
        )

    def settled_endpoint(self, name: str) -> Members:
        """The description of an endpoint that is no longer being changed."""
        return once(lambda: self.sagemaker.describe_endpoint(EndpointName=name), "EndpointStatus", SETTLED)

    def await_deletion(self, endpoint: str) -> None:
        """Return once an endpoint that was deleted is gone."""
        self.sagemaker.get_waiter("endpoint_deleted").wait(
            EndpointName=endpoint, WaiterConfig={"Delay": 0.1, "MaxAttempts": 3000}
        )


def as_environment(orders: Mapping[str, str]) -> dict[str, str]:
    """Orders to the test image as environment variables (see ``image/program``)."""
    return {f"DO_{name.upper().replace('-', '_')}": value for name, value in orders.items()}


def once(describe: Callable[[], Members], member: str, wanted: frozenset[str]) -> Members:
    """The first description whose ``member`` is among ``wanted``; fails with the last one after half an hour."""
    deadline, pause = time.monotonic() + _PATIENCE_SECONDS, 0.02
    while True:
        description = describe()
        if description[member] in wanted:
            return description
        assert time.monotonic() < deadline, f"{member} did not become one of {sorted(wanted)}: {description}"
        time.sleep(pause)
        pause = min(pause * 1.5, 5)
