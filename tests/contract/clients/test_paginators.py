"""Every paginator that boto3 has for an operation served here finds, one by one, what a single page lists.

The list comes from botocore's own ``paginators-1.json``, so a paginator without a case here is a failing test.
Source: https://docs.aws.amazon.com/boto3/latest/reference/services/sagemaker.html#paginators
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import botocore.session
import pytest

from tests.contract.inventory import AS_IT_IS, served

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.cloud.embedded import EmbeddedCloud
    from tests.contract.workbench import Workbench

    Case = Callable[[Workbench, str], dict[str, Any]]
    """Makes three things under names that begin with a word; the parameters that list them and nothing else."""

THREE = range(3)


def paginators(service: str) -> dict[str, Any]:
    """How each list operation of a service is paged."""
    loader = botocore.session.get_session().get_component("data_loader")
    return dict(loader.load_service_model(service, "paginators-1")["pagination"])


def each(make: Callable[[Workbench, str], object]) -> Case:
    """Three of what ``make`` makes, found by a part of their names."""

    def case(bench: Workbench, word: str) -> dict[str, Any]:
        for number in THREE:
            make(bench, f"{word}-{number}")
        return {"NameContains": word}

    return case


def training_jobs(bench: Workbench, word: str) -> dict[str, Any]:
    for number in THREE:
        bench.train(f"{word}-{number}")
    for number in THREE:  # a list that changes while it is read is not what this is about
        bench.ended_training(f"{word}-{number}")
    return {"NameContains": word}


def processing_jobs(bench: Workbench, word: str) -> dict[str, Any]:
    for number in THREE:
        bench.process(f"{word}-{number}")
    for number in THREE:
        bench.ended_processing(f"{word}-{number}")
    return {"NameContains": word}


def transform_jobs(bench: Workbench, word: str) -> dict[str, Any]:
    bench.model(word)
    for number in THREE:
        bench.transform(f"{word}-{number}", word, f"s3://{bench.bucket}/paginator-input")
    for number in THREE:
        bench.ended_transform(f"{word}-{number}")
    return {"NameContains": word}


def tuning_jobs(bench: Workbench, word: str) -> dict[str, Any]:
    short = word[-20:]  # names of tuning jobs have at most 32 characters
    for number in THREE:
        bench.tune(f"t{short}-{number}", jobs=1)
    for number in THREE:
        bench.ended_tuning(f"t{short}-{number}")
    return {"NameContains": short}


def jobs_of_a_tuning_job(bench: Workbench, word: str) -> dict[str, Any]:
    name = f"t{word[-20:]}"
    bench.tune(name, jobs=3)
    bench.ended_tuning(name)
    return {"HyperParameterTuningJobName": name}


def endpoint_configs(bench: Workbench, word: str) -> dict[str, Any]:
    bench.model(word)
    for number in THREE:
        bench.endpoint_config(f"{word}-{number}", word)
    return {"NameContains": word}


def endpoints(bench: Workbench, word: str) -> dict[str, Any]:
    for number in THREE:
        bench.endpoint(f"{word}-{number}")
    for number in THREE:
        bench.settled_endpoint(f"{word}-{number}")
    return {"NameContains": word}


def tags(bench: Workbench, word: str) -> dict[str, Any]:
    wanted = [{"Key": f"key-{number}", "Value": "value"} for number in THREE]
    return {"ResourceArn": bench.model(word, Tags=wanted)}


def model_package_groups(bench: Workbench, name: str) -> None:
    bench.sagemaker.create_model_package_group(ModelPackageGroupName=name)


def model_packages(bench: Workbench, word: str) -> dict[str, Any]:
    bench.sagemaker.create_model_package_group(ModelPackageGroupName=word)
    for _ in THREE:
        bench.package(word)
    return {"ModelPackageGroupName": word}


def search(bench: Workbench, word: str) -> dict[str, Any]:
    training_jobs(bench, word)
    found = {"Name": "TrainingJobName", "Operator": "Contains", "Value": word}
    return {"Resource": "TrainingJob", "SearchExpression": {"Filters": [found]}}


CASES: Mapping[str, Case] = {
    "ListTrainingJobs": training_jobs,
    "ListProcessingJobs": processing_jobs,
    "ListTransformJobs": transform_jobs,
    "ListHyperParameterTuningJobs": tuning_jobs,
    "ListTrainingJobsForHyperParameterTuningJob": jobs_of_a_tuning_job,
    "ListModels": each(lambda bench, name: bench.model(name)),
    "ListEndpointConfigs": endpoint_configs,
    "ListEndpoints": endpoints,
    "ListModelPackageGroups": each(model_package_groups),
    "ListModelPackages": model_packages,
    "ListTags": tags,
    "Search": search,
}


PAGE_SIZES: Mapping[str, int] = {"ListTags": 50}
"""Where AWS allows no page of one; a resource has no more tags than fit on this one."""


@pytest.fixture(scope="module", autouse=True)
def transform_input(client: Callable[..., Any], bucket: str) -> None:
    client("s3").put_object(Bucket=bucket, Key="paginator-input/one.txt", Body=b"one")


@pytest.mark.embedded_only("asks which operations are served")
def test_every_paginator_of_a_served_operation_has_its_case(cloud: EmbeddedCloud) -> None:
    known = served(cloud.client("sagemaker", config=AS_IT_IS))
    assert set(CASES) == {name for name in paginators("sagemaker") if name in known}


@pytest.mark.parametrize("operation", CASES)
def test_page_by_page_it_finds_what_one_page_lists(
    operation: str, workbench: Workbench, unique: Callable[[str], str]
) -> None:
    parameters = CASES[operation](workbench, unique("paginator"))
    paginator = workbench.sagemaker.get_paginator(botocore.xform_name(operation))
    assert_pages_agree(
        paginator, paginators("sagemaker")[operation]["result_key"], parameters, PAGE_SIZES.get(operation, 1)
    )
    if operation == "ListEndpoints":
        for found in workbench.sagemaker.list_endpoints(**parameters)["Endpoints"]:
            workbench.dismantle(found["EndpointName"])


@pytest.mark.embedded_only("registers targets on an endpoint")
def test_page_by_page_autoscaling_tells_what_one_page_tells(
    workbench: Workbench, client: Callable[..., Any], unique: Callable[[str], str]
) -> None:
    scaling, name = client("application-autoscaling"), unique("paginator")
    workbench.endpoint(name)
    workbench.settled_endpoint(name)
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{name}/variant/only",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)
    step = {
        "AdjustmentType": "ChangeInCapacity",
        "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}],
    }
    for number in THREE:
        scaling.put_scaling_policy(
            **target, PolicyName=f"p{number}", PolicyType="StepScaling", StepScalingPolicyConfiguration=step
        )
    assert_pages_agree(scaling.get_paginator("describe_scaling_policies"), "ScalingPolicies", target)
    workbench.dismantle(name)


def assert_pages_agree(paginator: Any, key: str, parameters: Mapping[str, Any], size: int = 1) -> None:
    pages = [page[key] for page in paginator.paginate(**parameters, PaginationConfig={"PageSize": size})]
    whole = [item for page in paginator.paginate(**parameters) for item in page[key]]
    assert [len(page) for page in pages] == ([1] * len(THREE) if size == 1 else [len(THREE)])
    assert [item for page in pages for item in page] == whole
