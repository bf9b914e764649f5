"""What the identities of a bootstrapped project may not do, each a way in that would matter."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from agent import naming
from agent.aws.entering import Way, assume_role
from agent.aws.sessions import Clients, Credentials
from agent.bootstrap.session_policies import scopes
from agent.errors import AccessDeniedError, InputMissingError
from agent.ports.jobs import JobKind
from tests.contract.bootstrap import work
from tests.contract.bootstrap.landscape import IDS, REGION, STARTED, Landscape, configuration, project_name, role

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.aws.accounts import AwsAccount
    from agent.cloud.embedded import EmbeddedCloud

_REASON = "is not authorized to perform: "
_DENIALS = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"}


@pytest.fixture(scope="module")
def tools(landscape: Landscape) -> AwsAccount:
    """The tools account as the pipeline's role."""
    return landscape.accounts.tools


@pytest.fixture(scope="module")
def image(tools: AwsAccount, landscape: Landscape) -> str:
    """An image that the pipeline pushed."""
    return work.push_image(tools, landscape.project)


@pytest.fixture(scope="module")
def neighbour(several_accounts: EmbeddedCloud) -> Landscape:
    """Another project in the same accounts, with something to take."""
    other = Landscape(cloud=several_accounts, configuration=configuration(project_name()))
    other.apply()
    other = other.with_key()
    tools = other.accounts.tools
    tools.objects.create(other.bucket, "data/training/rows.csv", b"secret\n")
    tools.objects.create(other.bucket, "models/secret/model.tar.gz", b"secret")
    return other


def denied(act: Callable[[], object]) -> bool:
    """Whether AWS says no, and for a reason of access that it names."""
    try:
        act()
    except ClientError as error:
        return str(error.response["Error"]["Code"]) in _DENIALS and _REASON in str(error)
    except AccessDeniedError as error:
        return _REASON in str(error)
    return False


def as_service(landscape: Landscape, arn: str) -> Clients:
    """Clients of a role that only SageMaker may assume, entered here by mending its trust for a moment."""
    account, name = arn.split(":")[4], arn.rpartition("/")[2]
    administrator = landscape.administrator(account)
    iam = administrator.client("iam")
    kept = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    opened = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "sts:AssumeRole"}
    _trust(iam, name, {"Version": "2012-10-17", "Statement": [opened]})
    answer = administrator.client("sts").assume_role(RoleArn=arn, RoleSessionName="job")["Credentials"]
    _trust(iam, name, kept)
    credentials = Credentials(
        access_key_id=answer["AccessKeyId"],
        secret_access_key=answer["SecretAccessKey"],
        session_token=answer["SessionToken"],
    )
    return Clients(credentials=credentials, region=REGION, endpoint_url=landscape.cloud.endpoint)


def _trust(iam: Any, name: str, document: Any) -> None:
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(document))


def entering(landscape: Landscape, environment: str, external_id: str | None) -> Callable[[], object]:
    into = landscape.configuration.environments[environment]
    clients = landscape.entering(str(into.deploy_role), external_id)
    return lambda: clients.client("sts").get_caller_identity()


@pytest.mark.parametrize("external_id", [None, "guessed", "PROD"])
def test_a_deploy_role_without_its_external_id(landscape: Landscape, external_id: str | None) -> None:
    assert denied(entering(landscape, "prod", external_id))


def test_a_deploy_role_with_another_environments_external_id(landscape: Landscape) -> None:
    assert denied(entering(landscape, "prod", landscape.configuration.environments["qa"].external_id))


@pytest.mark.parametrize(
    "scope",
    [
        None,
        {"environment": "qa"},
        {"environment": ""},
        {"project": "wine"},
        {"project": ""},
    ],
    ids=["no tags", "another environment", "no environment", "another project", "no project"],
)
def test_a_session_for_anything_but_the_roles_project_and_environment(
    landscape: Landscape, scope: dict[str, str] | None
) -> None:
    into, tools = landscape.configuration.environments["prod"], landscape.configuration.tools
    for entered, external_id in ((into.deploy_role, into.external_id), (tools.role, None)):
        own = scopes(landscape.configuration)[str(entered)]
        way = Way(role=str(entered), external_id=external_id, scope=None if scope is None else replace(own, **scope))
        clients = landscape.agent.assume(way, started=STARTED, region=REGION)

        assert denied(clients.client("sts").get_caller_identity), entered


