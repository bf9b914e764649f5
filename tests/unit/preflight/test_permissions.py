"""Few questions for many needs, each action only about what it can be about, and who decides for whom."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from agent.bootstrap.needs import Need
from agent.preflight import permissions
from agent.preflight.permissions import batches, example, knows
from agent.preflight.running import side_by_side
from tests.contract.bootstrap.landscape import IDS
from tests.fakes import FakeAccess, FakePolicies
from tests.unit.preflight.subjects import subject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.ports.policies import Simulated

ENDPOINT, CONFIG, MODEL = (
    f"arn:aws:sagemaker:us-east-1:1:{kind}/x" for kind in ("endpoint", "endpoint-config", "model")
)
NEED = Need(
    sid="Read",
    holder="PipelineRole",
    principals=(),
    actions=("s3:GetObject",),
    resources=("arn:aws:s3:::b/*",),
    conditions={},
    place="tools.yaml:1",
)


@pytest.mark.parametrize(
    ("action", "resource", "known"),
    [
        ("sagemaker:CreateModel", MODEL, True),
        ("sagemaker:CreateModel", ENDPOINT, False),
        ("sagemaker:CreateEndpoint", ENDPOINT, True),
        ("sagemaker:CreateEndpoint", CONFIG, True),
        ("sagemaker:CreateEndpoint", MODEL, False),
        ("sagemaker:DescribeEndpointConfig", CONFIG, True),
        ("sagemaker:DescribeEndpointConfig", ENDPOINT, False),
        ("sagemaker:UpdateEndpointWeightsAndCapacities", ENDPOINT, True),
        ("sagemaker:AddTags", MODEL, True),
        ("s3:GetObject", "arn:aws:s3:::b/x", True),
    ],
)
def test_an_action_of_sagemaker_is_about_the_kind_that_it_names(action: str, resource: str, known: bool) -> None:
    assert knows(action, resource) is known


def test_needs_of_one_service_are_one_question() -> None:
    write = replace(NEED, actions=("s3:PutObject",), resources=("arn:aws:s3:::b/out/*",))
    (batch,) = batches([NEED, write])
    assert batch.simulated.actions == ("s3:GetObject", "s3:PutObject")
    assert batch.simulated.resources == ("arn:aws:s3:::b/preflight", "arn:aws:s3:::b/out/preflight")


def test_what_requests_say_differently_is_asked_apart() -> None:
    one, other = (replace(NEED, conditions={"s3:prefix": (prefix,)}) for prefix in ("data/*", "code/*"))
    assert [batch.context for batch in batches([one, other])] == [
        {"s3:prefix": "data/preflight"},
        {"s3:prefix": "code/preflight"},
    ]


def test_what_has_no_resource_is_asked_without_one() -> None:
    anywhere = replace(NEED, actions=("s3:ListAllMyBuckets",), resources=("*",))
    assert [batch.simulated.resources for batch in batches([NEED, anywhere])] == [
        ("arn:aws:s3:::b/preflight",),
        ("*",),
    ]


def test_a_key_that_nobody_knows_is_asked_about_by_nobody() -> None:
    assert batches([replace(NEED, resources=("",))]) == []


@pytest.mark.parametrize("group", ["arn:aws:logs:us-east-1:1:log-group:/aws/sagemaker/*Jobs"])
def test_an_example_is_one_that_there_may_be(group: str) -> None:
    assert example(group).endswith("/TrainingJobs")


def test_what_the_simulator_passes_over_is_not_taken_for_allowed() -> None:
    class Silent(FakePolicies):
        def decisions(self, principal: str, simulated: Simulated) -> Mapping[tuple[str, str], str]:
            return dict(list(super().decisions(principal, simulated).items())[1:])

    for found in side_by_side(list(permissions.looks(subject(policies=Silent()))), seconds=5):
        assert found.severity == "warning"
        assert "iam:SimulatePrincipalPolicy tells nothing about" in found.why


def asked(arn: str) -> list[str]:
    """Whose permissions are asked for where the pipeline works with its own identity."""
    policies = FakePolicies()
    chosen = subject(policies=policies, access=FakeAccess(arn=arn)).configuration
    tools = chosen.tools.model_copy(update={"role": None})
    bare = subject(chosen=chosen.model_copy(update={"tools": tools}), policies=policies, access=FakeAccess(arn=arn))
    first, _ = permissions.looks(bare)
    list(first.ask())
    return list(dict.fromkeys(principal for principal, _ in policies.simulated))


def test_a_session_is_asked_about_as_its_role() -> None:
    account = IDS["tools"]
    assert asked(f"arn:aws:sts::{account}:assumed-role/jenkins/x") == [f"arn:aws:iam::{account}:role/jenkins"]


def test_a_user_is_asked_about_as_it_is() -> None:
    user = f"arn:aws:iam::{IDS['tools']}:user/jenkins"
    assert asked(user) == [user]


def test_nobody_asks_what_the_root_of_an_account_may_do() -> None:
    assert asked(f"arn:aws:iam::{IDS['tools']}:root") == []
