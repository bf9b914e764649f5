"""What steps hand to each other: data sets, images, models, evaluations and verdicts, each named by a digest."""

from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import AwareDatetime, Field

from agent.step import StepModel


def _is_absent(value: object) -> bool:
    """Whether a field that was added later says nothing: it is left out, so that older documents keep their bytes."""
    return not value


Conclusion = Literal["", "proved", "refuted", "not enough data"]


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


class Sbom(StepModel):
    """The software bill of materials of one image: a CycloneDX document, by the sha256 of its bytes."""

    uri: str = Field(description="S3 address of the document.")
    sha256: str = Field(description="sha256 of the document, in hexadecimal.")
    packages: int = Field(description="Number of packages that it lists.")


class Model(StepModel):
    """A trained model: the artifact of one training job, and the image that trained it and serves it."""

    artifact: str = Field(description="S3 address of `model.tar.gz`.")
    sha256: str = Field(description="sha256 of the artifact, in hexadecimal.")
    image: Image = Field(description="Image that trained it and serves it.")
    job: str = Field(description="Name of the training job.")


class JobUse(StepModel):
    """What one job took of machines."""

    job: str = Field(description="Name of the job.")
    subject: str = Field(default="", description="What it was about, where a step has several jobs.")
    instance_type: str = Field(description="Type of its instances.")
    instance_count: int = Field(description="Number of instances.")
    started: AwareDatetime | None = Field(default=None, description="When its machines began.")
    seconds: int | None = Field(default=None, description="How long they ran, in seconds, where that is known.")
    billable_seconds: int | None = Field(
        default=None, description="What is billed for each of them, in seconds; SageMaker tells it of training jobs."
    )


class Interval(StepModel):
    """Where a value lies, by what is known of it."""

    low: float = Field(description="Its lower end, in the value's unit.")
    high: float = Field(description="Its upper end.")
    level: float = Field(description="How often such an interval holds the true value, such as 0.95.")


class Metric(StepModel):
    """A measured metric."""

    value: float = Field(description="Value, in the metric's unit.")
    standard_deviation: float | None = Field(default=None, description="Standard deviation, where it is known.")
    interval: Interval | None = Field(
        default=None, exclude_if=_is_absent, description="Its interval, where it is known."
    )


class PredictionFiles(StepModel):
    """The predictions of one evaluation, as its script wrote them."""

    uri: str = Field(description="S3 address of the folder that they are in.")
    files: tuple[str, ...] = Field(description="Names of the files in it, in their order.")
    sha256: str = Field(description="sha256 over the names and digests of all files, in hexadecimal.")
    rows: int = Field(description="Number of rows.")


class Evaluation(StepModel):
    """What one model achieves on one data set."""

    model: str = Field(description="sha256 of the model's artifact.")
    data: str = Field(description="Digest of the data set.")
    metrics: Mapping[str, Metric] = Field(description="Metrics by name.")
    report: str = Field(description="S3 address of `evaluation.json`.")
    job: str = Field(description="Name of the job, or of the check, that asked the model.")
    predictions: PredictionFiles | None = Field(
        default=None, exclude_if=_is_absent, description="What it predicts, row by row."
    )
    measurements: str = Field(
        default="",
        exclude_if=_is_absent,
        description="S3 address of the curves, histograms and slices of its predictions; empty without them.",
    )


class Champion(StepModel):
    """The model that an environment serves, as its release tells."""

    environment: str = Field(description="Name of the environment.")
    release: str = Field(description="Digest of the release that is deployed there.")
    model: Model = Field(description="Its model.")


class Override(StepModel):
    """A person's word that a model may pass although a gate refuses it; the verdict stays what it is."""

    by: str = Field(description="Login of that person.")
    reason: str = Field(description="Why.")
    at: AwareDatetime = Field(description="When it was given.")
    until: AwareDatetime = Field(description="Until when a deployment may begin with it.")

    def told(self, gate: str) -> str:
        """As a sentence."""
        return f"gate {gate} overridden by {self.by} until {self.until:%Y-%m-%d %H:%M}Z: {self.reason}"


class Difference(StepModel):
    """How much higher a value is than what it is compared with, on the same rows."""

    value: float = Field(description="Candidate - champion, in the metric's unit.")
    interval: Interval | None = Field(default=None, description="Its paired interval, where it is known.")