def test_a_session_with_a_tag_that_is_not_modelyards(landscape: Landscape) -> None:
    own = str(landscape.configuration.tools.role)
    request = assume_role(Way(role=own, scope=scopes(landscape.configuration)[own]), STARTED)
    sts = landscape.agent.client("sts")
    sts.assume_role(**request)

    request["Tags"].append({"Key": "department", "Value": "board"})

    assert denied(lambda: sts.assume_role(**request))


def test_a_session_is_known_by_its_build(landscape: Landscape) -> None:
    arn = landscape.pipeline.client("sts").get_caller_identity()["Arn"]

    assert arn.endswith(f":assumed-role/{landscape.project}-pipeline/job-1")


def test_a_pull_requests_build_deciding_anything(landscape: Landscape) -> None:
    """Its role may; its session may not."""
    proposed = replace(landscape, pull_request=7)
    tools, objects = proposed.accounts.tools, proposed.accounts.tools.objects
    objects.create(landscape.bucket, "ledger/environments/pull-requests/7/lock.json", b"{}")

    for name in ("releases/9.json", "approvals/prod/9/run.json", "environments/prod/history/000009.json"):
        assert denied(lambda name=name: objects.create(landscape.bucket, f"ledger/{name}", b"{}")), name  # type: ignore[misc]
        assert landscape.accounts.tools.objects.create(landscape.bucket, f"ledger/{name}", b"{}")
    key = tools.keys.public_key(naming.signing_key(landscape.project)).arn
    landscape.accounts.tools.keys.sign(key, bytes(32))
    assert denied(lambda: tools.keys.sign(key, bytes(32)))


def test_a_pull_requests_build_changing_what_is_served(landscape: Landscape) -> None:
    endpoints = replace(landscape, pull_request=7).deployment("qa").endpoints
    name = landscape.configuration.environments["qa"].endpoint.name
    endpoints.describe(name)

    assert denied(lambda: endpoints.delete(name))


def test_a_deploy_role_for_the_administrator_of_the_tools_account(landscape: Landscape) -> None:
    """Trust is in one principal, not in its account."""
    into = landscape.configuration.environments["prod"]
    sts = landscape.administrator("tools").client("sts")

    assert denied(lambda: sts.assume_role(RoleArn=into.deploy_role, RoleSessionName="job", ExternalId=into.external_id))


def test_a_deploy_role_for_the_pipelines_role(landscape: Landscape) -> None:
    into = landscape.configuration.environments["prod"]
    pipeline = landscape.pipeline

    assert denied(
        lambda: pipeline.client("sts").assume_role(
            RoleArn=into.deploy_role, RoleSessionName="job", ExternalId=into.external_id
        )
    )


def test_a_neighbours_deploy_role(landscape: Landscape, neighbour: Landscape) -> None:
    into = neighbour.configuration.environments["qa"]
    sts = landscape.agent.client("sts")

    assert denied(lambda: sts.assume_role(RoleArn=into.deploy_role, RoleSessionName="job", ExternalId=into.external_id))


def test_the_execution_role_for_anyone_but_sagemaker(landscape: Landscape) -> None:
    sts = landscape.agent.client("sts")

    assert denied(lambda: sts.assume_role(RoleArn=landscape.configuration.tools.execution_role, RoleSessionName="job"))


def test_the_build_server_acting_by_itself(landscape: Landscape) -> None:
    agent = landscape.agent

    assert denied(lambda: agent.client("s3").list_objects_v2(Bucket=landscape.bucket))
    assert denied(lambda: agent.client("s3").put_object(Bucket=landscape.bucket, Key="data/x", Body=b"x"))
    assert denied(lambda: agent.client("ecr").get_authorization_token())
    assert denied(lambda: agent.client("sagemaker").list_training_jobs())
    assert denied(lambda: agent.client("iam").create_access_key(UserName=f"{landscape.project}-ci"))


