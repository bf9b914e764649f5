"""How far a tuning job is: which of its training jobs is best, how many count, and when it has had enough."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agent.cloud.errors import AwsError
from agent.cloud.sagemaker.jobs import INTERNAL_ERROR, JobStatus
from agent.cloud.sagemaker.training_state import MetricValue, TrainingJob
from agent.cloud.sagemaker.tuning_definition import check_tuning, definitions, job_limit
from agent.cloud.sagemaker.tuning_progress import (
    ALL_FAILED,
    Run,
    best,
    completed_early,
    hopeless,
    not_improving,
    objective_counters,
    status_counters,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
COMPLETED, FAILED, STOPPED = JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.STOPPED


def config(**members: Any) -> dict[str, Any]:
    return {
        "Strategy": "Random",
        "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": 10, "MaxParallelTrainingJobs": 2},
        "ParameterRanges": {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "1"}]},
        **members,
    }


def request(settings: dict[str, Any] | None = None, **definition: Any) -> dict[str, Any]:
    return {
        "HyperParameterTuningJobName": "tune",
        "HyperParameterTuningJobConfig": settings or config(),
        "TrainingJobDefinition": {
            "AlgorithmSpecification": {
                "TrainingImage": "image",
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "loss", "Regex": "loss=(.*)"}],
            },
            "RoleArn": "arn:aws:iam::111111111111:role/execution",
            "OutputDataConfig": {"S3OutputPath": "s3://bucket/output"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
            "StoppingCondition": {"MaxRuntimeInSeconds": 60},
            **definition,
        },
    }


def run(number: int, status: JobStatus, value: float | None = None, *, maximize: bool = False, **more: Any) -> Run:
    """The training job that ended ``number`` seconds after noon, with this value of the objective."""
    objective = {"Type": "Maximize" if maximize else "Minimize", "MetricName": "loss"}
    (definition,) = definitions(request(config(HyperParameterTuningJobObjective=objective)))
    moment = NOON + timedelta(seconds=number)
    job = TrainingJob(
        account="111111111111",
        region="us-east-1",
        name=f"job-{number}",
        arn=f"arn:aws:sagemaker:us-east-1:111111111111:training-job/job-{number}",
        created=NOON,
        modified=moment,
        request={},
        status=status,
        ended=None if status is JobStatus.IN_PROGRESS else moment,
        metrics={} if value is None else {"loss": MetricValue(value=value, time=moment)},
        **more,
    )
    return Run(job=job, definition=definition)


# --- which is best -------------------------------------------------------------------------------------------------


def test_the_best_run_has_the_least_objective() -> None:
    top = best([run(1, COMPLETED, 0.5), run(2, COMPLETED, 0.2), run(3, COMPLETED, 0.3)])
    assert top is not None
    assert top.job.name == "job-2"


def test_or_the_greatest_where_it_is_to_be_maximised() -> None:
    top = best([run(1, COMPLETED, 0.5, maximize=True), run(2, COMPLETED, 0.2, maximize=True)])
    assert top is not None
    assert top.job.name == "job-1"


def test_only_completed_runs_with_an_objective_count() -> None:
    runs = [run(1, STOPPED, 0.1), run(2, FAILED, 0.1), run(3, COMPLETED), run(4, JobStatus.IN_PROGRESS, 0.1)]
    assert best(runs) is None
    assert objective_counters(runs) == {"Succeeded": 0, "Pending": 1, "Failed": 3}


def test_training_jobs_are_counted_by_their_end() -> None:
    runs = [
        run(1, COMPLETED, 1.0),
        run(2, STOPPED),
        run(3, FAILED, failure="AlgorithmError: , exit code: 1"),
        run(4, FAILED, failure=INTERNAL_ERROR),
        run(5, JobStatus.STOPPING),
    ]
    assert status_counters(runs) == {
        "Completed": 1,
        "InProgress": 1,
        "RetryableError": 1,
        "NonRetryableError": 1,
        "Stopped": 1,
    }


# --- when it is enough ---------------------------------------------------------------------------------------------


def test_less_than_a_hundredth_is_no_improvement() -> None:
    runs = [run(1, COMPLETED, 1.0), run(2, COMPLETED, 0.995), run(3, COMPLETED, 2.0)]
    assert not_improving(runs) == 2
    assert not_improving([*runs, run(4, COMPLETED, 0.9)]) == 0


@pytest.mark.parametrize(("value", "enough"), [(0.31, False), (0.3, True), (0.1, True)])
def test_a_target_that_is_reached_completes_the_job(value: float, enough: bool) -> None:
    criteria = config(TuningJobCompletionCriteria={"TargetObjectiveMetricValue": 0.3})
    assert completed_early(criteria, [run(1, COMPLETED, value)]) is enough


def test_so_many_runs_without_improvement_complete_the_job() -> None:
    limit = {"BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": 3}}
    criteria = config(TuningJobCompletionCriteria=limit)
    runs = [run(number, COMPLETED, 1.0) for number in range(4)]
    assert not completed_early(criteria, runs[:3])
    assert completed_early(criteria, runs)


def test_five_failures_and_no_success_fail_the_job() -> None:
    runs = [run(number, FAILED) for number in range(5)]
    assert hopeless(runs[:4], finished=False) is None
    assert hopeless(runs, finished=False) == ALL_FAILED
    assert hopeless([*runs, run(6, COMPLETED, 1.0)], finished=True) is None


def test_runs_that_never_print_the_objective_fail_the_job_with_that_reason() -> None:
    reason = hopeless([run(1, COMPLETED), run(2, COMPLETED)], finished=True)
    assert reason is not None
    assert reason.startswith("No objective metrics found after running 2 training jobs.")


def test_runs_that_were_all_stopped_are_no_failure() -> None:
    assert hopeless([run(1, STOPPED)], finished=True) is None


# --- what a tuning job launches ------------------------------------------------------------------------------------


def test_a_training_job_gets_static_and_tuned_hyperparameters_and_the_objective_s_name() -> None:
    (definition,) = definitions(request(StaticHyperParameters={"epochs": "3"}))
    made = definition.training_request("tune-001", {"x": "0.5"})
    assert made["HyperParameters"] == {"epochs": "3", "x": "0.5", "_tuning_objective_metric": "loss"}
    assert made["TrainingJobName"] == "tune-001"


def test_every_training_job_has_checkpoints_of_its_own() -> None:
    (definition,) = definitions(request(CheckpointConfig={"S3Uri": "s3://bucket/ck/"}))
    made = definition.training_request("tune-001", {})
    assert made["CheckpointConfig"]["S3Uri"] == "s3://bucket/ck/tune-001"


def test_flexible_resources_become_the_first_choice() -> None:
    flexible = {"InstanceConfigs": [{"InstanceType": "ml.m5.xlarge", "InstanceCount": 2, "VolumeSizeInGB": 5}]}
    asked = request()
    del asked["TrainingJobDefinition"]["ResourceConfig"]
    asked["TrainingJobDefinition"]["HyperParameterTuningResourceConfig"] = flexible
    (definition,) = definitions(asked)
    assert definition.training_request("t", {})["ResourceConfig"] == flexible["InstanceConfigs"][0]


def test_a_grid_launches_as_many_jobs_as_it_has_combinations() -> None:
    ranges = {"CategoricalParameterRanges": [{"Name": "a", "Values": ["1", "2"]}, {"Name": "b", "Values": ["1", "2"]}]}
    settings = config(Strategy="Grid", ParameterRanges=ranges, ResourceLimits={"MaxParallelTrainingJobs": 1})
    check_tuning(request(settings))
    assert job_limit(settings, definitions(request(settings))) == 4


REFUSED = {
    "Hyperband": (request(config(Strategy="Hyperband")), "Hyperband is not served"),
    "a grid of numbers": (request(config(Strategy="Grid", ResourceLimits={"MaxParallelTrainingJobs": 1})), "categor"),
    "no number of jobs": (request(config(ResourceLimits={"MaxParallelTrainingJobs": 1})), "MaxNumberOfTrainingJobs"),
    "more at once than at all": (
        request(config(ResourceLimits={"MaxParallelTrainingJobs": 3, "MaxNumberOfTrainingJobs": 2})),
        "MaxParallelTrainingJobs",
    ),
    "an objective that nothing prints": (
        request(config(HyperParameterTuningJobObjective={"Type": "Minimize", "MetricName": "auc"})),
        "isn't valid",
    ),
    "nothing to search": (request(config(ParameterRanges={})), "at least one"),
    "static and tuned": (request(StaticHyperParameters={"x": "1"}), "both static and tunable: x"),
    "no definition": ({**request(), "TrainingJobDefinition": None}, "exactly one"),
    "convergence": (
        request(config(TuningJobCompletionCriteria={"ConvergenceDetected": {"CompleteOnConvergence": "Enabled"}})),
        "CompleteOnConvergence",
    ),
    "autotune": ({**request(), "Autotune": {"Mode": "Enabled"}}, "Autotune"),
    "a training job that would be refused": (
        request(EnableManagedSpotTraining=True),
        "Invalid MaxWaitTimeInSeconds",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_request_that_breaks_a_rule_is_refused_with_the_reason(case: str) -> None:
    broken, reason = REFUSED[case]
    with pytest.raises(AwsError, match=reason):
        check_tuning(broken)
