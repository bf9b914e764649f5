"""CloudWatch's alarms on the cloud's clock, as tests and deployments use them.

Page: CloudWatch user guide, "Using Amazon CloudWatch alarms".
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.identity.stage import Stage

pytestmark = pytest.mark.embedded_only("takes minutes of CloudWatch's time")

DIMENSIONS = [{"Name": "EndpointName", "Value": "iris"}]


@pytest.fixture
def alarm(stage: Stage) -> str:
    """An alarm on the sum of errors of one endpoint within a minute."""
    stage.client("cloudwatch").put_metric_alarm(
        AlarmName=stage.name("alarm"),
        Namespace=stage.name("N"),
        MetricName="Errors",
        Dimensions=DIMENSIONS,
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=2,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )
    return stage.name("alarm")


def _put(stage: Stage, value: float, dimensions: list[dict[str, str]]) -> None:
    datum = {"MetricName": "Errors", "Value": value, "Dimensions": dimensions}
    stage.client("cloudwatch").put_metric_data(Namespace=stage.name("N"), MetricData=[datum])


def _state(stage: Stage, alarm: str) -> str:
    alarms = stage.client("cloudwatch").describe_alarms(AlarmNames=[alarm])["MetricAlarms"]
    return str(alarms[0]["StateValue"])


def _becomes(stage: Stage, alarm: str, state: str) -> bool:
    """Whether an alarm gets into a state that follows from the passing of time alone."""
    deadline = time.monotonic() + 60
    while _state(stage, alarm) != state and time.monotonic() < deadline:
        time.sleep(0.05)
    return _state(stage, alarm) == state


def test_values_within_the_period_add_up(stage: Stage, alarm: str) -> None:
    _put(stage, 1, DIMENSIONS)
    assert _state(stage, alarm) == "OK"
    _put(stage, 1, DIMENSIONS)
    assert _state(stage, alarm) == "ALARM"


def test_other_dimensions_are_another_metric(stage: Stage, alarm: str) -> None:
    _put(stage, 9, [{"Name": "EndpointName", "Value": "wine"}])
    assert _state(stage, alarm) == "OK"


def test_an_alarm_ends_when_time_passes_without_data(
    stage: Stage, alarm: str, advance: Callable[[float], None]
) -> None:
    _put(stage, 9, DIMENSIONS)
    assert _state(stage, alarm) == "ALARM"

    advance(600)

    assert _becomes(stage, alarm, "OK")


def test_a_state_that_was_set_by_hand_lasts_a_minute(
    stage: Stage, alarm: str, advance: Callable[[float], None]
) -> None:
    cloudwatch = stage.client("cloudwatch")
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="a rehearsal")
    _put(stage, 0, DIMENSIONS)
    assert _state(stage, alarm) == "ALARM"

    advance(600)

    assert _becomes(stage, alarm, "OK")


def test_an_alarm_tells_its_topic(stage: Stage, alarm: str) -> None:
    sns, sqs, cloudwatch = (stage.client(name) for name in ("sns", "sqs", "cloudwatch"))
    topic = sns.create_topic(Name=stage.name("topic"))["TopicArn"]
    queue = sqs.create_queue(QueueName=stage.name("queue"))["QueueUrl"]
    arn = f"arn:aws:sqs:{stage.region}:{stage.account()}:{stage.name('queue')}"
    statement = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    access = json.dumps({"Version": "2012-10-17", "Statement": [{**statement, "Resource": arn}]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": access})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    described: dict[str, Any] = cloudwatch.describe_alarms(AlarmNames=[alarm])["MetricAlarms"][0]
    kept = ("Namespace", "MetricName", "Dimensions", "Statistic", "Period", "EvaluationPeriods", "Threshold")
    cloudwatch.put_metric_alarm(
        AlarmName=alarm,
        ComparisonOperator=described["ComparisonOperator"],
        AlarmActions=[topic],
        **{name: described[name] for name in kept},
    )

    _put(stage, 9, DIMENSIONS)

    messages = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]
    assert json.loads(json.loads(messages[0]["Body"])["Message"])["NewStateValue"] == "ALARM"
