"""What a release comes to in an environment: requests with names that follow from their content."""

from __future__ import annotations

from typing import Any

import pytest

from agent.deployment.desired import Desired, desired
from agent.ports.endpoints import ScalingState
from tests.unit.deployment.stage import QA, digest, environment, release

ERRORS = {"errors": {"metric": "Invocation5XXErrors", "above": 5}}


def wanted(number: int = 1, run: str = "run-1", image: str = "1", **changes: Any) -> Desired:
    return desired(release(number, image), digest(number), name="qa", environment=environment(**changes), run=run)


def guard(strategy: dict[str, Any], **endpoint: Any) -> Any:
    return wanted(endpoint={"strategy": strategy, **endpoint}).guard


def test_a_model_is_the_release_s_image_and_artifact_with_the_environment_s_role() -> None:
    made = wanted()
    assert made.model["PrimaryContainer"] == {
        "Image": release().image.uri,
        "ModelDataUrl": release().model.artifact,
    }
    assert made.model["ExecutionRoleArn"] == environment().execution_role
    assert made.model["ModelName"] == made.config["EndpointConfigName"] == made.name
    assert made.name.startswith("tumour-")


def test_any_run_can_stand_in_a_tag() -> None:
    """Jenkins calls builds of a branch `feature/x` so; a tag's value has no percent sign."""
    tags = {tag["Key"]: tag["Value"] for tag in wanted(run="jenkins-tumour-feature%2Fx-7").model["Tags"]}
    assert tags["modelyard:run"] == "jenkins-tumour-feature-2Fx-7"


def test_equal_content_has_equal_names_whoever_deploys_it() -> None:
    assert wanted(run="run-1").name == wanted(run="run-2").name
    assert wanted(run="run-1").settings == wanted(run="run-2").settings


@pytest.mark.parametrize(
    "change",
    [
        {"number": 2},
        {"image": "2"},
        {"execution_role": f"arn:aws:iam::{QA}:role/another"},
        {"kms_key": f"arn:aws:kms:us-east-1:{QA}:alias/tumour"},
        {"endpoint": {"name": "tumour-other"}},
        {"endpoint": {"instance": {"type": "ml.m5.large", "count": 2}}},
        {"endpoint": {"instance": {"type": "ml.c5.large"}}},
        {"endpoint": {"instance": None, "serverless": {"memory_mb": 2048, "max_concurrency": 5}}},
        {"endpoint": {"data_capture": {"prefix": "s3://capture/qa/"}}},
    ],
    ids=["release", "image", "role", "key", "endpoint", "count", "type", "serverless", "capture"],
)
def test_other_content_has_another_name(change: dict[str, Any]) -> None:
    assert wanted(**change).name != wanted().name


@pytest.mark.parametrize(
    "change",
    [
        {"strategy": {"kind": "all_at_once", "alarms": ERRORS}},
        {
            "instance": {
                "type": "ml.m5.large",
                "autoscaling": {"min_count": 1, "max_count": 4, "invocations_per_instance": 9},
            }
        },
    ],
    ids=["alarms", "scaling"],
)
def test_what_stands_beside_the_endpoint_changes_the_settings_but_not_the_name(change: dict[str, Any]) -> None:
    assert wanted(endpoint=change).name == wanted().name
    assert wanted(endpoint=change).settings != wanted().settings


def test_the_way_of_updating_changes_nothing_that_lasts() -> None:
    made = wanted(endpoint={"strategy": {"kind": "canary"}})
    assert (made.name, made.settings) == (wanted().name, wanted().settings)


