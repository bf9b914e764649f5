"""Environments: the accounts that a release goes through, and the endpoint that serves it in each."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from agent.config.approval import ApprovalRule
from agent.config.field_types import (
    AccountId,
    AnswerPattern,
    BranchPattern,
    Duration,
    EndpointName,
    EntryName,
    ExternalId,
    InstanceType,
    KmsKeyArn,
    MetricName,
    Percent,
    Region,
    RoleArn,
    S3Uri,
)
from agent.config.network import EndpointNetwork
from agent.config.section import NamedSection, Section, one_of


class Autoscaling(Section):
    """Target tracking of invocations per instance by Application Auto Scaling."""

    min_count: int = Field(ge=1, description="Fewest instances.", examples=[1])
    max_count: int = Field(ge=1, description="Most instances.", examples=[4])
    invocations_per_instance: int = Field(
        ge=1, description="Target of invocations per instance and minute.", examples=[750]
    )
    scale_in_cooldown: Duration = Field(
        default=300, ge=0, description="Least time between two removals of instances, in seconds or as a duration."
    )
    scale_out_cooldown: Duration = Field(
        default=60, ge=0, description="Least time between two additions of instances, in seconds or as a duration."
    )


class InstanceHosting(Section):
    """Hosting on instances that run all the time."""

    type: InstanceType = Field(description="Type of the instances.")
    count: int = Field(default=1, ge=1, description="Number of instances when the endpoint is created.")
    autoscaling: Autoscaling | None = Field(
        default=None, description="Scaling with the load; without it the count stays."
    )


class ServerlessHosting(Section):
    """Hosting that is billed by invocation and starts when it is called."""

    memory_mb: Literal[1024, 2048, 3072, 4096, 5120, 6144] = Field(
        description="Memory of each concurrent invocation, in MiB."
    )
    max_concurrency: int = Field(
        ge=1, le=200, description="Most invocations at the same time; more are throttled.", examples=[20]
    )


class DataCapture(Section):
    """Keeps requests and answers in S3, for monitoring and for later training."""

    percent: Percent = Field(default=100, description="Share of the invocations that is kept, in percent.")
    prefix: S3Uri = Field(description="Where they are kept.", examples=["s3://my-bucket/capture/prod/"])


class Alarm(Section):
    """A CloudWatch alarm on the endpoint, made with it."""

    metric: Literal[
        "Invocation4XXErrors",
        "Invocation5XXErrors",
        "InvocationModelErrors",
        "ModelLatency",
        "OverheadLatency",
    ] = Field(description="Metric of the endpoint; latencies are in microseconds.")
    statistic: Literal["Sum", "Average", "Maximum", "p50", "p90", "p99"] = Field(
        default="Sum", description="How the values of one period become one number."
    )
    above: float = Field(description="The alarm goes off above this value, in the metric's unit.", examples=[5])
    period: Duration = Field(default=60, ge=60, description="Length of a period, in seconds or as a duration.")
    periods: int = Field(default=1, ge=1, le=100, description="Number of consecutive periods above the value.")


class UpdateStrategy(Section):
    """What every way of updating an endpoint has in common."""

    kind: str = Field(description="How traffic moves.")
    alarms: Mapping[EntryName, Alarm] = Field(
        default={}, max_length=10, description="Alarms that undo the update when they go off while it runs."
    )
    timeout: Duration = Field(
        default=3600, ge=600, le=28800, description="Longest time of the whole update, in seconds or as a duration."
    )


class GradualStrategy(UpdateStrategy):
    """What the ways that move traffic in steps have in common."""

    interval: Duration = Field(
        default=300,
        ge=0,
        le=3600,
        description="Time between two steps, in seconds or as a duration (at most an hour).",
    )


class AllAtOnceStrategy(UpdateStrategy):
    """A new fleet is started and takes all traffic in one step."""

    kind: Literal["all_at_once"] = Field(description="All traffic moves in one step.")


class CanaryStrategy(GradualStrategy):
    """A new fleet is started; a small part of the traffic goes first, the rest follows."""

    kind: Literal["canary"] = Field(description="A small part of the traffic goes first.")
    percent: int = Field(default=10, ge=1, le=50, description="Capacity of the first step, in percent of the fleet.")


class LinearStrategy(GradualStrategy):
    """A new fleet is started; traffic moves in equal steps."""

    kind: Literal["linear"] = Field(description="Traffic moves in equal steps.")
    percent: int = Field(default=25, ge=10, le=50, description="Capacity of each step, in percent of the fleet.")


class RollingStrategy(GradualStrategy):
    """Instances are replaced in batches, without a second fleet."""

    kind: Literal["rolling"] = Field(description="Instances are replaced in batches.")
    percent: int = Field(default=25, ge=5, le=50, description="Size of each batch, in percent of the fleet.")


Strategy = Annotated[AllAtOnceStrategy | CanaryStrategy | LinearStrategy | RollingStrategy, Field(discriminator="kind")]


class Endpoint(Section):
    """The endpoint of an environment: exactly one of `instance` and `serverless`."""

    model_config = one_of("instance", "serverless")

    name: EndpointName = Field(description="Name of the endpoint, unique in its account and region.")
    instance: InstanceHosting | None = Field(default=None, description="Instances that run all the time.")
    serverless: ServerlessHosting | None = Field(default=None, description="Capacity that starts when it is called.")
    data_capture: DataCapture | None = Field(
        default=None, description="Requests and answers to keep; not for serverless endpoints."
    )
    strategy: Strategy = Field(
        default_factory=lambda: AllAtOnceStrategy(kind="all_at_once"),
        description="How an update replaces what is live; a serverless endpoint knows only `all_at_once`.",
    )


class CheckRequest(Section):
    """A request whose answer is known."""

    body: str = Field(min_length=1, description="What is sent.", examples=["5.1,3.5,1.4,0.2"])
    content_type: str = Field(default="text/csv", description="MIME type of `body`.")
    answer: AnswerPattern | None = Field(
        default=None, description="Regular expression that the whole answer matches, without white space around it."
    )


class CheckSample(Section):
    """Rows of a held-out data set that are sent through the endpoint, to measure what users would get.

    The data set is CSV without a header, the label first; the endpoint answers one prediction a line.
    """

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["min"]}, {"required": ["max"]}]})

    data: str = Field(default="evaluation", description="Data set: a key of `data` or one of `prepare.outputs`.")
    rows: int = Field(default=100, ge=1, le=10_000, description="Most rows that are sent.")
    metric: Literal["accuracy", "auc", "mse", "rmse"] = Field(description="Metric of labels and answers.")
    min: float | None = Field(default=None, description="Smallest value that passes, in the metric's unit.")
    max: float | None = Field(default=None, description="Largest value that passes, in the metric's unit.")


class CheckedMetric(Section):
    """Limits of one metric, of what the endpoint answers to held-out rows."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["min"]}, {"required": ["max"]}]})

    min: float | None = Field(default=None, description="Smallest value that passes, in the metric's unit.")
    max: float | None = Field(default=None, description="Largest value that passes, in the metric's unit.")
    confidence: float | None = Field(
        default=None,
        gt=0.5,
        lt=1,
        description="How sure it has to be, such as 0.95: the interval of that level has to clear the limit, not the "
        "value alone.",
    )


