"""What roles need is read off the templates: every statement of every role, with its line and the project's names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.bootstrap.needs import needs_of_others, needs_of_roles
from agent.bootstrap.orders import orders
from agent.bootstrap.resolving import Resolved
from agent.bootstrap.template import Template
from agent.preflight.permissions import ASIDE
from tests.contract.bootstrap.landscape import IDS, REGION, alias, configuration, environment
from tests.unit.bootstrap.cloudformation import statements

if TYPE_CHECKING:
    from agent.bootstrap.needs import Need
    from agent.config.model import Configuration

KEY = f"arn:aws:kms:{REGION}:{IDS['tools']}:key/1"
SIGNING_KEY = f"arn:aws:kms:{REGION}:{IDS['tools']}:key/2"


def full() -> Configuration:
    """A project whose every statement is made: keys, capture, sources, and endpoints of pull requests."""
    bare = configuration("tumour")
    capture = {"data_capture": {"prefix": "s3://kept/here"}, **environment("tumour", "qa")["endpoint"]}
    document = bare.model_dump(mode="json", exclude_unset=True)
    document["data"] = {"rows": {"s3": "s3://elsewhere/rows/"}}
    document["evaluation"]["data"] = "rows"
    document["pull_requests"] = {"endpoint": {"environment": "qa"}}
    network = {"vpc": {"subnets": ("subnet-1",), "security_groups": ("sg-1",)}}
    document["tools"]["network"] = network
    document["environments"]["qa"] |= {"endpoint": capture, "kms_key": alias("tumour", "qa"), "network": network}
    return type(bare).model_validate(document)


def resolved(chosen: Configuration) -> dict[str, Resolved]:
    return {
        order.label: Resolved(
            template=order.template,
            parameters=order.parameters,
            account=order.account,
            region=order.region,
            partition="aws",
            attributes={"Key.Arn": KEY, "SigningKeyA.Arn": SIGNING_KEY, "SigningKeyB.Arn": SIGNING_KEY},
        )
        for order in orders(chosen)
    }


def needs(label: str) -> dict[tuple[str, str], Need]:
    at = resolved(full())[label]
    return {(need.holder, need.sid): need for need in (*needs_of_roles(at), *needs_of_others(at))}


@pytest.mark.parametrize("label", ["tools", "qa"])
def test_no_statement_of_a_role_is_left_out(label: str) -> None:
    at = resolved(full())[label]
    template = Template.TOOLS if label == "tools" else Template.ENVIRONMENT
    named = {
        statement.sid
        for statement in statements(template)
        if statement.members["Effect"] == "Allow"
        and statement.policy == "PolicyDocument"
        and statement.resource not in {"BucketAccess", "CiAccess"}
    }
    assert named == {need.sid for need in needs_of_roles(at)}


def test_each_has_the_line_of_its_statement() -> None:
    for label in ("tools", "qa"):
        at = resolved(full())[label]
        lines = at.template.text.splitlines()
        for need in (*needs_of_roles(at), *needs_of_others(at)):
            file, _, line = need.place.rpartition(":")
            assert file == at.template.file
            assert lines[int(line) - 1].strip() == f"- Sid: {need.sid}"


def test_names_and_conditions_are_worked_out() -> None:
    need = needs("tools")["PipelineRole", "GiveJobsTheirRole"]
    assert need.principals == (f"arn:aws:iam::{IDS['tools']}:role/tumour-pipeline",)
    assert need.resources == (f"arn:aws:iam::{IDS['tools']}:role/tumour-execution",)
    assert need.conditions == {"iam:PassedToService": ("sagemaker.amazonaws.com",)}
    assert needs("tools")["ExecutionRole", "EncryptVolumes"].conditions == {"kms:GrantIsForAWSResource": ("true",)}
    assert needs("tools")["PipelineRole", "CheckTheKey"].resources == (KEY,)
    assert needs("tools")["PipelineRole", "CopySources"].resources == ("arn:aws:s3:::elsewhere/rows/*",)


def test_whom_a_resource_lets_in_is_told_by_name() -> None:
    need = needs("tools")["Repository", "EndpointsPull"]
    assert need.principals == tuple(f"arn:aws:iam::{IDS[name]}:role/tumour-execution" for name in ("qa", "prod"))
    assert "aws:PrincipalArn" not in need.conditions


def test_what_is_not_made_is_not_needed() -> None:
    at = resolved(configuration("tumour"))["qa"]
    assert {need.sid for need in needs_of_roles(at)}.isdisjoint({"ServePullRequests", "WriteCapture", "CheckTheKey"})


def test_what_no_run_needs_is_in_the_templates() -> None:
    known = {action for at in resolved(full()).values() for need in needs_of_roles(at) for action in need.actions}
    assert known >= ASIDE
