"""Bootstrapping accounts: what is made, what a second time does, and what is said when it cannot be done.

Pages: CloudFormation user guide, "Updating stacks using change sets" and "Stack failure options".
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from agent.bootstrap.apply import apply, plan
from agent.bootstrap.build_server import MADE_USER, BuildServer
from agent.bootstrap.changing import Outcome
from agent.bootstrap.orders import orders
from agent.bootstrap.template import Template
from agent.clock import SystemClock
from agent.errors import AccessDeniedError, CloudFailedError, UsageError
from tests.contract.bootstrap.landscape import IDS, REGION, Landscape, Listener, configuration, environment, role

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.bootstrap.changing import Applied, Planned

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}


def outcomes(done: Sequence[Applied]) -> list[tuple[str, Outcome]]:
    return [(stack.order.label, stack.outcome) for stack in done]


def planned(landscape: Landscape) -> dict[str, Planned]:
    found = plan(orders(landscape.configuration), landscape.administrator, clock=SystemClock(), report=Listener())
    return {stack.order.label: stack for stack in found}


def statements(document: Any) -> list[dict[str, Any]]:
    parsed = json.loads(document) if isinstance(document, str) else document
    return list(parsed["Statement"])


def test_the_second_time_there_is_nothing_to_change(fresh: Landscape) -> None:
    assert outcomes(fresh.apply()) == [(name, Outcome.CREATED) for name in ("tools", "qa", "prod")]
    assert outcomes(fresh.apply()) == [(name, Outcome.UNCHANGED) for name in ("tools", "qa", "prod")]


def test_an_unchanged_apply_leaves_no_change_set_behind(fresh: Landscape) -> None:
    fresh.apply()
    fresh.apply()

    cloudformation = fresh.administrator("qa").client("cloudformation")
    left = cloudformation.list_change_sets(StackName=f"{fresh.project}-environment-qa")["Summaries"]
    assert [each for each in left if each["Status"] == "FAILED"] == []


def test_a_plan_shows_every_resource_and_makes_none(fresh: Landscape) -> None:
    found = planned(fresh)

    assert {change.resource for change in found["qa"].changes} == {"DeployRole", "ExecutionRole"}
    assert found["tools"].new
    stacks = fresh.administrator("tools").client("cloudformation").describe_stacks()["Stacks"]
    assert f"{fresh.project}-tools" not in {stack["StackName"] for stack in stacks}


def test_a_plan_of_what_is_there_shows_what_differs(fresh: Landscape) -> None:
    fresh.apply()
    environments = {"qa": environment(fresh.project, "qa", external_id="another-id")}
    changed = replace(fresh, configuration=configuration(fresh.project, **environments))

    qa = planned(changed)["qa"]
    change = next(change for change in qa.changes if change.resource == "DeployRole")

    assert (change.action, change.replaced) == ("Modify", False)
    assert "AssumeRolePolicyDocument" in change.properties
    assert qa.parameters == {"ExternalId": (f"{fresh.project}-qa-7f3a9c", "another-id")}
    (trust,) = qa.inside["DeployRole"]
    assert [line.rpartition(": ")[2] for line in (*trust.removed, *trust.added)] == [*qa.parameters["ExternalId"]]


def test_a_plan_shows_what_an_earlier_template_did_not_have(fresh: Landscape) -> None:
    """A stack that lacks a statement and a parameter of today's template, as an earlier version would have made it."""
    fresh.apply()
    cloudformation, name = fresh.administrator("qa").client("cloudformation"), f"{fresh.project}-environment-qa"
    text = Template.ENVIRONMENT.text
    start, end = text.index("              - Sid: SeeQuotas"), text.index("  DeployPreviews:")
    parameters = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["Parameters"]
    cloudformation.update_stack(
        StackName=name,
        TemplateBody=text[:start] + "\n" + text[end:],
        Parameters=parameters,
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    cloudformation.get_waiter("stack_update_complete").wait(StackName=name, WaiterConfig={"Delay": 1})

    (quotas,) = planned(fresh)["qa"].inside["DeployRole"]

    assert quotas.block == "Policies.deploy.SeeQuotas"
    assert "Action: servicequotas:ListServiceQuotas" in quotas.added


def test_the_bucket_keeps_versions_and_encrypts_with_the_projects_key(fresh: Landscape) -> None:
    tools = fresh.apply()[0]
    s3 = fresh.administrator("tools").client("s3")

    rule = s3.get_bucket_encryption(Bucket=fresh.bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]

    assert s3.get_bucket_versioning(Bucket=fresh.bucket)["Status"] == "Enabled"
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == tools.outputs["Key"]
    assert rule["BucketKeyEnabled"]


def test_the_bucket_is_closed_to_the_public_and_clears_up(fresh: Landscape) -> None:
    fresh.apply()
    s3 = fresh.administrator("tools").client("s3")

    rules = s3.get_bucket_lifecycle_configuration(Bucket=fresh.bucket)["Rules"]

    assert all(s3.get_public_access_block(Bucket=fresh.bucket)["PublicAccessBlockConfiguration"].values())
    assert [rule["ID"] for rule in rules] == ["unfinished-uploads", "replaced-and-deleted-objects"]
    assert rules[1]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 90}


