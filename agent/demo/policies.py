"""Who may do what in the demo: every policy as narrow as its work, across two accounts.

The cloud denies what is not allowed, so that the demo runs at all is proof that these are sufficient.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Policy = dict[str, Any]

_PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"]
_PUSH = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
    "ecr:PutImage",
    "ecr:BatchGetImage",
]
_LOGS = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]


@dataclass(frozen=True, kw_only=True)
class Names:
    """The demo's resources; ``tools`` and ``qa`` are account ids."""

    tools: str
    qa: str
    region: str
    project: str = "iris"
    external_id: str = "iris-release-7f3a9c"

    @property
    def bucket(self) -> str:
        """Data and models of the project, in the tools account."""
        return f"{self.project}-{self.tools}"

    @property
    def repository(self) -> str:
        """The project's images, in the tools account."""
        return self.project

    @property
    def training_role(self) -> str:
        """What training jobs in the tools account run as."""
        return f"arn:aws:iam::{self.tools}:role/{self.project}-training"

    @property
    def ci_user(self) -> str:
        """The build server's one identity."""
        return f"arn:aws:iam::{self.tools}:user/{self.project}-ci"

    @property
    def deploy_role(self) -> str:
        """What the build server becomes in the qa account."""
        return f"arn:aws:iam::{self.qa}:role/{self.project}-deploy"

    @property
    def hosting_role(self) -> str:
        """What endpoints in the qa account run as."""
        return f"arn:aws:iam::{self.qa}:role/{self.project}-hosting"

    def sagemaker(self, account: str, resource: str) -> str:
        """ARN of a SageMaker resource."""
        return f"arn:aws:sagemaker:{self.region}:{account}:{resource}"

    @property
    def repository_arn(self) -> str:
        """ARN of the repository."""
        return f"arn:aws:ecr:{self.region}:{self.tools}:repository/{self.repository}"

    @property
    def versions(self) -> str:
        """ARN of every version in the project's model package group."""
        return self.sagemaker(self.tools, f"model-package/{self.project}/*")


def policy(*statements: Policy) -> Policy:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(actions: list[str], resource: str | list[str], **more: Any) -> Policy:
    """A statement that allows."""
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}


def trust(principal: Policy, **more: Any) -> Policy:
    """A role's trust in one principal."""
    return policy({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more})


SAGEMAKER = {"Service": "sagemaker.amazonaws.com"}


def _objects(names: Names, prefix: str) -> str:
    return f"arn:aws:s3:::{names.bucket}/{prefix}/*"


def _pass(role: str) -> Policy:
    return allow(["iam:PassRole"], role, Condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}})


def ci_policy(names: Names) -> Policy:
    """The build server: publish data and images, train, register, and become the deploy role."""
    return policy(
        allow(["s3:PutObject"], _objects(names, "data")),
        allow(["ecr:GetAuthorizationToken"], "*"),
        allow(_PUSH, names.repository_arn),
        allow(
            ["sagemaker:CreateTrainingJob", "sagemaker:DescribeTrainingJob", "sagemaker:StopTrainingJob"],
            names.sagemaker(names.tools, f"training-job/{names.project}-*"),
        ),
        allow(["sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage"], names.versions),
        _pass(names.training_role),
        allow(["sts:AssumeRole"], names.deploy_role),
    )


def training_policy(names: Names) -> Policy:
    """Training jobs: read the data, write the model, pull the image, keep logs."""
    return policy(
        allow(["s3:GetObject"], _objects(names, "data")),
        allow(["s3:ListBucket"], f"arn:aws:s3:::{names.bucket}"),
        allow(["s3:PutObject", "s3:AbortMultipartUpload"], _objects(names, "models")),
        allow(["ecr:GetAuthorizationToken"], "*"),
        allow(_PULL, names.repository_arn),
        allow(_LOGS, f"arn:aws:logs:{names.region}:{names.tools}:log-group:/aws/sagemaker/*"),
        allow(["cloudwatch:PutMetricData"], "*"),
    )


def deploy_trust(names: Names) -> Policy:
    """Only the build server, and only when it knows the external id."""
    return trust({"AWS": names.ci_user}, Condition={"StringEquals": {"sts:ExternalId": names.external_id}})


def deploy_policy(names: Names) -> Policy:
    """Deployments to the qa account: models of this project's versions, endpoints, and calling those."""
    own = [names.sagemaker(names.qa, f"{kind}/{names.project}*") for kind in ("model", "endpoint", "endpoint-config")]
    kinds = ("Model", "Endpoint", "EndpointConfig")
    return policy(
        allow([f"sagemaker:{verb}{kind}" for verb in ("Create", "Describe", "Delete") for kind in kinds], own),
        allow(["sagemaker:InvokeEndpoint"], own[1]),
        allow(["sagemaker:DescribeModelPackage", "sagemaker:CreateModel"], names.versions),
        _pass(names.hosting_role),
    )


def hosting_policy(names: Names) -> Policy:
    """Endpoints in the qa account: read the tools account's models, pull its images, keep logs."""
    return policy(
        allow(["s3:GetObject"], _objects(names, "models")),
        allow(["ecr:GetAuthorizationToken"], "*"),
        allow(_PULL, names.repository_arn),
        allow(_LOGS, f"arn:aws:logs:{names.region}:{names.qa}:log-group:/aws/sagemaker/*"),
        allow(["cloudwatch:PutMetricData"], "*"),
    )


def bucket_policy(names: Names) -> Policy:
    """The bucket lets the qa account's endpoints read models."""
    return policy(allow(["s3:GetObject"], _objects(names, "models"), Principal={"AWS": names.hosting_role}))


def repository_policy(names: Names) -> Policy:
    """The repository lets the qa account's endpoints pull; ECR's statements name no resource."""
    return policy({"Effect": "Allow", "Principal": {"AWS": names.hosting_role}, "Action": _PULL})


def group_policy(names: Names) -> Policy:
    """The model package group lets the qa account's deployments use its versions."""
    actions = ["sagemaker:DescribeModelPackage", "sagemaker:CreateModel"]
    return policy(allow(actions, names.versions, Principal={"AWS": names.deploy_role}))
