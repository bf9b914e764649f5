"""Scalable targets, policies and scheduled actions: registered, described and forgotten.

Sources: the Application Auto Scaling API reference (RegisterScalableTarget, PutScalingPolicy, PutScheduledAction and
their kin).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agent.cloud.embedded import EmbeddedCloud
    from tests.contract.conftest import ClientFactory
    from tests.contract.workbench import Workbench

TRACKING: dict[str, Any] = {
    "TargetValue": 100.0,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
    "ScaleInCooldown": 120,
}
STEP: dict[str, Any] = {
    "AdjustmentType": "ChangeInCapacity",
    "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}],
    "Cooldown": 60,
}


@pytest.fixture(scope="module")
def scaling(client: ClientFactory) -> Any:
    return client("application-autoscaling")


@pytest.fixture(scope="module")
def endpoint(workbench: Workbench, unique: Callable[[str], str]) -> Iterator[str]:
    name = unique("scaled")
    workbench.endpoint(name)
    assert workbench.settled_endpoint(name)["EndpointStatus"] == "InService"
    yield name
    workbench.settled_endpoint(name)
    workbench.dismantle(name)


@pytest.fixture(scope="module")
def place(endpoint: str) -> dict[str, str]:
    """The three members that name the endpoint's variant."""
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{endpoint}/variant/only",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }


@pytest.fixture
def target(scaling: Any, place: dict[str, str]) -> Iterator[str]:
    """A registered target; its ARN."""
    arn = scaling.register_scalable_target(**place, MinCapacity=1, MaxCapacity=4)["ScalableTargetARN"]
    yield str(arn)
    scaling.deregister_scalable_target(**place)


def described(scaling: Any, place: dict[str, str]) -> list[dict[str, Any]]:
    answer = scaling.describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[place["ResourceId"]], ScalableDimension=place["ScalableDimension"]
    )
    return list(answer["ScalableTargets"])


# --- targets -------------------------------------------------------------------------------------------------------


def test_a_target_is_described_as_it_was_registered(scaling: Any, place: dict[str, str], target: str) -> None:
    """RegisterScalableTarget, DescribeScalableTargets."""
    (found,) = described(scaling, place)
    assert place.items() <= found.items()
    assert (found["MinCapacity"], found["MaxCapacity"], found["ScalableTargetARN"]) == (1, 4, target)
    assert found["RoleARN"].endswith("AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint")
    assert found["SuspendedState"] == {
        "DynamicScalingInSuspended": False,
        "DynamicScalingOutSuspended": False,
        "ScheduledScalingSuspended": False,
    }


@pytest.mark.usefixtures("target")
def test_registering_again_changes_what_is_given(scaling: Any, place: dict[str, str]) -> None:
    """RegisterScalableTarget: "Any parameters that you don't specify are not changed"."""
    scaling.register_scalable_target(**place, MaxCapacity=9, SuspendedState={"DynamicScalingInSuspended": True})
    (found,) = described(scaling, place)
    assert (found["MinCapacity"], found["MaxCapacity"]) == (1, 9)
    assert found["SuspendedState"]["DynamicScalingInSuspended"]


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"MinCapacity": 1},
        {"MinCapacity": 3, "MaxCapacity": 2},
        {"MinCapacity": 1, "MaxCapacity": 2, "ResourceId": "endpoint/no-such-endpoint/variant/only"},
        {"MinCapacity": 1, "MaxCapacity": 2, "ResourceId": "table/t"},
    ],
    ids=["no-limits", "one-limit", "limits-crossed", "no-endpoint", "no-variant"],
)
def test_a_target_that_cannot_be_scaled_is_refused(
    scaling: Any, place: dict[str, str], members: dict[str, Any]
) -> None:
    """RegisterScalableTarget: limits are required for a new target, and the resource must exist."""
    with pytest.raises(ClientError, match="ValidationException"):
        scaling.register_scalable_target(**{**place, **members})


