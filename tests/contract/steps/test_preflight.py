"""A preflight of real roles in three accounts: what is bootstrapped passes, and what is spoilt is named."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from agent.cloud.embedded import EmbeddedCloud
from agent.errors import AccessDeniedError, InputMissingError, ModelyardError, UsageError
from agent.preflight.preflight import PATIENT, look_at
from agent.runner import run_step
from pipeline_steps import preflight
from tests.contract.steps.deploy_world import PROD, QA, TOOLS, World, new_world

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.config.model import Configuration
    from agent.ports.account import Accounts
    from agent.preflight.finding import Finding


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        yield new_world(cloud, tmp_path_factory.mktemp("repository"))


@pytest.fixture
def world(shared: World) -> Iterator[World]:
    yield shared
    shared.cloud.clear_faults()


def inputs(world: World, sources: str = "latest", **changes: Any) -> preflight.Inputs:
    """``latest`` is the tag under which the world has its image."""
    return preflight.Inputs(configuration=world.configuration.model_copy(update=changes), image_sources=sources)


def look(world: World, **changes: Any) -> dict[tuple[str, str], str]:
    result = run_step(preflight.STEP, inputs(world, **changes), world.context()).result
    return {(found.place, found.what): found.why for found in result.findings}


def refused(world: World, kind: type[ModelyardError], **changes: Any) -> list[str]:
    """What is wrong, a line each."""
    with pytest.raises(kind) as caught:
        look(world, **changes)
    return [line for line in str(caught.value).splitlines() if "WRONG" in line]


def looked(
    world: World, configuration: Configuration | None = None, sources: str = "latest", accounts: Accounts | None = None
) -> Sequence[Finding]:
    """All that `modelyard preflight` finds, but for what is well."""
    accounts = accounts or world.context().accounts
    found = look_at(configuration or world.configuration, accounts, sources, limits=PATIENT, with_quotas=True)
    return [finding for finding in found if finding.severity != "ok" and finding.what != "quotas"]


def test_what_is_bootstrapped_lets_the_pipeline_work(world: World) -> None:
    found = look(world)
    assert found["tools", "artifact bucket"] == f"{world.bucket} in us-east-1"
    for name, account in (("tools", TOOLS), ("qa", QA), ("prod", PROD)):
        assert re.fullmatch(rf"arn:aws:sts::{account}:assumed-role/{world.project}-.*/\w+", found[name, "identity"])
        assert found[name, "image"] == f"{world.project}@{world.image.digest}"
    assert found["prod", "execution role"] == f"arn:aws:iam::{PROD}:role/{world.project}-prod-hosting"


def test_all_of_it_is_well(world: World) -> None:
    assert looked(world) == []


def test_what_each_role_may_do_is_asked_of_iam(world: World) -> None:
    found = look(world)
    roles = ", ".join(f"{world.project}-{name}" for name in ("qa-deploy", "prod-deploy", "qa-hosting", "prod-hosting"))
    for name in ("tools", "qa", "prod"):
        assert "may do all" in found[name, "permissions"]
    assert found["tools", "policy of the bucket"] == f"lets in {roles}"


def test_it_writes_nothing(world: World) -> None:
    since = world.last_call()
    look(world)
    assert world.writes(since) == []


def test_a_wrong_external_id_is_found_before_anything_is_spent(world: World) -> None:
    environments = {**world.configuration.environments, "prod": world.environment("prod", external_id="guessed")}
    wrong = refused(world, AccessDeniedError, environments=environments)
    assert any(
        re.search(rf"prod \({PROD}, us-east-1\)  identity: .*sts:AssumeRole.*-prod-deploy", line) for line in wrong
    )
    assert all(line.split()[1] == "prod" for line in wrong)
    assert any("`environments.prod.external_id`" in line and "environment.yaml:" in line for line in wrong)


def test_another_project_has_nothing_here(world: World) -> None:
    """The project's role is told no more than that it may not ask."""
    wrong = refused(world, AccessDeniedError, project="another-project")
    assert any("artifact bucket" in line for line in wrong)
    assert any("image repository" in line for line in wrong)


