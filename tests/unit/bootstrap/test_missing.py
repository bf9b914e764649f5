"""An error that AWS refused something names the statement that would have allowed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.bootstrap.missing import explained
from agent.bootstrap.template import Template
from agent.config.loading import load
from tests.proof.landscape import PROD, REGION, TESTS, TOOLS, written

if TYPE_CHECKING:
    from agent.config.model import Configuration

BUCKET = f"steered-{TOOLS}-{REGION}"
JOBS = f"arn:aws:iam::{TOOLS}:role/steered-execution"
PIPELINE = f"arn:aws:sts::{TOOLS}:assumed-role/steered-pipeline/build-1"
_FAILED = "failed: its role lacks a permission\nits reason:\n  ClientError: "
DEPLOY = f"arn:aws:sts::{PROD}:assumed-role/steered-deploy/build-1"


@pytest.fixture(scope="module")
def configuration(tmp_path_factory: pytest.TempPathFactory) -> Configuration:
    return load(written(tmp_path_factory.mktemp("files") / "source")).configuration


def line(template: Template, sid: str, after: str) -> str:
    """Where a statement of a resource is in a template."""
    lines = template.text.splitlines()
    start = lines.index(f"  {after}:")
    number = next(number for number, text in enumerate(lines[start:], start + 1) if text.endswith(f"Sid: {sid}"))
    return f"agent/bootstrap/templates/{template.value}:{number}"


def by_identity(who: str, action: str, resource: str) -> str:
    told = f"User: {who} is not authorized to perform: {action} on resource: {resource}"
    return f"{told} because no identity-based policy allows the {action} action"


@pytest.mark.parametrize(
    ("told", "sid", "holder", "template"),
    [
        (
            by_identity(PIPELINE, "sagemaker:CreateTrainingJob", f"arn:aws:sagemaker:{REGION}:{TOOLS}:training-job/x"),
            "RunJobs", "PipelineRole", Template.TOOLS,
        ),
        (
            by_identity(DEPLOY, "kms:GetPublicKey", f"arn:aws:kms:{REGION}:{TOOLS}:key/1"),
            "VerifySignatures", "DeployRole", Template.ENVIRONMENT,
        ),
        (
            by_identity(DEPLOY, "kms:GetPublicKey", f"arn:aws:kms:{REGION}:{TOOLS}:key/1").replace(
                "identity-based", "resource-based"
            ),
            "DeploymentsVerify", "SigningKeyA", Template.TOOLS,
        ),
        (
            f"s3:ListBucket on {BUCKET} in account {TOOLS}, {REGION}: 403: Forbidden; grant it",
            "ListTheBucket", "PipelineRole", Template.TOOLS,
        ),
        (
            f"ClientError: The role '{JOBS}' does not have BatchGetImage permission for the image: 'x'.",
            "PullTheImage", "ExecutionRole", Template.TOOLS,
        ),
        (
            f"{_FAILED}Data download failed:AccessDenied (403): Forbidden (s3://{BUCKET}/code/1/prepare.py)",
            "ReadInputs", "ExecutionRole", Template.TOOLS,
        ),
    ],
)  # fmt: skip
def test_the_statement_is_named(
    configuration: Configuration, told: str, sid: str, holder: str, template: Template
) -> None:
    said = explained(told, configuration)
    assert said.startswith(told)
    assert f"statement {sid} of {holder}, {line(template, sid, holder)}; run: modelyard bootstrap apply" in said


@pytest.mark.parametrize(
    ("action", "sid"),
    [
        ("sts:AssumeRole", "BecomeTheDeployments"),
        ("sts:TagSession", "BecomeTheDeployments"),
        ("sts:SetSourceIdentity", "SayWhoIsBehindDeployments"),
    ],
)
def test_a_trust_is_named_with_what_lets_the_build_server_go(
    configuration: Configuration, action: str, sid: str
) -> None:
    """The sentence goes on after the role, as errors do."""
    role, user = f"arn:aws:iam::{TESTS}:role/steered-dev-deploy", f"arn:aws:iam::{TOOLS}:user/steered-ci"
    said = explained(f"User: {user} is not authorized to perform: {action} on resource: {role}; mend it", configuration)
    trust = f"the trust of DeployRole, {Template.ENVIRONMENT.place('DeployRole')}"
    entrance = f"statement {sid} of CiAccess, {line(Template.TOOLS, sid, 'CiAccess')}"
    run = "modelyard bootstrap apply --account tools --account dev"
    assert f"missing: {action} for {user}: {trust}, or {entrance}; run: {run}" in said


def test_the_trust_of_the_build_server_s_own_account_is_enough(configuration: Configuration) -> None:
    user, role = f"arn:aws:iam::{TOOLS}:user/steered-ci", f"arn:aws:iam::{TOOLS}:role/steered-pipeline"
    said = explained(f"User: {user} is not authorized to perform: sts:AssumeRole on resource: {role}", configuration)
    trust = f"the trust of PipelineRole, {Template.TOOLS.place('PipelineRole')}"
    assert f"{trust}; run: modelyard bootstrap apply --account tools" in said


@pytest.mark.parametrize(
    "told",
    [
        "the endpoint is Failed",
        by_identity(f"arn:aws:sts::{TOOLS}:assumed-role/somebody/1", "s3:GetObject", f"arn:aws:s3:::{BUCKET}/data/x"),
        by_identity(PIPELINE, "ec2:RunInstances", "*"),
    ],
)
def test_what_the_templates_do_not_know_is_told_as_it_was(configuration: Configuration, told: str) -> None:
    assert explained(told, configuration) == told


def test_a_message_is_explained_once(configuration: Configuration) -> None:
    told = explained(by_identity(PIPELINE, "iam:GetRole", JOBS), configuration)
    assert explained(told, configuration) == told