@pytest.mark.usefixtures("target")
def test_a_target_that_is_deregistered_takes_its_policies_with_it(
    scaling: Any, client: ClientFactory, place: dict[str, str]
) -> None:
    """DeregisterScalableTarget "deletes the scaling policies that are associated with it"."""
    answer = scaling.put_scaling_policy(
        **place,
        PolicyName="track",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=TRACKING,
    )
    names = [alarm["AlarmName"] for alarm in answer["Alarms"]]
    scaling.deregister_scalable_target(**place)
    assert described(scaling, place) == []
    assert client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"] == []
    with pytest.raises(ClientError, match=r"ObjectNotFoundException.*No scalable target"):
        scaling.deregister_scalable_target(**place)
    scaling.register_scalable_target(**place, MinCapacity=1, MaxCapacity=4)
    assert scaling.describe_scaling_policies(**place)["ScalingPolicies"] == []


def test_targets_have_tags(scaling: Any, target: str) -> None:
    """TagResource, ListTagsForResource, UntagResource."""
    scaling.tag_resource(ResourceARN=target, Tags={"team": "a", "stage": "qa"})
    scaling.untag_resource(ResourceARN=target, TagKeys=["stage"])
    assert scaling.list_tags_for_resource(ResourceARN=target)["Tags"] == {"team": "a"}
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        scaling.list_tags_for_resource(ResourceARN=target[:-1] + "0" + "1")


@pytest.mark.usefixtures("target")
def test_targets_come_in_pages(scaling: Any) -> None:
    """DescribeScalableTargets: MaxResults and NextToken."""
    pages = scaling.get_paginator("describe_scalable_targets").paginate(
        ServiceNamespace="sagemaker", PaginationConfig={"PageSize": 1}
    )
    assert all(len(page["ScalableTargets"]) == 1 for page in pages)
    with pytest.raises(ClientError, match="InvalidNextTokenException"):
        scaling.describe_scalable_targets(ServiceNamespace="sagemaker", NextToken="???")


# --- policies ------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("target")
def test_target_tracking_keeps_two_alarms(scaling: Any, client: ClientFactory, place: dict[str, str]) -> None:
    """PutScalingPolicy answers the alarms that target tracking creates and manages."""
    answer = scaling.put_scaling_policy(
        **place,
        PolicyName="track",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=TRACKING,
    )
    names = [alarm["AlarmName"] for alarm in answer["Alarms"]]
    alarms = client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    compared = {alarm["ComparisonOperator"]: alarm["Threshold"] for alarm in alarms}
    assert compared == {"GreaterThanThreshold": 100.0, "LessThanThreshold": 90.0}
    assert {action for alarm in alarms for action in alarm["AlarmActions"]} == {answer["PolicyARN"]}
    (policy,) = scaling.describe_scaling_policies(**place)["ScalingPolicies"]
    assert (policy["PolicyName"], policy["PolicyARN"]) == ("track", answer["PolicyARN"])
    assert policy["TargetTrackingScalingPolicyConfiguration"] == TRACKING
    assert [alarm["AlarmName"] for alarm in policy["Alarms"]] == names
    scaling.delete_scaling_policy(**place, PolicyName="track")
    assert client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"] == []


@pytest.mark.usefixtures("target")
def test_a_policy_that_is_put_again_keeps_its_name_and_arn(scaling: Any, place: dict[str, str]) -> None:
    """PutScalingPolicy "creates or updates a scaling policy"."""
    put = {**place, "PolicyName": "step", "PolicyType": "StepScaling"}
    first = scaling.put_scaling_policy(**put, StepScalingPolicyConfiguration=STEP)
    again = scaling.put_scaling_policy(**put, StepScalingPolicyConfiguration={**STEP, "Cooldown": 30})
    assert first["PolicyARN"] == again["PolicyARN"]
    (policy,) = scaling.describe_scaling_policies(**place)["ScalingPolicies"]
    assert policy["StepScalingPolicyConfiguration"]["Cooldown"] == 30


