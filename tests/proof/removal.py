"""Takes one permission of a bootstrapped project away for a while: what an administrator would do by mistake."""

from __future__ import annotations

import contextlib
import json
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from agent.aws.sessions import Clients, Credentials
from agent.bootstrap.orders import TOOLS as TOOLS_STACK
from agent.bootstrap.orders import orders
from agent.bootstrap.resolving import LINE, Resolved
from agent.bootstrap.template import Template
from agent.config.loading import load

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from agent.bootstrap.orders import StackOrder
    from tests.e2e.world import World

TRUST = "Trust"
"""What a role's trust is called here, which has no Sid."""
_NOBODY = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
_NOTHING = {"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"}
"""No policy is empty; that action needs no permission."""


class Permission(NamedTuple):
    """An action of a statement in a template; ``holder`` is the logical id of the role or resource that has it."""

    template: str
    holder: str
    sid: str
    action: str

    def __str__(self) -> str:
        return " ".join(self)


class Statement(NamedTuple):
    """A statement as a stack has it, with its file and line, and the names of whom it is for."""

    holder: str
    sid: str
    effect: str
    actions: tuple[str, ...]
    place: str
    names: tuple[str, ...]


class Live(NamedTuple):
    """A policy that is in force."""

    document: Mapping[str, Any]
    write: Callable[[Mapping[str, Any]], object]


def statements(resolved: Resolved) -> Iterator[Statement]:
    """Every statement of a template, wherever it stands."""
    template = resolved.template
    assert isinstance(template, Template)
    for name, resource in resolved.resources.items():
        properties = resource["Properties"]
        beside = properties["Roles"] if resource["Type"] == "AWS::IAM::Policy" else None
        holder = _logical(resolved, beside[0]) if beside else name
        for statement in _within(properties):
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            sid = statement.get("Sid", TRUST)
            line = statement.get(LINE)
            place = f"{template.file}:{line}" if line else template.place(name)
            names = tuple(_names(resolved.resources[holder], statement))
            yield Statement(holder, sid, statement["Effect"], tuple(actions), place, names)


def _names(holder: Mapping[str, Any], statement: Mapping[str, Any]) -> Iterator[str]:
    """A role's or a policy's own name; a resource's policy names roles by ``aws:PrincipalArn``."""
    own = [holder["Properties"][name] for name in ("RoleName", "ManagedPolicyName") if name in holder["Properties"]]
    if own:
        yield from own
        return
    for key, values in (pair for by_key in statement.get("Condition", {}).values() for pair in by_key.items()):
        if key == "aws:PrincipalArn":
            yield from (arn.rpartition("/")[2] for arn in (values if isinstance(values, list) else [values]))


def _logical(resolved: Resolved, role_name: str) -> str:
    return next(
        name
        for name, resource in resolved.resources.items()
        if resource["Type"] == "AWS::IAM::Role" and resource["Properties"]["RoleName"] == role_name
    )


def _within(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, dict) and "Effect" in value:
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from _within(member)
    elif isinstance(value, list):
        for member in value:
            yield from _within(member)


