"""What contract tests need before they can begin, made in an embedded cloud through its public interfaces."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.images.program import build_and_push, program_recipe
from agent.images.registry import RegistryEndpoint

if TYPE_CHECKING:
    from agent.cloud.embedded import EmbeddedCloud

PROGRAM = Path(__file__).parent / "image" / "program"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}
SUFFICIENT = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "s3:GetObject",
                "s3:PutObject",
                "s3:DeleteObject",
                "s3:ListBucket",
                "s3:GetBucketLocation",
                "s3:AbortMultipartUpload",
                "ecr:GetAuthorizationToken",
                "ecr:BatchCheckLayerAvailability",
                "ecr:GetDownloadUrlForLayer",
                "ecr:BatchGetImage",
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:DescribeLogStreams",
                "logs:PutLogEvents",
                "cloudwatch:PutMetricData",
            ],
            "Resource": "*",
        },
    ],
}
"""What SageMaker's documentation asks of an execution role ("How to use SageMaker AI execution roles")."""


def create_role(iam: Any, name: str, policy: dict[str, Any] | None = None, trust: dict[str, Any] | None = None) -> str:
    """A role with one inline policy; its ARN."""
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust or TRUST))
    iam.put_role_policy(RoleName=name, PolicyName="work", PolicyDocument=json.dumps(policy or SUFFICIENT))
    return str(role["Role"]["Arn"])


def create_bucket(s3: Any, name: str) -> str:
    """A bucket; its name."""
    s3.create_bucket(Bucket=name)
    return name


def push_image(cloud: EmbeddedCloud, repository: str, account: str = "tools", program: Path = PROGRAM) -> str:
    """Build the image of a program folder without an engine, push it, and answer its URI by digest."""
    ecr = cloud.client("ecr", account)
    uri = str(ecr.create_repository(repositoryName=repository)["repository"]["repositoryUri"])
    token = base64.b64decode(ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"])
    endpoint = RegistryEndpoint(
        base_url=cloud.endpoint,
        host=uri.partition("/")[0],
        password=token.decode().partition(":")[2],
    )
    digest = build_and_push(program_recipe(program), endpoint, repository, tag="latest")
    return f"{uri}@{digest}"
