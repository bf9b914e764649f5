"""What a session of a role may do at most: its project's things in one environment, and less in a pull request's build.

A session has what both its role and its session policy allow, also where another account's bucket, key or repository
lets the role in. Roles are narrow already (the templates); this holds a build to its own project and environment where
a role was written by hand for several, and keeps builds of pull requests away from releases and what serves users.
Source: IAM user guide, "Session policies".
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent import naming
from agent.aws.entering import TOOLS, Scope
from agent.bootstrap import identities

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.config.environment import Environment
    from agent.config.model import Configuration

Statement = dict[str, Any]
LONGEST = 2048
"""Characters that STS takes (``Policy``); session tags count, too, in a packed form that AWS does not tell."""
_TAGS = 352
"""Characters that are left to the tags, as if nothing were packed."""
_EVERYWHERE = (
    "application-autoscaling:Describe*", "cloudwatch:Describe*", "ec2:Describe*", "ecr:Get*",
    "iam:Get*", "iam:Simulate*", "kms:CreateGrant", "kms:De*", "kms:Ge*", "logs:Describe*", "logs:Get*",
    "sagemaker:Describe*", "sagemaker:Get*", "sagemaker:List*", "servicequotas:List*",
)  # fmt: skip
"""What only looks, or is narrowed better by the role and by the key: no key is known by its id beforehand."""
_SCANS = "inspector2:List*"
"""Where Amazon Inspector scans the images."""
_BASES = "ecr:BatchGet*"
"""Base images and their signatures, in repositories whose policy, or the role's own, lets the pipeline read them."""
_SERVING = ("application-autoscaling:*", "iam:CreateServiceLinkedRole")
_READS = ("s3:Get*", "s3:List*")
_WRITES = ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:PutObject")
_DECISIONS = (
    "approvals/*", "environments/*/checked/*", "environments/*/history/*", "keys/*", "origins/*", "releases/*",
)  # fmt: skip
"""What builds of pull requests write nothing of, below ``ledger/``."""


def scopes(configuration: Configuration, pull_request: int | None = None) -> Mapping[str, Scope]:
    """The scope of every role that a run of the configuration enters, by the role's ARN.

    A role that several environments share is no single one's, and its sessions are not narrowed.
    """
    entered: dict[str, list[tuple[str, str]]] = defaultdict(list)
    if configuration.tools.role is not None:
        entered[configuration.tools.role].append((TOOLS, pipeline(configuration, pull_request)))
    for name, environment in configuration.environments.items():
        if environment.deploy_role is not None:
            policy = deployment(configuration, name, environment, pull_request)
            entered[environment.deploy_role].append((name, policy))
    return {role: _scope(configuration.project, own) for role, own in entered.items()}


def _scope(project: str, own: Sequence[tuple[str, str]]) -> Scope:
    policy = own[0][1] if len(own) == 1 else ""
    return Scope(project=project, environment=" ".join(name for name, _ in own), policy=policy)


def pipeline(configuration: Configuration, pull_request: int | None = None) -> str:
    """The session policy of the pipeline's role in the tools account.

    Other buckets that data come from are named where there is room for them; the role names them all.
    """
    at = _Place.of(configuration, configuration.tools.account, configuration.tools.region)
    bucket = _bucket(configuration, at)
    own = [
        _allow(_WRITES, f"{bucket}/*"),
        _allow("ecr:*", at.arn("ecr", f"repository/{naming.repository(configuration.project)}")),
        _allow("iam:PassRole", at.role(identities.jobs_role(configuration))),
        *(_building(configuration, at) if pull_request is None else _proposing(configuration, at)),
    ]
    for sources in (_sources(configuration, at), [f"arn:{at.partition}:s3:::*"]):
        policy = _document(_allow(_READS, [bucket, f"{bucket}/*", *sources]), *own)
        if len(policy) <= LONGEST - _TAGS:
            break
    return policy


def _building(configuration: Configuration, at: _Place) -> Sequence[Statement]:
    project = configuration.project
    names = (f"model-package-group/{project}", f"model-package/{project}/*")
    return (
        _allow("sagemaker:*", [*_jobs(project, at), *(at.arn("sagemaker", each) for each in names)]),
        _allow([*_EVERYWHERE, _BASES, _SCANS, "kms:Sign"], "*"),
    )


