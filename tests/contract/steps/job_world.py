"""A tools account in an embedded cloud with what jobs need, and the contexts of runs that work in it."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from agent.artifacts import DataSet, Image, Script
from agent.aws.accounts import AwsAccount
from agent.aws.sessions import Clients, Credentials
from agent.config.section import Resources
from agent.context import Context, RunInfo
from agent.ledger.ledger import Ledger
from agent.ports.jobs import JobKind
from tests.contract.provision import create_bucket, create_role, push_image
from tests.contract.steps import lonely_agent
from tests.contract.steps.hurried_clock import HurriedClock
from tests.fakes import FakeAccount, FakeAccounts, KeptReport
from tests.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from agent.cloud.embedded import EmbeddedCloud
    from agent.step import StepModel

RESOURCES = Resources(instance_type="ml.m5.large", volume_gb=1)
MANIFEST_TYPE = "application/vnd.docker.distribution.manifest.v2+json"
_PATIENCE_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class JobWorld:
    """The account's bucket, role and steerable image (``tests/contract/image``), and a repository's folder."""

    cloud: EmbeddedCloud
    bucket: str
    role: str
    image: Image
    folder: Path
    project: str = "jobs"
    _account: list[AwsAccount] = field(default_factory=list)

    @property
    def account(self) -> AwsAccount:
        """The tools account, as its administrator."""
        if not self._account:
            keys = self.cloud.running.administrator("tools")
            clients = Clients(
                credentials=Credentials(access_key_id=keys.access_key_id, secret_access_key=keys.secret_access_key),
                region=self.cloud.running.region,
                endpoint_url=self.cloud.endpoint,
                attempts=1,
            )
            self._account.append(AwsAccount(keys.account, clients))
        return self._account[0]

    def context(self, *, stop_jobs: bool = False, run: str = "run-1") -> Context:
        """One run's context, with a clock and a report of its own."""
        account, nobody = self.account, cast("Any", None)
        tools = FakeAccount(
            id=account.id,
            region=account.region,
            objects=account.objects,
            jobs=account.jobs,
            endpoints=account.endpoints,
        )
        return Context(
            accounts=FakeAccounts(tools=tools),
            ledger=Ledger(account.objects, self.bucket),
            builder=nobody,
            clock=HurriedClock(),
            report=KeptReport(),
            run=RunInfo(id=run, who="tester"),
            folder=self.folder,
            stop_jobs=stop_jobs,
        )

    def data_set(self, name: str, files: Mapping[str, str], content_type: str | None = None) -> DataSet:
        """A version of a data set: its objects, and the manifest that lists them."""
        names = []
        for file, text in files.items():
            stem, dot, suffix = file.rpartition(".")
            names.append(f"{stem}.{hashlib.sha256(text.encode()).hexdigest()}{dot}{suffix}")
            self.account.objects.create(self.bucket, f"data/objects/{names[-1]}", text.encode())
        manifest = json.dumps([{"prefix": f"s3://{self.bucket}/data/objects/"}, *names]).encode()
        digest = hashlib.sha256(manifest).hexdigest()
        self.account.objects.create(self.bucket, f"data/manifests/{digest}.json", manifest)
        return DataSet(
            name=name,
            digest=digest,
            manifest=f"s3://{self.bucket}/data/manifests/{digest}.json",
            files=len(files),
            size=sum(len(text) for text in files.values()),
            content_type=content_type,
        )

    def script(self, name: str, text: str) -> Script:
        """A script in the repository's folder."""
        (self.folder / name).write_text(text)
        return Script(path=name, sha256=hashlib.sha256(text.encode()).hexdigest())

    def copied_script(self, path: Path) -> Script:
        """A script from elsewhere, put into the repository's folder."""
        shutil.copy(path, self.folder / path.name)
        return Script(path=path.name, sha256=hashlib.sha256(path.read_bytes()).hexdigest())

    def lonely_agent(self, inputs: StepModel) -> subprocess.Popen[bytes]:
        """An agent in a process of its own that trains; for the caller to end."""
        keys = self.cloud.running.administrator("tools")
        order = {
            "key": keys.access_key_id,
            "secret": keys.secret_access_key,
            "account": keys.account,
            "region": self.cloud.running.region,
            "endpoint": self.cloud.endpoint,
            "bucket": self.bucket,
            "inputs": inputs.model_dump(mode="json"),
        }
        agent = subprocess.Popen([sys.executable, "-m", lonely_agent.__name__], cwd=ROOT, stdin=subprocess.PIPE)
        assert agent.stdin is not None
        with agent.stdin as told:
            told.write(json.dumps(order).encode())
        return agent

    def jobs(self, word: str) -> list[str]:
        """The names of all training and processing jobs that contain a word, in order."""
        sagemaker = self.cloud.client("sagemaker")
        training = sagemaker.list_training_jobs(NameContains=word, MaxResults=100)["TrainingJobSummaries"]
        processing = sagemaker.list_processing_jobs(NameContains=word, MaxResults=100)["ProcessingJobSummaries"]
        return sorted([job["TrainingJobName"] for job in training] + [job["ProcessingJobName"] for job in processing])

    def calls(self, action: str, since: int = 0) -> int:
        """How often an action was called successfully, after the call numbered ``since``."""
        return sum(call.action == action and call.done for call in self.cloud.calls(since))

    def last_call(self) -> int:
        """The number of the last call."""
        return max((call.number for call in self.cloud.calls()), default=0)

    def await_training(self, job: str) -> None:
        """Return once a training job's container runs."""
        self._await(lambda: self._phase(job) == "Training", f"{job} trains")

    def await_processing(self, job: str) -> None:
        """Return once a processing job has begun to run."""

        def running() -> bool:
            state = self.account.jobs.describe(JobKind.PROCESSING, job)
            return state is not None and state.started is not None

        self._await(running, f"{job} runs")

    def await_job(self, kind: JobKind, job: str) -> None:
        """Return once there is such a job."""
        self._await(lambda: self.account.jobs.describe(kind, job) is not None, f"there is {job}")

    def await_object(self, key: str) -> None:
        """Return once an object is in the bucket."""
        self._await(lambda: self.account.objects.exists(self.bucket, key), f"there is {key}")

    def _phase(self, job: str) -> str:
        state = self.account.jobs.describe(JobKind.TRAINING, job)
        return "" if state is None else state.phase

    def _await(self, reached: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not reached():
            assert time.monotonic() < deadline, f"waited in vain until {what}"
            time.sleep(0.02)


def new_world(cloud: EmbeddedCloud, folder: Path, program: Path | None = None) -> JobWorld:
    """Everything that jobs need, made by the account's administrator."""
    options: dict[str, Any] = {} if program is None else {"program": program}
    return JobWorld(
        cloud=cloud,
        bucket=create_bucket(cloud.client("s3"), "jobs-artifacts"),
        role=create_role(cloud.client("iam"), "jobs-execution"),
        image=Image(uri=push_image(cloud, "jobs", **options), media_type=MANIFEST_TYPE),
        folder=folder,
    )
