"""What CloudFormation does for whom: the API calls behind each resource type, which the caller must be allowed.

On AWS a stack is made with the permissions of its caller or of its role. Source: CloudFormation user guide, "Control
access with AWS Identity and Access Management"; the ``handlers`` of each type's resource schema, less their reads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True)
class Needs:
    """The actions that a resource type takes; ``{name}``, ``{account}`` and ``{region}`` stand in ``arn``.

    ``properties`` are actions for properties that a template sets or changes; those of ``changes`` are part of the
    creation. ``name`` is the property with the resource's name; CloudFormation makes one up for a resource without, in
    lower case if ``lower``.
    """

    arn: str
    create: tuple[str, ...]
    delete: tuple[str, ...]
    name: str | None = None
    lower: bool = False
    longest: int = 128
    update: tuple[str, ...] = ()
    properties: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    changes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def to_create(self, properties: Mapping[str, Any]) -> list[str]:
        """The actions that a new resource with these properties takes."""
        return [*self.create, *(action for name in properties for action in self.properties.get(name, ()))]

    def to_update(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
        """The actions that the difference between two sets of properties takes."""
        actions = {**self.properties, **self.changes}
        changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
        return [action for name in changed for action in actions.get(name, self.update)]


_BUCKET = {
    "AccelerateConfiguration": ("s3:PutAccelerateConfiguration",),
    "BucketEncryption": ("s3:PutEncryptionConfiguration",),
    "CorsConfiguration": ("s3:PutBucketCORS",),
    "LifecycleConfiguration": ("s3:PutLifecycleConfiguration",),
    "LoggingConfiguration": ("s3:PutBucketLogging",),
    "NotificationConfiguration": ("s3:PutBucketNotification",),
    "OwnershipControls": ("s3:PutBucketOwnershipControls",),
    "PublicAccessBlockConfiguration": ("s3:PutBucketPublicAccessBlock",),
    "Tags": ("s3:PutBucketTagging",),
    "VersioningConfiguration": ("s3:PutBucketVersioning",),
    "WebsiteConfiguration": ("s3:PutBucketWebsite",),
}
_ROLE = {
    "ManagedPolicyArns": ("iam:AttachRolePolicy",),
    "Policies": ("iam:PutRolePolicy",),
    "Tags": ("iam:TagRole",),
}
_ROLE_CHANGES = {
    "AssumeRolePolicyDocument": ("iam:UpdateAssumeRolePolicy",),
    "PermissionsBoundary": ("iam:PutRolePermissionsBoundary",),
}
_USER = {
    "Groups": ("iam:AddUserToGroup",),
    "LoginProfile": ("iam:CreateLoginProfile",),
    "ManagedPolicyArns": ("iam:AttachUserPolicy",),
    "Policies": ("iam:PutUserPolicy",),
    "Tags": ("iam:TagUser",),
}
_KEY = {"EnableKeyRotation": ("kms:EnableKeyRotation",), "Tags": ("kms:TagResource",)}
_KEY_CHANGES = {
    "Description": ("kms:UpdateKeyDescription",),
    "Enabled": ("kms:EnableKey",),
    "KeyPolicy": ("kms:PutKeyPolicy",),
}
_REPOSITORY = {
    "LifecyclePolicy": ("ecr:PutLifecyclePolicy",),
    "RepositoryPolicyText": ("ecr:SetRepositoryPolicy",),
    "Tags": ("ecr:TagResource",),
}
_REPOSITORY_CHANGES = {
    "ImageScanningConfiguration": ("ecr:PutImageScanningConfiguration",),
    "ImageTagMutability": ("ecr:PutImageTagMutability",),
}
_IAM = "arn:aws:iam::{account}:"
_REGIONAL = "{region}:{account}:"

NEEDS: Mapping[str, Needs] = {
    "AWS::S3::Bucket": Needs(
        arn="arn:aws:s3:::{name}",
        name="BucketName",
        lower=True,
        longest=63,
        create=("s3:CreateBucket",),
        delete=("s3:DeleteBucket",),
        properties=_BUCKET,
    ),
    "AWS::S3::BucketPolicy": Needs(
        arn="arn:aws:s3:::{name}",
        name="Bucket",
        create=("s3:PutBucketPolicy",),
        update=("s3:PutBucketPolicy",),
        delete=("s3:DeleteBucketPolicy",),
    ),
    "AWS::IAM::Role": Needs(
        arn=_IAM + "role{path}{name}",
        name="RoleName",
        longest=64,
        create=("iam:CreateRole",),
        update=("iam:UpdateRole",),
        delete=("iam:DeleteRole",),
        properties=_ROLE,
        changes=_ROLE_CHANGES,
    ),
    "AWS::IAM::User": Needs(
        arn=_IAM + "user{path}{name}",
        name="UserName",
        longest=64,
        create=("iam:CreateUser",),
        update=("iam:UpdateUser",),
        delete=("iam:DeleteUser",),
        properties=_USER,
        changes={"PermissionsBoundary": ("iam:PutUserPermissionsBoundary",)},
    ),
    "AWS::IAM::InstanceProfile": Needs(
        arn=_IAM + "instance-profile{path}{name}",
        name="InstanceProfileName",
        create=("iam:CreateInstanceProfile",),
        delete=("iam:DeleteInstanceProfile",),
        properties={"Roles": ("iam:AddRoleToInstanceProfile",)},
    ),
    "AWS::IAM::OIDCProvider": Needs(
        arn=_IAM + "oidc-provider/{name}",
        name="Url",
        create=("iam:CreateOpenIDConnectProvider",),
        delete=("iam:DeleteOpenIDConnectProvider",),
        changes={
            "ClientIdList": ("iam:AddClientIDToOpenIDConnectProvider", "iam:RemoveClientIDFromOpenIDConnectProvider"),
            "ThumbprintList": ("iam:UpdateOpenIDConnectProviderThumbprint",),
        },
    ),
    "AWS::IAM::ManagedPolicy": Needs(
        arn=_IAM + "policy{path}{name}",
        name="ManagedPolicyName",
        create=("iam:CreatePolicy",),
        update=("iam:CreatePolicyVersion",),
        delete=("iam:DeletePolicy",),
        properties={
            "Groups": ("iam:AttachGroupPolicy",),
            "Roles": ("iam:AttachRolePolicy",),
            "Users": ("iam:AttachUserPolicy",),
        },
    ),
    "AWS::IAM::Policy": Needs(
        arn="*",
        create=(),
        update=(),
        delete=(),
        properties={
            "Groups": ("iam:PutGroupPolicy",),
            "Roles": ("iam:PutRolePolicy",),
            "Users": ("iam:PutUserPolicy",),
        },
    ),
    "AWS::IAM::AccessKey": Needs(
        arn=_IAM + "user/{name}", name="UserName", create=("iam:CreateAccessKey",), delete=("iam:DeleteAccessKey",)
    ),
    "AWS::KMS::Key": Needs(
        arn="arn:aws:kms:" + _REGIONAL + "key/{name}",
        create=("kms:CreateKey",),
        delete=("kms:ScheduleKeyDeletion",),
        properties=_KEY,
        changes=_KEY_CHANGES,
    ),
    "AWS::KMS::Alias": Needs(
        arn="arn:aws:kms:" + _REGIONAL + "{name}",
        name="AliasName",
        create=("kms:CreateAlias",),
        update=("kms:UpdateAlias",),
        delete=("kms:DeleteAlias",),
    ),
    "AWS::ECR::Repository": Needs(
        arn="arn:aws:ecr:" + _REGIONAL + "repository/{name}",
        name="RepositoryName",
        lower=True,
        longest=256,
        create=("ecr:CreateRepository",),
        delete=("ecr:DeleteRepository",),
        properties=_REPOSITORY,
        changes=_REPOSITORY_CHANGES,
    ),
    "AWS::SNS::Topic": Needs(
        arn="arn:aws:sns:" + _REGIONAL + "{name}",
        name="TopicName",
        create=("sns:CreateTopic",),
        update=("sns:SetTopicAttributes",),
        delete=("sns:DeleteTopic",),
        properties={"Subscription": ("sns:Subscribe",), "Tags": ("sns:TagResource",)},
    ),
    "AWS::SNS::Subscription": Needs(
        arn="*", create=("sns:Subscribe",), update=("sns:SetSubscriptionAttributes",), delete=("sns:Unsubscribe",)
    ),
    "AWS::SNS::TopicPolicy": Needs(
        arn="*",
        create=("sns:SetTopicAttributes",),
        update=("sns:SetTopicAttributes",),
        delete=("sns:SetTopicAttributes",),
    ),
    "AWS::SQS::Queue": Needs(
        arn="arn:aws:sqs:" + _REGIONAL + "{name}",
        name="QueueName",
        create=("sqs:CreateQueue",),
        update=("sqs:SetQueueAttributes",),
        delete=("sqs:DeleteQueue",),
        properties={"Tags": ("sqs:TagQueue",)},
    ),
    "AWS::SQS::QueuePolicy": Needs(
        arn="*",
        create=("sqs:SetQueueAttributes",),
        update=("sqs:SetQueueAttributes",),
        delete=("sqs:SetQueueAttributes",),
    ),
    "AWS::SSM::Parameter": Needs(
        arn="arn:aws:ssm:" + _REGIONAL + "parameter/{name}",
        name="Name",
        create=("ssm:PutParameter",),
        update=("ssm:PutParameter",),
        delete=("ssm:DeleteParameter",),
        properties={"Tags": ("ssm:AddTagsToResource",)},
    ),
    "AWS::SecretsManager::Secret": Needs(
        arn="arn:aws:secretsmanager:" + _REGIONAL + "secret:{name}",
        name="Name",
        create=("secretsmanager:CreateSecret",),
        update=("secretsmanager:UpdateSecret",),
        delete=("secretsmanager:DeleteSecret",),
        properties={"Tags": ("secretsmanager:TagResource",)},
    ),
    "AWS::Events::Rule": Needs(
        arn="arn:aws:events:" + _REGIONAL + "rule/{name}",
        name="Name",
        longest=64,
        create=("events:PutRule",),
        update=("events:PutRule",),
        delete=("events:DeleteRule",),
        properties={"Targets": ("events:PutTargets",)},
    ),
    "AWS::Events::EventBus": Needs(
        arn="arn:aws:events:" + _REGIONAL + "event-bus/{name}",
        name="Name",
        create=("events:CreateEventBus",),
        update=("events:UpdateEventBus",),
        delete=("events:DeleteEventBus",),
    ),
    "AWS::Logs::LogGroup": Needs(
        arn="arn:aws:logs:" + _REGIONAL + "log-group:{name}",
        name="LogGroupName",
        longest=512,
        create=("logs:CreateLogGroup",),
        update=("logs:PutRetentionPolicy",),
        delete=("logs:DeleteLogGroup",),
        properties={"RetentionInDays": ("logs:PutRetentionPolicy",), "Tags": ("logs:TagResource",)},
    ),
    "AWS::Logs::MetricFilter": Needs(
        arn="*", create=("logs:PutMetricFilter",), update=("logs:PutMetricFilter",), delete=("logs:DeleteMetricFilter",)
    ),
    "AWS::CloudWatch::Alarm": Needs(
        arn="arn:aws:cloudwatch:" + _REGIONAL + "alarm:{name}",
        name="AlarmName",
        longest=255,
        create=("cloudwatch:PutMetricAlarm",),
        update=("cloudwatch:PutMetricAlarm",),
        delete=("cloudwatch:DeleteAlarms",),
        properties={"Tags": ("cloudwatch:TagResource",)},
    ),
    "AWS::CloudWatch::CompositeAlarm": Needs(
        arn="arn:aws:cloudwatch:" + _REGIONAL + "alarm:{name}",
        name="AlarmName",
        longest=255,
        create=("cloudwatch:PutCompositeAlarm",),
        update=("cloudwatch:PutCompositeAlarm",),
        delete=("cloudwatch:DeleteAlarms",),
    ),
    "AWS::CloudWatch::Dashboard": Needs(
        arn="arn:aws:cloudwatch::{account}:dashboard/{name}",
        name="DashboardName",
        create=("cloudwatch:PutDashboard",),
        update=("cloudwatch:PutDashboard",),
        delete=("cloudwatch:DeleteDashboards",),
    ),
    "AWS::Scheduler::Schedule": Needs(
        arn="arn:aws:scheduler:" + _REGIONAL + "schedule/*/{name}",
        name="Name",
        longest=64,
        create=("scheduler:CreateSchedule",),
        update=("scheduler:UpdateSchedule",),
        delete=("scheduler:DeleteSchedule",),
    ),
    "AWS::Scheduler::ScheduleGroup": Needs(
        arn="arn:aws:scheduler:" + _REGIONAL + "schedule-group/{name}",
        name="Name",
        longest=64,
        create=("scheduler:CreateScheduleGroup",),
        delete=("scheduler:DeleteScheduleGroup",),
    ),
}
"""Types that are not here, nor CloudFormation's own, are unrecognised in templates."""

OWN = ("AWS::CloudFormation::Stack",)