def test_the_pipeline_making_a_model_or_an_endpoint(landscape: Landscape, image: str) -> None:
    tools = landscape.configuration.tools
    sagemaker = landscape.pipeline
    request = {"ExecutionRoleArn": tools.execution_role, "PrimaryContainer": {"Image": image}}

    assert denied(lambda: sagemaker.client("sagemaker").create_model(ModelName=f"{landscape.project}-m", **request))


def test_the_pipeline_starting_jobs_under_another_projects_name(
    landscape: Landscape, tools: AwsAccount, image: str
) -> None:
    request = work.training(landscape, image, "someone-else-1")

    assert denied(lambda: tools.jobs.create(JobKind.TRAINING, request))


def test_the_pipeline_passing_any_other_role(landscape: Landscape, tools: AwsAccount, image: str) -> None:
    powerful = role("tools", f"{landscape.project}-pipeline")
    request = work.training(landscape, image, f"{landscape.project}-train-9", RoleArn=powerful)

    assert denied(lambda: tools.jobs.create(JobKind.TRAINING, request))


def test_the_pipeline_reading_a_neighbours_bucket(tools: AwsAccount, neighbour: Landscape) -> None:
    assert denied(lambda: tools.objects.read(neighbour.bucket, "data/training/rows.csv"))


@pytest.mark.parametrize(
    "key", ["approvals/prod/1/run.json", "environments/prod/history/000001.json", "releases/1.json"]
)
def test_the_pipeline_removing_what_was_decided(landscape: Landscape, tools: AwsAccount, key: str) -> None:
    tools.objects.create(landscape.bucket, f"ledger/{key}", b"{}")

    assert denied(lambda: tools.objects.delete(landscape.bucket, f"ledger/{key}"))


def test_the_pipeline_tidying_up(landscape: Landscape, tools: AwsAccount) -> None:
    tools.objects.create(landscape.bucket, "ledger/steps/train/1/done.json", b"{}")

    assert not denied(lambda: tools.objects.delete(landscape.bucket, "ledger/steps/train/1/done.json"))


def test_the_pipeline_approving_a_model(landscape: Landscape) -> None:
    pipeline = landscape.pipeline
    version = f"arn:aws:sagemaker:{REGION}:{IDS['tools']}:model-package/{landscape.project}/1"

    assert denied(
        lambda: pipeline.client("sagemaker").update_model_package(
            ModelPackageArn=version, ModelApprovalStatus="Approved"
        )
    )


def test_a_job_reading_a_neighbours_data(
    landscape: Landscape, tools: AwsAccount, image: str, neighbour: Landscape
) -> None:
    channels = [work.channel(f"s3://{neighbour.bucket}/data/training/")]
    request = work.training(landscape, image, f"{landscape.project}-train-8", InputDataConfig=channels)

    with pytest.raises(InputMissingError, match=f"{landscape.project}-execution.* permissions on bucket"):
        tools.jobs.create(JobKind.TRAINING, request)


@pytest.mark.parametrize("key", ["ledger/releases/1.json", "rollouts/1.json"])
def test_a_job_reading_what_is_not_an_input(landscape: Landscape, tools: AwsAccount, key: str) -> None:
    tools.objects.create(landscape.bucket, key, b"{}")
    job = as_service(landscape, landscape.configuration.tools.execution_role)

    assert denied(lambda: job.client("s3").get_object(Bucket=landscape.bucket, Key=key))


@pytest.mark.parametrize("prefix", ["", "ledger/", "ledger/releases/"])
def test_a_job_listing_what_is_not_an_input(landscape: Landscape, prefix: str) -> None:
    job = as_service(landscape, landscape.configuration.tools.execution_role)
    assert not denied(lambda: job.client("s3").list_objects_v2(Bucket=landscape.bucket, Prefix="data/"))

    assert denied(lambda: job.client("s3").list_objects_v2(Bucket=landscape.bucket, Prefix=prefix))


