"""Tuning jobs: the training jobs they launch, which of them is best, and how they end.

Sources: CreateHyperParameterTuningJob, DescribeHyperParameterTuningJob, ListTrainingJobsForHyperParameterTuningJob,
StopHyperParameterTuningJob and DeleteHyperParameterTuningJob in the SageMaker API reference.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.provision import create_bucket, create_role, push_image
from tests.contract.workbench import Workbench, once

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.cloud.embedded import EmbeddedCloud

SCORES = {"CategoricalParameterRanges": [{"Name": "print", "Values": ["score=0.1", "score=0.9", "score=0.5"]}]}
"""A range whose choice is what the training job prints, and so its objective."""


@pytest.fixture
def name(unique: Callable[[str], str]) -> str:
    """A tuning job's name has at most 32 characters."""
    return unique("tune")


def config(**members: Any) -> dict[str, Any]:
    return {
        "Strategy": "Grid",
        "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "score"},
        "ResourceLimits": {"MaxParallelTrainingJobs": 2},
        "ParameterRanges": SCORES,
        **members,
    }


def definition(workbench: Workbench, orders: dict[str, str] | None = None, **members: Any) -> dict[str, Any]:
    training = workbench.training("unused")
    passed = ("RoleArn", "OutputDataConfig", "ResourceConfig", "StoppingCondition")
    metrics = [{"Name": "score", "Regex": r"score=([0-9.]+)"}]
    return {
        "AlgorithmSpecification": {**training["AlgorithmSpecification"], "MetricDefinitions": metrics},
        "StaticHyperParameters": orders or {},
        **{key: training[key] for key in passed},
        **members,
    }


def tune(workbench: Workbench, name: str, settings: dict[str, Any], **members: Any) -> dict[str, Any]:
    """The description of a tuning job that has ended."""
    request = {"TrainingJobDefinition": definition(workbench), **members}
    workbench.sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name, HyperParameterTuningJobConfig=settings, **request
    )
    return workbench.ended_tuning(name)


def launched(workbench: Workbench, name: str, **members: Any) -> list[dict[str, Any]]:
    """The summaries of a tuning job's training jobs."""
    answer = workbench.sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name, MaxResults=100, **members
    )
    return list(answer["TrainingJobSummaries"])


def refused(call: Callable[..., Any], **members: Any) -> tuple[str, str]:
    """Code and message of the error that a call answers."""
    with pytest.raises(ClientError) as error:
        call(**members)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


# --- a job that completes ------------------------------------------------------------------------------------------


def test_a_grid_tries_every_combination_and_names_the_best(workbench: Workbench, name: str) -> None:
    """DescribeHyperParameterTuningJob: BestTrainingJob; a grid has as many training jobs as combinations."""
    job = tune(workbench, name, config())
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    best = job["BestTrainingJob"]
    assert best["TunedHyperParameters"] == {"print": "score=0.9"}
    final = best["FinalHyperParameterTuningJobObjectiveMetric"]
    assert final == {"Type": "Maximize", "MetricName": "score", "Value": pytest.approx(0.9)}
    assert job["TrainingJobStatusCounters"] == {
        "Completed": 3,
        "InProgress": 0,
        "RetryableError": 0,
        "NonRetryableError": 0,
        "Stopped": 0,
    }
    assert job["ObjectiveStatusCounters"] == {"Succeeded": 3, "Pending": 0, "Failed": 0}


def test_the_least_is_best_where_the_objective_is_minimised(workbench: Workbench, name: str) -> None:
    """HyperParameterTuningJobObjective: Type Minimize."""
    job = tune(workbench, name, config(HyperParameterTuningJobObjective={"Type": "Minimize", "MetricName": "score"}))
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"print": "score=0.1"}


def test_a_training_job_knows_its_tuning_job_and_its_hyperparameters(workbench: Workbench, name: str) -> None:
    """DescribeTrainingJob: TuningJobArn; the static hyperparameters and the objective's name join the tuned ones."""
    job = tune(workbench, name, config(), TrainingJobDefinition=definition(workbench, {"epochs": "3"}))
    best = workbench.sagemaker.describe_training_job(TrainingJobName=job["BestTrainingJob"]["TrainingJobName"])
    assert best["TuningJobArn"] == job["HyperParameterTuningJobArn"]
    assert best["HyperParameters"] == {
        "print": "score=0.9",
        "epochs": "3",
        "_tuning_objective_metric": "score",
    }


