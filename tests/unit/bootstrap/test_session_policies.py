"""Session policies fit into a session, whatever things are called, and narrow it to one project and environment."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.aws.entering import Origin, Way, assume_role
from agent.bootstrap.needs import needs_of_roles
from agent.bootstrap.session_policies import LONGEST, scopes
from agent.cloud.policy.decision import Granted, decide
from agent.cloud.policy.document import Request, parse
from agent.cloud.policy.principals import Principal
from agent.config.field_types import PROJECT_LENGTH
from agent.config.model import Configuration
from tests.unit.bootstrap.test_needs import full, resolved

REGION = "us-gov-west-1"
TOOLS, PROD = "1" * 12, "3" * 12
PROJECT = "p" * PROJECT_LENGTH
NAME = "e" * 20
ENDPOINT = "n" * (63 - len("-pr-1234567"))
PIPELINE, DEPLOY = "i" * 64, "d" * 64
SOURCE = "b" * 63
SERVING = {"instance": {"type": "ml.m5.large"}}
RESOURCES = {"instance_type": "ml.m5.large"}


def role(account: str, name: str) -> str:
    return f"arn:aws-us-gov:iam::{account}:role/a/long/path/{name}"


def environment(name: str, account: str = PROD) -> dict[str, Any]:
    return {
        "account": account,
        "region": REGION,
        "deploy_role": role(account, DEPLOY if name == NAME else f"{name}-deploy"),
        "external_id": "xyz",
        "execution_role": role(account, "x" * 64),
        "endpoint": {"name": ENDPOINT if name == NAME else f"{name}-endpoint", **SERVING},
    }


def configured(project: str = PROJECT, **changes: Any) -> Configuration:
    """The longest names that a configuration takes."""
    document = {
        "project": project,
        "tools": {
            "account": TOOLS,
            "region": REGION,
            "role": role(TOOLS, PIPELINE),
            "execution_role": role(TOOLS, "x" * 64),
        },
        "data": {"d0": {"s3": f"s3://{SOURCE}/prefix"}},
        "training": {"channels": {"training": "d0"}, "resources": RESOURCES},
        "evaluation": {
            "script": "evaluate.py",
            "data": "d0",
            "resources": RESOURCES,
            "metrics": {"accuracy": {"better": "higher"}},
        },
        "environments": {NAME: environment(NAME), "qa": environment("qa")},
        "pull_requests": {"endpoint": {"environment": NAME}},
        **changes,
    }
    return Configuration.model_validate(document)


def may(policy: str, action: str, resource: str) -> bool:
    """Whether a session policy leaves an action to a role that may do everything."""
    everything = parse({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    principal = Principal(arn=f"arn:aws-us-gov:sts::{TOOLS}:assumed-role/r/s", account=TOOLS)
    request = Request(principal=principal, action=action, resource=resource, keys={})
    return decide(request, Granted(identity=[everything], session=[parse(policy)])).allowed


@pytest.mark.parametrize("pull_request", [None, 1234567])
def test_policies_and_tags_fit_even_where_names_are_longest(pull_request: int | None) -> None:
    started = Origin(session_name="s" * 64, source_identity="s" * 64, run="r" * 300, job="j" * 300, build="1234567890")
    for arn, scope in scopes(configured(), pull_request).items():
        request = assume_role(Way(role=arn, external_id="x", scope=scope), started)
        tags = sum(len(tag["Key"]) + len(tag["Value"]) for tag in request["Tags"])
        assert len(request["Policy"]) + tags <= LONGEST, (arn, len(request["Policy"]), tags)


def test_sources_are_named_as_long_as_there_is_room_for_them() -> None:
    few = scopes(configured("iris"))[role(TOOLS, PIPELINE)].policy
    many = configured(data={f"d{number}": {"s3": f"s3://{number:063}/prefix"} for number in range(20)})
    assert may(few, "s3:GetObject", f"arn:aws-us-gov:s3:::{SOURCE}/prefix/rows.csv")
    assert not may(few, "s3:GetObject", "arn:aws-us-gov:s3:::elsewhere/prefix/rows.csv")
    policy = scopes(many)[role(TOOLS, PIPELINE)].policy
    assert len(policy) < LONGEST
    assert may(policy, "s3:GetObject", f"arn:aws-us-gov:s3:::{19:063}/prefix/rows.csv")


def test_every_policy_is_one() -> None:
    for number in (None, 7):
        for scope in scopes(configured(), number).values():
            assert json.loads(scope.policy)["Version"] == "2012-10-17"


def bucket(project: str = "iris") -> str:
    return f"arn:aws-us-gov:s3:::{project}-{TOOLS}-{REGION}"


def sagemaker(account: str, resource: str) -> str:
    return f"arn:aws-us-gov:sagemaker:{REGION}:{account}:{resource}"


PIPELINE_MAY = [
    ("s3:PutObject", f"{bucket()}/models/m"),
    ("s3:PutObject", f"{bucket()}/ledger/releases/r.json"),
    ("kms:Sign", f"arn:aws-us-gov:kms:{REGION}:{TOOLS}:key/k"),
    ("sagemaker:CreateModelPackage", sagemaker(TOOLS, "model-package/iris/1")),
    ("sagemaker:CreateTrainingJob", sagemaker(TOOLS, "training-job/iris-train-0")),
    ("sagemaker:CreateModel", sagemaker(TOOLS, "model/iris-evaluate-0")),
]
NOBODY_MAY = [
    ("s3:PutObject", f"{bucket('wine')}/models/m"),
    ("s3:GetObject", f"{bucket('wine')}/models/m"),
    ("sagemaker:CreateTrainingJob", sagemaker(TOOLS, "training-job/wine-train-0")),
    ("sagemaker:CreateModel", sagemaker(TOOLS, "model/wine-evaluate-0")),
    ("sagemaker:CreateEndpoint", sagemaker(TOOLS, "endpoint/iris-prod")),
    ("ecr:PutImage", f"arn:aws-us-gov:ecr:{REGION}:{TOOLS}:repository/wine"),
    ("iam:PassRole", role(TOOLS, "administrator")),
    ("sts:AssumeRole", role(TOOLS, "administrator")),
]


def test_the_pipelines_session_is_its_projects() -> None:
    policy = scopes(configured("iris"))[role(TOOLS, PIPELINE)].policy
    assert all(may(policy, *asked) for asked in PIPELINE_MAY)
    assert not any(may(policy, *asked) for asked in NOBODY_MAY)


def test_a_pull_requests_session_decides_nothing() -> None:
    policy = scopes(configured("iris"), 7)[role(TOOLS, PIPELINE)].policy
    assert may(policy, "s3:PutObject", f"{bucket()}/models/m")
    assert may(policy, "s3:PutObject", f"{bucket()}/ledger/environments/pull-requests/7/lock.json")
    assert all(may(policy, *asked) for asked in PIPELINE_MAY[4:])
    refused = [
        *NOBODY_MAY,
        *PIPELINE_MAY[1:4],
        *(
            ("s3:PutObject", f"{bucket()}/ledger/{each}")
            for each in ("approvals/a", "keys/k", "environments/prod/history/1.json")
        ),
    ]
    assert not any(may(policy, *asked) for asked in refused)


def test_a_deployments_session_is_its_environments() -> None:
    policy = scopes(configured("iris"))[role(PROD, DEPLOY)].policy
    assert may(policy, "sagemaker:UpdateEndpoint", sagemaker(PROD, f"endpoint/{ENDPOINT}"))
    assert not may(policy, "sagemaker:UpdateEndpoint", sagemaker(PROD, "endpoint/qa-endpoint"))
    assert not may(policy, "s3:PutObject", f"{bucket()}/models/m")


def test_a_pull_requests_deployment_serves_its_preview_only() -> None:
    found = scopes(configured("iris"), 7)
    policy = found[role(PROD, DEPLOY)].policy
    assert may(policy, "sagemaker:CreateEndpoint", sagemaker(PROD, f"endpoint/{ENDPOINT}-pr-7"))
    assert not may(policy, "sagemaker:CreateEndpoint", sagemaker(PROD, f"endpoint/{ENDPOINT}-pr-77"))
    assert not may(policy, "sagemaker:UpdateEndpoint", sagemaker(PROD, f"endpoint/{ENDPOINT}"))
    elsewhere = found[role(PROD, "qa-deploy")].policy
    assert may(elsewhere, "sagemaker:DescribeEndpoint", sagemaker(PROD, "endpoint/qa-endpoint"))
    assert not may(elsewhere, "sagemaker:CreateEndpoint", sagemaker(PROD, "endpoint/qa-endpoint-pr-7"))


def test_a_role_of_several_environments_is_no_single_ones() -> None:
    shared = {name: {**environment(name), "deploy_role": role(PROD, DEPLOY)} for name in ("dev", "qa")}
    scope = scopes(configured("iris", environments=shared, pull_requests={}))[role(PROD, DEPLOY)]
    assert (scope.environment, scope.policy) == ("dev qa", "")


@pytest.mark.parametrize("label", ["tools", "qa"])
def test_a_session_of_the_main_branch_may_all_that_the_templates_give_its_role(label: str) -> None:
    chosen = full()
    roles = {"tools": str(chosen.tools.role), "qa": str(chosen.environments["qa"].deploy_role)}
    policy = scopes(chosen)[roles[label]].policy
    given = [
        (action, resource.replace("*", "x") if resource != "*" else resource)
        for need in needs_of_roles(resolved(chosen)[label])
        if need.holder in {"PipelineRole", "DeployRole"}
        for action in need.actions
        for resource in need.resources
    ]
    assert len(given) > 40
    assert [asked for asked in given if not may(policy, *asked)] == []
