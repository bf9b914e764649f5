"""What administrators may do with a project's keys: all of it is needed to look after them, none reads with them."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from agent.bootstrap.resolving import Resolved
from agent.bootstrap.template import Template
from agent.cloud.embedded import EmbeddedCloud
from tests.proof.landscape import REGION, TOOLS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

KEYS = {"tools": ("Key", "SigningKeyA", "SigningKeyB"), "environment": ("Key",)}


def _scheduled(kms: Any, key: str) -> None:
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    kms.cancel_key_deletion(KeyId=key)


def _alias(kms: Any, key: str) -> str:
    name = f"alias/care-{uuid.uuid4().hex[:12]}"
    kms.create_alias(AliasName=name, TargetKeyId=key)
    return name


CARE: Mapping[str, Callable[[Any, str], object]] = {
    "kms:CancelKeyDeletion": _scheduled,
    "kms:CreateAlias": _alias,
    "kms:DeleteAlias": lambda kms, key: kms.delete_alias(AliasName=_alias(kms, key)),
    "kms:Describe*": lambda kms, key: kms.describe_key(KeyId=key),
    "kms:Disable*": lambda kms, key: kms.disable_key(KeyId=key),
    "kms:Enable*": lambda kms, key: kms.enable_key(KeyId=key),
    "kms:Get*": lambda kms, key: kms.get_key_policy(KeyId=key, PolicyName="default"),
    "kms:List*": lambda kms, key: kms.list_resource_tags(KeyId=key),
    "kms:PutKeyPolicy": lambda kms, key: kms.put_key_policy(
        KeyId=key, PolicyName="default", Policy=json.dumps({"Version": "2012-10-17", "Statement": []})
    ),
    "kms:RevokeGrant": lambda kms, key: kms.revoke_grant(KeyId=key, GrantId="0" * 64),
    "kms:ScheduleKeyDeletion": lambda kms, key: kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7),
    "kms:TagResource": lambda kms, key: kms.tag_resource(KeyId=key, Tags=[{"TagKey": "a", "TagValue": "b"}]),
    "kms:UntagResource": lambda kms, key: kms.untag_resource(KeyId=key, TagKeys=["a"]),
    "kms:UpdateAlias": lambda kms, key: kms.update_alias(AliasName=_alias(kms, key), TargetKeyId=key),
    "kms:UpdateKeyDescription": lambda kms, key: kms.update_key_description(KeyId=key, Description="cared for"),
}


NOT_ASKED = {"kms:DeleteAlias"}
"""AWS asks the key's policy, too ("Controlling access to aliases" in its guide); the embedded cloud does not."""


@pytest.fixture(scope="module")
def kms() -> Iterator[Any]:
    """KMS as the tools account's administrator sees it."""
    with EmbeddedCloud() as cloud:
        yield cloud.client("kms", TOOLS)


def care(template: Template, key: str) -> Mapping[str, Any]:
    """The administrators' statement of a key in a template."""
    resolved = Resolved(
        template=template,
        parameters={"KeyAlias": "alias/a", "Project": "p", "SigningKeyTurn": "b" if key == "SigningKeyB" else "a"},
        account=TOOLS,
        region=REGION,
        partition="aws",
        attributes=dict.fromkeys(("Key.Arn", "SigningKeyA.Arn", "SigningKeyB.Arn"), ""),
    )
    policy = resolved.resources[key]["Properties"]["KeyPolicy"]
    return next(statement for statement in policy["Statement"] if statement["Sid"] == "AdministratorsManage")


def refused(kms: Any, actions: list[str], act: Callable[[Any, str], object]) -> str:
    """What a new key whose administrators may do these says to an attempt; empty where it does not mind."""
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{TOOLS}:root"}, "Action": actions, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [root]})
    made = kms.create_key(Policy=policy, BypassPolicyLockoutSafetyCheck=True)["KeyMetadata"]["KeyId"]
    try:
        act(kms, made)
    except ClientError as error:
        return str(error) if error.response["Error"]["Code"] == "AccessDeniedException" else ""
    return ""


@pytest.mark.parametrize("action", sorted(set(CARE) - NOT_ASKED))
def test_without_one_action_something_cannot_be_done(kms: Any, action: str) -> None:
    actions = care(Template.TOOLS, "Key")["Action"]
    assert refused(kms, actions, CARE[action]) == ""
    told = refused(kms, [one for one in actions if one != action], CARE[action])
    assert f"is not authorized to perform: {action.removesuffix('*')}" in told


@pytest.mark.parametrize("action", sorted(NOT_ASKED))
def test_what_is_not_asked_for_here_is_not_missed(kms: Any, action: str) -> None:
    actions = care(Template.TOOLS, "Key")["Action"]
    assert refused(kms, [one for one in actions if one != action], CARE[action]) == ""


@pytest.mark.parametrize(
    ("action", "act"),
    [
        ("kms:Encrypt", lambda kms, key: kms.encrypt(KeyId=key, Plaintext=b"x")),
        ("kms:GenerateDataKey", lambda kms, key: kms.generate_data_key(KeyId=key, KeySpec="AES_256")),
    ],
)
def test_administrators_do_not_read_with_the_key(kms: Any, action: str, act: Callable[[Any, str], object]) -> None:
    told = refused(kms, care(Template.TOOLS, "Key")["Action"], act)
    assert f"no resource-based policy allows the {action} action" in told


def test_every_key_is_cared_for_alike() -> None:
    """A key that signs has no grants to be revoked."""
    found = {(name, key): care(Template(f"{name}.yaml"), key)["Action"] for name, keys in KEYS.items() for key in keys}
    for (_, key), actions in found.items():
        expected = set(CARE) - ({"kms:RevokeGrant"} if key.startswith("Signing") else set())
        assert set(actions) == expected
