"""KMS keys across accounts, by alias, and those that AWS manages for its services.

MiniStack looks for a key in the caller's account only. Source: KMS developer guide, "Allowing users in other accounts
to use a KMS key", "AWS managed keys" and "Find the key ID and key ARN"; API reference, errors of ``GetPublicKey``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agent.cloud.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Mapping

_USABLE_FROM_ELSEWHERE = frozenset(
    {
        "CreateGrant",
        "Decrypt",
        "DescribeKey",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
        "GenerateDataKeyWithoutPlaintext",
        "GenerateMac",
        "GetKeyRotationStatus",
        "GetPublicKey",
        "ListGrants",
        "ReEncrypt",
        "RetireGrant",
        "RevokeGrant",
        "Sign",
        "Verify",
        "VerifyMac",
    }
)
"""Source: KMS API reference, the operations whose "Cross-account use" is yes."""


class Keys:
    """The keys of every account."""

    def __init__(self) -> None:
        from ministack.core import iam_actions, responses
        from ministack.services import kms

        self._service = kms
        self._responses = responses
        self._handle = kms.handle_request
        self._ciphertext_key = iam_actions._kms_key_id_from_ciphertext
        kms.handle_request = self._handle_request

    def arn(self, key: str, account: str, region: str) -> str:
        """The ARN of the key that an id, an alias or an ARN of either names; what it would be for an absent one."""
        parts = key.split(":")
        if key.startswith("arn:"):
            account, region = parts[4], parts[3]
        with self._responses.request_scope(account, region):
            record = self._service._resolve_key(key)
        if record:
            return str(record["Arn"])
        return key if key.startswith("arn:") else f"arn:aws:kms:{region}:{account}:key/{key}"

    def arn_of_request(self, data: Mapping[str, Any], account: str, region: str) -> str | None:
        """The ARN of the key that a KMS request is about; a ciphertext tells by itself which key made it."""
        named = data.get("KeyId") or self._maker(data.get("CiphertextBlob") or "")
        return self.arn(named, account, region) if named else None

    def problem(self, arn: str) -> AwsError | None:
        """Why a key cannot be used at all, in S3's words; None when it can."""
        with self._responses.request_scope(arn.split(":")[4], arn.split(":")[3]):
            record = self._service._resolve_key(arn)
        if record is None:
            return AwsError("KMS.NotFoundException", f"Invalid keyId '{arn}'")
        if record["KeyState"] == "Disabled":
            return AwsError("KMS.DisabledException", f"{arn} is disabled.")
        if record["KeyState"] != "Enabled":
            return AwsError("KMS.KMSInvalidStateException", f"{arn} is pending deletion.")
        return None

    def managed_by_aws(self, service: str, account: str) -> str:
        """The ARN of the key ``aws/<service>`` of an account, made when it is first needed."""
        alias, region = f"alias/aws/{service}", self._responses.get_region()
        with self._responses.request_scope(account, region):
            record = self._service._resolve_key(alias)
            if record is None:
                policy = _managed_policy(service, account, region)
                _, _, body = self._service._create_key({"Policy": policy, "Description": f"Default key for {service}"})
                record = self._service._keys[json.loads(body)["KeyMetadata"]["KeyId"]]
                record["KeyManager"] = "AWS"
                self._service._aliases[self._service._alias_arn(alias)] = record["KeyId"]
            return str(record["Arn"])

    def _maker(self, ciphertext: str) -> str:
        """The ARN of the key that made a ciphertext, in whichever account; empty for anything else."""
        key_id = self._ciphertext_key(ciphertext)
        found = [record["Arn"] for (_, _, known), record in self._service._keys._data.items() if known == key_id]
        return str(found[0]) if key_id and found else ""

    async def _handle_request(self, method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        """Serve a request where its key lives; who may use the key there has been decided before."""
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        account, region = self._responses.get_account_id(), self._responses.get_region()
        arn = self.arn_of_request(_members(body), account, region) if operation in _USABLE_FROM_ELSEWHERE else None
        if operation == "GetPublicKey" and arn is not None and (refused := self._refusal_by_state(arn)):
            return refused
        if arn is None or (arn.split(":")[4], arn.split(":")[3]) == (account, region):
            return await self._handle(method, path, headers, body, query)
        with self._responses.request_scope(arn.split(":")[4], region):
            return await self._handle(method, path, headers, body, query)

    def _refusal_by_state(self, arn: str) -> Any:
        """What KMS answers for a key that is disabled or to be deleted; MiniStack shows even its public key."""
        with self._responses.request_scope(arn.split(":")[4], arn.split(":")[3]):
            record = self._service._resolve_key(arn)
            return self._service._check_key_state(record) if record else None


def _members(body: bytes) -> Mapping[str, Any]:
    try:
        members = json.loads(body or b"{}")
    except ValueError:
        return {}
    return members if isinstance(members, dict) else {}


def _managed_policy(service: str, account: str, region: str) -> str:
    """The policy of an AWS managed key: the account's principals may use it, and only through that service."""
    through_service = {
        "Sid": f"Allow access through {service} for all principals in the account that are authorized to use it",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [
            "kms:Encrypt",
            "kms:Decrypt",
            "kms:ReEncrypt*",
            "kms:GenerateDataKey*",
            "kms:CreateGrant",
            "kms:DescribeKey",
        ],
        "Resource": "*",
        "Condition": {
            "StringEquals": {
                "kms:CallerAccount": account,
                "kms:ViaService": f"{service}.{region}.amazonaws.com",
            }
        },
    }
    metadata = {
        "Sid": "Allow direct access to key metadata to the account",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [through_service, metadata]})
