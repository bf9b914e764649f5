"""What holds for every statement of the templates, so that a later one cannot quietly open a door."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from agent import naming
from agent.bootstrap.template import Template
from tests.unit.bootstrap.cloudformation import Statement, parsed, statements

ALL = [statement for template in Template for statement in statements(template)]
ALLOWED = [statement for statement in ALL if statement.members["Effect"] == "Allow"]
OF_ROLES = [
    statement for statement in ALLOWED if statement.policy == "PolicyDocument" and statement.resource != "BucketAccess"
]
TRUSTS = [statement for statement in ALLOWED if statement.policy == "AssumeRolePolicyDocument"]
OF_RESOURCES = [
    statement
    for statement in ALLOWED
    if statement.policy in {"KeyPolicy", "RepositoryPolicyText", "ModelPackageGroupPolicy"}
    or statement.resource == "BucketAccess"
]
ENTERING = {"sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"}
WITHOUT_RESOURCES = {
    "application-autoscaling:DescribeScalableTargets",
    "application-autoscaling:DescribeScalingPolicies",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:PutMetricData",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcEndpoints",
    "ec2:DescribeVpcs",
    "ecr:GetAuthorizationToken",
    "sagemaker:ListEndpointConfigs",
    "sagemaker:ListEndpoints",
    "sagemaker:ListModelPackages",
    "sagemaker:ListModels",
    "servicequotas:ListServiceQuotas",
}
"""Actions that AWS knows no resource for (Service Authorization Reference); alarms it asks about as a whole."""
KEPT = {
    "AWS::ECR::Repository",
    "AWS::KMS::Alias",
    "AWS::KMS::Key",
    "AWS::S3::Bucket",
    "AWS::SageMaker::ModelPackageGroup",
}
TEMPLATE_BYTES = 51_200
"""The largest ``TemplateBody`` (CreateChangeSet)."""
INLINE_POLICIES_LENGTH = 10_240
"""What the inline policies of one role may take together, without white space (IAM quotas)."""


def names(statement: Statement) -> str:
    return str(statement)


@pytest.mark.parametrize("statement", ALLOWED, ids=names)
def test_no_statement_allows_all_actions_of_a_service(statement: Statement) -> None:
    assert [action for action in statement.actions if action == "*" or action.endswith(":*")] == []


@pytest.mark.parametrize("statement", OF_ROLES, ids=names)
def test_roles_name_the_resources_of_every_action_that_knows_one(statement: Statement) -> None:
    if "*" in statement.resources:
        assert set(statement.actions) <= WITHOUT_RESOURCES


@pytest.mark.parametrize("statement", ALLOWED, ids=names)
def test_roles_are_passed_to_sagemaker_only(statement: Statement) -> None:
    if "iam:PassRole" in statement.actions:
        assert statement.actions == ["iam:PassRole"]
        assert statement.condition == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


@pytest.mark.parametrize("statement", ALLOWED, ids=names)
def test_keys_are_granted_to_services_only(statement: Statement) -> None:
    if "kms:CreateGrant" in statement.actions:
        assert statement.condition["Bool"] == {"kms:GrantIsForAWSResource": "true"}


@pytest.mark.parametrize("statement", OF_RESOURCES, ids=names)
def test_what_is_shared_is_shared_with_roles_and_not_with_accounts(statement: Statement) -> None:
    if statement.sid != "AdministratorsManage":
        assert "aws:PrincipalArn" in statement.condition["ArnEquals"]


@pytest.mark.parametrize("statement", OF_RESOURCES, ids=names)
def test_administrators_of_a_key_cannot_read_with_it(statement: Statement) -> None:
    if statement.sid == "AdministratorsManage":
        using = re.compile("kms:(Decrypt|Encrypt|GenerateDataKey|ReEncrypt|CreateGrant)")
        assert [action for action in statement.actions if using.match(action)] == []


@pytest.mark.parametrize("statement", TRUSTS, ids=names)
def test_trust_is_in_one_principal(statement: Statement) -> None:
    if statement.resource != "CiRole":
        assert set(statement.actions) <= ENTERING
    (principal,) = statement.members["Principal"].values()
    assert isinstance(principal, (str, dict))


def test_a_token_has_to_be_of_one_issuer_about_its_subject_and_for_its_audience() -> None:
    federated = next(statement for statement in TRUSTS if "Federated" in statement.members["Principal"])

    assert federated.actions == ["sts:AssumeRoleWithWebIdentity"]
    assert federated.condition == {
        "StringEquals": {"${CiIssuer}:aud": "${CiAudience}"},
        "StringLike": {"${CiIssuer}:sub": "${CiSubject}"},
    }


def test_the_build_server_may_only_assume_roles() -> None:
    build_server = [statement for statement in OF_ROLES if statement.resource == "CiAccess"]

    assert {action for statement in build_server for action in statement.actions} == ENTERING


@pytest.mark.parametrize("role", ["DeployRole", "PipelineRole"])
def test_a_session_is_for_the_roles_own_project_and_environment(role: str) -> None:
    own = {"DeployRole": {"Ref": "Environment"}, "PipelineRole": "tools"}[role]
    for trust in [statement for statement in TRUSTS if statement.resource == role]:
        if {"sts:AssumeRole", "sts:TagSession"} & set(trust.actions):
            asked = trust.condition["StringEquals"]
            assert asked["aws:RequestTag/modelyard:project"] == {"Ref": "Project"}
            assert asked["aws:RequestTag/modelyard:environment"] == own
        if "sts:TagSession" in trust.actions:
            assert trust.condition["ForAllValues:StringLike"] == {"aws:TagKeys": "modelyard:*"}


def test_the_deploy_role_asks_for_its_external_id() -> None:
    trusts = [statement for statement in TRUSTS if statement.resource == "DeployRole"]

    (trust,) = [statement for statement in trusts if "sts:AssumeRole" in statement.actions]

    asked = trust.condition["StringEquals"]["sts:ExternalId"]["Fn::If"]
    assert asked[:2] == ["HasExternalId", {"Ref": "ExternalId"}]


def test_sagemaker_assumes_execution_roles_for_their_own_account_only() -> None:
    for trust in TRUSTS:
        if trust.members["Principal"].get("Service") == "sagemaker.amazonaws.com":
            assert trust.condition == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_the_bucket_refuses_requests_without_tls() -> None:
    refusal = next(statement for statement in ALL if statement.members["Effect"] == "Deny")

    assert refusal.sid == "NothingWithoutTls"
    assert (refusal.members["Principal"], refusal.actions) == ("*", ["s3:*"])
    assert refusal.condition == {"Bool": {"aws:SecureTransport": "false"}}


def test_jobs_write_below_the_prefixes_that_names_give_their_outputs() -> None:
    outputs = next(one for one in OF_ROLES if (one.resource, one.sid) == ("ExecutionRole", "WriteOutputs"))

    written = {str(resource["Fn::Sub"]).partition("}/")[2] for resource in outputs.resources}

    prefixes = (naming.CHECKPOINTS, naming.EVALUATIONS, naming.MODELS, naming.PREPARED)
    assert written == {f"{prefix}*" for prefix in prefixes}


@pytest.mark.parametrize("template", Template, ids=lambda template: template.value)
def test_what_holds_data_outlives_its_stack_unless_its_creation_failed(template: Template) -> None:
    policies = {
        name: (resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy"))
        for name, resource in parsed(template)["Resources"].items()
        if resource["Type"] in KEPT
    }

    assert set(policies.values()) == {("RetainExceptOnCreate", "Retain")}


@pytest.mark.parametrize("template", Template, ids=lambda template: template.value)
def test_every_parameter_is_explained(template: Template) -> None:
    unexplained = [name for name, known in parsed(template)["Parameters"].items() if not known.get("Description")]
    assert unexplained == []


@pytest.mark.parametrize("template", Template, ids=lambda template: template.value)
def test_every_parameter_is_used(template: Template) -> None:
    text = template.text.partition("\nConditions:")[2]
    unused = [name for name in parsed(template)["Parameters"] if not re.search(rf"(Ref |\$\{{){name}\b", text)]
    assert unused == []


@pytest.mark.parametrize("template", Template, ids=lambda template: template.value)
def test_statements_have_names_of_their_own(template: Template) -> None:
    named = [(statement.resource, statement.sid) for statement in statements(template) if statement.sid]

    assert [name for name, count in Counter(named).items() if count > 1] == []
    assert all(re.fullmatch("[A-Za-z0-9]+", sid) for _, sid in named)


@pytest.mark.parametrize("template", Template, ids=lambda template: template.value)
def test_the_policies_of_a_role_fit_into_its_quota(template: Template) -> None:
    """With room for the longest names; a template's functions are longer than what they become."""
    for name, resource in parsed(template)["Resources"].items():
        document = json.dumps(resource["Properties"].get("Policies", []), separators=(",", ":"))
        assert len(document) < INLINE_POLICIES_LENGTH, name


@pytest.mark.parametrize("template", Template, ids=lambda template: template.value)
def test_a_template_may_be_sent_without_a_bucket(template: Template) -> None:
    assert len(template.text.encode()) <= TEMPLATE_BYTES


@pytest.mark.parametrize("template", Template, ids=lambda template: template.value)
def test_a_resource_is_found_by_file_and_line(template: Template) -> None:
    lines = template.text.splitlines()
    for name in parsed(template)["Resources"]:
        file, _, line = template.place(name).rpartition(":")
        assert file == f"agent/bootstrap/templates/{template.value}"
        assert lines[int(line) - 1] == f"  {name}:"


def test_an_unknown_resource_is_found_by_file_alone() -> None:
    assert Template.TOOLS.place("iris-tools") == "agent/bootstrap/templates/tools.yaml"
