"""What people are told to do after an apply."""

from __future__ import annotations

from agent.bootstrap.advice import build_server, missing_settings, without_external_id
from agent.bootstrap.changing import Applied, Outcome
from agent.bootstrap.orders import orders
from tests.unit.bootstrap.test_parameters import QA, TOOLS, configuration, environment, tools


def applied(principal: str, labels: tuple[str, ...] = ("tools", "qa")) -> list[Applied]:
    outputs = {"CiPrincipal": principal, "CiPolicy": f"arn:aws:iam::{TOOLS}:policy/iris-ci"}
    return [
        Applied(order=order, outcome=Outcome.CREATED, outputs=outputs)
        for order in orders(configuration())
        if order.label in labels
    ]


def test_a_complete_configuration_needs_nothing() -> None:
    assert missing_settings(configuration()) == {}
    assert without_external_id(configuration()) == ()


def test_a_role_that_the_configuration_leaves_out_is_to_be_put_in() -> None:
    assert missing_settings(configuration(tools=tools(role=None))) == {
        "tools.role": f"arn:aws:iam::{TOOLS}:role/iris-pipeline"
    }


def test_an_environment_in_the_tools_account_gets_a_deploy_role() -> None:
    members = {"deploy_role": None, "external_id": None, "execution_role": f"arn:aws:iam::{TOOLS}:role/dev"}
    dev = {"dev": environment(TOOLS, "dev", **members)}

    assert missing_settings(configuration(environments=dev)) == {
        "environments.dev.deploy_role": f"arn:aws:iam::{TOOLS}:role/iris-deploy"
    }


def test_an_environment_without_an_external_id_is_named() -> None:
    qa = {"qa": environment(QA, "qa", external_id=None)}
    assert without_external_id(configuration(environments=qa)) == ("qa",)


def test_a_user_that_was_made_needs_a_key() -> None:
    server = build_server(configuration(), applied(f"arn:aws:iam::{TOOLS}:user/iris-ci"))

    assert server is not None
    assert server.made


def test_a_role_that_was_made_needs_no_key() -> None:
    server = build_server(configuration(), applied(f"arn:aws:iam::{TOOLS}:role/iris-ci"))

    assert server is not None
    assert (server.made, server.keyless) == (True, True)


def test_an_identity_of_its_own_needs_the_policy() -> None:
    server = build_server(configuration(), applied(f"arn:aws:iam::{TOOLS}:role/jenkins"))

    assert server is not None
    assert (server.made, server.policy) == (False, f"arn:aws:iam::{TOOLS}:policy/iris-ci")


def test_without_the_tools_account_nothing_is_said_of_the_build_server() -> None:
    assert build_server(configuration(), applied("arn", labels=("qa",))) is None