def test_instances_and_capture_are_configured_as_asked() -> None:
    key = f"arn:aws:kms:us-east-1:{QA}:alias/tumour"
    made = wanted(
        kms_key=key,
        endpoint={
            "instance": {"type": "ml.m5.large", "count": 3},
            "data_capture": {"percent": 20, "prefix": "s3://capture/qa/"},
        },
    )
    assert made.config["ProductionVariants"] == [
        {
            "VariantName": "main",
            "ModelName": made.name,
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 3,
            "InitialVariantWeight": 1.0,
        }
    ]
    assert made.config["KmsKeyId"] == key
    capture = made.config["DataCaptureConfig"]
    assert (capture["InitialSamplingPercentage"], capture["DestinationS3Uri"], capture["KmsKeyId"]) == (
        20,
        "s3://capture/qa/",
        key,
    )


def test_serverless_hosting_is_configured_as_asked() -> None:
    made = wanted(endpoint={"instance": None, "serverless": {"memory_mb": 2048, "max_concurrency": 20}})
    (variant,) = made.config["ProductionVariants"]
    assert variant["ServerlessConfig"] == {"MemorySizeInMB": 2048, "MaxConcurrency": 20}
    assert made.guard is None


def test_a_canary_moves_a_part_first() -> None:
    assert guard({"kind": "canary", "percent": 20, "interval": 120, "timeout": 1800}) == {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY",
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 20},
                "WaitIntervalInSeconds": 120,
            },
            "MaximumExecutionTimeoutInSeconds": 1800,
        }
    }


def test_linear_shifting_moves_equal_steps() -> None:
    routing = guard({"kind": "linear", "percent": 25})["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    assert (routing["Type"], routing["LinearStepSize"]["Value"]) == ("LINEAR", 25)


def test_a_rolling_update_has_batches() -> None:
    assert guard({"kind": "rolling", "percent": 50, "interval": 60}) == {
        "RollingUpdatePolicy": {
            "MaximumBatchSize": {"Type": "CAPACITY_PERCENT", "Value": 50},
            "WaitIntervalInSeconds": 60,
            "MaximumExecutionTimeoutInSeconds": 3600,
        }
    }


def test_alarms_are_the_project_s_and_undo_the_update() -> None:
    made = wanted(endpoint={"strategy": {"kind": "canary", "alarms": ERRORS}})
    assert made.alarm_names == ("tumour-qa-errors",)
    assert made.guard is not None
    assert made.guard["AutoRollbackConfiguration"] == {"Alarms": [{"AlarmName": "tumour-qa-errors"}]}
    (alarm,) = made.alarms
    assert (alarm["MetricName"], alarm["Threshold"], alarm["Statistic"]) == ("Invocation5XXErrors", 5, "Sum")
    assert alarm["TreatMissingData"] == "notBreaching"


def test_a_percentile_is_an_extended_statistic() -> None:
    slow = {"slow": {"metric": "ModelLatency", "statistic": "p99", "above": 5e5}}
    (alarm,) = wanted(endpoint={"strategy": {"kind": "canary", "alarms": slow}}).alarms
    assert alarm["ExtendedStatistic"] == "p99"
    assert "Statistic" not in alarm


def test_where_all_traffic_moves_at_once_alarms_get_time_to_go_off() -> None:
    """The old fleet stands by for a period more than the slowest alarm looks at."""
    slow = {"errors": {"metric": "Invocation5XXErrors", "above": 5, "period": 120, "periods": 2}}
    policy = guard({"kind": "all_at_once", "alarms": slow})["BlueGreenUpdatePolicy"]
    assert policy["TerminationWaitInSeconds"] == 360
    assert "TerminationWaitInSeconds" not in guard({"kind": "all_at_once"})["BlueGreenUpdatePolicy"]


def test_scaling_follows_invocations() -> None:
    scaling = {"min_count": 1, "max_count": 4, "invocations_per_instance": 750, "scale_in_cooldown": "10m"}
    assert wanted(endpoint={"instance": {"type": "ml.m5.large", "autoscaling": scaling}}).scaling == ScalingState(
        min_count=1,
        max_count=4,
        policies={
            "tumour-invocations": {
                "TargetValue": 750.0,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"},
                "ScaleInCooldown": 600,
                "ScaleOutCooldown": 60,
            }
        },
    )