@pytest.mark.parametrize("key", ["ledger/releases/1.json", "data/objects/x", "code/x"])
def test_a_job_writing_what_is_not_an_output(landscape: Landscape, key: str) -> None:
    job = as_service(landscape, landscape.configuration.tools.execution_role)

    assert denied(lambda: job.client("s3").put_object(Bucket=landscape.bucket, Key=key, Body=b"x"))


def test_a_job_removing_anything(landscape: Landscape, tools: AwsAccount) -> None:
    tools.objects.create(landscape.bucket, "models/1/model.tar.gz", b"x")
    job = as_service(landscape, landscape.configuration.tools.execution_role)

    assert denied(lambda: job.client("s3").delete_object(Bucket=landscape.bucket, Key="models/1/model.tar.gz"))


@pytest.mark.parametrize("key", ["data/training/rows.csv", "ledger/releases/1.json"])
def test_an_endpoint_reading_anything_but_models(landscape: Landscape, tools: AwsAccount, key: str) -> None:
    tools.objects.create(landscape.bucket, key, b"x")
    endpoint = as_service(landscape, landscape.configuration.environments["qa"].execution_role)

    assert denied(lambda: endpoint.client("s3").get_object(Bucket=landscape.bucket, Key=key))


def test_an_endpoint_reading_a_neighbours_model(landscape: Landscape, neighbour: Landscape) -> None:
    endpoint = as_service(landscape, landscape.configuration.environments["qa"].execution_role)

    assert denied(lambda: endpoint.client("s3").get_object(Bucket=neighbour.bucket, Key="models/secret/model.tar.gz"))


def test_another_role_of_an_environments_account_reading_models(landscape: Landscape, tools: AwsAccount) -> None:
    """The account is named in the bucket's policy, but only two of its roles are let in."""
    tools.objects.create(landscape.bucket, "models/2/model.tar.gz", b"x")
    administrator = landscape.administrator("qa").client("s3")

    assert denied(lambda: administrator.get_object(Bucket=landscape.bucket, Key="models/2/model.tar.gz"))


def test_an_administrator_of_the_tools_account_reading_with_the_projects_key(
    landscape: Landscape, tools: AwsAccount
) -> None:
    tools.objects.create(landscape.bucket, "data/private.csv", b"x")
    administrator = landscape.administrator("tools").client("s3")

    assert denied(lambda: administrator.get_object(Bucket=landscape.bucket, Key="data/private.csv"))


@pytest.mark.parametrize("what", ["put", "delete", "data"])
def test_a_deployment_changing_what_it_deploys(landscape: Landscape, tools: AwsAccount, what: str) -> None:
    tools.objects.create(landscape.bucket, "models/3/model.tar.gz", b"x")
    objects = landscape.deployment("qa").objects
    attempts: dict[str, Callable[[], object]] = {
        "put": lambda: objects.create(landscape.bucket, "models/4/model.tar.gz", b"x"),
        "delete": lambda: objects.delete(landscape.bucket, "models/3/model.tar.gz"),
        "data": lambda: objects.read(landscape.bucket, "data/training/rows.csv"),
    }

    assert denied(attempts[what])


def test_a_deployment_touching_another_endpoint(landscape: Landscape, neighbour: Landscape) -> None:
    other = neighbour.configuration.environments["qa"].endpoint.name

    assert denied(lambda: landscape.deployment("qa").endpoints.delete(other))


def test_a_deployment_serving_pull_requests_where_none_are_configured(landscape: Landscape) -> None:
    endpoints = landscape.deployment("qa").endpoints
    name = naming.preview(landscape.configuration.environments["qa"].endpoint.name, 7)

    assert denied(lambda: endpoints.delete(name))
    assert denied(lambda: list(endpoints.names(name)))


def test_an_object_without_tls(landscape: Landscape) -> None:
    """A request says by this header that it came to the load balancer without TLS."""
    pipeline = landscape.pipeline
    s3 = pipeline.client("s3")
    s3.list_objects_v2(Bucket=landscape.bucket)

    s3.meta.events.register("before-send.s3", _without_tls)

    assert denied(lambda: s3.list_objects_v2(Bucket=landscape.bucket))


def _without_tls(request: Any, **_: Any) -> None:
    request.headers["X-Forwarded-Proto"] = "http"
