"""How a plan is read: a sign for each resource, replacement loudly, and lines of what changes inside."""

from __future__ import annotations

from agent.bootstrap.changing import Planned
from agent.bootstrap.difference import Difference
from agent.bootstrap.orders import orders
from agent.commands.bootstrap.plan import document, lines
from agent.ports.stacks import ResourceChange
from tests.unit.bootstrap.test_parameters import configuration

ORDER = orders(configuration())[0]


def planned(change: ResourceChange, *inside: Difference) -> Planned:
    return Planned(
        order=ORDER,
        new=False,
        changes=(change,),
        outputs={},
        parameters={"ExternalId": ("", "x")},
        inside={change.resource: inside},
    )


def test_a_modified_resource_shows_what_comes_and_goes_inside() -> None:
    change = ResourceChange(action="Modify", resource="Role", kind="AWS::IAM::Role", properties=("Policies",))
    inside = Difference(block="Policies.deploy.Run", removed=("Action: a:One",), added=("Action: a:Two",))

    assert list(lines(planned(change, inside)))[1:] == [
        ("    ExternalId: (none) -> x", "faint"),
        ("  ~ Role (AWS::IAM::Role): Policies", "warning"),
        ("      Policies.deploy.Run", ""),
        ("        - Action: a:One", "error"),
        ("        + Action: a:Two", "good"),
    ]


def test_what_is_replaced_is_said_loudly() -> None:
    change = ResourceChange(action="Modify", resource="Bucket", kind="AWS::S3::Bucket", replaced=True, retained=True)

    assert list(lines(planned(change)))[2] == (
        "  -/+ Bucket (AWS::S3::Bucket), REPLACED by a new one, the present one stays, outside of the stack",
        "error",
    )


def test_what_may_be_replaced_is_said_as_loudly() -> None:
    change = ResourceChange(action="Modify", resource="Role", kind="AWS::IAM::Role", perhaps=True)

    assert list(lines(planned(change)))[2] == ("  ~? Role (AWS::IAM::Role), PERHAPS REPLACED by a new one", "error")


def test_programs_get_the_same() -> None:
    change = ResourceChange(action="Modify", resource="Role", kind="AWS::IAM::Role")
    inside = Difference(block="Path", removed=("/",), added=("/x/",))

    answer = document(planned(change, inside))

    assert answer["parameters"] == {"ExternalId": {"from": "", "to": "x"}}
    assert answer["changes"][0]["inside"] == [{"block": "Path", "removed": ["/"], "added": ["/x/"]}]