def test_a_model_package_group_that_was_removed_is_missed(world: World) -> None:
    """All packages have to go before their group can."""
    sagemaker = world.sagemaker("tools")
    sagemaker.delete_model_package(ModelPackageName=world.package)
    sagemaker.delete_model_package_group(ModelPackageGroupName=world.project)
    try:
        (line,) = refused(world, InputMissingError)
    finally:
        sagemaker.create_model_package_group(ModelPackageGroupName=world.project)
    assert f"there is no model package group {world.project}; create it with: modelyard bootstrap apply" in line


def test_a_bad_moment_is_waited_out(world: World) -> None:
    for kind in ("throttling", "cut"):
        world.cloud.fault(kind, operation="sts:AssumeRole", count=2)
        world.cloud.fault(kind, operation="ecr:*", count=2)
        assert len(look(world)) == len(look(replace(world)))


# --- one thing broken at a time --------------------------------------------------------------------------------------


@contextmanager
def policy_of(world: World, account: str, role: str, name: str) -> Iterator[dict[str, Any]]:
    """An inline policy of a role, as it is changed in the block; after it, as it was."""
    iam = world.client("iam", account)
    kept = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    changed = json.loads(json.dumps(kept))
    try:
        yield changed
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(kept))


def put(world: World, account: str, role: str, name: str, document: Any) -> None:
    world.client("iam", account).put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


def statement(document: dict[str, Any], sid: str) -> dict[str, Any]:
    return next(each for each in document["Statement"] if each["Sid"] == sid)


def test_an_action_that_a_role_lacks_is_named_with_the_line_of_the_template(world: World) -> None:
    role = f"{world.project}-pipeline"
    with policy_of(world, "tools", role, "pipeline") as document:
        statement(document, "RunJobs")["Action"].remove("sagemaker:CreateTrainingJob")
        put(world, "tools", role, "pipeline", document)
        (found,) = looked(world)
    assert (found.severity, found.exit_code, found.place) == ("error", 4, "tools")
    assert f"may not sagemaker:CreateTrainingJob on arn:aws:sagemaker:us-east-1:{TOOLS}:training-job/" in found.why
    assert "statement RunJobs" in found.fix
    assert re.fullmatch(r"agent/bootstrap/templates/tools.yaml:\d+", found.template)


def test_a_role_of_jobs_is_looked_at_too(world: World) -> None:
    role = f"{world.project}-prod-hosting"
    with policy_of(world, "prod", role, "endpoint") as document:
        document["Statement"] = [each for each in document["Statement"] if each["Sid"] != "ReadModels"]
        put(world, "prod", role, "endpoint", document)
        (found,) = looked(world)
    assert (found.place, found.resource) == ("prod", f"arn:aws:iam::{PROD}:role/{role}")
    assert f"may not s3:GetObject on arn:aws:s3:::{world.bucket}/models/*" in found.why


def test_a_role_that_may_not_ask_warns_and_stops_nothing(world: World) -> None:
    role = f"{world.project}-pipeline"
    with policy_of(world, "tools", role, "pipeline") as document:
        document["Statement"] = [each for each in document["Statement"] if each["Sid"] != "AskWhatIsAllowed"]
        put(world, "tools", role, "pipeline", document)
        found = looked(world)
        look(world)
    assert {(each.severity, each.place, each.what) for each in found} == {("warning", "tools", "permissions")}
    assert "iam:SimulatePrincipalPolicy" in found[0].why
    assert "modelyard bootstrap apply --account tools" in found[0].fix


def test_a_bucket_that_shuts_an_environment_out_is_named(world: World) -> None:
    kept = world.s3.get_bucket_policy(Bucket=world.bucket)["Policy"]
    changed = json.loads(kept)
    changed["Statement"] = [each for each in changed["Statement"] if each["Sid"] != "EndpointsReadModels"]
    world.s3.put_bucket_policy(Bucket=world.bucket, Policy=json.dumps(changed))
    try:
        found = looked(world)
    finally:
        world.s3.put_bucket_policy(Bucket=world.bucket, Policy=kept)
    assert {each.what for each in found} == {"policy of the bucket"}
    assert [each.why for each in found] == [
        f"{world.bucket} does not let arn:aws:iam::{account}:role/{world.project}-{name}-hosting do s3:GetObject"
        for name, account in (("qa", QA), ("prod", PROD))
    ]
    assert all("tools.yaml:" in each.template for each in found)


