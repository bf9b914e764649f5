"""The step `snapshot_data` on a cloud: jobs read exactly the version that was taken, and nothing is copied twice."""

from __future__ import annotations

import hashlib
import io
import json
import multiprocessing
import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from uuid import uuid4

import pytest

from agent.aws.entering import Origin, Way
from agent.aws.s3_documents import S3Objects
from agent.aws.sessions import Clients, Credentials
from agent.cloud.embedded import EmbeddedCloud
from agent.config.model import DataSource
from agent.data.snapshot import version_of_prefix
from agent.errors import AccessDeniedError, TemporaryError
from agent.ledger.ledger import Ledger
from agent.runner import recall, run_step
from pipeline_steps.snapshot_data import STEP, Inputs, Result
from tests.contract.provision import create_bucket, create_role
from tests.contract.steps.job_world import JobWorld, new_world
from tests.contract.workbench import Workbench
from tests.fakes import FakeAccount, FakeAccounts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from agent.artifacts import DataSet
    from agent.context import Context

WRITES = ("s3:PutObject", "s3:DeleteObject", "s3:CreateMultipartUpload")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobWorld]:
    with EmbeddedCloud() as cloud:
        yield new_world(cloud, tmp_path_factory.mktemp("repository"))


@pytest.fixture(autouse=True)
def calm(world: JobWorld) -> Iterator[None]:
    yield
    world.cloud.clear_faults()


@pytest.fixture
def repository(world: JobWorld, tmp_path: Path) -> Repository:
    return Repository(world, tmp_path)


class Repository:
    """A model repository with a folder `data`, and the step run in it."""

    def __init__(self, world: JobWorld, folder: Path) -> None:
        self.world = world
        self.folder = folder
        self.mark = uuid4().hex
        (folder / "data").mkdir()

    def write(self, name: str, text: str) -> str:
        """Write a file, unlike that of any other test, and answer the name that a job sees it under."""
        path = self.folder / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + self.mark)
        stem, dot, suffix = name.rpartition(".")
        return f"{stem}.{hashlib.sha256(path.read_bytes()).hexdigest()}{dot}{suffix}"

    def context(self, attempts: int = 3) -> Context:
        """A run of the account's administrator, which tries each request so often."""
        return self.context_of(_administrator(self.world, attempts))

    def context_of(self, clients: Clients) -> Context:
        """A run of an identity."""
        objects = S3Objects(clients, self.world.account.id)
        return replace(
            self.world.context(),
            folder=self.folder,
            accounts=FakeAccounts(tools=FakeAccount(id=self.world.account.id, objects=objects)),
            ledger=Ledger(objects, self.world.bucket),
        )

    def inputs(self, **source: Any) -> Inputs:
        sources = {"training": DataSource(**source or {"path": "data"})}
        return Inputs(project=self.world.project, bucket=self.world.bucket, sources=sources)

    def run(self, **source: Any) -> Result:
        return run_step(STEP, self.inputs(**source), self.context()).result

    def version(self, **source: Any) -> DataSet:
        return self.run(**source).data["training"]


def _administrator(world: JobWorld, attempts: int) -> Clients:
    keys = world.cloud.running.administrator("tools")
    return Clients(
        credentials=Credentials(access_key_id=keys.access_key_id, secret_access_key=keys.secret_access_key),
        region=world.cloud.running.region,
        endpoint_url=world.cloud.endpoint,
        attempts=attempts,
    )


def seen_by_training(world: JobWorld, data: DataSet) -> dict[str, str]:
    """The files of the channel `training` as a training job finds them, by name."""
    source = {"S3DataType": "ManifestFile", "S3Uri": data.manifest}
    sagemaker = world.cloud.client("sagemaker")
    bench = Workbench(sagemaker=sagemaker, role=world.role, bucket=world.bucket, image=world.image.uri)
    name = f"reads-{uuid4().hex[:12]}"
    channel = {"ChannelName": "training", "DataSource": {"S3DataSource": source}}
    bench.train(name, {"report": "yes"}, InputDataConfig=[channel])
    job = bench.ended_training(name)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    bucket, _, key = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").partition("/")
    body = world.cloud.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as model:
        file = model.extractfile("report.json")
        assert file is not None
        files: dict[str, str] = json.load(file)["files"]
    prefix = "input/data/training/"
    return {name.removeprefix(prefix): text for name, text in files.items() if name.startswith(prefix)}


