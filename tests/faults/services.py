"""AWS is busy, broken, or does not let the agent in."""

from __future__ import annotations

import json
import math
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agent.cloud.holds import Moment
from agent.errors import ExitCode
from tests.faults.case import NOTHING, Case
from tests.faults.scene import BUCKET, PROD, QA, TOOLS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.case import During, Strike
    from tests.faults.forge import Child
    from tests.faults.scene import Scene


def expired(*operations: str) -> Strike:
    """Operations that find the token expired, once each."""

    @contextmanager
    def strike(scene: Scene) -> Iterator[None]:
        for operation in operations:
            scene.world.cloud.fault("expired-token", operation=operation)
        yield
        scene.world.cloud.clear_faults()

    return strike


def denied(action: str) -> Strike:
    """An action that the pipeline's role may not do."""

    @contextmanager
    def strike(scene: Scene) -> Iterator[None]:
        with _deny(scene, {"Effect": "Deny", "Action": action, "Resource": "*"}):
            yield

    return strike


@contextmanager
def _deny(scene: Scene, statement: dict[str, object]) -> Iterator[None]:
    where = {"RoleName": "steered-pipeline", "PolicyName": "denied"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    scene.client("iam").put_role_policy(**where, PolicyDocument=document)
    yield
    scene.client("iam").delete_role_policy(**where)


@contextmanager
def closed(scene: Scene) -> Iterator[During]:
    """An administrator closes the role in the middle of the training, and opens it again."""
    iam = scene.client("iam")
    where = {"RoleName": "steered-pipeline", "PolicyName": "closed"}

    def during(agent: Child) -> None:
        scene.await_write(agent, "sagemaker:CreateTrainingJob", "", Moment.AFTER)
        statement = {"Effect": "Deny", "Action": "*", "Resource": "*"}
        iam.put_role_policy(**where, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
        scene.world.cloud.hold(None)

    with scene.watching(Moment.AFTER):
        yield during
    iam.delete_role_policy(**where)


@contextmanager
def revoked(scene: Scene) -> Iterator[During]:
    """An administrator revokes the role's sessions in the middle of the training, which stay so."""

    def during(agent: Child) -> None:
        scene.await_write(agent, "sagemaker:CreateTrainingJob", "", Moment.AFTER)
        moment = time.time() + 1
        older = {"DateLessThan": {"aws:TokenIssueTime": datetime.fromtimestamp(moment, UTC).isoformat()}}
        statement = {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": older}
        scene.client("iam").put_role_policy(
            RoleName="steered-pipeline",
            PolicyName="AWSRevokeOlderSessions",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
        )
        scene.world.cloud.hold(None)
        agent.end()
        time.sleep(max(0.0, math.ceil(moment) - time.time()))

    with scene.watching(Moment.AFTER):
        yield during


@contextmanager
def restarted(scene: Scene) -> Iterator[During]:
    """The whole of AWS is gone for a moment and comes back as it was."""

    def during(agent: Child) -> None:
        scene.await_write(agent, "sagemaker:CreateTrainingJob", "", Moment.AFTER)
        cloud = scene.world.cloud
        cloud.hold(None)
        port = urlsplit(cloud.endpoint).port
        cloud.stop()
        cloud.start(port or 0)

    with scene.watching(Moment.AFTER):
        yield during
    sagemaker = scene.client("sagemaker")  # the log of calls went with the life before
    assert len(sagemaker.list_training_jobs()["TrainingJobSummaries"]) == 1
    assert len(sagemaker.list_model_packages(ModelPackageGroupName="steered")["ModelPackageSummaryList"]) == 1


@contextmanager
def later(scene: Scene) -> Iterator[During]:
    """AWS's clock is two hours on all at once: this machine's is behind by that, and all its sessions are over."""

    def during(agent: Child) -> None:
        scene.await_write(agent, "sagemaker:CreateModelPackage", "", Moment.AFTER)
        scene.world.cloud.hold(None)
        scene.world.cloud.advance(7200)

    with scene.watching(Moment.AFTER):
        yield during


def without_key(alias: str, *, deleted: bool = False, account: str = TOOLS) -> Strike:
    """A key that is disabled, or about to be deleted."""

    @contextmanager
    def strike(scene: Scene) -> Iterator[None]:
        kms = scene.client("kms", account)
        key = kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"]
        if deleted:
            kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        else:
            kms.disable_key(KeyId=key)
        yield
        if deleted:
            kms.cancel_key_deletion(KeyId=key)
        kms.enable_key(KeyId=key)

    return strike


@contextmanager
def without_bucket(scene: Scene) -> Iterator[None]:
    """The project's bucket is gone; the cure is to make it again as it was."""
    policy = scene.s3.get_bucket_policy(Bucket=BUCKET)["Policy"]
    encryption = scene.s3.get_bucket_encryption(Bucket=BUCKET)["ServerSideEncryptionConfiguration"]
    scene.s3.delete_bucket(Bucket=BUCKET)
    yield
    scene.s3.create_bucket(Bucket=BUCKET)
    scene.s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration=encryption)
    scene.s3.put_bucket_policy(Bucket=BUCKET, Policy=policy)


CASES = (
    Case(
        name="tokens-expire",
        step="all",
        what="session tokens expire in the middle",
        strike=expired("s3:PutObject", "sagemaker:CreateTrainingJob", "sagemaker:CreateModel", "kms:Sign"),
        rerun="has nothing to do",
    ),
    Case(
        name="token-expires-in-the-push",
        step="build_image",
        what="the registry's token expires while a layer is on its way",
        strike=expired("ecr:PATCH"),
        exit_code=ExitCode.ACCESS_DENIED,
        noted="failed",
        says=("authorization token has expired", "Reauthenticate"),
        fresh=True,
        rerun="sends what has not arrived",
    ),
    Case(
        name="permission-missing",
        step="preflight",
        what="the pipeline's role may not `sagemaker:CreateModelPackage`",
        strike=denied("sagemaker:CreateModelPackage"),
        exit_code=ExitCode.ACCESS_DENIED,
        says=("sagemaker:CreateModelPackage", TOOLS, "steered-pipeline"),
    ),
    Case(
        name="role-closed",
        step="train",
        what="the role is denied everything while the training runs",
        strike=closed,
        exit_code=ExitCode.ACCESS_DENIED,
        says=("steered-pipeline",),
        rerun="adopts the training job",
    ),
    Case(
        name="sessions-revoked",
        step="train",
        what="the role's sessions are revoked while the training runs (`aws:TokenIssueTime`)",
        strike=revoked,
        exit_code=ExitCode.ACCESS_DENIED,
        says=("steered-pipeline",),
        fresh=True,
        rerun="adopts the training job in a new session",
    ),
    Case(
        name="clock-jumps",
        step="register",
        what="the agent's clock is two hours behind AWS's all at once, by which its sessions are over, too",
        strike=later,
        fresh=True,
        rerun="has nothing to do",
    ),
    Case(
        name="aws-away",
        step="train",
        what="every service is gone for seconds while the training runs, and its machine with it",
        strike=restarted,
        asked={},
        fresh=True,
        rerun="has nothing to do",
    ),
    Case(
        name="bucket-key-disabled",
        step="preflight",
        what="the key of the bucket is disabled",
        strike=without_key("alias/steered"),
        exit_code=ExitCode.INPUT_MISSING,
        says=("arn:aws:kms:", "is disabled", "enable-key"),
    ),
    Case(
        name="bucket-key-to-be-deleted",
        step="preflight",
        what="the key of the bucket is about to be deleted",
        strike=without_key("alias/steered", deleted=True),
        exit_code=ExitCode.INPUT_MISSING,
        says=("arn:aws:kms:", "pending deletion", "cancel-key-deletion"),
    ),
    Case(
        name="signing-key-disabled",
        step="preflight",
        what="the key that signs releases is disabled",
        strike=without_key("alias/steered-releases"),
        exit_code=ExitCode.INPUT_MISSING,
        says=("alias/steered-releases", "is disabled", "enable-key"),
    ),
    Case(
        name="key-of-the-environment-disabled",
        step="preflight",
        what="the key of the environment that a build deploys to is disabled",
        strike=without_key("alias/steered", account=QA),
        exit_code=ExitCode.INPUT_MISSING,
        says=(f"arn:aws:kms:us-east-1:{QA}:alias/steered", "Disabled", "enable-key"),
    ),
    Case(
        name="key-of-production-disabled",
        step="promote",
        what="the key of the environment that a release is promoted to is disabled",
        strike=without_key("alias/steered", account=PROD),
        words=("promote", "RELEASE", "--to", "prod"),
        exit_code=ExitCode.INPUT_MISSING,
        noted="failed",
        says=(f"arn:aws:kms:us-east-1:{PROD}:alias/steered", "Disabled", "enable-key"),
        asked=NOTHING,
    ),
    Case(
        name="bucket-gone",
        step="preflight",
        what="the project's bucket is gone",
        strike=without_bucket,
        exit_code=ExitCode.INPUT_MISSING,
        says=(BUCKET,),
        fresh=True,
    ),
)