def _jobs(project: str, at: _Place) -> Sequence[str]:
    """Jobs, and the models that batch transforms ask; a role has its own account's only, and says of which region."""
    return [f"arn:{at.partition}:sagemaker:*:*:{each}" for each in (f"*-job/{project}-*", f"model/{project}-*")]


def _proposing(configuration: Configuration, at: _Place) -> Sequence[Statement]:
    """A pull request trains and measures; what was decided before, and what follows from it, is out of its reach."""
    decisions = [f"arn:{at.partition}:s3:::*/ledger/{each}" for each in _DECISIONS]
    return (
        _allow("sagemaker:*", _jobs(configuration.project, at)),
        _allow([*_EVERYWHERE, _BASES, _SCANS], "*"),
        {**_allow(_WRITES, decisions), "Effect": "Deny"},
    )


def deployment(
    configuration: Configuration, name: str, environment: Environment, pull_request: int | None = None
) -> str:
    """The session policy of an environment's deploy role; builds of pull requests only look, or serve previews."""
    at = _Place.of(configuration, environment.account, environment.region)
    tools = _Place.of(configuration, configuration.tools.account, configuration.tools.region)
    seen = (
        _allow("s3:Get*", f"{_bucket(configuration, tools)}/*"),
        _allow("ecr:*", tools.arn("ecr", f"repository/{naming.repository(configuration.project)}")),
    )
    if pull_request is not None:
        return _document(*seen, *_previewing(configuration, name, environment, pull_request), _allow(_EVERYWHERE, "*"))
    project, endpoint = configuration.project, environment.endpoint.name.lower()
    served = [f"endpoint/{endpoint}", f"{naming.previews(f'endpoint/{endpoint}')}*"]
    made = [f"endpoint-config/{project}-*", f"model/{project}-*"]
    alarms = [f"alarm:{project}-{name}-*", f"alarm:TargetTracking-endpoint/{endpoint}/*"]
    return _document(
        *seen,
        _allow("iam:PassRole", at.role(identities.endpoint_role(environment))),
        _allow("sagemaker:*", [at.arn("sagemaker", each) for each in (*served, *made)]),
        _allow("cloudwatch:*", [at.arn("cloudwatch", each) for each in alarms]),
        _allow([*_EVERYWHERE, *_SERVING], "*"),
    )


def _previewing(
    configuration: Configuration, name: str, environment: Environment, pull_request: int
) -> Sequence[Statement]:
    wanted = configuration.pull_requests.endpoint
    if wanted is None or wanted.environment != name:
        return ()
    at = _Place.of(configuration, environment.account, environment.region)
    endpoint = naming.preview(environment.endpoint.name, pull_request).lower()
    stem = naming.preview_deployments(configuration.project, pull_request)
    own = (f"endpoint/{endpoint}", f"endpoint-config/{stem}*", f"model/{stem}*")
    return (
        _allow("iam:PassRole", at.role(identities.endpoint_role(environment))),
        _allow("sagemaker:*", [at.arn("sagemaker", each) for each in own]),
    )


@dataclass(frozen=True, kw_only=True)
class _Place:
    """An account and region of a partition of AWS."""

    partition: str
    account: str
    region: str

    @classmethod
    def of(cls, configuration: Configuration, account: str, region: str) -> _Place:
        return cls(partition=identities.partition(configuration), account=account, region=region)

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def role(self, role: identities.Role) -> str:
        """A role whatever its path, which may be longer than everything else."""
        return f"arn:{self.partition}:iam::{self.account}:role/{'' if role.path == '/' else '*/'}{role.name}"


def _bucket(configuration: Configuration, at: _Place) -> str:
    return f"arn:{at.partition}:s3:::{naming.bucket(configuration.project, at.account, at.region)}"


def _sources(configuration: Configuration, at: _Place) -> Sequence[str]:
    """Buckets of data, and what is in them."""
    addresses = [source.s3 for source in configuration.data.values() if source.s3]
    buckets = dict.fromkeys(address.removeprefix("s3://").partition("/")[0] for address in addresses)
    return [f"arn:{at.partition}:s3:::{bucket}{each}" for bucket in buckets for each in ("", "/*")]


def _allow(actions: str | Sequence[str], resources: str | Sequence[str]) -> Statement:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


def _document(*statements: Statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))
