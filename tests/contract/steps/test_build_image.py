"""Images on their way into ECR: pushed once, taken up where a lost agent left off, and patient with a bad day."""

from __future__ import annotations

import json
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from agent.artifacts import CommitInfo
from agent.cloud.embedded import EmbeddedCloud
from agent.config.model import Image
from agent.errors import InputMissingError, TemporaryError
from agent.image_order import build_order
from agent.images.builders import Builders
from agent.runner import plan_step, run_step
from agent.sbom.store import SbomStore, packages_in
from pipeline_steps import build_image
from tests.contract.provision import PROGRAM
from tests.contract.steps.deploy_world import Nap, World, new_world
from tests.contract.steps.lost_agent import LostAgent
from tests.wheels import locked, make_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from agent.context import Context

IMAGE = Image(builder="process", context="container")


class CountedNap(Nap):
    """Remembers how long it was asked to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        super().sleep(seconds / 100)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        yield new_world(cloud, tmp_path_factory.mktemp("shared"))


@pytest.fixture
def world(shared: World, tmp_path: Path) -> Iterator[World]:
    """The project, with a model repository whose image nobody has built yet."""
    shutil.copytree(PROGRAM, tmp_path / "container")
    (tmp_path / "container/unique").write_text(str(tmp_path))
    yield replace(shared, folder=tmp_path)
    shared.cloud.clear_faults()


def inputs(world: World, **changes: Any) -> build_image.Inputs:
    whole: dict[str, Any] = {
        "project": world.project,
        "image": IMAGE,
        "sources": Builders(Nap()).source_digest(build_order(IMAGE, world.folder, CommitInfo(sha="c" * 40))),
        "commit": CommitInfo(sha="c" * 40),
    }
    return build_image.Inputs(**{**whole, **changes})


def agent(world: World, run: str = "run", clock: Nap | None = None) -> Context:
    clock = clock or CountedNap()
    return replace(world.context(run=run, clock=clock), builder=Builders(clock), folder=world.folder)


def build(world: World, run: str = "run") -> build_image.Result:
    return run_step(build_image.STEP, inputs(world), agent(world, run)).result


def requests(world: World, since: int) -> list[tuple[str, str]]:
    """What the registry was asked to do since then: method, and the kind of thing that it was about."""
    calls = [call for call in world.cloud.calls(since) if call.path.startswith("/v2/")]
    return [(call.action.removeprefix("ecr:"), call.path.split("/")[3]) for call in calls if call.status < 400]


def uploads(world: World, since: int) -> int:
    return sum(request == ("POST", "blobs") for request in requests(world, since))


def await_calls(world: World, since: int, method: str, path: str, count: int = 1) -> None:
    deadline = time.monotonic() + 60
    while sum(request == (method, path) for request in requests(world, since)) < count:
        assert time.monotonic() < deadline, requests(world, since)
        time.sleep(0.01)


def test_an_image_is_pushed_and_named_by_digest(world: World) -> None:
    result = build(world)
    described = world.cloud.client("ecr").describe_images(
        repositoryName=world.project, imageIds=[{"imageDigest": result.image.digest}]
    )["imageDetails"][0]
    assert described["imageTags"] == [inputs(world).sources]
    assert described["imageManifestMediaType"] == result.image.media_type
    assert result.image.repository == world.project


def test_an_unchanged_image_is_answered_from_its_repository_without_a_write(world: World) -> None:
    first, since = build(world), world.last_call()
    outcome = run_step(build_image.STEP, inputs(world, commit=CommitInfo(sha="d" * 40)), agent(world, "later"))
    assert (outcome.recalled, outcome.result) == (True, first)
    assert world.writes(since) == []
    assert requests(world, since) == []


def test_an_image_that_was_deleted_is_built_again(world: World) -> None:
    first = build(world)
    ecr = world.cloud.client("ecr")
    ecr.batch_delete_image(repositoryName=world.project, imageIds=[{"imageDigest": first.image.digest}])
    again = run_step(build_image.STEP, inputs(world), agent(world, "later"))
    assert (again.recalled, again.result) == (False, first)


def test_an_image_that_a_lost_agent_pushed_is_found_by_its_tag(world: World) -> None:
    lost, since = build_image.run(inputs(world), agent(world, "lost")), world.last_call()
    assert build(world, "again") == lost
    assert requests(world, since) == []


def test_a_changed_file_makes_another_image(world: World) -> None:
    first = build(world)
    (world.folder / "container/unique").write_text("something else")
    second = build(world)
    assert first.image.digest != second.image.digest


def test_a_push_that_was_killed_is_taken_up_where_it_was(world: World) -> None:
    world.cloud.fault("slow", operation="ecr:PUT", seconds=0, count=2)  # both blobs
    world.cloud.fault("slow", operation="ecr:PUT", seconds=60)  # the manifest
    since = world.last_call()
    lost = LostAgent(world, "build_image", inputs(world), "lost")
    await_calls(world, since, "PUT", "blobs", count=2)
    lost.kill()
    world.cloud.clear_faults()
    assert uploads(world, since) == 2
    since = world.last_call()
    build(world, "again")
    assert uploads(world, since) == 0
    assert ("PUT", "manifests") in requests(world, since)


def test_two_agents_at_once_make_one_image(world: World) -> None:
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda run: build_image.run(inputs(world), agent(world, run)), ("one", "other"))
    assert one == other
    found = world.cloud.client("ecr").describe_images(
        repositoryName=world.project, imageIds=[{"imageTag": inputs(world).sources}]
    )
    assert [detail["imageDigest"] for detail in found["imageDetails"]] == [one.image.digest]


@pytest.mark.parametrize("kind", ["throttling", "cut", "internal"])
@pytest.mark.parametrize("method", ["HEAD", "POST", "PATCH", "PUT"])
def test_a_registry_s_bad_moment_is_waited_out(world: World, kind: str, method: str) -> None:
    world.cloud.fault(kind, operation=f"ecr:{method}", count=2)
    clock = CountedNap()
    result = build_image.run(inputs(world), agent(world, clock=clock))
    assert len(clock.waits) == 2
    assert result.image.digest.startswith("sha256:")


def test_a_registry_that_stays_busy_ends_the_step_as_temporary(world: World) -> None:
    world.cloud.fault("throttling", operation="ecr:PATCH", count=100)
    clock = CountedNap()
    with pytest.raises(TemporaryError, match=r"429: TOOMANYREQUESTS: Rate exceeded; tried 6 times, try again later"):
        build_image.run(inputs(world), agent(world, clock=clock))
    assert 5 <= len(clock.waits) <= 10  # two blobs at once, and the first that gives up ends the other


@pytest.mark.parametrize("operation", ["ecr:BatchGetImage", "ecr:GetAuthorizationToken", "ecr:DescribeRepositories"])
@pytest.mark.parametrize("kind", ["throttling", "cut"])
def test_ecr_s_bad_moment_is_waited_out(world: World, kind: str, operation: str) -> None:
    world.cloud.fault(kind, operation=operation)
    assert build_image.run(inputs(world), agent(world)).image.digest.startswith("sha256:")


def test_a_dry_run_names_the_push_and_makes_none(world: World) -> None:
    since = world.last_call()
    push, document = plan_step(build_image.STEP, inputs(world), agent(world))
    assert push.resource == f"{world.project}:{inputs(world).sources}"
    assert document.operation == "s3:PutObject"
    assert requests(world, since) == []
    build(world)
    assert plan_step(build_image.STEP, inputs(world), agent(world)) == ()


def test_a_missing_repository_is_to_be_bootstrapped(world: World) -> None:
    administrator = replace(agent(world), accounts=_as_administrator(world))
    with pytest.raises(InputMissingError, match="no ECR repository absent; create it with: modelyard bootstrap apply"):
        build_image.run(inputs(world, project="absent"), administrator)


def _as_administrator(world: World) -> Any:
    """The build server's own role may not even ask about other repositories."""
    from agent.aws.accounts import AwsAccounts
    from agent.aws.entering import Origin
    from agent.aws.sessions import Clients, Credentials

    keys = world.cloud.running.administrator("tools")
    clients = Clients(
        credentials=Credentials(access_key_id=keys.access_key_id, secret_access_key=keys.secret_access_key),
        region=world.cloud.running.region,
        endpoint_url=world.cloud.endpoint,
    )
    started = Origin(session_name="administrator")
    return AwsAccounts(clients, account=keys.account, region=clients.region, role=None, started=started, scopes={})


