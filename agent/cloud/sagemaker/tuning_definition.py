"""What a tuning job searches and which training jobs it launches: its definitions, read from the request.

Source: ``CreateHyperParameterTuningJob``. A job has one definition with the ranges and the objective of its
``HyperParameterTuningJobConfig``, or several with their own. ``TrainingJobEarlyStoppingType`` Auto is accepted and
stops nothing: AWS stops training jobs early only where it deems them hopeless, and promises none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.cloud.errors import validation_error
from agent.cloud.sagemaker.request_rules import NOT_SERVED
from agent.cloud.sagemaker.training_rules import check_training
from agent.cloud.sagemaker.tuning_ranges import parameter_ranges
from agent.cloud.sagemaker.tuning_search import STRATEGIES, grid_size

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.cloud.sagemaker.operation import Members
    from agent.cloud.sagemaker.tuning_ranges import Range

OBJECTIVE_HYPERPARAMETER = "_tuning_objective_metric"
_PASSED_ON = (
    "RoleArn", "InputDataConfig", "VpcConfig", "OutputDataConfig", "StoppingCondition", "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining", "RetryStrategy", "Environment",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Objective:
    """The metric that a tuning job makes as large, or as small, as it can."""

    metric: str
    maximize: bool

    def loss(self, value: float) -> float:
        """A value turned so that smaller is better."""
        return -value if self.maximize else value

    @property
    def type(self) -> str:
        """``Maximize`` or ``Minimize``."""
        return "Maximize" if self.maximize else "Minimize"


@dataclass(frozen=True, kw_only=True)
class Definition:
    """One kind of training job that a tuning job launches."""

    name: str | None
    members: Members
    objective: Objective
    ranges: tuple[Range, ...]

    def training_request(self, job_name: str, tuned: Mapping[str, str]) -> Members:
        """The request of the training job with these hyperparameters; checkpoints go to a folder of its own."""
        members = self.members
        request: Members = {key: members[key] for key in _PASSED_ON if key in members}
        if checkpoints := members.get("CheckpointConfig"):
            request["CheckpointConfig"] = {**checkpoints, "S3Uri": f"{checkpoints['S3Uri'].rstrip('/')}/{job_name}"}
        return request | {
            "TrainingJobName": job_name,
            "AlgorithmSpecification": members["AlgorithmSpecification"],
            "ResourceConfig": _resources(members),
            "HyperParameters": {
                **(members.get("StaticHyperParameters") or {}),
                **tuned,
                OBJECTIVE_HYPERPARAMETER: self.objective.metric,
            },
        }


def definitions(request: Mapping[str, Any]) -> tuple[Definition, ...]:
    """The definitions of a request; raises ``ValidationException`` for one that makes no sense."""
    config = request["HyperParameterTuningJobConfig"]
    several = request.get("TrainingJobDefinitions")
    single = request.get("TrainingJobDefinition")
    if (several is None) == (single is None):
        raise validation_error("You must specify exactly one of TrainingJobDefinition and TrainingJobDefinitions.")
    if single is not None:
        own = (single.get("TuningObjective"), single.get("HyperParameterRanges"))
        return (
            _definition(
                single,
                config.get("HyperParameterTuningJobObjective") or own[0],
                config.get("ParameterRanges") or own[1],
            ),
        )
    return tuple(
        _definition(each, each.get("TuningObjective"), each.get("HyperParameterRanges")) for each in several or ()
    )


def check_tuning(request: Mapping[str, Any]) -> None:
    """Raise ``ValidationException`` for a request that AWS would refuse, or that this cloud cannot serve."""
    config = request["HyperParameterTuningJobConfig"]
    if request.get("Autotune"):
        raise validation_error(f"Autotune {NOT_SERVED}: give the ranges to search.")
    if config["Strategy"] not in STRATEGIES:
        raise validation_error(f"Strategy {config['Strategy']} {NOT_SERVED}: use {', '.join(sorted(STRATEGIES))}.")
    criteria = config.get("TuningJobCompletionCriteria") or {}
    if (criteria.get("ConvergenceDetected") or {}).get("CompleteOnConvergence") == "Enabled":
        raise validation_error(f"CompleteOnConvergence {NOT_SERVED}: use BestObjectiveNotImproving.")
    found = definitions(request)
    names = [definition.name for definition in found]
    if len(found) > 1 and (None in names or len(set(names)) < len(names)):
        raise validation_error("Every training job definition needs a DefinitionName of its own.")
    for definition in found:
        check_training(definition.training_request("check", {}))
        if config["Strategy"] == "Grid" and not all(r.choices for r in definition.ranges):
            raise validation_error("The Grid strategy supports only categorical parameters.")
    _check_limits(config, found)


def job_limit(config: Mapping[str, Any], found: tuple[Definition, ...]) -> int:
    """How many training jobs a tuning job launches; a grid has as many as it has combinations."""
    if config["Strategy"] == "Grid":
        return sum(grid_size(definition.ranges) for definition in found)
    return int(config["ResourceLimits"]["MaxNumberOfTrainingJobs"])


def _check_limits(config: Mapping[str, Any], found: tuple[Definition, ...]) -> None:
    limits = config["ResourceLimits"]
    asked = limits.get("MaxNumberOfTrainingJobs")
    if config["Strategy"] == "Grid":
        if asked is not None and asked != job_limit(config, found):
            raise validation_error(
                f"MaxNumberOfTrainingJobs must be {job_limit(config, found)}, the number of combinations of the grid, "
                "or absent."
            )
    elif asked is None:
        raise validation_error("MaxNumberOfTrainingJobs must be specified in ResourceLimits.")
    if limits["MaxParallelTrainingJobs"] > job_limit(config, found):
        raise validation_error("MaxParallelTrainingJobs must be less than or equal to MaxNumberOfTrainingJobs.")


def _definition(members: Members, objective: Mapping[str, Any] | None, ranges: Mapping[str, Any] | None) -> Definition:
    if objective is None:
        raise validation_error("A tuning job needs an objective metric: HyperParameterTuningJobObjective is missing.")
    read = parameter_ranges(ranges)
    if not read:
        raise validation_error("A tuning job needs at least one hyperparameter range to search.")
    metrics = {d["Name"] for d in members["AlgorithmSpecification"].get("MetricDefinitions") or []}
    if objective["MetricName"] not in metrics:
        raise validation_error(
            f"The objective metric for the hyperparameter tuning job, [{objective['MetricName']}], isn't valid for the "
            "custom algorithm. Choose a metric that is in its MetricDefinitions."
        )
    clash = sorted({r.name for r in read} & set(members.get("StaticHyperParameters") or {}))
    if clash:
        raise validation_error(f"Hyperparameters are both static and tunable: {', '.join(clash)}.")
    return Definition(
        name=members.get("DefinitionName"),
        members=members,
        objective=Objective(metric=objective["MetricName"], maximize=objective["Type"] == "Maximize"),
        ranges=read,
    )


def _resources(members: Mapping[str, Any]) -> Mapping[str, Any]:
    """A definition's instances in the shape of a training job's; of a list of choices the first."""
    flexible = members.get("HyperParameterTuningResourceConfig")
    if (flexible is None) == (members.get("ResourceConfig") is None):
        raise validation_error("You must specify exactly one of ResourceConfig and HyperParameterTuningResourceConfig.")
    if flexible is None:
        return dict(members["ResourceConfig"])
    first = (flexible.get("InstanceConfigs") or [{}])[0]
    chosen = {key: flexible[key] for key in ("VolumeKmsKeyId", "VolumeSizeInGB") if key in flexible}
    return {**chosen, **{key: flexible[key] for key in ("InstanceType", "InstanceCount") if key in flexible}, **first}
