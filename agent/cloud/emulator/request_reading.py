"""What a request is about, where MiniStack's reading leaves out an account, a path or a condition key.

Source: Service authorization reference, the resource types and condition keys of IAM, KMS, ECR and S3.
"""

from __future__ import annotations

import json
import os.path
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent.cloud.emulator.keys import Keys
    from agent.cloud.policy.wildcards import Value

Conditions = dict[str, "Value | None"]

_S3_HEADERS = (
    "x-amz-copy-source",
    "x-amz-metadata-directive",
    "x-amz-object-ownership",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-customer-algorithm",
    "x-amz-storage-class",
)
_ON_ALARMS = frozenset({"DeleteAlarms", "DisableAlarmActions", "EnableAlarmActions"})
_IAM_STORES = {"role": "_roles", "user": "_users", "group": "_groups"}


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """A request as MiniStack's router has it; ``params`` are those of its query string and form."""

    headers: Mapping[str, str]
    body: bytes
    params: Mapping[str, Any]
    region: str
    account: str

    @property
    def members(self) -> Mapping[str, Any]:
        """The members of a JSON body."""
        try:
            members = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return members if isinstance(members, dict) else {}

    def param(self, name: str) -> str:
        """One parameter; empty when it is absent."""
        value = self.params.get(name, "")
        return str(value[0] if isinstance(value, list) else value)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """The resource that a request needs permission on, with condition keys that only the request tells."""

    resource: str
    conditions: Conditions = field(default_factory=dict)


_subject: ContextVar[Subject | None] = ContextVar("modelyard_subject", default=None)


class RequestReading:
    """The readings that differ from MiniStack's, by service."""

    def __init__(self, keys: Keys) -> None:
        from ministack.core import iam_actions
        from ministack.services import iam

        self._keys = keys
        self._iam = iam
        self._extract = iam_actions.extract_resource_arn
        self._readings: Mapping[str, Callable[[Incoming, str], Subject]] = {
            "ecr": _repository,
            "iam": self._iam_entity,
            "kms": self._key,
            "monitoring": _alarms,
            "s3": _s3_object,
        }
        iam_actions.extract_resource_arn = self._resource_arn

    def conditions(self, resource: str) -> Mapping[str, Value | None]:
        """The condition keys that go with the request's own resource; none for others that it touches."""
        subject = _subject.get()
        return subject.conditions if subject and subject.resource == resource else {}

    def _resource_arn(  # noqa: PLR0917 - called by MiniStack
        self,
        service: str,
        method: str,
        path: str,
        headers: Any,
        body: bytes,
        params: Any,
        region: str,
        account: str,
    ) -> str:
        found = self._extract(service, method, path, headers, body, params, region, account)
        reading = self._readings.get(service)
        if reading is None:
            return str(found)
        incoming = Incoming(headers=headers, body=body, params=params, region=region, account=account)
        subject = reading(incoming, found)
        _subject.set(subject)
        return subject.resource

    def _key(self, request: Incoming, found: str) -> Subject:
        members = request.members
        if members.get("TargetKeyId"):
            members = {**members, "KeyId": members["TargetKeyId"]}
        arn = self._keys.arn_of_request(members, request.account, request.region)
        context = members.get("EncryptionContext") or {}
        conditions: Conditions = {f"kms:EncryptionContext:{key}": value for key, value in context.items()}
        conditions |= {
            "kms:CallerAccount": request.account,
            "kms:EncryptionContextKeys": list(context) or None,
            "kms:GranteePrincipal": members.get("GranteePrincipal"),
            "kms:GrantOperations": members.get("Operations"),
            "kms:KeySpec": members.get("KeySpec"),
            "kms:KeyUsage": members.get("KeyUsage"),
            "kms:SigningAlgorithm": members.get("SigningAlgorithm"),
        }
        named = str(members.get("KeyId") or "")
        if "alias/" in named:
            conditions["kms:RequestAlias"] = named[named.index("alias/") :]
        return Subject(resource=arn or found, conditions=conditions)

    def _iam_entity(self, request: Incoming, found: str) -> Subject:
        """An entity's ARN has its path, which for a new one is in the request; a simulation is about its principal."""
        kind, _, name = found.rpartition(":")[2].partition("/")
        resource = request.param("PolicySourceArn") or found
        if kind in _IAM_STORES and name:
            known = getattr(self._iam, _IAM_STORES[kind]).get_scoped(request.account, None, name)
            path = request.param("Path") or "/"
            resource = known["Arn"] if known else f"arn:aws:iam::{request.account}:{kind}{path}{name}"
        elif request.param("PolicyName") and found == "*":
            path = request.param("Path") or "/"
            resource = f"arn:aws:iam::{request.account}:policy{path}{request.param('PolicyName')}"
        conditions: Conditions = {
            "iam:PermissionsBoundary": request.param("PermissionsBoundary") or None,
            "iam:PolicyARN": request.param("PolicyArn") or None,
            "iam:AWSServiceName": request.param("AWSServiceName") or None,
        }
        return Subject(resource=resource, conditions=conditions)


def _repository(request: Incoming, found: str) -> Subject:
    """A repository in the registry that the request names, not always the caller's; several need a right to all."""
    members = request.members
    several = list(members.get("repositoryNames") or [])
    name = members.get("repositoryName") or (several[0] if len(several) == 1 else None)
    registry = members.get("registryId") or request.account
    return Subject(resource=f"arn:aws:ecr:{request.region}:{registry}:repository/{name}" if name else found)


def _alarms(request: Incoming, found: str) -> Subject:
    """The alarms that a request lists: what allows the beginning that their names share allows each of them."""
    operation = request.headers.get("x-amz-target", "").rpartition(".")[2] or request.param("Action")
    if operation not in _ON_ALARMS:
        return Subject(resource=found)
    listed = [request.param(key) for key in request.params if key.startswith("AlarmNames.member.")]
    named = [str(name) for name in request.members.get("AlarmNames") or listed]
    shared = os.path.commonprefix(named)  # noqa: RUF071 - of texts, not of paths
    return Subject(resource=f"arn:aws:cloudwatch:{request.region}:{request.account}:alarm:{shared}")


def _s3_object(request: Incoming, found: str) -> Subject:
    conditions: Conditions = {f"s3:{name}": request.headers.get(name) for name in _S3_HEADERS}
    conditions["s3:VersionId"] = request.param("versionId") or None
    return Subject(resource=found, conditions=conditions)