def test_the_repository_keeps_tags_and_scans(fresh: Landscape) -> None:
    fresh.apply()
    ecr = fresh.administrator("tools").client("ecr")

    repository = ecr.describe_repositories(repositoryNames=[fresh.project])["repositories"][0]

    assert repository["imageTagMutability"] == "IMMUTABLE"
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}


def test_a_new_external_id_counts_after_the_next_apply(fresh: Landscape) -> None:
    fresh.apply()
    environments = {
        "qa": environment(fresh.project, "qa", external_id="another-id"),
        "prod": environment(fresh.project, "prod"),
    }
    changed = replace(fresh, configuration=configuration(fresh.project, **environments))

    assert outcomes(changed.apply()) == [
        ("tools", Outcome.UNCHANGED),
        ("qa", Outcome.UPDATED),
        ("prod", Outcome.UNCHANGED),
    ]
    assert changed.with_key().deployment("qa").access.whoami()
    with pytest.raises(AccessDeniedError):
        fresh.with_key().deployment("qa").access.whoami()


def test_a_role_keeps_the_path_that_the_configuration_gives_it(fresh: Landscape) -> None:
    arn = role("qa", f"teams/models/{fresh.project}-release")
    named = configuration(fresh.project, qa=environment(fresh.project, "qa", deploy_role=arn))

    done = replace(fresh, configuration=named).apply()

    assert done[1].outputs["DeployRole"] == arn


def test_a_build_server_with_an_identity_of_its_own_gets_no_user(fresh: Landscape) -> None:
    iam = fresh.administrator("tools").client("iam")
    name = f"{fresh.project}-jenkins"
    own = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]

    done = fresh.apply(BuildServer(principal=own))

    assert done[0].outputs["CiPrincipal"] == own
    trust = fresh.administrator("qa").client("iam").get_role(RoleName=f"{fresh.project}-deploy")["Role"]
    assert statements(trust["AssumeRolePolicyDocument"])[0]["Principal"] == {"AWS": own}
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_user(UserName=f"{fresh.project}-ci")


def test_the_build_servers_identity_stays_until_another_is_named(fresh: Landscape) -> None:
    iam = fresh.administrator("tools").client("iam")
    name = f"{fresh.project}-jenkins"
    own = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    fresh.apply(BuildServer(principal=own))

    assert {stack.outcome for stack in fresh.apply()} == {Outcome.UNCHANGED}
    assert fresh.apply(MADE_USER)[0].outputs["CiPrincipal"].endswith(f":user/{fresh.project}-ci")


def test_a_failure_names_the_resource_its_line_and_the_reason(fresh: Landscape) -> None:
    name = f"{fresh.project}-deploy"
    fresh.administrator("qa").client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))

    with pytest.raises(CloudFailedError) as failure:
        fresh.apply()

    told = str(failure.value)
    assert f"the stack {fresh.project}-environment-qa in account {IDS['qa']}, {REGION} could not be created" in told
    assert "agent/bootstrap/templates/environment.yaml:" in told
    assert f"{name} already exists" in told


def test_what_a_failure_left_is_cleared_away_by_the_next_apply(fresh: Landscape) -> None:
    iam, name = fresh.administrator("qa").client("iam"), f"{fresh.project}-deploy"
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))
    with pytest.raises(CloudFailedError):
        fresh.apply()

    iam.delete_role(RoleName=name)

    assert outcomes(fresh.apply()) == [
        ("tools", Outcome.UNCHANGED),
        ("qa", Outcome.CREATED),
        ("prod", Outcome.CREATED),
    ]


def test_an_administrator_who_may_not_make_a_resource_is_told_which(fresh: Landscape) -> None:
    limited = limited_administrator(fresh, "cloudformation:*", "sts:GetCallerIdentity", "iam:*", "s3:*", "ecr:*")

    with pytest.raises(AccessDeniedError, match=r"tools\.yaml:\d+ \(Key, AWS::KMS::Key\): .*kms:CreateKey"):
        apply(orders(fresh.configuration)[:1], lambda _account: limited, clock=SystemClock(), report=Listener())


def limited_administrator(landscape: Landscape, *actions: str) -> Any:
    iam, name = landscape.administrator("tools").client("iam"), f"{landscape.project}-limited"
    iam.create_user(UserName=name)
    allowed = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return landscape.clients(key["AccessKeyId"], key["SecretAccessKey"])


def test_credentials_of_another_account_are_refused_before_anything_is_made(fresh: Landscape) -> None:
    with pytest.raises(AccessDeniedError, match=f"is not of account {IDS['tools']}"):
        apply(
            orders(fresh.configuration),
            lambda _account: fresh.administrator("qa"),
            clock=SystemClock(),
            report=Listener(),
        )


def test_a_third_access_key_is_refused_and_a_replacement_is_not(fresh: Landscape) -> None:
    from agent.bootstrap.access_key import make_access_key

    fresh.apply()
    first = fresh.with_key()
    fresh.with_key()

    with pytest.raises(UsageError, match="has 2 access keys"):
        fresh.with_key()
    replaced = make_access_key(fresh.configuration, fresh.administrator("tools"), replace=True)

    keys = fresh.administrator("tools").client("iam").list_access_keys(UserName=replaced.user)["AccessKeyMetadata"]
    assert [key["AccessKeyId"] for key in keys] == [replaced.access_key_id]
    assert first.ci is not None
    assert first.ci.secret_access_key not in repr(first)