class CheckEvaluation(Section):
    """The model is evaluated through its endpoint, by all metrics of `evaluation.predictions` with their intervals.

    The data set is CSV without a header, the label first; the endpoint answers one line for each row.
    """

    data: str = Field(default="evaluation", description="Data set: a key of `data` or one of `prepare.outputs`.")
    rows: int = Field(default=10_000, ge=1, le=100_000, description="Most rows that are sent.")
    concurrency: int = Field(default=1, ge=1, le=10, description="How many requests are under way at once.")
    metrics: Mapping[MetricName, CheckedMetric] = Field(
        min_length=1, description="Metrics that are limited, by name; all others are measured, too."
    )


class CheckLoad(Section):
    """A bounded load on the endpoint, and what a client may feel of it.

    What is sent are rows of `sample` or `evaluation`, one in each request, or else the declared `requests`.
    """

    requests: int = Field(default=200, ge=10, le=10_000, description="Number of requests.")
    concurrency: int = Field(default=4, ge=1, le=10, description="How many are under way at once.")
    longest: Duration = Field(
        default=60, ge=1, le=900, description="No more are sent after that time, in seconds or as a duration."
    )
    max_first_ms: int | None = Field(
        default=None, ge=1, description="Time for the very first answer, of a serverless endpoint a cold start, in ms."
    )
    max_p50_ms: int | None = Field(default=None, ge=1, description="Time for half of the answers, in ms.")
    max_p99_ms: int | None = Field(default=None, ge=1, description="Time for 99 of 100 answers, in ms.")
    max_error_rate: float = Field(
        default=0.0, ge=0, lt=1, description="Largest share of requests that are not answered."
    )
    price_per_hour: float | None = Field(
        default=None, gt=0, description="What the endpoint costs an hour, in any currency; for `max_cost`."
    )
    max_cost: float | None = Field(
        default=None, gt=0, description="What 1,000 answers may cost at this load, in the currency of `price_per_hour`."
    )


