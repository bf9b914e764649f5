"""What must fail, and why it does: each attempt is refused for the reason that is meant, and for no other.

More of them, on two projects side by side, are in ``tests/contract/bootstrap/test_denied.py``.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from agent.aws.entering import Origin, Scope, Way
from agent.aws.sessions import Clients, Credentials
from agent.cloud.embedded import EmbeddedCloud
from agent.errors import AccessDeniedError
from tests.proof.landscape import CAPTURE, PROD, PROJECT, REGION, TESTS, TOOLS, landscape
from tests.proof.removal import Permission, Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.world import World

BUCKET = f"{PROJECT}-{TOOLS}-{REGION}"
PIPELINE = f"arn:aws:iam::{TOOLS}:role/steered-pipeline"
DEPLOY_IN_QA = f"arn:aws:iam::{TESTS}:role/steered-deploy"
ATTEMPT = Origin(session_name="attempt")
DEPLOY_IN_PROD = f"arn:aws:iam::{PROD}:role/steered-deploy"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        yield landscape(cloud, tmp_path_factory.mktemp("repositories"))


@pytest.fixture(scope="module")
def build_server(world: World) -> Clients:
    """Whoever holds the build server's key."""
    keys = Credentials(
        access_key_id=world.environ["AWS_ACCESS_KEY_ID"], secret_access_key=world.environ["AWS_SECRET_ACCESS_KEY"]
    )
    return Clients(credentials=keys, region=REGION, endpoint_url=world.cloud.endpoint)


@pytest.fixture(scope="module")
def pipeline(build_server: Clients) -> Clients:
    return build_server.assume(way("tools", PIPELINE), started=ATTEMPT, region=REGION)


@pytest.fixture(scope="module")
def deploying(build_server: Clients) -> Clients:
    """The build server in qa, as far as a build of a branch or a pull request gets."""
    return build_server.assume(way("qa", DEPLOY_IN_QA, "steered-qa"), started=ATTEMPT, region=REGION)


def way(environment: str, role: str, external_id: str | None = None) -> Way:
    """How the build server enters a role of the project."""
    return Way(role=role, external_id=external_id, scope=Scope(project=PROJECT, environment=environment))


def refusal(act: Callable[[], object]) -> str:
    """The words in which AWS refuses; fails where it does not."""
    with pytest.raises((ClientError, AccessDeniedError), match="not authorized to perform: ") as refused:
        act()
    return str(refused.value)


def entering(clients: Clients, role: str, external_id: str | None) -> Callable[[], object]:
    given = {} if external_id is None else {"ExternalId": external_id}
    return lambda: clients.client("sts").assume_role(RoleArn=role, RoleSessionName="attempt", **given)


@pytest.mark.parametrize("external_id", [None, "steered-qa", "STEERED-PROD"])
def test_the_deploy_role_without_its_external_id(build_server: Clients, external_id: str | None) -> None:
    told = refusal(entering(build_server, DEPLOY_IN_PROD, external_id))
    assert f"not authorized to perform: sts:AssumeRole on resource: {DEPLOY_IN_PROD}" in told


def test_from_one_environment_into_another(deploying: Clients) -> None:
    told = refusal(entering(deploying, DEPLOY_IN_PROD, "steered-prod"))
    assert "assumed-role/steered-deploy/attempt is not authorized to perform: sts:AssumeRole" in told


@pytest.mark.parametrize("account", [TESTS, PROD])
def test_another_accounts_administrator_as_the_pipeline(world: World, account: str) -> None:
    sts = world.cloud.client("sts", account)
    told = refusal(lambda: sts.assume_role(RoleArn=PIPELINE, RoleSessionName="attempt"))
    assert f"not authorized to perform: sts:AssumeRole on resource: {PIPELINE}" in told


def test_a_build_of_qa_writing_to_production(deploying: Clients) -> None:
    s3 = deploying.client("s3")
    told = refusal(lambda: s3.put_object(Bucket=CAPTURE, Key="prod/forged.jsonl", Body=b"x"))
    assert "because no identity-based policy allows the s3:PutObject action" in told


def test_a_build_of_qa_changing_a_model(deploying: Clients) -> None:
    s3 = deploying.client("s3")
    told = refusal(lambda: s3.put_object(Bucket=BUCKET, Key="models/1/model.tar.gz", Body=b"x"))
    assert "because no identity-based policy allows the s3:PutObject action" in told