@pytest.mark.usefixtures("target")
@pytest.mark.parametrize(
    "members",
    [
        {"PolicyType": "TargetTrackingScaling"},
        {"PolicyType": "TargetTrackingScaling", "StepScalingPolicyConfiguration": STEP},
        {"PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 1.0}},
        {
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": {
                "TargetValue": 1.0,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
            },
        },
        {"PolicyType": "StepScaling", "StepScalingPolicyConfiguration": {"AdjustmentType": "ExactCapacity"}},
    ],
    ids=["nothing", "wrong-kind", "no-metric", "another-service's-metric", "no-steps"],
)
def test_a_policy_that_could_not_scale_is_refused(scaling: Any, place: dict[str, str], members: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        scaling.put_scaling_policy(**place, PolicyName="bad", **members)


def test_a_policy_needs_a_target(scaling: Any, place: dict[str, str]) -> None:
    """PutScalingPolicy: "You cannot create a scaling policy until you have registered the resource"."""
    with pytest.raises(ClientError, match=r"ObjectNotFoundException.*No scalable target registered"):
        scaling.put_scaling_policy(
            **place, PolicyName="step", PolicyType="StepScaling", StepScalingPolicyConfiguration=STEP
        )
    with pytest.raises(ClientError, match=r"ObjectNotFoundException.*No scaling policy found"):
        scaling.delete_scaling_policy(**place, PolicyName="step")


# --- scheduled actions ---------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("target")
def test_a_scheduled_action_is_described_as_it_was_put(scaling: Any, place: dict[str, str]) -> None:
    """PutScheduledAction, DescribeScheduledActions, DeleteScheduledAction."""
    scaling.put_scheduled_action(
        **place,
        ScheduledActionName="morning",
        Schedule="cron(0 8 * * ? *)",
        Timezone="Europe/Berlin",
        ScalableTargetAction={"MinCapacity": 2},
    )
    (action,) = scaling.describe_scheduled_actions(**place)["ScheduledActions"]
    assert (action["Schedule"], action["Timezone"]) == ("cron(0 8 * * ? *)", "Europe/Berlin")
    assert action["ScalableTargetAction"] == {"MinCapacity": 2}
    scaling.delete_scheduled_action(**place, ScheduledActionName="morning")
    assert scaling.describe_scheduled_actions(**place)["ScheduledActions"] == []
    with pytest.raises(ClientError, match=r"ObjectNotFoundException.*No scheduled action found"):
        scaling.delete_scheduled_action(**place, ScheduledActionName="morning")


# --- what endpoints know of their scaling --------------------------------------------------------------------------


@pytest.mark.usefixtures("target")
def test_a_scaled_variant_cannot_be_taken_away(
    workbench: Workbench, endpoint: str, unique: Callable[[str], str]
) -> None:
    """Developer guide, "Update endpoints that use automatic scaling": deregister before changing a type."""
    name = unique("config")
    variant = {"VariantName": "only", "ModelName": endpoint, "InstanceType": "ml.c5.large", "InitialInstanceCount": 1}
    workbench.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    with pytest.raises(ClientError, match="must be deregistered as scalable targets"):
        workbench.sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=name)
    workbench.sagemaker.delete_endpoint_config(EndpointConfigName=name)


@pytest.mark.embedded_only("makes users")
def test_registering_needs_permissions_of_sagemaker_too(
    cloud: EmbeddedCloud, place: dict[str, str], region: str, unique: Callable[[str], str]
) -> None:
    """User guide, "Identity-based policy examples ": SageMaker's own actions are needed as well."""
    iam, user = cloud.client("iam"), unique("user")
    statement = {"Effect": "Allow", "Action": "application-autoscaling:*", "Resource": "*"}
    iam.create_user(UserName=user)
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=user, PolicyName="scale", PolicyDocument=document)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    session = boto3.session.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=region)
    scaling = session.client("application-autoscaling", endpoint_url=cloud.endpoint)
    with pytest.raises(ClientError, match=r"AccessDenied.*sagemaker:DescribeEndpoint"):
        scaling.register_scalable_target(**place, MinCapacity=1, MaxCapacity=2)