def test_a_layer_build_needs_no_more_than_the_pipeline_s_own_role(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Base image and libraries' layer are in the project's repository; the second agent finds the layer there."""
    base = build(world).image
    monkeypatch.setenv("PIP_FIND_LINKS", str(world.folder / "shelf"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    (world.folder / "requirements.txt").write_text(locked(make_wheel(world.folder / "shelf", "tool")))
    layered = Image(
        builder="layers", context="container", base_image=base.uri, requirements="requirements.txt", python="3.11"
    )
    order = build_order(layered, world.folder, CommitInfo(sha="c" * 40))
    since = world.last_call()
    results, sboms = [], []
    for machine in ("one", "other"):
        (world.folder / "container/unique").write_text(machine)
        builders = Builders(Nap(), {"MODELYARD_CACHE": str(world.folder / machine)})
        asked = inputs(world, image=layered, sources=builders.source_digest(order))
        built = build_image.run(asked, replace(agent(world, machine), builder=builders))
        results.append(built.image.digest)
        sboms.append(document_of(world, built))
    assert len(set(results)) == 2
    assert not (world.folder / "other/dependencies/wheels").exists()
    assert sum(request == ("PATCH", "blobs") for request in requests(world, since)) == 6
    for sbom in sboms:
        assert [one["purl"] for one in packages_in(sbom)] == ["pkg:pypi/tool@1.0"]
        described = {one.get("description"): one for one in sbom["components"]}
        assert {"layer 1: code", "layer 2: dependencies", "layer 3: code"} <= set(described)


def document_of(world: World, built: build_image.Result) -> dict[str, Any]:
    """The SBOM that the step kept, which is CycloneDX to its schema."""
    assert built.sbom is not None
    document = SbomStore(world.ledger).read(built.sbom)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document)) is None
    return document


def test_the_bill_of_materials_is_of_the_image_and_its_layers(world: World) -> None:
    built = build(world)
    document = document_of(world, built)
    assert document["metadata"]["component"]["version"] == built.image.digest
    manifest = json.loads(
        world.cloud.client("ecr").batch_get_image(
            repositoryName=world.project, imageIds=[{"imageDigest": built.image.digest}]
        )["images"][0]["imageManifest"]
    )
    assert [one["name"] for one in document["components"]] == [layer["digest"] for layer in manifest["layers"]]


def test_a_layer_is_read_once_for_all_images_that_have_it(world: World) -> None:
    """The layer of the second image's code is new; base and libraries are known."""
    base = build(world).image
    layered = Image(builder="layers", context="container", base_image=base.uri)
    order, read = build_order(layered, world.folder, CommitInfo(sha="c" * 40)), []
    for code in ("first code", "second code"):
        (world.folder / "container/unique").write_text(code)
        asked = inputs(world, image=layered, sources=Builders(Nap()).source_digest(order))
        since = world.last_call()
        build_image.run(asked, agent(world, code))
        read.append(sum(request == ("GET", "blobs") for request in requests(world, since)))
    assert read == [3, 2]  # the base image's configuration, once; then the image's, and the one layer that is new


def test_a_layer_that_was_cut_is_read_anew(world: World) -> None:
    world.cloud.fault("cut", operation="ecr:GET", count=2)
    assert document_of(world, build(world)) == document_of(world, build(world, "again"))


def test_the_image_of_an_older_version_gets_its_bill_of_materials(world: World) -> None:
    """It is in the repository, and nothing is known of what it holds; nobody builds it again."""
    built = build(world)
    assert built.sbom is not None
    for prefix in ("ledger/sboms/", "ledger/steps/build_image/"):
        for listed in world.ledger.objects.list(world.bucket, prefix):
            world.s3.delete_object(Bucket=world.bucket, Key=listed.key)
    since = world.last_call()
    again = build(world, "again")
    assert again == built
    assert uploads(world, since) == 0