@pytest.mark.parametrize("strategy", ["Random", "Bayesian"])
def test_numbers_are_drawn_from_their_ranges(workbench: Workbench, name: str, strategy: str) -> None:
    """ResourceLimits: MaxNumberOfTrainingJobs; ParameterRanges of integers and continuous values."""
    ranges = {
        "IntegerParameterRanges": [{"Name": "n", "MinValue": "2", "MaxValue": "5"}],
        "ContinuousParameterRanges": [
            {"Name": "x", "MinValue": "0.001", "MaxValue": "1", "ScalingType": "Logarithmic"}
        ],
    }
    limits = {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 2}
    settings = config(Strategy=strategy, ParameterRanges=ranges, ResourceLimits=limits, RandomSeed=1)
    tune(workbench, name, settings, TrainingJobDefinition=definition(workbench, {"print": "score=0.5"}))
    tuned = [each["TunedHyperParameters"] for each in launched(workbench, name)]
    assert len(tuned) == 4
    assert all(2 <= int(values["n"]) <= 5 and 0.001 <= float(values["x"]) <= 1 for values in tuned)


def test_no_more_jobs_run_at_once_than_allowed(workbench: Workbench, name: str) -> None:
    """ResourceLimits: MaxParallelTrainingJobs."""
    tune(workbench, name, config(ResourceLimits={"MaxParallelTrainingJobs": 1}))
    jobs = sorted(launched(workbench, name), key=lambda job: str(job["CreationTime"]))
    assert all(earlier["TrainingEndTime"] <= later["CreationTime"] for earlier, later in pairwise(jobs))


def test_a_target_that_is_reached_completes_the_job(workbench: Workbench, name: str) -> None:
    """TuningJobCompletionCriteria: TargetObjectiveMetricValue."""
    settings = config(
        ResourceLimits={"MaxParallelTrainingJobs": 1},
        TuningJobCompletionCriteria={"TargetObjectiveMetricValue": 0.8},
    )
    job = tune(workbench, name, settings)
    assert job["HyperParameterTuningJobStatus"] == "Completed"
    assert job["TrainingJobStatusCounters"]["Completed"] == 2


def test_a_warm_start_knows_its_parents_best(workbench: Workbench, name: str, unique: Callable[[str], str]) -> None:
    """WarmStartConfig: with IdenticalDataAndAlgorithm the OverallBestTrainingJob is the best of parents and child."""
    parent = tune(workbench, name, config())
    child = unique("warm")
    poor = {"CategoricalParameterRanges": [{"Name": "print", "Values": ["score=0.2"]}]}
    job = tune(
        workbench,
        child,
        config(ParameterRanges=poor, ResourceLimits={"MaxParallelTrainingJobs": 1}),
        WarmStartConfig={
            "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": name}],
            "WarmStartType": "IdenticalDataAndAlgorithm",
        },
    )
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"print": "score=0.2"}
    assert job["OverallBestTrainingJob"]["TrainingJobName"] == parent["BestTrainingJob"]["TrainingJobName"]


# --- how else a job ends -------------------------------------------------------------------------------------------


def test_a_job_whose_training_jobs_all_fail_fails(workbench: Workbench, name: str) -> None:
    """DescribeHyperParameterTuningJob: FailureReason."""
    job = tune(workbench, name, config(), TrainingJobDefinition=definition(workbench, {"fail": "no data"}))
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("All training jobs failed.")
    assert {each["ObjectiveStatus"] for each in launched(workbench, name)} == {"Failed"}
    assert all(each["FailureReason"].startswith("AlgorithmError: ") for each in launched(workbench, name))


def test_stopping_a_job_stops_its_training_jobs(workbench: Workbench, name: str) -> None:
    """StopHyperParameterTuningJob stops all running training jobs that the tuning job launched."""
    workbench.sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name,
        HyperParameterTuningJobConfig=config(),
        TrainingJobDefinition=definition(workbench, {"sleep": "3600"}),
    )
    once(lambda: {"running": str(len(launched(workbench, name)))}, "running", frozenset({"2"}))
    workbench.sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    job = workbench.ended_tuning(name)
    assert job["HyperParameterTuningJobStatus"] == "Stopped"
    assert {each["TrainingJobStatus"] for each in launched(workbench, name)} == {"Stopped"}


def test_a_job_that_runs_too_long_stops_its_training_jobs(
    workbench: Workbench, name: str, cloud: EmbeddedCloud
) -> None:
    """ResourceLimits: MaxRuntimeInSeconds."""
    limits = {"MaxParallelTrainingJobs": 1, "MaxRuntimeInSeconds": 600}
    workbench.sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name,
        HyperParameterTuningJobConfig=config(ResourceLimits=limits),
        TrainingJobDefinition=definition(workbench, {"sleep": "3600"}),
    )
    once(lambda: {"running": str(len(launched(workbench, name)))}, "running", frozenset({"1"}))
    cloud.advance(600)
    workbench.ended_tuning(name)
    assert [each["TrainingJobStatus"] for each in launched(workbench, name)] == ["Stopped"]


# --- the API -------------------------------------------------------------------------------------------------------


