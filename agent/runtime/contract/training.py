"""What a training container finds: its files under ``/opt/ml`` and its variables.

Sources: "How Amazon SageMaker AI provides training information" in the developer guide for the files, and
ENVIRONMENT_VARIABLES.md of sagemaker-training-toolkit for the ``SM_`` variables.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from agent.runtime.contract.cluster import compact_json, resource_config

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import PurePosixPath

    from agent.runtime.contract.cluster import Cluster

INFO_LEVEL = 20


@dataclass(frozen=True, kw_only=True)
class TrainingChannel:
    """One channel as the container is told about it; the values are those of the request's ``Channel``."""

    name: str
    input_mode: str = "File"
    distribution: str = "FullyReplicated"
    record_wrapper: str = "None"
    content_type: str | None = None

    def document(self) -> dict[str, str]:
        """The channel's entry in `inputdataconfig.json`."""
        given = {"ContentType": self.content_type} if self.content_type else {}
        return {
            **given,
            "TrainingInputMode": self.input_mode,
            "S3DistributionType": self.distribution,
            "RecordWrapperType": self.record_wrapper,
        }


@dataclass(frozen=True, kw_only=True)
class TrainingJob:
    """A training job as one of its containers knows it; ``cpus`` and ``gpus`` are what it may count on."""

    name: str
    arn: str
    region: str
    cluster: Cluster
    cpus: int
    gpus: int = 0
    hyperparameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    channels: tuple[TrainingChannel, ...] = ()
    environment: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def training_folders(job: TrainingJob) -> tuple[str, ...]:
    """The folders under ``/opt/ml`` that exist before the container starts."""
    channels = (f"input/data/{channel.name}" for channel in job.channels)
    return ("input/config", "input/data", *channels, "model", "output/data")


def training_files(job: TrainingJob) -> Mapping[str, str]:
    """The files under ``/opt/ml`` by relative path; every hyperparameter is a string."""
    return {
        "input/config/hyperparameters.json": json.dumps(dict(job.hyperparameters)),
        "input/config/inputdataconfig.json": json.dumps({c.name: c.document() for c in job.channels}),
        "input/config/resourceconfig.json": json.dumps(resource_config(job.cluster)),
    }


def training_environment(job: TrainingJob, base: PurePosixPath) -> Mapping[str, str]:
    """The container's variables; ``base`` is where it sees its folder (:meth:`Runtime.base_dir`)."""
    return {
        "AWS_REGION": job.region,
        "AWS_DEFAULT_REGION": job.region,
        "TRAINING_JOB_NAME": job.name,
        "TRAINING_JOB_ARN": job.arn,
        "CURRENT_HOST": job.cluster.current.name,
        **_toolkit_variables(job, base),
        **job.environment,
    }


def _toolkit_variables(job: TrainingJob, base: PurePosixPath) -> dict[str, str]:
    hyperparameters = {name: _decoded(value) for name, value in job.hyperparameters.items()}
    facts: dict[str, Any] = {**_folder_facts(base), **_cluster_facts(job)}
    facts |= {
        "channels": sorted(channel.name for channel in job.channels),
        "hps": hyperparameters,
        "input_data_config": {channel.name: channel.document() for channel in job.channels},
        "log_level": INFO_LEVEL,
        "num_cpus": job.cpus,
        "num_gpus": job.gpus,
        "num_neurons": 0,
        "user_args": _arguments(hyperparameters),
    }
    facts["training_env"] = _training_env(job, facts, base)
    facts |= {f"channel_{c.name}": f"{base}/input/data/{c.name}" for c in job.channels}
    facts |= {f"hp_{name}": value for name, value in hyperparameters.items()}
    return {f"SM_{name.replace('-', '_').upper()}": _variable(value) for name, value in facts.items()}


def _folder_facts(base: PurePosixPath) -> dict[str, str]:
    return {
        "input_dir": f"{base}/input",
        "input_config_dir": f"{base}/input/config",
        "model_dir": f"{base}/model",
        "output_dir": f"{base}/output",
        "output_data_dir": f"{base}/output/data",
        "output_intermediate_dir": f"{base}/output/intermediate",
    }


def _cluster_facts(job: TrainingJob) -> dict[str, Any]:
    cluster = job.cluster
    mine = next(group for group in cluster.groups if group["instance_group_name"] == cluster.current.group)
    return {
        "current_host": cluster.current.name,
        "current_instance_type": cluster.current.instance_type,
        "current_instance_group": cluster.current.group,
        "current_instance_group_hosts": mine["hosts"],
        "hosts": cluster.names,
        "instance_groups": [group["instance_group_name"] for group in cluster.groups],
        "instance_groups_dict": {group["instance_group_name"]: group for group in cluster.groups},
        "is_hetero": len(cluster.groups) > 1,
        "network_interface_name": cluster.interface,
        "resource_config": resource_config(cluster),
    }


def _training_env(job: TrainingJob, facts: Mapping[str, Any], base: PurePosixPath) -> dict[str, Any]:
    """Everything once more, as one document."""
    return {
        **{name: value for name, value in facts.items() if name not in {"hps", "channels", "user_args"}},
        "channel_input_dirs": {channel.name: f"{base}/input/data/{channel.name}" for channel in job.channels},
        "hyperparameters": facts["hps"],
        "is_master": job.cluster.index == 0,
        "job_name": job.name,
        "master_hostname": job.cluster.names[0],
    }


def _arguments(hyperparameters: Mapping[str, Any]) -> list[str]:
    """Hyperparameters as a script's command line: one dash for a single letter, two for a word."""
    pairs = sorted(hyperparameters.items())
    return [word for name, value in pairs for word in (f"{'-' if len(name) == 1 else '--'}{name}", _variable(value))]


def _decoded(value: str) -> Any:
    """A hyperparameter's value, where its text is JSON: the API carries nothing but strings."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def _variable(value: Any) -> str:
    return value if isinstance(value, str) else compact_json(value)
