"""Permissions as IAM and the resources themselves tell them, read and never changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from agent.aws.refusals import code, refusals
from agent.ports.policies import Encryption, Key, Simulated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from agent.aws.sessions import Clients

_NONE = frozenset({
    "NoSuchBucketPolicy",
    "RepositoryPolicyNotFoundException",
    "ServerSideEncryptionConfigurationNotFoundError",
})  # fmt: skip
"""What services answer where there is nothing to tell."""
_BOOLEANS = frozenset({"true", "false"})


class AwsPolicies:
    """An :class:`agent.ports.policies.Policies` over boto3."""

    def __init__(self, clients: Clients, account_id: str) -> None:
        self._clients = clients
        self._account = account_id

    def decisions(self, principal: str, simulated: Simulated) -> Mapping[tuple[str, str], str]:
        """``SimulatePrincipalPolicy``, all pages of it; what resources of other accounts say is left out."""
        with refusals("iam:SimulatePrincipalPolicy", principal, account=self._account, region=self._clients.region):
            pages = self._clients.client("iam").get_paginator("simulate_principal_policy").paginate(
                PolicySourceArn=principal,
                ActionNames=list(simulated.actions),
                ResourceArns=list(simulated.resources),
                ContextEntries=[_entry(key, value) for key, value in simulated.context.items()],
            )  # fmt: skip
            return dict(decision for page in pages for result in page["EvaluationResults"] for decision in _of(result))

    def encryption(self, bucket: str) -> Encryption | None:
        """``GetBucketEncryption``."""
        found = self._ask(
            "s3:GetEncryptionConfiguration", bucket, lambda: self._s3.get_bucket_encryption(Bucket=bucket)
        )
        if found is None:
            return None
        rule = found["ServerSideEncryptionConfiguration"]["Rules"][0]["ApplyServerSideEncryptionByDefault"]
        return Encryption(algorithm=rule["SSEAlgorithm"], key=rule.get("KMSMasterKeyID"))

    def key(self, key: str) -> Key:
        """``DescribeKey``."""
        with refusals("kms:DescribeKey", key, account=self._account, region=self._clients.region):
            found = self._clients.client("kms").describe_key(KeyId=key)["KeyMetadata"]
        return Key(arn=found["Arn"], state=found["KeyState"])

    def of_bucket(self, bucket: str) -> Mapping[str, Any] | None:
        """``GetBucketPolicy``."""
        return self._policy("s3:GetBucketPolicy", bucket, lambda: self._s3.get_bucket_policy(Bucket=bucket)["Policy"])

    def of_repository(self, repository: str) -> Mapping[str, Any] | None:
        """``GetRepositoryPolicy``."""
        ecr = self._clients.client("ecr")
        return self._policy(
            "ecr:GetRepositoryPolicy",
            repository,
            lambda: ecr.get_repository_policy(repositoryName=repository)["policyText"],
        )

    def of_key(self, key: str) -> Mapping[str, Any] | None:
        """``GetKeyPolicy``."""
        kms = self._clients.client("kms")
        return self._policy(
            "kms:GetKeyPolicy", key, lambda: kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
        )

    @property
    def _s3(self) -> Any:
        return self._clients.client("s3")

    def _policy(self, action: str, resource: str, ask: Callable[[], str]) -> Mapping[str, Any] | None:
        text = self._ask(action, resource, ask)
        return None if text is None else dict(json.loads(text))

    def _ask(self, action: str, resource: str, ask: Callable[[], Any]) -> Any:
        """The answer; None where the service says that there is none."""
        with refusals(action, resource, account=self._account, region=self._clients.region):
            try:
                return ask()
            except ClientError as error:
                if code(error) in _NONE:
                    return None
                raise


def _entry(key: str, value: str) -> dict[str, Any]:
    kind = "boolean" if value in _BOOLEANS else "string"
    return {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": kind}


def _of(result: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], str]]:
    """AWS tells several resources of one action in one result, each with its own decision."""
    action = result["EvalActionName"]
    yield (action, result["EvalResourceName"]), _by_itself(result["EvalDecision"], result)
    for each in result.get("ResourceSpecificResults", ()):
        yield (action, each["EvalResourceName"]), _by_itself(each["EvalResourceDecision"], each)


def _by_itself(decision: str, result: Mapping[str, Any]) -> str:
    """What the principal's policies say by themselves: another account's resource is closed without its own policy."""
    return "allowed" if "allowed" in result.get("EvalDecisionDetails", {}).values() else decision
