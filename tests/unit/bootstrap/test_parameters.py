"""The templates' parameters, as they follow from a configuration."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.bootstrap.build_server import MADE_USER, BuildServer, WebIdentity
from agent.bootstrap.difference import properties
from agent.bootstrap.orders import chosen, orders
from agent.bootstrap.template import Template
from agent.config.model import Configuration
from agent.errors import UsageError
from tests.unit.bootstrap.cloudformation import parsed

TOOLS, QA, PROD = "111111111111", "222222222222", "333333333333"
REGION = "eu-central-1"
OWN_PRINCIPAL = f"arn:aws:iam::{TOOLS}:role/jenkins-agents"


def configuration(**members: Any) -> Configuration:
    """The project `iris` with the environments `qa` and `prod`; ``members`` replace sections."""
    resources = {"instance_type": "ml.m5.large"}
    document = {
        "project": "iris",
        "tools": tools(),
        "data": {"training": {"path": "data"}},
        "training": {"resources": resources},
        "evaluation": {
            "script": "evaluate.py",
            "data": "training",
            "resources": resources,
            "metrics": {"accuracy": {"better": "higher"}},
        },
        "environments": {"qa": environment(QA, "qa"), "prod": environment(PROD, "prod")},
        **members,
    }
    return Configuration.model_validate(document)


def tools(**members: Any) -> dict[str, Any]:
    return {
        "account": TOOLS,
        "region": REGION,
        "role": f"arn:aws:iam::{TOOLS}:role/iris-pipeline",
        "execution_role": f"arn:aws:iam::{TOOLS}:role/iris-execution",
        **members,
    }


def environment(account: str, name: str, **members: Any) -> dict[str, Any]:
    return {
        "account": account,
        "region": REGION,
        "deploy_role": f"arn:aws:iam::{account}:role/iris-deploy",
        "external_id": f"iris-{name}",
        "execution_role": f"arn:aws:iam::{account}:role/iris-execution",
        "endpoint": {"name": f"iris-{name}", "instance": {"type": "ml.m5.large"}},
        **members,
    }


def of_tools(**members: Any) -> dict[str, str]:
    return dict(orders(configuration(**members))[0].parameters)


def of_qa(**members: Any) -> dict[str, str]:
    return dict(orders(configuration(environments={"qa": environment(QA, "qa", **members)}))[1].parameters)


@pytest.mark.parametrize("index", [0, 1, 2])
def test_every_parameter_of_a_template_is_given(index: int) -> None:
    order = orders(configuration())[index]
    assert set(order.parameters) == set(parsed(order.template)["Parameters"])


def test_the_tools_account_comes_first_and_environments_in_their_order() -> None:
    made = [(order.label, order.name, order.account, order.template) for order in orders(configuration())]

    assert made == [
        ("tools", "iris-tools", TOOLS, Template.TOOLS),
        ("qa", "iris-environment-qa", QA, Template.ENVIRONMENT),
        ("prod", "iris-environment-prod", PROD, Template.ENVIRONMENT),
    ]


def test_roles_are_named_as_the_configuration_has_them() -> None:
    arn = f"arn:aws:iam::{TOOLS}:role/teams/models/iris-jobs"

    given = of_tools(tools=tools(execution_role=arn))

    assert (given["ExecutionRoleName"], given["ExecutionRolePath"]) == ("iris-jobs", "/teams/models/")


def test_a_role_without_a_path_has_the_root_as_its_path() -> None:
    assert of_tools()["PipelineRolePath"] == "/"


def test_roles_that_the_configuration_leaves_out_have_a_name_by_convention() -> None:
    own_account = environment(
        TOOLS, "dev", deploy_role=None, external_id=None, execution_role=f"arn:aws:iam::{TOOLS}:role/dev"
    )
    made = orders(configuration(tools=tools(role=None), environments={"dev": own_account}))

    assert made[0].parameters["PipelineRoleName"] == "iris-pipeline"
    assert made[0].parameters["DeployRoles"] == f"arn:aws:iam::{TOOLS}:role/iris-deploy"
    assert made[1].parameters["DeployRoleName"] == "iris-deploy"


def test_the_tools_account_lets_in_the_roles_of_every_environment() -> None:
    given = of_tools()

    assert given["EnvironmentAccounts"] == f"{QA},{PROD}"
    assert given["DeployRoles"] == f"arn:aws:iam::{QA}:role/iris-deploy,arn:aws:iam::{PROD}:role/iris-deploy"
    assert given["HostingRoles"] == f"arn:aws:iam::{QA}:role/iris-execution,arn:aws:iam::{PROD}:role/iris-execution"


def test_an_account_of_two_environments_is_named_once() -> None:
    names = {"deploy_role": f"arn:aws:iam::{QA}:role/b-deploy", "execution_role": f"arn:aws:iam::{QA}:role/b-run"}
    both = {"qa": environment(QA, "qa"), "beta": environment(QA, "beta", **names)}

    assert of_tools(environments=both)["EnvironmentAccounts"] == QA


def test_sources_elsewhere_are_opened_and_those_in_the_artifact_bucket_are_open_already() -> None:
    data = {
        "training": {"s3": "s3://lake/credit/2026/"},
        "more": {"s3": "s3://lake/credit/extra.csv"},
        "own": {"s3": f"s3://iris-{TOOLS}-{REGION}/data/own/"},
        "file": {"path": "data"},
    }

    given = of_tools(data=data)

    assert given["SourceBuckets"] == "arn:aws:s3:::lake"
    assert given["SourceObjects"] == "arn:aws:s3:::lake/credit/2026/*,arn:aws:s3:::lake/credit/extra.csv*"


def test_a_network_is_named_by_the_resources_that_containers_are_placed_in() -> None:
    vpc = {"subnets": ("subnet-a", "subnet-b"), "security_groups": ("sg-1",)}
    named = ["subnet/subnet-a", "subnet/subnet-b", "security-group/sg-1"]
    for account, given in ((TOOLS, of_tools(tools=tools(network={"vpc": vpc}))), (QA, of_qa(network={"vpc": vpc}))):
        assert given["NetworkResources"].split(",") == [f"arn:aws:ec2:{REGION}:{account}:{each}" for each in named]


def test_without_subnets_roles_need_nothing_of_ec2() -> None:
    assert of_tools()["NetworkResources"] == of_qa(network={"isolated": True})["NetworkResources"] == ""


def test_without_a_key_in_the_configuration_one_is_made_under_the_projects_alias() -> None:
    given = of_tools()
    assert (given["KeyAlias"], given["ExistingKey"]) == ("alias/iris", "")


def test_a_key_that_is_named_by_its_alias_is_made() -> None:
    given = of_tools(tools=tools(kms_key=f"arn:aws:kms:{REGION}:{TOOLS}:alias/models"))
    assert (given["KeyAlias"], given["ExistingKey"]) == ("alias/models", "")


def test_a_key_that_is_named_by_its_id_is_used_as_it_is() -> None:
    key = f"arn:aws:kms:{REGION}:{TOOLS}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    assert of_tools(tools=tools(kms_key=key))["ExistingKey"] == key


def test_an_environment_without_a_key_gets_none() -> None:
    given = of_qa()
    assert (given["KeyAlias"], given["ExistingKey"]) == ("", "")


def test_an_alias_of_another_account_is_refused() -> None:
    with pytest.raises(UsageError, match=r"`environments\.qa\.kms_key` is an alias of another account or region"):
        of_qa(kms_key=f"arn:aws:kms:{REGION}:{TOOLS}:alias/iris")


def test_an_environment_captures_below_its_prefix() -> None:
    endpoint = {
        "name": "iris-qa",
        "instance": {"type": "ml.m5.large"},
        "data_capture": {"prefix": "s3://captures/qa/"},
    }
    assert of_qa(endpoint=endpoint)["CaptureObjects"] == "arn:aws:s3:::captures/qa/*"


def test_an_environment_does_not_capture_into_the_artifact_bucket() -> None:
    endpoint = {
        "name": "iris-qa",
        "instance": {"type": "ml.m5.large"},
        "data_capture": {"prefix": f"s3://iris-{TOOLS}-{REGION}/capture/"},
    }
    with pytest.raises(UsageError, match="is in the artifact bucket"):
        of_qa(endpoint=endpoint)


def test_an_endpoint_is_written_as_arns_write_it() -> None:
    endpoint = {"name": "Iris-QA", "instance": {"type": "ml.m5.large"}}
    assert of_qa(endpoint=endpoint)["EndpointName"] == "iris-qa"


def test_arns_stay_in_the_partition_of_the_accounts() -> None:
    china = tools(region="cn-north-1", role=None, execution_role=f"arn:aws-cn:iam::{TOOLS}:role/run")
    made = orders(configuration(tools=china, data={"training": {"s3": "s3://lake/x"}}))

    assert made[0].parameters["SourceBuckets"] == "arn:aws-cn:s3:::lake"
    assert made[1].parameters["CiPrincipal"] == f"arn:aws-cn:iam::{TOOLS}:user/iris-ci"


def test_environments_trust_the_user_that_is_made_for_the_build_server() -> None:
    made = orders(configuration(), MADE_USER)

    assert made[0].request({}).parameters["CiPrincipal"] == ""
    assert made[1].request({}).parameters["CiPrincipal"] == f"arn:aws:iam::{TOOLS}:user/iris-ci"


def test_environments_trust_an_identity_that_the_build_server_has() -> None:
    made = orders(configuration(), BuildServer(principal=OWN_PRINCIPAL))

    assert made[0].request({}).parameters["CiPrincipal"] == OWN_PRINCIPAL
    assert made[1].request({}).parameters["CiPrincipal"] == OWN_PRINCIPAL
    assert made[1].request({}).kept == frozenset()


@pytest.mark.parametrize(
    "server",
    [
        BuildServer(service="ec2.amazonaws.com"),
        BuildServer(
            web=WebIdentity(issuer="jenkins.example.com/oidc", subject="https://jenkins.example.com/job/iris/*")
        ),
    ],
)
def test_environments_trust_the_role_that_is_made_where_no_key_is_needed(server: BuildServer) -> None:
    made = orders(configuration(), server)

    assert made[0].request({}).parameters["CiPrincipal"] == ""
    assert made[1].request({}).parameters["CiPrincipal"] == f"arn:aws:iam::{TOOLS}:role/iris-ci"


def test_tokens_are_trusted_by_issuer_subject_and_audience() -> None:
    web = WebIdentity(issuer="jenkins.example.com/oidc", subject="https://jenkins.example.com/job/iris/*")
    order = orders(configuration(), BuildServer(web=web))[0]

    found = properties(order, order.template, order.parameters)

    assert found is not None
    (trust,) = json.loads(found["CiRole"]["AssumeRolePolicyDocument"])["Statement"]
    assert trust["Principal"] == {"Federated": "CiIssuerKnown"}
    assert trust["Condition"] == {
        "StringEquals": {"jenkins.example.com/oidc:aud": "sts.amazonaws.com"},
        "StringLike": {"jenkins.example.com/oidc:sub": "https://jenkins.example.com/job/iris/*"},
    }
    assert found["CiIssuerKnown"]["Url"] == "https://jenkins.example.com/oidc"


def test_a_provider_that_the_account_has_is_not_made_again() -> None:
    web = WebIdentity(issuer="token.example.com", subject="repo:a/b:*", has_provider=True)
    order = orders(configuration(), BuildServer(web=web))[0]

    found = properties(order, order.template, order.parameters)

    assert found is not None
    assert "CiIssuerKnown" not in found
    assert f"arn:aws:iam::{TOOLS}:oidc-provider/token.example.com" in found["CiRole"]["AssumeRolePolicyDocument"]


def test_without_a_word_about_it_stacks_keep_the_build_servers_identity() -> None:
    made = orders(configuration())

    assert made[0].request({}).kept == set(MADE_USER.parameters)
    assert made[1].request({}).kept == {"CiPrincipal"}


def test_a_new_environment_trusts_whom_the_tools_stack_knows() -> None:
    request = orders(configuration())[1].request({"CiPrincipal": OWN_PRINCIPAL})

    assert request.parameters["CiPrincipal"] == OWN_PRINCIPAL
    assert request.kept == frozenset()


def test_two_environments_with_the_same_role_are_refused() -> None:
    both = {"qa": environment(QA, "qa"), "beta": environment(QA, "beta")}

    with pytest.raises(UsageError, match=r"`environments\.beta\.deploy_role` and `environments\.qa\.deploy_role` are"):
        orders(configuration(environments=both))


def test_an_endpoint_does_not_run_with_the_role_of_jobs() -> None:
    shared = environment(TOOLS, "dev", execution_role=f"arn:aws:iam::{TOOLS}:role/iris-execution")

    with pytest.raises(UsageError, match=r"`environments\.dev\.execution_role` and `tools\.execution_role` are"):
        orders(configuration(environments={"dev": shared}))


def test_two_environments_with_the_same_key_to_be_made_are_refused() -> None:
    key = f"arn:aws:kms:{REGION}:{QA}:alias/iris"
    names = {"deploy_role": f"arn:aws:iam::{QA}:role/b-deploy", "execution_role": f"arn:aws:iam::{QA}:role/b-run"}
    both = {"qa": environment(QA, "qa", kms_key=key), "beta": environment(QA, "beta", kms_key=key, **names)}

    with pytest.raises(UsageError, match=r"`environments\.beta\.kms_key` and `environments\.qa\.kms_key` are the same"):
        orders(configuration(environments=both))


def test_accounts_are_chosen_by_name_and_keep_their_order() -> None:
    assert [order.label for order in chosen(orders(configuration()), ["prod", "tools"])] == ["tools", "prod"]


def test_an_unknown_account_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no account 'staging'; the accounts are: tools, qa, prod"):
        chosen(orders(configuration()), ["staging"])


def test_endpoints_of_pull_requests_stand_beside_those_of_tests_only() -> None:
    environments = {"qa": environment(QA, "qa"), "prod": environment(PROD, "prod", production=True)}
    wanted = {"endpoint": {"environment": "qa"}}
    _, test, production = orders(configuration(environments=environments, pull_requests=wanted))
    assert (test.parameters["PreviewNames"], production.parameters["PreviewNames"]) == ("iris-qa-pr-*", "")
    assert of_qa()["PreviewNames"] == ""
