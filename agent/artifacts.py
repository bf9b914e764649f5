"""What steps hand to each other: data sets, images, models, evaluations and verdicts, each named by a digest."""

from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import Field

from agent.step import StepModel


class DataSet(StepModel):
    """One version of a data set: its manifest's sha256 is the version, and jobs read it by that manifest."""

    name: str = Field(description="Name in the configuration.")
    digest: str = Field(description="sha256 of the manifest, in hexadecimal.")
    manifest: str = Field(description="S3 address of the SageMaker ManifestFile.")
    files: int = Field(description="Number of files.")
    size: int = Field(description="Size of all files, in bytes.")
    content_type: str | None = Field(default=None, description="MIME type that training jobs are told.")


class Image(StepModel):
    """A container image in the tools account's repository, by digest."""

    uri: str = Field(description="Address by digest: `ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME@sha256:…`.")
    media_type: str = Field(description="Media type of its manifest; SageMaker takes no image index.")

    @property
    def digest(self) -> str:
        """``sha256:…``."""
        return self.uri.rpartition("@")[2]

    @property
    def repository(self) -> str:
        """The repository's name, without registry and digest."""
        return self.uri.partition("/")[2].rpartition("@")[0]

    @property
    def registry(self) -> str:
        """The account id of the registry."""
        return self.uri.partition(".")[0]


class Model(StepModel):
    """A trained model: the artifact of one training job, and the image that trained it and serves it."""

    artifact: str = Field(description="S3 address of `model.tar.gz`.")
    sha256: str = Field(description="sha256 of the artifact, in hexadecimal.")
    image: Image = Field(description="Image that trained it and serves it.")
    job: str = Field(description="Name of the training job.")


class Metric(StepModel):
    """A measured metric."""

    value: float = Field(description="Value, in the metric's unit.")
    standard_deviation: float | None = Field(default=None, description="Standard deviation, where it is known.")


class Evaluation(StepModel):
    """What one model achieves on one data set."""

    model: str = Field(description="sha256 of the model's artifact.")
    data: str = Field(description="Digest of the data set.")
    metrics: Mapping[str, Metric] = Field(description="Metrics by name.")
    report: str = Field(description="S3 address of `evaluation.json`.")
    job: str = Field(description="Name of the processing job.")


class Champion(StepModel):
    """The model that an environment serves, as its release tells."""

    environment: str = Field(description="Name of the environment.")
    release: str = Field(description="Digest of the release that is deployed there.")
    model: Model = Field(description="Its model.")


class Verdict(StepModel):
    """What one gate says."""

    gate: str = Field(description="Name of the gate.")
    metric: str = Field(description="Metric that it judges.")
    value: float = Field(description="The candidate's value, in the metric's unit.")
    limit: float | None = Field(description="Value that it had to reach; none while there is no champion.")
    comparison: Literal["at least", "at most", "none"] = Field(description="On which side of the limit it passes.")
    passed: bool = Field(description="Whether the candidate satisfies the gate.")
    severity: Literal["block", "warn"] = Field(description="Whether a failure refuses the model.")
    reason: str = Field(description="The verdict as a sentence, with value and limit.")


def refusal_by(verdicts: Iterable[Verdict]) -> str | None:
    """The reasons of every blocking gate that is not satisfied, or None."""
    return (
        "; ".join(verdict.reason for verdict in verdicts if not verdict.passed and verdict.severity == "block") or None
    )


class CommitInfo(StepModel):
    """The revision of the model repository that a run is of."""

    sha: str = Field(description="Commit, 40 hexadecimal digits; empty outside a git repository.")
    branch: str = Field(default="", description="Branch; empty on a detached head.")
    dirty: bool = Field(default=False, description="Whether files differed from the commit.")
    author: str = Field(default="", description="Author's name, without the address.")
    subject: str = Field(default="", description="First line of the commit's message.")
    committed: str = Field(default="", description="Time of the commit: RFC 3339, UTC.")
    source: str = Field(default="", description="Address of the repository's remote `origin`, without credentials.")


class Script(StepModel):
    """A script of the model repository that a job runs in the model's image."""

    path: str = Field(description="File, relative to the model repository.")
    sha256: str = Field(description="sha256 of the file, in hexadecimal.")


class Release(StepModel):
    """What goes through the environments: everything that made a model and that vouches for it, all by digest.

    It says what is true whatever environment it is in; where it was deployed is the environments' own history.
    """

    project: str = Field(description="Project.")
    commit: CommitInfo = Field(description="Revision of the model repository.")
    data: Mapping[str, DataSet] = Field(description="Data snapshots by name: sources and prepared data sets.")
    image: Image = Field(description="Image that trained the model and serves it.")
    model: Model = Field(description="The model's artifact.")
    hyperparameters: Mapping[str, str] = Field(description="Hyperparameters, as training got them.")
    evaluation: Evaluation = Field(description="What the model achieves.")
    champions: Mapping[str, Evaluation] = Field(description="What deployed models achieve on the same rows.")
    verdicts: tuple[Verdict, ...] = Field(description="What the gates said.")
    package: str = Field(description="ARN of the model package.")
    build_url: str = Field(default="", description="Build that made it; empty outside Jenkins.")
    run: str = Field(default="", description="Run that made it.")
    who: str = Field(default="", description="Who started that run.")
