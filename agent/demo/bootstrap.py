"""Prepares the demo's two accounts, as a platform team would once: roles, a user, and what they share."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from agent.demo import policies

if TYPE_CHECKING:
    from agent.cloud.embedded import EmbeddedCloud
    from agent.demo.policies import Names, Policy


@dataclass(frozen=True, kw_only=True)
class AccessKey:
    """The build server's own credentials."""

    access_key_id: str
    secret_access_key: str = field(repr=False)


def prepare_tools(cloud: EmbeddedCloud, names: Names) -> AccessKey:
    """Bucket, repository, model package group, training role and the build server's user, in the tools account."""
    iam = cloud.client("iam", "tools")
    _role(iam, names.training_role, policies.trust(policies.SAGEMAKER), policies.training_policy(names))
    user = names.ci_user.rpartition("/")[2]
    iam.create_user(UserName=user)
    iam.put_user_policy(UserName=user, PolicyName="work", PolicyDocument=json.dumps(policies.ci_policy(names)))
    cloud.client("s3", "tools").create_bucket(Bucket=names.bucket)
    cloud.client("ecr", "tools").create_repository(repositoryName=names.repository)
    cloud.client("sagemaker", "tools").create_model_package_group(ModelPackageGroupName=names.project)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    return AccessKey(access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"])


def prepare_qa(cloud: EmbeddedCloud, names: Names) -> None:
    """The role that deploys, open to the build server with the external id, and the role that endpoints run as."""
    iam = cloud.client("iam", "qa")
    _role(iam, names.hosting_role, policies.trust(policies.SAGEMAKER), policies.hosting_policy(names))
    _role(iam, names.deploy_role, policies.deploy_trust(names), policies.deploy_policy(names))


def share(cloud: EmbeddedCloud, names: Names) -> None:
    """What the tools account lets the roles of the qa account use: models, images and model versions."""
    cloud.client("s3", "tools").put_bucket_policy(Bucket=names.bucket, Policy=json.dumps(policies.bucket_policy(names)))
    cloud.client("ecr", "tools").set_repository_policy(
        repositoryName=names.repository, policyText=json.dumps(policies.repository_policy(names))
    )
    cloud.client("sagemaker", "tools").put_model_package_group_policy(
        ModelPackageGroupName=names.project, ResourcePolicy=json.dumps(policies.group_policy(names))
    )


def _role(iam: Any, arn: str, trust: Policy, policy: Policy) -> None:
    name = arn.rpartition("/")[2]
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(RoleName=name, PolicyName="work", PolicyDocument=json.dumps(policy))
