"""What a reviewer is shown of a change: statements by their Sid, and which actions come and go."""

from __future__ import annotations

from typing import Any

from agent.bootstrap.difference import Difference, changed_parameters, differences, properties
from agent.bootstrap.orders import orders
from agent.bootstrap.template import Deployed, Template
from tests.unit.bootstrap.test_parameters import configuration


def role(*statements: dict[str, Any], **members: Any) -> dict[str, Any]:
    policy = {"PolicyName": "deploy", "PolicyDocument": {"Version": "2012-10-17", "Statement": list(statements)}}
    return {"RoleName": "iris", "Policies": [policy], **members}


def statement(sid: str, *actions: str, resource: str = "*") -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": resource}


def test_an_action_that_comes_and_one_that_goes_are_named_with_their_statement() -> None:
    old, new = role(statement("Run", "a:One", "a:Two")), role(statement("Run", "a:Two", "a:Three"))

    assert differences(old, new) == (
        Difference(block="Policies.deploy.Run", removed=("Action: a:One",), added=("Action: a:Three",)),
    )


def test_one_action_is_the_same_as_a_list_of_one() -> None:
    alone = {**statement("Run"), "Action": "a:One"}

    assert differences(role(alone), role(statement("Run", "a:One"))) == ()


def test_the_order_of_statements_and_actions_is_no_difference() -> None:
    first, second = statement("Run", "a:One", "a:Two"), statement("Stop", "a:Three")
    turned = statement("Run", "a:Two", "a:One")

    assert differences(role(first, second), role(second, turned)) == ()


def test_a_new_statement_is_shown_whole() -> None:
    (found,) = differences(role(), role(statement("Stop", "a:Stop", resource="arn:x")))

    assert found.block == "Policies.deploy.Stop"
    assert found.added == ("Sid: Stop", "Effect: Allow", "Action: a:Stop", "Resource: arn:x")


def test_a_condition_is_shown_by_its_key() -> None:
    guarded = {**statement("Run", "a:One"), "Condition": {"StringEquals": {"sts:ExternalId": "old"}}}
    changed = {**guarded, "Condition": {"StringEquals": {"sts:ExternalId": "new"}}}

    (found,) = differences(role(guarded), role(changed))

    assert found.removed == ("Condition.StringEquals.sts:ExternalId: old",)
    assert found.added == ("Condition.StringEquals.sts:ExternalId: new",)


def test_any_other_property_is_a_block_of_its_own() -> None:
    assert differences(role(MaxSessionDuration="3600"), role(MaxSessionDuration="7200")) == (
        Difference(block="MaxSessionDuration", removed=("3600",), added=("7200",)),
    )


def test_a_statement_without_a_name_is_known_by_its_place() -> None:
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "one"}}]}
    other = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "two"}}]}

    (found,) = differences({"AssumeRolePolicyDocument": trust}, {"AssumeRolePolicyDocument": other})

    assert (found.block, found.added) == ("AssumeRolePolicyDocument", ("Statement.0.Principal.AWS: two",))


def test_a_template_is_worked_out_with_what_only_cloudformation_knows_as_it_stands() -> None:
    order = orders(configuration())[0]

    found = properties(order, Template.TOOLS, order.parameters)

    assert found is not None
    first = found["PipelineRole"]["Policies"][0]["PolicyDocument"]["Statement"][0]
    assert (first["Sid"], first["Resource"]) == ("ListTheBucket", "${Bucket.Arn}")


def test_a_template_that_says_more_than_is_known_is_not_guessed_at() -> None:
    order = orders(configuration())[0]
    other = Deployed(text="Resources: {A: {Type: X, Properties: {B: !Cidr [a, b]}}}")

    assert properties(order, other, {}) is None


def test_parameters_that_change_are_shown_as_they_were_and_will_be() -> None:
    old, new = {"A": "1", "B": "2", "Gone": "x"}, {"A": "1", "B": "3", "New": ""}

    assert changed_parameters(old, new) == {"B": ("2", "3"), "Gone": ("x", "")}