class Stack:
    """One stack of a project as it is in the cloud, and as its template says."""

    def __init__(self, world: World, label: str) -> None:
        configuration = load(world.repository.configuration).configuration
        self.order: StackOrder = next(order for order in orders(configuration) if order.label == label)
        who = world.cloud.running.administrator(self.order.account)
        keys = Credentials(access_key_id=who.access_key_id, secret_access_key=who.secret_access_key)
        self._administrator = Clients(credentials=keys, region=self.order.region, endpoint_url=world.cloud.endpoint)
        self.resolved = Resolved(
            template=self.order.template,
            parameters=self.order.parameters,
            account=self.order.account,
            region=self.order.region,
            partition="aws",
            attributes={"Key.Arn": "", "SigningKeyA.Arn": "", "SigningKeyB.Arn": ""},
        )

    @property
    def template(self) -> Template:
        """Its template."""
        return self.order.template

    def statement(self, permission: Permission) -> Statement:
        """The statement that a permission is of."""
        return next(
            found
            for found in statements(self.resolved)
            if (found.holder, found.sid) == (permission.holder, permission.sid) and permission.action in found.actions
        )

    def client(self, service: str) -> Any:
        """An administrator's client."""
        return self._administrator.client(service)

    @contextlib.contextmanager
    def without(self, permission: Permission) -> Iterator[None]:
        """Let there be a while without it."""
        live = self._live(permission)
        live.write(less(live.document, permission))
        try:
            yield
        finally:
            live.write(live.document)

    def _live(self, permission: Permission) -> Live:
        kind = self.resolved.resources[permission.holder]["Type"]
        if permission.sid == TRUST:
            return self._trust(permission.holder)
        return {
            "AWS::IAM::Role": self._of_role,
            "AWS::IAM::ManagedPolicy": self._managed,
            "AWS::S3::BucketPolicy": self._of_bucket,
            "AWS::ECR::Repository": self._of_repository,
            "AWS::KMS::Key": self._of_key,
        }[kind](permission)

    def _name(self, holder: str) -> str:
        return str(self.resolved.resources[holder]["Properties"]["RoleName"])

    def _trust(self, holder: str) -> Live:
        iam, name = self.client("iam"), self._name(holder)
        document = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        return Live(document, lambda new: iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(new)))

    def _of_role(self, permission: Permission) -> Live:
        iam, name = self.client("iam"), self._name(permission.holder)
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
            if any(statement.get("Sid") == permission.sid for statement in document["Statement"]):
                return Live(document, partial(_put_role_policy, iam, name, policy))
        raise LookupError(permission)

    def _managed(self, _permission: Permission) -> Live:
        iam = self.client("iam")
        arn = f"arn:aws:iam::{self.order.account}:policy/{self.order.parameters['Project']}-ci"
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        return Live(document, partial(_put_managed, iam, arn))

    def _of_bucket(self, _permission: Permission) -> Live:
        s3 = self.client("s3")
        project, account = self.order.parameters["Project"], self.order.account
        bucket = f"{project}-{account}-{self.order.region}"
        document = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
        return Live(document, lambda new: s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(new)))

    def _of_repository(self, _permission: Permission) -> Live:
        ecr, name = self.client("ecr"), self.order.parameters["Project"]
        document = json.loads(ecr.get_repository_policy(repositoryName=name)["policyText"])
        return Live(document, lambda new: ecr.set_repository_policy(repositoryName=name, policyText=json.dumps(new)))

    def _of_key(self, permission: Permission) -> Live:
        kms = self.client("kms")
        alias = self.order.parameters["SigningKeyAlias" if permission.holder.startswith("Signing") else "KeyAlias"]
        key = kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"]
        document = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
        return Live(document, lambda new: kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(new)))


def _put_role_policy(iam: Any, role: str, policy: str, document: Mapping[str, Any]) -> None:
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))


def _put_managed(iam: Any, arn: str, document: Mapping[str, Any]) -> None:
    """Five versions are kept at most, so the one before goes."""
    before = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(document), SetAsDefault=True)
    iam.delete_policy_version(PolicyArn=arn, VersionId=before)


def less(document: Mapping[str, Any], permission: Permission) -> Mapping[str, Any]:
    """A policy without one action, and without the statement that has no other."""
    kept = []
    for statement in document["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        if statement.get("Sid", TRUST) != permission.sid:
            kept.append(statement)
        elif others := [action for action in actions if action != permission.action]:
            kept.append({**statement, "Action": others})
    if not kept:
        kept = [_NOBODY if permission.sid == TRUST else _NOTHING]
    return {**document, "Statement": kept}


class Stacks:
    """The stacks of a project, each looked up once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._known: dict[str, Stack] = {}

    def of(self, permission: Permission, environment: str) -> Stack:
        """The stack that has a permission; those of the template for environments are tried in ``environment``."""
        label = TOOLS_STACK if permission.template == "tools" else environment
        if label not in self._known:
            self._known[label] = Stack(self._world, label)
        return self._known[label]