def test_a_disabled_key_is_found(world: World) -> None:
    kms = world.client("kms")
    key = kms.describe_key(KeyId=f"alias/{world.project}")["KeyMetadata"]["KeyId"]
    kms.disable_key(KeyId=key)
    try:
        found = [each for each in looked(world) if each.what == "encryption of the bucket"]
    finally:
        kms.enable_key(KeyId=key)
    assert [each.severity for each in found] == ["error"]
    assert "it is Disabled" in found[0].why
    assert "aws kms enable-key" in found[0].fix


def test_a_bucket_without_a_key_of_its_own_is_a_warning(world: World) -> None:
    kept = world.s3.get_bucket_encryption(Bucket=world.bucket)["ServerSideEncryptionConfiguration"]
    world.s3.delete_bucket_encryption(Bucket=world.bucket)
    try:
        (found,) = looked(world)
    finally:
        world.s3.put_bucket_encryption(Bucket=world.bucket, ServerSideEncryptionConfiguration=kept)
    assert (found.severity, found.what) == ("warning", "encryption of the bucket")


def test_a_bucket_in_another_region_is_out_of_reach(world: World) -> None:
    """The project's own bucket, made anew by hand in the wrong region."""
    s3 = world.client("s3")
    project = f"{world.project}x"
    configuration = world.configuration.model_copy(update={"project": project})
    bucket = f"{project}-{TOOLS}-us-east-1"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    role = f"{world.project}-pipeline"
    with policy_of(world, "tools", role, "pipeline") as document:
        statement(document, "ListTheBucket")["Resource"] = f"arn:aws:s3:::{bucket}"
        put(world, "tools", role, "pipeline", document)
        everything = looked(world, configuration, accounts=world.accounts_of_whole_roles())
    found = next(each for each in everything if each.what == "artifact bucket")
    assert f"the bucket {bucket} is in eu-central-1, but jobs run in us-east-1" in found.why
    assert (found.key, found.exit_code) == ("tools.region", 5)


def test_a_repository_that_was_removed_is_missed(world: World) -> None:
    ecr = world.client("ecr")
    policy = ecr.get_repository_policy(repositoryName=world.project)["policyText"]
    images = ecr.batch_get_image(repositoryName=world.project, imageIds=[{"imageTag": "latest"}])["images"]
    ecr.delete_repository(repositoryName=world.project, force=True)
    try:
        found = [each for each in looked(world, sources="none") if each.what == "image repository"]
    finally:
        ecr.create_repository(repositoryName=world.project)
        ecr.set_repository_policy(repositoryName=world.project, policyText=policy)
    assert images
    assert [(each.severity, each.exit_code) for each in found] == [("error", 5)]
    assert "modelyard bootstrap apply" in found[0].told


def test_an_index_is_no_image_for_sagemaker(world: World) -> None:
    index = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [],
    }
    world.client("ecr").put_image(
        repositoryName=world.project,
        imageManifest=json.dumps(index),
        imageManifestMediaType=index["mediaType"],
        imageTag="an-index",
    )
    found = looked(world, sources="an-index")
    assert [(each.place, each.what, each.exit_code) for each in found] == [
        (name, "image", 5) for name in ("tools", "qa", "prod")
    ]
    assert "oci.image.index.v1+json, not a single image" in found[0].why


def test_a_name_that_is_too_long_is_found_before_it_is_given(world: World) -> None:
    prod = world.configuration.environments["prod"]
    endpoint = prod.endpoint.model_copy(update={"name": "x" * 64})
    environments = {**world.configuration.environments, "prod": prod.model_copy(update={"endpoint": endpoint})}
    wrong = refused(world, UsageError, environments=environments)
    assert any("64 signs, and AWS takes 63" in line and "`environments.prod.endpoint.name`" in line for line in wrong)


def test_quotas_that_nobody_serves_are_a_warning_with_the_reason(world: World) -> None:
    found = look_at(world.configuration, world.context().accounts, None, limits=PATIENT, with_quotas=True)
    quotas = [each for each in found if each.what == "quotas"]
    assert {each.severity for each in quotas} == {"warning"}
    assert all("servicequotas:ListServiceQuotas" in each.why for each in quotas)
