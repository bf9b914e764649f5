"""A resource's policy lets in whom it is for, or the finding says whom it shuts out and from what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent.preflight import sharing
from agent.preflight.running import side_by_side
from tests.contract.bootstrap.landscape import IDS
from tests.fakes import FakePolicies
from tests.unit.preflight.subjects import PROJECT, subject

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.preflight.finding import Finding

PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
QA, PROD = (f"arn:aws:iam::{IDS[name]}:role/{PROJECT}-execution" for name in ("qa", "prod"))


def found(policy: Any) -> Sequence[Finding]:
    looks = list(sharing.looks(subject(policies=FakePolicies(policies={PROJECT: policy}))))
    return [each for each in side_by_side(looks, seconds=5) if each.what == "policy of the repository"]


def statement(principal: str, *actions: str, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": list(actions), **more}


def test_roles_may_be_let_in_by_their_account() -> None:
    everybody = [statement(IDS[name], "ecr:*") for name in ("qa", "prod")]
    assert [each.severity for each in found({"Statement": everybody})] == ["ok"]


@pytest.mark.parametrize("policy", [None, {"Statement": []}])
def test_without_a_policy_nobody_is_let_in(policy: Any) -> None:
    assert {each.exit_code for each in found(policy)} == {4}
    assert len(found(policy)) == 4


def test_who_is_shut_out_of_what_is_told_with_the_statement() -> None:
    deployers = [
        statement(f"arn:aws:iam::{IDS[name]}:role/{PROJECT}-deploy", "ecr:BatchGetImage") for name in ("qa", "prod")
    ]
    (wrong,) = found({"Statement": [*deployers, statement(QA, *PULL), statement(PROD, *PULL[:2])]})
    assert wrong.why == f"{PROJECT} does not let {PROD} do ecr:GetDownloadUrlForLayer"
    assert wrong.fix == "it is statement EndpointsPull of the template; run: modelyard bootstrap apply --account tools"


def test_a_deny_wins() -> None:
    everybody = [statement(IDS[name], "ecr:*") for name in ("qa", "prod")]
    deny = {**statement(QA, "ecr:BatchGetImage"), "Effect": "Deny"}
    assert [each.why for each in found({"Statement": [*everybody, deny]})] == [
        f"{PROJECT} does not let {QA} do ecr:BatchGetImage"
    ]