class Judgement(StepModel):
    """What was found about a model: the part of a verdict that a gate of the model repository answers itself."""

    metric: str = Field(default="", description="What it judges.")
    value: float | None = Field(default=None, description="The candidate's value, in the metric's unit.")
    limit: float | None = Field(default=None, description="Value that it had to reach.")
    comparison: Literal["at least", "at most", "none"] = Field(
        default="none", description="On which side of the limit it passes."
    )
    interval: Interval | None = Field(default=None, description="Interval of the value.")
    sample_size: int | None = Field(default=None, ge=0, description="Number of rows that the value is of.")
    difference: Difference | None = Field(default=None, description="Difference from the champion's value.")
    conclusion: Conclusion = Field(default="", description="What the rows prove of the claim, where proof is demanded.")
    rows_needed: int | None = Field(default=None, ge=0, description="Number of rows that would be enough.")
    passed: bool = Field(description="Whether the candidate satisfies the gate.")
    reason: str = Field(min_length=1, description="Why, as a sentence.")
    evidence: str = Field(default="", description="Address of what shows it.")


class Verdict(StepModel):
    """What one gate says. What was added later has a default, which releases leave out: theirs stay the same bytes."""

    gate: str = Field(description="Name of the gate.")
    kind: str = Field(default="", description="Kind of the gate.")
    metric: str = Field(description="What it judges; empty where that is no metric.")
    value: float | None = Field(description="The candidate's value, in the metric's unit; none where it has none.")
    limit: float | None = Field(description="Value that it had to reach; none while there is no champion.")
    comparison: Literal["at least", "at most", "none"] = Field(description="On which side of the limit it passes.")
    against: str = Field(default="", description="What it is compared with, where that is no fixed limit.")
    interval: Interval | None = Field(default=None, description="Interval of the value, where it is known.")
    sample_size: int | None = Field(default=None, description="Number of rows that the value is of, where it is known.")
    difference: Difference | None = Field(
        default=None, description="Difference from the champion's value, where proof is demanded."
    )
    conclusion: Conclusion = Field(default="", description="What the rows prove of the claim, where proof is demanded.")
    rows_needed: int | None = Field(
        default=None, description="Where there is not enough data: about how many rows would be."
    )
    passed: bool = Field(description="Whether the candidate satisfies the gate.")
    severity: Literal["block", "warn"] = Field(description="Whether a failure refuses the model.")
    environments: tuple[str, ...] = Field(
        default=(), description="The environments that a failure keeps it from; empty: it is not released at all."
    )
    reason: str = Field(description="The verdict as a sentence, with value and limit.")
    sentence: str = Field(default="", description="What the gate says to people when it refuses.")
    evidence: str = Field(default="", description="Address of what shows it.")
    override: Override | None = Field(default=None, description="Who let it pass all the same, where somebody did.")

    @property
    def blocks(self) -> bool:
        """Whether it stands in the model's way, unless somebody overrides it."""
        return not self.passed and self.severity == "block"

    @property
    def state(self) -> Literal["passed", "warned", "refused", "overridden"]:
        """What it comes to, in one word."""
        if not self.blocks:
            return "passed" if self.passed else "warned"
        return "overridden" if self.override else "refused"

    def guards(self, environment: str) -> bool:
        """Whether it judges what goes to an environment."""
        return not self.environments or environment in self.environments


def refusal_by(verdicts: Iterable[Verdict]) -> str | None:
    """The reasons of every gate that keeps the model from being released, or None."""
    refused = [one.reason for one in verdicts if one.state == "refused" and not one.environments]
    return "; ".join([*(reason.removesuffix(".") for reason in refused[:-1]), *refused[-1:]]) or None


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
    sbom: Sbom | None = Field(default=None, description="What the image is made of; none in releases made before.")
    model: Model = Field(description="The model's artifact.")
    hyperparameters: Mapping[str, str] = Field(description="Hyperparameters, as training got them.")
    evaluation: Evaluation = Field(description="What the model achieves.")
    champions: Mapping[str, Evaluation] = Field(description="What deployed models achieve on the same rows.")
    verdicts: tuple[Verdict, ...] = Field(description="What the gates said.")
    package: str = Field(description="ARN of the model package.")
    build_url: str = Field(default="", description="Build that made it; empty outside Jenkins.")
    run: str = Field(default="", description="Run that made it.")
    who: str = Field(default="", description="Who started that run.")
