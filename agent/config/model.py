"""The configuration of a model repository as a typed, frozen value: what the steps read.

Descriptions, defaults and limits are declared only here and in the sections: the JSON Schema, the reference
page and the hints of error messages derive from them.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from agent.config.data_summary import DataSummary
from agent.config.environment import Environment
from agent.config.field_types import (
    AccountId,
    BranchPattern,
    DataName,
    Duration,
    EntryName,
    EnvironmentName,
    Hyperparameter,
    InstanceType,
    KmsKeyArn,
    MetricName,
    MetricRegex,
    Price,
    ProjectName,
    Region,
    RepositoryPath,
    RoleArn,
    S3Uri,
    Sha256,
    TagPattern,
    Url,
)
from agent.config.gate import Gate
from agent.config.gate_overrides import GateOverrides
from agent.config.network import JobNetwork
from agent.config.predictions import Predictions
from agent.config.pull_requests import PullRequests
from agent.config.releases import Releases
from agent.config.section import NamedSection, Resources, Section, one_of
from agent.config.transform import BatchTransform

MAIN_BRANCHES = ("main", "master")
"""The default of ``main_branches``."""


class Tools(Section):
    """The account where data, images and releases are kept and where models are trained."""

    account: AccountId = Field(description="Account id of 12 digits; quote it when it starts with a zero.")
    region: Region = Field(description="Region of the jobs, the bucket and the image repository.")
    role: RoleArn | None = Field(
        default=None,
        description="Role of this account that the pipeline assumes to work here; without it, the identity of the "
        "agent itself.",
    )
    execution_role: RoleArn = Field(description="Role that processing and training jobs run with.")
    kms_key: KmsKeyArn | None = Field(default=None, description="Key that encrypts the volumes and outputs of jobs.")
    network: JobNetwork | None = Field(
        default=None, description="Network of training and processing jobs; without it, SageMaker's own."
    )


class DataSource(NamedSection):
    """Where a data set comes from: exactly one of `path`, `s3` and `url`."""

    model_config = one_of("path", "s3", "url")

    path: str | None = Field(
        default=None, min_length=1, description="Folder or file, relative to this file.", examples=["data/training"]
    )
    s3: S3Uri | None = Field(default=None, description="Prefix or object in S3.")
    url: Url | None = Field(default=None, description="File to download; needs `sha256`.")
    sha256: Sha256 | None = Field(default=None, description="Digest that the downloaded file must have.")
    content_type: str | None = Field(
        default=None, description="MIME type that training jobs are told.", examples=["text/csv"]
    )


class Image(Section):
    """The container image of the model: `train` and `serve` as SageMaker calls them."""

    builder: Literal["engine", "layers", "process"] = Field(
        default="engine",
        description="`engine` builds the Dockerfile; `layers` assembles base image, requirements and code "
        "without an engine; `process` packs only the code, for the embedded cloud on this machine.",
    )
    context: RepositoryPath = Field(default=".", description="Folder that the image is built from.")
    dockerfile: RepositoryPath = Field(default="Dockerfile", description="Dockerfile, for the builder `engine`.")
    base_image: str | None = Field(
        default=None,
        min_length=1,
        description="Base image, by digest for repeatable builds; handed to the Dockerfile as `BASE_IMAGE`.",
    )
    requirements: RepositoryPath | None = Field(default=None, description="Locked Python requirements of the image.")
    python: str | None = Field(
        default=None,
        pattern=r"^3\.\d+$",
        description="Version of the image's Python, which the requirements are for; without it, what the base image "
        "says.",
        examples=["3.11"],
    )
    build_args: Mapping[str, str] = Field(default={}, description="Further build arguments of the Dockerfile.")
    target: str | None = Field(default=None, min_length=1, description="Stage of the Dockerfile to stop at.")
    platform: Literal["linux/amd64", "linux/arm64"] = Field(
        default="linux/amd64", description="What the image runs on; `linux/arm64` for Graviton instances."
    )


class Preparation(Section):
    """A processing job that turns the data sources into the data sets that training and evaluation read."""

    script: RepositoryPath = Field(description="Script to run in the model's image.", examples=["prepare.py"])
    inputs: tuple[DataName, ...] = Field(
        default=(), description="Data sources that the script reads; without it, all of them."
    )
    outputs: tuple[DataName, ...] = Field(
        min_length=1, description="Data sets that the script writes.", examples=[["training", "evaluation"]]
    )
    resources: Resources = Field(description="Machines of the job.")
    max_runtime: Duration = Field(
        default=3600, ge=1, le=432_000, description="Time limit, in seconds or as a duration."
    )


class Spot(Section):
    """Training on spare capacity: cheaper, but it may wait and may be interrupted."""

    max_wait: Duration = Field(
        ge=1,
        description="Longest time of waiting and training together, in seconds or as a duration.",
        examples=["2h"],
    )
    checkpoint: bool = Field(
        default=True,
        description="Whether `/opt/ml/checkpoints` is kept, so that an interrupted job goes on where it was.",
    )


class Training(Section):
    """The training job."""

    channels: Mapping[DataName, str] = Field(
        default={"training": "training"},
        min_length=1,
        max_length=20,
        description="Data set of each channel: a key of `data` or one of `prepare.outputs`.",
    )
    hyperparameters: Mapping[str, Hyperparameter] = Field(
        default={},
        max_length=100,
        description="What `hyperparameters.json` holds; SageMaker hands every value over as text.",
    )
    resources: Resources = Field(description="Machines of the job.")
    max_runtime: Duration = Field(
        default=3600, ge=1, le=2_419_200, description="Time limit, in seconds or as a duration (at most 28 days)."
    )
    spot: Spot | None = Field(default=None, description="Use of spare capacity; without it, capacity on demand.")
    metric_definitions: Mapping[EntryName, MetricRegex] = Field(
        default={},
        max_length=40,
        description="Metrics read from the job's log: a regular expression with one group each.",
    )


class Metric(Section):
    """A number that `evaluation.json` holds, or that is computed of predictions."""

    better: Literal["higher", "lower"] = Field(description="Which direction is an improvement.")


class Evaluation(Section):
    """A job that measures the model on data it has not seen: a script's, or batch transform's."""

    model_config = one_of("script", "transform")

    script: RepositoryPath | None = Field(
        default=None, description="Script to run in the model's image.", examples=["evaluate.py"]
    )
    transform: BatchTransform | None = Field(
        default=None,
        description="Batch transform instead of a script: the model's serving code answers the rows, label first, and "
        "predictions are made of that. Needs `predictions`.",
    )
    data: str = Field(default="evaluation", description="Data set: a key of `data` or one of `prepare.outputs`.")
    resources: Resources = Field(description="Machines of the job.")
    max_runtime: Duration = Field(
        default=3600, ge=1, le=432_000, description="Time limit, in seconds or as a duration."
    )
    metrics: Mapping[MetricName, Metric] = Field(
        min_length=1, description="Metrics by name, which the script writes or predictions tell."
    )
    predictions: Predictions | None = Field(
        default=None,
        description="Predictions that the script writes, or that batch transform makes; without it, the script writes "
        "metrics only.",
    )


class Registration(Section):
    """How a model that passed its gates is entered in the model registry."""

    approval: Literal["automatic", "manual"] = Field(
        default="automatic",
        description="`automatic` approves what passed its gates; `manual` leaves it pending, and a production "
        "environment takes it only when someone has approved it.",
    )
    content_types: tuple[str, ...] = Field(
        default=("text/csv",), min_length=1, description="MIME types that the model takes."
    )
    response_types: tuple[str, ...] = Field(
        default=("text/csv",), min_length=1, description="MIME types that the model answers."
    )


class CodeHost(Section):
    """Where pull requests are discussed; what is left out follows from the address of the pull request."""

    comment: bool = Field(default=True, description="Whether builds of pull requests keep a comment there.")
    kind: Literal["github", "gitlab", "bitbucket_cloud", "bitbucket_server"] | None = Field(
        default=None, description="What it is, where the address does not tell."
    )
    url: Url | None = Field(
        default=None,
        description="Where its API begins, where the address does not tell; on the pull request's own host, for no "
        "other gets the token.",
        examples=["https://git.example.com/gitlab"],
    )


class Configuration(Section):
    """A configuration in effect: defaults, file, overrides and request merged."""

    project: ProjectName = Field(
        description="Name that buckets, repositories and jobs derive from: lower-case, digits, single hyphens."
    )
    tools: Tools = Field(description="Account where data, images and releases are kept and models are trained.")
    data: Mapping[DataName, DataSource] = Field(min_length=1, description="Data sources by name.")
    data_summaries: Mapping[DataName, DataSummary] = Field(
        default={},
        description="Data sets whose columns the report describes beside those of the deployed model, by name: a key "
        "of `data` or one of `prepare.outputs`.",
    )
    image: Image = Field(default_factory=Image, description="Container image of the model.")
    prepare: Preparation | None = Field(default=None, description="Job that makes data sets out of the data sources.")
    training: Training = Field(description="Training job.")
    evaluation: Evaluation = Field(description="Evaluation job.")
    gates: Mapping[EntryName, Gate] = Field(default={}, description="Gates by name; all of them are judged.")
    gate_overrides: GateOverrides = Field(
        default_factory=GateOverrides, description="Who may let a model pass that a gate refuses."
    )
    registration: Registration = Field(default_factory=Registration, description="Entry in the model registry.")
    releases: Releases = Field(default_factory=Releases, description="Signatures of releases.")
    code_host: CodeHost = Field(default_factory=CodeHost, description="Where pull requests are discussed.")
    when_interrupted: Literal["stop_jobs", "leave_jobs"] | None = Field(
        default=None,
        description="What becomes of running jobs when a build is aborted; without it, those of pull requests are "
        "stopped and others left, for the next build to adopt.",
    )
    main_branches: tuple[BranchPattern, ...] = Field(
        default=MAIN_BRANCHES,
        min_length=1,
        description="Branches, or patterns of them such as `release/*`, whose releases may go to production; any other "
        "branch makes candidates. A build that knows of no branch, such as one outside git, counts as one of these.",
    )
    release_tags: tuple[TagPattern, ...] = Field(
        default=("*",),
        description="Tags whose builds release as the main branch does, and name the release; other tags are only "
        "judged.",
    )
    environments: Mapping[EnvironmentName, Environment] = Field(
        min_length=1, description="Environments by name, in the order in which releases are promoted."
    )
    pull_requests: PullRequests = Field(default_factory=PullRequests, description="What builds of pull requests do.")
    prices: Mapping[InstanceType, Price] = Field(
        default={},
        description="What an hour of an instance costs in jobs, by its type, all in one currency; the report says what "
        "jobs of these types cost.",
        examples=[{"ml.m5.large": 0.115}],
    )

    def model_post_init(self, context: Any, /) -> None:  # noqa: ARG002 pydantic's signature
        """Tell every named entry its key."""
        for entries in (self.data, self.gates, self.environments):
            _name_entries(entries)


def _name_entries(entries: Mapping[str, NamedSection]) -> None:
    for name, entry in entries.items():
        entry._name = name


class Overrides(Section):
    """Partial documents that are laid over the file in certain runs; a key without a value removes one."""

    environments: Mapping[EnvironmentName, Mapping[str, Any]] = Field(
        default={}, description="For runs that act on an environment, by its name."
    )
    branches: Mapping[str, Mapping[str, Any]] = Field(
        default={}, description="For branches that match a pattern such as `feature/*` (`*` matches any text)."
    )
    pr: Mapping[str, Any] = Field(default={}, description="For pull requests.")


class Document(Configuration):
    """The file `modelyard.yaml` of a model repository."""

    overrides: Overrides = Field(default_factory=Overrides, description="What differs in some runs.")