def test_a_training_job_sees_the_files_with_their_names(world: JobWorld, repository: Repository) -> None:
    plain = repository.write("iris.csv", "1")
    deep = repository.write("more/ü %20+#&.csv", "2")
    mark = repository.mark
    assert seen_by_training(world, repository.version()) == {plain: f"1{mark}", deep: f"2{mark}"}


def test_a_version_stays_what_it_was(world: JobWorld, repository: Repository) -> None:
    old_name = repository.write("iris.csv", "old")
    old = repository.version()
    new_name = repository.write("iris.csv", "new")
    new = repository.version()
    assert new.digest != old.digest
    assert seen_by_training(world, old) == {old_name: f"old{repository.mark}"}
    assert seen_by_training(world, new) == {new_name: f"new{repository.mark}"}


def test_nothing_new_writes_nothing(world: JobWorld, repository: Repository) -> None:
    repository.write("iris.csv", "1")
    first, before = repository.run(), world.last_call()
    assert recall(STEP, repository.inputs(), repository.context()) == repository.run()
    assert repository.run().data == first.data
    assert [call.action for call in world.cloud.calls(before) if call.action in WRITES] == []


def test_one_changed_file_of_many_is_one_object(world: JobWorld, repository: Repository) -> None:
    for number in range(30):
        repository.write(f"{number}.csv", f"{number}")
    repository.run()
    repository.write("7.csv", "changed")
    result = repository.run()
    assert (result.copied_files, result.copied_bytes) == (1, len(f"changed{repository.mark}"))


# --- sources in S3 ------------------------------------------------------------------------------------------------


