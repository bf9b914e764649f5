"""The policy language on values: what the truth table of ``tests/contract/identity`` cannot reach through S3 alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent.cloud.policy.conditions import parse_conditions
from agent.cloud.policy.decision import Granted, Kind, ResourceSide, decide, trusts
from agent.cloud.policy.document import Policy, Request, parse
from agent.cloud.policy.principals import Match, Principal, parse_principals
from agent.cloud.policy.wildcards import matches, matches_arn, matches_with

if TYPE_CHECKING:
    from agent.cloud.policy.wildcards import Value

ACCOUNT = "111111111111"
OTHER = "222222222222"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/team/reader"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/me"
READER = Principal(arn=SESSION, account=ACCOUNT, role=ROLE)
SERVICE = Principal(service="sagemaker.amazonaws.com")


def met(operator: str, key: str, expected: Any, **keys: Value) -> bool:
    """Whether one condition holds for a request with these keys; ``x__y`` stands for ``x:y``."""
    (condition,) = parse_conditions({operator: {key: expected}})
    return condition.met({name.replace("__", ":"): value for name, value in keys.items()})


@pytest.mark.parametrize(
    ("operator", "expected", "actual", "holds"),
    [
        ("StringEquals", "a", "a", True),
        ("StringEquals", "a", "A", False),
        ("StringEquals", "a*", "ab", False),
        ("StringEqualsIgnoreCase", "a", "A", True),
        ("StringNotEqualsIgnoreCase", "a", "A", False),
        ("StringLike", "a*", "ab", True),
        ("StringLike", "a?", "abc", False),
        ("StringNotLike", "a*", "ab", False),
        ("NumericLessThanEquals", "10", "10", True),
        ("NumericGreaterThan", "10", "9.5", False),
        ("NumericEquals", "ten", "10", False),
        ("DateLessThan", "2026-11-21T12:00:00Z", "2026-11-21T11:59:59Z", True),
        ("DateGreaterThan", "1795240000", "2026-11-21T11:59:59Z", True),
        ("DateEquals", "soon", "2026-11-21T11:59:59Z", False),
        ("Bool", True, "true", True),
        ("Bool", "false", "true", False),
        ("IpAddress", "10.0.0.0/8", "10.1.2.3", True),
        ("IpAddress", "10.0.0.0/8", "11.1.2.3", False),
        ("NotIpAddress", "10.0.0.0/8", "11.1.2.3", True),
        ("IpAddress", "2001:db8::/32", "2001:db8::1", True),
        ("BinaryEquals", "YQ==", "YQ==", True),
        ("BinaryEquals", "YQ==", "%", False),
        ("ArnLike", "arn:aws:iam::*:role/*", ROLE, True),
        ("ArnLike", "arn:aws:*:role/*", ROLE, False),
        ("ArnNotEquals", ROLE, ROLE, False),
        ("Unheard", "a", "a", False),
    ],
)
def test_an_operator_compares(operator: str, expected: Any, actual: str, holds: bool) -> None:
    assert met(operator, "k", expected, k=actual) is holds


@pytest.mark.parametrize(
    ("operator", "holds"),
    [
        ("StringEquals", False),
        ("StringNotEquals", True),
        ("StringEqualsIfExists", True),
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
        ("ForAnyValue:StringEqualsIfExists", True),
        ("Bool", False),
    ],
)
def test_an_absent_key(operator: str, holds: bool) -> None:
    assert met(operator, "k", "a") is holds


@pytest.mark.parametrize(
    ("operator", "actual", "holds"),
    [
        ("ForAllValues:StringEquals", ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a", "c"], False),
        ("ForAnyValue:StringEquals", ["c", "a"], True),
        ("ForAnyValue:StringEquals", ["c"], False),
        ("ForAllValues:StringNotEquals", ["c", "a"], False),
        ("ForAnyValue:StringNotEquals", ["c", "a"], True),
    ],
)
def test_several_values_of_a_key(operator: str, actual: list[str], holds: bool) -> None:
    assert met(operator, "k", ["a", "b"], k=actual) is holds


def test_keys_are_matched_without_case() -> None:
    assert met("StringEquals", "AWS:PrincipalTag/Team", "ml", **{"aws__principaltag/team": "ml"})


def test_null_tells_presence() -> None:
    assert met("Null", "k", False, k="a")
    assert not met("Null", "k", "true", k="a")


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("${who}/*", "alice/x", True),
        ("${who}/*", "bob/x", False),
        ("${nobody}/*", "alice/x", False),
        ("${nobody, 'shared'}/*", "shared/x", True),
        ("${*}", "*", True),
        ("${*}", "x", False),
        ("${$}x", "$x", True),
        ("${WHO}/*", "alice/x", True),
        ("${star}/*", "anything/x", False),
        ("a.c", "abc", False),
    ],
)
def test_variables_are_filled_in_literally(pattern: str, text: str, fits: bool) -> None:
    assert matches_with({"who": "alice", "star": "*"}, text, pattern) is fits


def test_wildcards_reach_over_lines_and_slashes() -> None:
    assert matches("a/b\nc", "a*c")


def test_wildcards_in_arns_stay_within_their_part() -> None:
    assert matches_arn({}, "arn:aws:s3:::bucket/a:b", "arn:aws:s3:::bucket/*")
    assert not matches_arn({}, "arn:aws:iam::1:role/x", "arn:aws:*:role/x")


@pytest.mark.parametrize(
    ("element", "principal", "match"),
    [
        ("*", READER, Match.ROLE),
        ({"AWS": "*"}, READER, Match.ROLE),
        ({"AWS": ACCOUNT}, READER, Match.ACCOUNT),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, READER, Match.ACCOUNT),
        ({"AWS": OTHER}, READER, Match.NONE),
        ({"AWS": ROLE}, READER, Match.ROLE),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/reader"}, READER, Match.NONE),
        ({"AWS": SESSION}, READER, Match.EXACT),
        ({"AWS": ["x", ROLE, SESSION]}, READER, Match.EXACT),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/*"}, READER, Match.NONE),
        ({"Service": "sagemaker.amazonaws.com"}, SERVICE, Match.EXACT),
        ({"Service": "sagemaker.amazonaws.com.example"}, SERVICE, Match.NONE),
        ({"Service": ["lambda.amazonaws.com"]}, SERVICE, Match.NONE),
        ({"AWS": "*"}, SERVICE, Match.NONE),
        ({"Service": "sagemaker.amazonaws.com"}, READER, Match.NONE),
        ("*", Principal(), Match.ROLE),
    ],
)
def test_an_element_names_a_principal(element: Any, principal: Principal, match: Match) -> None:
    parsed = parse_principals(element)
    assert parsed is not None
    assert parsed.match(principal) is match


def _policy(*statements: dict[str, Any]) -> Policy:
    return parse({"Version": "2012-10-17", "Statement": list(statements)})


def _request(principal: Principal = READER) -> Request:
    return Request(principal=principal, action="s3:GetObject", resource="arn:aws:s3:::b/k", keys={})


def _says(principal: Any, effect: str = "Allow") -> Policy:
    return _policy({"Effect": effect, "Principal": principal, "Action": "s3:*", "Resource": "*"})


ALL = _policy({"Effect": "Allow", "Action": "*", "Resource": "*"})
DENY = _policy({"Effect": "Deny", "Action": "s3:Get*", "Resource": "*"})


@pytest.mark.parametrize(
    ("granted", "side", "kind", "explicit"),
    [
        (Granted(), None, Kind.IDENTITY, False),
        (Granted(identity=[ALL, DENY]), None, Kind.IDENTITY, True),
        (Granted(identity=[ALL], boundary=[]), None, Kind.BOUNDARY, False),
        (Granted(identity=[ALL], boundary=[ALL, DENY]), None, Kind.BOUNDARY, True),
        (Granted(identity=[ALL], session=[]), None, Kind.SESSION, False),
        (Granted(identity=[ALL]), ResourceSide(policy=_says("*", "Deny"), owner=ACCOUNT), Kind.RESOURCE, True),
        (Granted(identity=[ALL]), ResourceSide(policy=(), owner=OTHER), Kind.RESOURCE, False),
        (Granted(identity=[ALL]), ResourceSide(policy=(), owner=ACCOUNT, required=True), Kind.RESOURCE, False),
        (Granted(), ResourceSide(policy=_says({"AWS": ACCOUNT}), owner=ACCOUNT), Kind.IDENTITY, False),
    ],
)
def test_a_denial_names_the_kind_of_policy(
    granted: Granted, side: ResourceSide | None, kind: Kind, explicit: bool
) -> None:
    decision = decide(_request(), granted, side)
    assert (decision.allowed, decision.kind, decision.explicit) == (False, kind, explicit)


def test_the_reason_is_in_awss_words() -> None:
    assert decide(_request(), Granted()).because("s3:GetObject") == (
        "because no identity-based policy allows the s3:GetObject action"
    )
    assert decide(_request(), Granted(identity=[DENY])).because("s3:GetObject") == (
        "with an explicit deny in an identity-based policy"
    )


def test_an_anonymous_caller_has_what_a_policy_gives_to_everyone() -> None:
    anyone = _request(Principal())
    assert decide(anyone, Granted(), ResourceSide(policy=_says("*"), owner=ACCOUNT)).allowed
    assert not decide(anyone, Granted(), ResourceSide(policy=_says({"AWS": ACCOUNT}), owner=ACCOUNT)).allowed


@pytest.mark.parametrize("text", ["", "no JSON", "[]", '"*"', '{"Statement": "x"}', '{"Statement": [{"Effect": "?"}]}'])
def test_what_is_no_policy_grants_nothing(text: str) -> None:
    assert parse(text) == ()


def test_a_statement_without_principal_names_nobody_in_a_trust() -> None:
    assert trusts(_request(), ALL) is Match.NONE