def test_signing_by_the_deploy_role(world: World, deploying: Clients) -> None:
    key = world.cloud.client("kms").describe_key(KeyId="alias/steered-releases")["KeyMetadata"]["Arn"]
    kms = deploying.client("kms")
    request = {"KeyId": key, "Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256"}
    assert kms.get_public_key(KeyId=key)["KeyId"] == key
    assert "because no identity-based policy allows the kms:Sign action" in refusal(lambda: kms.sign(**request))


def test_signing_by_an_administrator(world: World) -> None:
    """Who may do everything in the account is not let in by the key."""
    kms = world.cloud.client("kms")
    request = {"KeyId": "alias/steered-releases", "Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256"}
    assert "because no resource-based policy allows the kms:Sign action" in refusal(lambda: kms.sign(**request))


def test_the_pipeline_approving_what_it_made(pipeline: Clients) -> None:
    """Whether four eyes have seen a release stands in the ledger; nobody can make SageMaker's registry say so."""
    arn = f"arn:aws:sagemaker:{REGION}:{TOOLS}:model-package/{PROJECT}/1"
    sagemaker = pipeline.client("sagemaker")
    told = refusal(lambda: sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved"))
    assert "because no identity-based policy allows the sagemaker:UpdateModelPackage action" in told


@pytest.mark.parametrize(
    ("action", "act"),
    [
        ("s3:PutObject", lambda server: server.client("s3").put_object(Bucket=BUCKET, Key="models/x", Body=b"x")),
        ("s3:ListBucket", lambda server: server.client("s3").list_objects_v2(Bucket=BUCKET)),
        ("sagemaker:ListModels", lambda server: server.client("sagemaker").list_models()),
    ],
)
def test_the_build_server_by_itself(build_server: Clients, action: str, act: Callable[[Clients], object]) -> None:
    told = refusal(lambda: act(build_server))
    assert f"user/{PROJECT}-ci is not authorized to perform: {action}" in told


def test_an_image_of_another_accounts_registry(world: World, deploying: Clients) -> None:
    """SageMaker pulls with the endpoint's role, which may pull the project's image and no other."""
    ecr = world.cloud.client("ecr", PROD)
    uri = ecr.create_repository(repositoryName="foreign")["repository"]["repositoryUri"]
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}
    ecr.set_repository_policy(
        repositoryName="foreign", policyText=json.dumps({"Version": "2012-10-17", "Statement": [everybody]})
    )
    role = f"arn:aws:iam::{TESTS}:role/steered-execution"
    request = {
        "ModelName": f"{PROJECT}-forged",
        "ExecutionRoleArn": role,
        "PrimaryContainer": {"Image": f"{uri}@sha256:{'0' * 64}"},
    }
    with pytest.raises(ClientError, match=rf"'{role}' does not have BatchGetImage permission"):
        deploying.client("sagemaker").create_model(**request)


# --- what a Deny is for --------------------------------------------------------------------------------------------


def test_without_tls(world: World, pipeline: Clients) -> None:
    """A request says by this header that it came to the load balancer without TLS."""
    s3 = pipeline.client("s3")
    s3.put_object(Bucket=BUCKET, Key="data/1", Body=b"x")
    s3.meta.events.register("before-send.s3", _without_tls)
    try:
        told = refusal(lambda: s3.get_object(Bucket=BUCKET, Key="data/1"))
        assert "with an explicit deny in a resource-based policy" in told
        with Stack(world, "tools").without(Permission("tools", "BucketAccess", "NothingWithoutTls", "s3:*")):
            assert s3.get_object(Bucket=BUCKET, Key="data/1")["Body"].read() == b"x"
    finally:
        s3.meta.events.unregister("before-send.s3", _without_tls)


def _without_tls(request: Any, **_: Any) -> None:
    request.headers["X-Forwarded-Proto"] = "http"


@pytest.mark.parametrize("key", ["approvals/1", "environments/prod/history/1", "keys/1", "releases/1"])
def test_removing_a_decision(world: World, pipeline: Clients, key: str) -> None:
    s3 = pipeline.client("s3")
    where = {"Bucket": BUCKET, "Key": f"ledger/{key}"}
    s3.put_object(**where, Body=b"{}")
    told = refusal(lambda: s3.delete_object(**where))
    assert re.search(r"s3:DeleteObject .*with an explicit deny in an identity-based policy", told)
    with Stack(world, "tools").without(Permission("tools", "PipelineRole", "DecisionsStay", "s3:DeleteObject")):
        s3.delete_object(**where)
