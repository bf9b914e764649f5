"""What ends with a stack and what does not is read off the template that the stack was made of."""

from __future__ import annotations

from agent.bootstrap.orders import orders
from agent.bootstrap.survey import Survey, in_the_way, left_behind, retained_resources
from agent.bootstrap.template import Template
from tests.unit.bootstrap.test_parameters import configuration

OLD = """
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    DeletionPolicy: Retain
  Role:
    Type: AWS::IAM::Role
    Properties: {RoleName: !Sub "${Project}-x"}
"""


def test_what_the_tools_account_keeps_is_what_holds_data() -> None:
    assert retained_resources(Template.TOOLS.text) == {
        "Bucket", "Key", "KeyAliasName", "ModelVersions", "Repository",
        "SigningKeyA", "SigningKeyAliasName", "SigningKeyB",
    }  # fmt: skip


def test_an_older_template_says_for_itself_what_it_keeps() -> None:
    assert retained_resources(OLD) == {"Bucket"}


def test_environments_that_stay_without_the_tools_account_are_told() -> None:
    tools, qa, *others = [Survey(order=order, status=None) for order in orders(configuration())]
    names = [each.order.label for each in others]

    assert left_behind(configuration(), [tools]) == ("qa", *names)
    assert left_behind(configuration(), [*others, qa, tools]) == ()
    assert left_behind(configuration(), [qa]) == ()


def test_an_endpoint_is_named_with_its_account_and_the_command_that_ends_it() -> None:
    qa = next(order for order in orders(configuration()) if order.label == "qa")

    (line,) = in_the_way([Survey(order=qa, status="CREATE_COMPLETE", endpoints=("Iris-QA",))])

    assert line == (
        f"Iris-QA of qa (account {qa.account}): "
        f"aws sagemaker delete-endpoint --endpoint-name Iris-QA --region {qa.region}"
    )
