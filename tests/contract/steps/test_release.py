"""Releases in S3: one document for one release, whoever writes it and however often the writing is disturbed."""

from __future__ import annotations

import base64
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from agent.cloud.embedded import EmbeddedCloud
from agent.config.releases import Releases
from agent.release.keys import KnownKeys
from agent.release.store import ReleaseStore
from agent.runner import run_step
from pipeline_steps import release
from tests.contract.steps.deploy_world import World, new_world
from tests.contract.steps.lost_agent import LostAgent, await_calls
from tests.unit.pipeline_steps import vouched

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        yield new_world(cloud, tmp_path_factory.mktemp("repository"))


@pytest.fixture
def world(shared: World) -> Iterator[World]:
    """The project with no release yet."""
    for kept in list(shared.ledger.objects.list(shared.bucket, "ledger/")):
        shared.s3.delete_object(Bucket=shared.bucket, Key=kept.key)
    yield shared
    shared.cloud.clear_faults()


def inputs(world: World, run: str = "run", commit: str = "c") -> release.Inputs:
    document = vouched.release(project=world.project, run=run).model_dump(mode="json")
    document["commit"]["sha"] = commit * 40
    return release.Inputs.model_validate_json(json.dumps({**document, "bucket": world.bucket}))


def test_the_document_is_what_its_name_says(world: World) -> None:
    result = run_step(release.STEP, inputs(world), world.context()).result
    key = result.uri.removeprefix(f"s3://{world.bucket}/")
    body = world.s3.get_object(Bucket=world.bucket, Key=key)["Body"].read()
    envelope = json.loads(body)
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    statement = base64.b64decode(envelope["payload"])
    assert hashlib.sha256(statement).hexdigest() == result.release
    assert json.loads(statement)["predicateType"] == "https://slsa.dev/provenance/v1"


def test_the_key_that_signed_is_kept_beside_it(world: World) -> None:
    result = run_step(release.STEP, inputs(world), world.context()).result
    sealed = ReleaseStore(world.ledger).sealed(result.release)
    assert sealed is not None
    sealed.require_signed_by(KnownKeys(world.ledger).find(result.key).key, "it")


def test_a_release_that_was_made_before_there_was_a_key_is_signed_when_it_is_made_again(world: World) -> None:
    before = inputs(world).model_copy(update={"releases": Releases(sign=False)})
    unsigned = run_step(release.STEP, before, world.context()).result
    signed = run_step(release.STEP, inputs(world), world.context(run="later")).result
    assert (unsigned.key, signed.release) == ("", unsigned.release)
    assert ReleaseStore(world.ledger).sealed(signed.release) is not None


def test_a_readme_only_commit_gives_the_same_release_without_a_write(world: World) -> None:
    first, since = run_step(release.STEP, inputs(world), world.context()).result, world.last_call()
    outcome = run_step(release.STEP, inputs(world, run="later", commit="d"), world.context(run="later"))
    assert (outcome.recalled, outcome.result) == (True, first)
    assert world.writes(since) == []


def test_agents_at_once_make_one_release(world: World) -> None:
    def make(run: str) -> str:
        return run_step(release.STEP, inputs(world, run=run), world.context(run=run)).result.release

    with ThreadPoolExecutor(4) as pool:
        made = set(pool.map(make, ("one", "two", "three", "four")))
    assert ReleaseStore(world.ledger).all() == tuple(made)


@pytest.mark.parametrize("done", range(7))
def test_an_agent_that_is_killed_at_any_write_leaves_one_release(world: World, done: int) -> None:
    """Its writes: the attempt begins, the draft, the key, the release, the attempt is done (two), the record."""
    since = world.last_call()
    for _ in range(done):
        world.cloud.fault("slow", operation="s3:PutObject", seconds=0)
    world.cloud.fault("slow", operation="s3:PutObject", seconds=60)
    lost = LostAgent(world, "release", inputs(world, run="lost"), "lost")
    await_calls(world, lost, "s3:PutObject", since, done)
    lost.kill()
    world.cloud.clear_faults()
    result = run_step(release.STEP, inputs(world, run="again"), world.context(run="again")).result
    store = ReleaseStore(world.ledger)
    assert store.all() == (result.release,)
    assert store.read(result.release).run == ("again" if done < 2 else "lost")


@pytest.mark.parametrize("kind", ["throttling", "cut", "internal"])
def test_a_bad_moment_of_s3_is_waited_out(world: World, kind: str) -> None:
    world.cloud.fault(kind, operation="s3:PutObject", count=2)
    result = run_step(release.STEP, inputs(world), world.context()).result
    assert ReleaseStore(world.ledger).all() == (result.release,)


def test_releases_come_newest_first(world: World) -> None:
    store = ReleaseStore(world.ledger)
    digests = [store.write(vouched.release(project=world.project, run=f"{number}")) for number in range(3)]
    assert set(store.all()) == set(digests)
    assert store.find(digests[1][:12]) == digests[1]