def lake(world: JobWorld, account: str, objects: dict[str, str], readers: list[str]) -> str:
    """A bucket of an account with these objects, which other accounts may read."""
    s3 = world.cloud.client("s3", account)
    bucket = create_bucket(s3, f"lake-{uuid4().hex[:12]}")
    for key, text in objects.items():
        s3.put_object(Bucket=bucket, Key=key, Body=text.encode(), Tagging="team=data")
    arn = f"arn:aws:s3:::{bucket}"
    may_read = {
        "Effect": "Allow",
        "Principal": {"AWS": [f"arn:aws:iam::{reader}:root" for reader in readers]},
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": [arn, f"{arn}/*"],
    }
    if readers:
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [may_read]}))
    return bucket


def test_another_account_s_bucket_is_a_source(world: JobWorld, repository: Repository) -> None:
    objects = {"credit/": "", "credit/a ü%.csv": "1", "credit/b/c.csv": "2", "credits.csv": "no"}
    bucket = lake(world, "qa", objects, [world.account.id])
    result = repository.run(s3=f"s3://{bucket}/credit/")
    seen = seen_by_training(world, result.data["training"])
    assert sorted(seen.values()) == ["1", "2"]
    assert [name.partition(".")[0] for name in sorted(seen)] == ["a ü%", "b/c"]
    world.cloud.client("s3", "qa").put_object(Bucket=bucket, Key="credit/b/c.csv", Body=b"3")
    again = repository.run(s3=f"s3://{bucket}/credit/")
    assert again.copied_files == 1
    assert seen_by_training(world, result.data["training"]) == seen


def test_a_bucket_that_lets_nobody_in_is_named(world: JobWorld, repository: Repository) -> None:
    bucket = lake(world, "qa", {"a.csv": "1"}, [])
    with pytest.raises(AccessDeniedError, match=rf"s3:ListBucket on s3://{bucket}/ in account {world.account.id}"):
        repository.run(s3=f"s3://{bucket}/")


def test_what_a_job_wrote_is_the_same_version_whatever_its_encryption(world: JobWorld) -> None:
    s3 = world.cloud.client("s3")
    key = world.cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    body = uuid4().hex.encode()
    s3.put_object(Bucket=world.bucket, Key="prepared/job-1/training/a.csv", Body=body)
    s3.put_object(
        Bucket=world.bucket,
        Key="prepared/job-2/training/a.csv",
        Body=body,
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId=key,
    )
    first, second = (
        version_of_prefix(world.account.objects, world.bucket, f"prepared/{job}/training/", name="training")
        for job in ("job-1", "job-2")
    )
    assert first == second
    assert seen_by_training(world, first) == {f"a.{hashlib.sha256(body).hexdigest()}.csv": body.decode()}


# --- a bad day ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["throttling", "cut", "internal"])
def test_a_bad_moment_is_waited_out(world: JobWorld, repository: Repository, kind: str) -> None:
    repository.write("iris.csv", "1")
    for operation in ("s3:PutObject", "s3:GetObject", "s3:ListBucket"):
        world.cloud.fault(kind, operation=operation, count=2)
    assert repository.run().copied_files == 1


@pytest.mark.parametrize("kind", ["throttling", "cut"])
def test_a_bad_day_is_temporary_and_nothing_is_brought_twice(
    world: JobWorld, repository: Repository, kind: str
) -> None:
    for number in range(20):
        repository.write(f"{number}.csv", f"{number}")
    whole_day = 10_000
    world.cloud.fault(kind, operation="s3:PutObject", count=whole_day)
    with pytest.raises(TemporaryError, match="s3:PutObject on s3://jobs-artifacts/"):
        run_step(STEP, repository.inputs(), repository.context(attempts=2))
    world.cloud.clear_faults()
    assert recall(STEP, repository.inputs(), repository.context()) is None
    assert repository.run().copied_files == 20


def test_what_a_killed_agent_has_brought_is_not_brought_again(world: JobWorld, repository: Repository) -> None:
    for number in range(40):
        repository.write(f"{number:02}.csv", f"{number}")
    before = world.last_call()
    world.cloud.fault("slow", operation="s3:PutObject", count=1000, seconds=0.1)
    agent = multiprocessing.get_context("fork").Process(target=repository.run)
    agent.start()
    while len(brought(world, before)) < 5:
        assert agent.is_alive(), "the agent ended too early"
    agent.kill()
    agent.join()
    world.cloud.clear_faults()
    assert recall(STEP, repository.inputs(), repository.context()) is None
    # What is under way when an agent is killed may still arrive.
    there = {key for key in brought(world, before) if world.account.objects.exists(world.bucket, key)}
    since = world.last_call()
    assert repository.run().copied_files < 40
    assert brought(world, since).isdisjoint(there)
    assert len(brought(world, before)) == 40


def brought(world: JobWorld, since: int) -> set[str]:
    """The keys of data objects that were put after the call numbered ``since``."""
    puts = [unquote(call.path) for call in world.cloud.calls(since) if call.action == "s3:PutObject"]
    keys = {path.removeprefix(f"/{world.bucket}/") for path in puts}
    return {key for key in keys if key.startswith("data/objects/")}


def test_an_identity_that_may_only_what_the_step_needs_is_enough(world: JobWorld, repository: Repository) -> None:
    statements = [
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{world.bucket}"},
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": f"arn:aws:s3:::{world.bucket}/*",
        },
    ]
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{world.account.id}:root"},
        "Action": "sts:AssumeRole",
    }
    role = create_role(
        world.cloud.client("iam"),
        f"snapshots-{uuid4().hex[:8]}",
        {"Version": "2012-10-17", "Statement": statements},
        {"Version": "2012-10-17", "Statement": [trust]},
    )
    repository.write("iris.csv", "1")
    region = world.cloud.running.region
    started = Origin(session_name="snapshots")
    clients = _administrator(world, 3).assume(Way(role=role), started=started, region=region)
    assert run_step(STEP, repository.inputs(), repository.context_of(clients)).result.copied_files == 1