class Checks(Section):
    """What a deployed endpoint must do before the deployment counts."""

    requests: tuple[CheckRequest, ...] = Field(default=(), description="Requests whose answers are known.")
    sample: CheckSample | None = Field(default=None, description="Held-out rows, and what they must come to.")
    evaluation: CheckEvaluation | None = Field(
        default=None, description="An evaluation of the model through the endpoint, and what it must come to."
    )
    load: CheckLoad | None = Field(default=None, description="How fast answers must be under a bounded load.")


class Environment(NamedSection):
    """One account and region that releases are deployed to."""

    model_config = ConfigDict(
        json_schema_extra={
            "if": {"properties": {"production": {"const": True}}, "required": ["production"]},
            "then": {"required": ["external_id"]},
        }
    )

    account: AccountId = Field(description="Account id of 12 digits; quote it when it starts with a zero.")
    region: Region = Field(description="Region of the endpoint.")
    production: bool = Field(
        default=False, description="Whether real users depend on it; production needs an `external_id`."
    )
    deploy_role: RoleArn | None = Field(
        default=None, description="Role of the environment's account that the pipeline assumes to deploy."
    )
    external_id: ExternalId | None = Field(
        default=None, description="External id that the trust policy of `deploy_role` demands."
    )
    execution_role: RoleArn = Field(description="Role that the endpoint itself runs with.")
    kms_key: KmsKeyArn | None = Field(
        default=None, description="Key that encrypts the endpoint's volumes and its capture."
    )
    network: EndpointNetwork | None = Field(
        default=None, description="Network of the endpoint's containers; without it, SageMaker's own."
    )
    endpoint: Endpoint = Field(description="The endpoint that serves the model.")
    checks: Checks = Field(default_factory=Checks, description="What the deployed endpoint must do.")
    branches: tuple[BranchPattern, ...] | None = Field(
        default=None,
        description="Branches whose builds bring their releases here by themselves; without it, all of them for the "
        "first environment and `main_branches` for any further one. Production takes none, nor does an environment "
        "that needs an approval: they are promoted to.",
        examples=[["main", "feature/*"]],
    )
    keep: int = Field(
        default=2, ge=0, le=100, description="Number of earlier deployments whose models are kept, for a fast rollback."
    )
    approval: ApprovalRule | None = Field(
        default=None, description="Approval that a release needs to go here; without it, none."
    )

    @property
    def only_promoted_to(self) -> bool:
        """Whether no build brings its release here by itself: real users depend on it, or somebody has to say yes."""
        return self.production or self.approval is not None