def test_training_jobs_are_listed_by_their_objective(workbench: Workbench, name: str) -> None:
    """ListTrainingJobsForHyperParameterTuningJob: SortBy FinalObjectiveMetricValue."""
    tune(workbench, name, config())
    ordered = launched(workbench, name, SortBy="FinalObjectiveMetricValue", SortOrder="Descending")
    values = [each["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] for each in ordered]
    assert values == pytest.approx([0.9, 0.5, 0.1])


def test_a_job_is_described_as_it_was_asked_for(workbench: Workbench, name: str) -> None:
    """DescribeHyperParameterTuningJob answers the configuration, and the objective as a static hyperparameter."""
    job = tune(workbench, name, config(), TrainingJobDefinition=definition(workbench, {"a": "1"}))
    assert job["HyperParameterTuningJobConfig"] == config()
    static = job["TrainingJobDefinition"]["StaticHyperParameters"]
    assert static == {"a": "1", "_tuning_objective_metric": "score"}


def test_tags_are_its_training_jobs_too(workbench: Workbench, name: str) -> None:
    """CreateHyperParameterTuningJob: tags are also added to all training jobs that the tuning job launches."""
    tags = [{"Key": "team", "Value": "a"}]
    tune(workbench, name, config(), Tags=tags)
    for each in launched(workbench, name):
        assert workbench.sagemaker.list_tags(ResourceArn=each["TrainingJobArn"])["Tags"] == tags


def test_jobs_are_listed_with_their_counters(workbench: Workbench, name: str) -> None:
    """ListHyperParameterTuningJobs."""
    tune(workbench, name, config())
    found = workbench.sagemaker.list_hyper_parameter_tuning_jobs(NameContains=name)
    (summary,) = found["HyperParameterTuningJobSummaries"]
    assert (summary["Strategy"], summary["ObjectiveStatusCounters"]["Succeeded"]) == ("Grid", 3)


def test_a_name_belongs_to_one_job(workbench: Workbench, name: str) -> None:
    """CreateHyperParameterTuningJob: the name must be unique; ResourceInUse."""
    tune(workbench, name, config())
    again = {"workbench": workbench, "name": name, "settings": config()}
    assert refused(tune, **again)[0] == "ResourceInUse"


def test_a_job_that_does_not_exist(workbench: Workbench, name: str) -> None:
    """DescribeHyperParameterTuningJob: ResourceNotFound."""
    code, message = refused(workbench.sagemaker.describe_hyper_parameter_tuning_job, HyperParameterTuningJobName=name)
    assert (code, message) == (
        "ResourceNotFound",
        f"Amazon SageMaker can't find a tuning job called {name}. Type another name.",
    )


def test_deleting_a_job_leaves_its_training_jobs(workbench: Workbench, name: str) -> None:
    """DeleteHyperParameterTuningJob deletes only the tuning job entry."""
    job = tune(workbench, name, config())
    workbench.sagemaker.delete_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    describe = workbench.sagemaker.describe_hyper_parameter_tuning_job
    assert refused(describe, HyperParameterTuningJobName=name)[0] == "ResourceNotFound"
    best = job["BestTrainingJob"]["TrainingJobName"]
    assert workbench.sagemaker.describe_training_job(TrainingJobName=best)["TrainingJobStatus"] == "Completed"


def test_an_objective_that_no_metric_defines_is_refused(workbench: Workbench, name: str) -> None:
    """HyperParameterTuningJobObjective: MetricName must be one of the MetricDefinitions of a custom algorithm."""
    settings = config(HyperParameterTuningJobObjective={"Type": "Maximize", "MetricName": "auc"})
    code, message = refused(tune, workbench=workbench, name=name, settings=settings)
    assert code == "ValidationException"
    assert "auc" in message


# --- the cloud goes down and comes back ----------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_tuning_job_goes_on_when_the_cloud_is_back(own_cloud: EmbeddedCloud, how: str) -> None:
    """A restart of the cloud neither loses a training job of the search nor launches one twice."""
    bench = Workbench(
        sagemaker=own_cloud.client("sagemaker"),
        role=create_role(own_cloud.client("iam"), "execution"),
        bucket=create_bucket(own_cloud.client("s3"), "own-data"),
        image=push_image(own_cloud, "own/image"),
    )
    own_cloud.stop()  # so that role and image are on disk for certain
    own_cloud.start()
    bench = replace(bench, sagemaker=own_cloud.client("sagemaker"))
    bench.sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName="tune",
        HyperParameterTuningJobConfig=config(),
        TrainingJobDefinition=definition(bench, {"sleep": "0.7"}),
    )
    once(lambda: {"running": str(len(launched(bench, "tune")))}, "running", frozenset({"2"}))
    {"stop": own_cloud.stop, "kill": own_cloud.kill}[how]()
    own_cloud.start()
    bench = replace(bench, sagemaker=own_cloud.client("sagemaker"))
    job = bench.ended_tuning("tune")
    assert job["TrainingJobStatusCounters"]["Completed"] == 3
    assert len(bench.sagemaker.list_training_jobs()["TrainingJobSummaries"]) == 3
