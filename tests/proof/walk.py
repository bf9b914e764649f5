"""The whole use of a project, step by step: whatever the templates allow is needed by one of these.

A step can be taken again after it failed, and then goes on where it stopped; ``ends`` is how it ends when nothing is
missing. Steps that are meant to fail are how a project learns why its endpoint does not start.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import signal
import time
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from agent import naming
from agent.aws.s3_documents import LARGEST_PUT
from agent.clock import SystemClock
from agent.cloud.holds import Moment, Watch
from agent.errors import ExitCode
from tests.e2e.agents import Agent
from tests.e2e.world import BY_TRANSFORM, told
from tests.proof.landscape import PROD, REGION, TESTS, TOOLS, Said, typed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.e2e.world import World

_HURRIED = 300
_STAGES = (
    "snapshot_data", "build_image", "audit_image", "prepare", "train", "evaluate", "register", "release",
    "deploy", "check_endpoint", "promote-qa", "check_endpoint-qa",
)  # fmt: skip
_BETTER = ("--set", "training.hyperparameters.model=0.95")
_PREVIEWED = ("--set", "training.hyperparameters.model=0.96")
_PLAIN = (
    "--set", "environments.prod.endpoint.instance.autoscaling=",
    "--set", "environments.prod.endpoint.strategy.alarms=",
)  # fmt: skip
_MANY_ROWS = (LARGEST_PUT >> 2) + 1
_NO_PARTS = "no part is left"
_CAPTURED = "the question was kept"
_CAPTURE_SECONDS = 60
_PATIENCE_SECONDS = 120
_ENDPOINT_IN_PROD = f"arn:aws:iam::{PROD}:role/steered-execution"
_BROKEN = "#!/bin/sh\necho this program is broken\nexit 3\n"


NAMES = (
    "preflight", "snapshot_data", "upload in vain", *_STAGES[1:4], "train of a pull request", *_STAGES[4:],
    "evaluate by transform", "build_image of a branch", "stop of a training job", "stop of a processing job",
    "stop of a transform job", "clean", "approve",
    "promote that fails", "promote", "data capture", "run of a better model", "approve the better model",
    "promote with alarms", "rollback to a plain endpoint", "preview", "second preview", "preview that fails",
    "deploy that fails", "removal of expired previews",
)  # fmt: skip
"""Their order; those after a failure that is meant are taken with what it left."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """Something that people or build servers do; ``environment`` is where it deploys to, if it does.

    ``hears`` is what a program says on the way.
    """

    name: str
    act: Callable[[], Said]
    ends: int = ExitCode.DONE
    environment: str = "dev"
    hears: str = ""


def _model(accuracy: str) -> str:
    """Another model than any before, of about that accuracy."""
    return f"{accuracy}{secrets.randbelow(10**9):09d}"


class Walk:
    """The steps of a world, in their order."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._cloud = world.cloud

    def steps(self) -> Sequence[Step]:
        """All of them."""
        prod = partial(Step, environment="prod")
        broken = partial(Step, ends=ExitCode.USER_CODE_FAILED, hears="this program is broken")
        return (
            prod(name="preflight", act=lambda: typed("preflight")),
            Step(name="snapshot_data", act=partial(self._stage, "snapshot_data")),
            Step(name="upload in vain", act=self._upload_in_vain, ends=ExitCode.INPUT_MISSING, hears=_NO_PARTS),
            *(Step(name=stage, act=partial(self._stage, stage)) for stage in _STAGES[1:4]),
            Step(name="train of a pull request", act=self._train, hears="trained"),
            *(Step(name=stage, act=partial(self._stage, stage)) for stage in _STAGES[4:]),
            Step(name="evaluate by transform", act=self._transform),
            Step(name="build_image of a branch", act=self._branch),
            Step(name="stop of a training job", act=partial(self._stopped, "train")),
            Step(name="stop of a processing job", act=partial(self._stopped, "evaluate")),
            Step(name="stop of a transform job", act=self._stopped_transform),
            Step(name="clean", act=lambda: typed("clean", "--remove", "--older-than", "0s")),
            prod(name="approve", act=self._approve),
            prod(name="promote that fails", act=self._promote_in_vain, ends=ExitCode.USER_CODE_FAILED),
            prod(name="promote", act=self._promote),
            prod(name="data capture", act=self._ask, hears=_CAPTURED),
            Step(name="run of a better model", act=lambda: self._run(*_BETTER)),
            prod(name="approve the better model", act=self._approve),
            prod(name="promote with alarms", act=self._promote),
            prod(name="rollback to a plain endpoint", act=self._roll_back),
            Step(name="preview", act=lambda: self._run("--pr", "7", *_PREVIEWED)),
            Step(name="second preview", act=lambda: self._run("--pr", "7", *told(model=_model("0.97")))),
            broken(name="preview that fails", act=lambda: self._broken("preview", "--pr", "8")),
            broken(name="deploy that fails", act=lambda: self._broken("deploy")),
            Step(name="removal of expired previews", act=self._clean_previews),
        )

    def _run(self, *words: str) -> Said:
        """The pipeline without its preflight, which would find what is missing before any step does."""
        branch = () if "--pr" in words else ("--branch", "main")
        return typed("run", *branch, *words, "--from", "snapshot_data")

    def _stage(self, stage: str) -> Said:
        return typed("run", "--branch", "main", "--from", stage, "--until", stage)

    def _upload_in_vain(self) -> Said:
        """A file that is written to while it is sent, in parts; nobody is told if these are left."""
        words = ("run", "--pr", "5", "--from", "snapshot_data", "--until", "snapshot_data")
        with self._changed("data/large.csv", "1,2\n" * _MANY_ROWS), Agent(self._world, *words) as agent:
            self._let_go_up_to("/data/objects/")
            with (self._world.repository.folder / "data/large.csv").open("a") as file:
                file.write("3,4\n")
            self._cloud.hold(None)
            agent.end(exits=ExitCode.INPUT_MISSING)
        said = agent.said if self._left_parts() else f"{agent.said}\n{_NO_PARTS}"
        return Said(code=ExitCode.INPUT_MISSING, text=said)

    def _let_go_up_to(self, path: str) -> None:
        """Return with the pipeline's first write below a path held up."""
        self._cloud.hold(Watch(moment=Moment.BEFORE, callers=("*steered-pipeline*",), but=("s3:Get*", "s3:List*")))
        deadline, held = time.monotonic() + _PATIENCE_SECONDS, None
        while held is None or path not in held.path:
            assert time.monotonic() < deadline, f"waited in vain for a write below {path}"
            held = self._cloud.next_held(1, held)

    def _left_parts(self) -> int:
        """How many uploads were not ended; they are ended now."""
        s3, bucket = self._cloud.client("s3", TOOLS), f"steered-{TOOLS}-{REGION}"
        left = s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
        for upload in left:
            s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        return len(left)

    def _train(self) -> Said:
        """Another training every time."""
        return typed("run", "--pr", "5", "--from", "train", "--until", "train", *told())

    def _branch(self) -> Said:
        """Two images, of which no release needs any and only the second one is of a last run."""
        for number in (1, 2):
            with self._changed("program/notes.py", f"EXPERIMENT = {number}\n"):
                said = typed("run", "--branch", "other", "--from", "build_image", "--until", "build_image")
        return said

    def _stopped(self, stage: str) -> Said:
        """A pull request's build that is aborted stops its job."""
        operation = {"train": "sagemaker:CreateTrainingJob", "evaluate": "sagemaker:CreateProcessingJob"}[stage]
        slow = {"train": {"sleep": "30"}, "evaluate": {"model": f"{_model('0.9')} 30"}}[stage]
        words = ("run", "--pr", "5", "--from", "train", "--until", stage, *told(**slow))
        with Agent(self._world, *words) as agent:
            return self._aborted(agent, operation)

    def _transform(self) -> Said:
        """The model of the pull request's last training, which answers rows itself."""
        return typed("run", "--pr", "5", "--from", "evaluate", "--until", "evaluate", *BY_TRANSFORM)

    def _stopped_transform(self) -> Said:
        """A model that takes its time to serve, so that the job is under way when its build is aborted."""
        words = ("run", "--pr", "5", "--from", "build_image", "--until", "evaluate", *BY_TRANSFORM)
        serve = (self._world.repository.folder / "program/serve").read_text()
        with (
            self._changed("program/serve", serve.replace("exec", "sleep 60; exec")),
            Agent(self._world, *words, *told(model=_model("0.9"))) as agent,
        ):
            return self._aborted(agent, "sagemaker:CreateTransformJob")

    def _aborted(self, agent: Agent, operation: str) -> Said:
        agent.await_answer(operation)
        agent.tell(signal.SIGTERM)
        agent.end(exits=ExitCode.INTERRUPTED)
        return Said(code=0, text=agent.said)

    def _newest(self) -> str:
        return str(json.loads(typed("releases", "--json").text)[0]["release"])

    def _approve(self) -> Said:
        """By somebody who did not make the release, through the build server's door."""
        inputs = {"release": self._newest(), "environment_name": "prod", "by": "alice", "reason": "it is time"}
        run = {"id": "jenkins-promote-3", "who": "alice", "build_url": "http://jenkins/job/promote/3/"}
        request = self._world.repository.folder.parent / "approve.json"
        document = {"contract": 1, "step": "approve", "stage": "approve", "run": run, "inputs": inputs}
        request.write_text(json.dumps(document))
        return typed("step", "approve", "--request", str(request))

    def _promote(self) -> Said:
        with self._hurried():
            return typed("promote", self._newest(), "--to", "prod")

    def _ask(self) -> Said:
        """A question to production, and what became of its copy; SageMaker tells nobody if it cannot be kept."""
        since = self._cloud.decisions()[-1].number
        runtime = self._cloud.client("sagemaker-runtime", PROD)
        runtime.invoke_endpoint(EndpointName="steered-prod", Body=b"1,2", ContentType="text/csv")
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            self._cloud.advance(_CAPTURE_SECONDS)
            made = [one for one in self._cloud.decisions(since) if one.principal == _ENDPOINT_IN_PROD]
            if any(not one.allowed for one in made):
                return Said(code=0, text="")
            if any(one.action == "kms:GenerateDataKey" for one in made):
                return Said(code=0, text=_CAPTURED)
            time.sleep(0.1)
        raise TimeoutError("nobody tried to keep what was asked")

    def _promote_in_vain(self) -> Said:
        with self._hurried():
            self._cloud.fault("unhealthy", operation="sagemaker:CreateEndpoint", account=PROD)
            return typed("promote", self._newest(), "--to", "prod")

    def _roll_back(self) -> Said:
        with self._hurried():
            return typed("rollback", "prod", *_PLAIN)

    def _broken(self, stage: str, *words: str) -> Said:
        """A program that does not serve, up to the stage that finds that out."""
        run = partial(typed, "run", "--branch", "main", *words)
        logs = self._cloud.client("logs", TESTS)
        for group in logs.describe_log_groups(logGroupNamePrefix="/aws/sagemaker/Endpoints/steered-dev")["logGroups"]:
            logs.delete_log_group(logGroupName=group["logGroupName"])
        before = "release" if stage == "deploy" else "gate"
        with self._changed("program/serve", _BROKEN):
            for first, last in (("build_image", "audit_image"), ("snapshot_data", before)):
                said = run("--from", first, "--until", last)
                if said.code != ExitCode.DONE:
                    return said
            with self._hurried():
                return run("--from", stage, "--until", stage)

    def _clean_previews(self) -> Said:
        """What the janitor does once a pull request's time is over."""
        sagemaker = self._cloud.client("sagemaker", TESTS)
        over = naming.tags(expires=naming.time_in_tag(SystemClock().now() - timedelta(seconds=1)))
        for endpoint in sagemaker.list_endpoints(NameContains="-pr-")["Endpoints"]:
            sagemaker.add_tags(ResourceArn=endpoint["EndpointArn"], Tags=over)
        return typed("clean", "--remove", "--expired-only")

    @contextlib.contextmanager
    def _hurried(self) -> Iterator[None]:
        """Ten minutes of health checks and alarms pass within a second."""
        self._cloud.set_clock_rate(_HURRIED)
        try:
            yield
        finally:
            self._cloud.set_clock_rate(1)
            self._cloud.clear_faults()

    @contextlib.contextmanager
    def _changed(self, path: str, text: str) -> Iterator[None]:
        file = self._world.repository.folder / path
        kept = file.read_text() if file.exists() else None
        file.write_text(text)
        try:
            yield
        finally:
            if kept is None:
                file.unlink()
            else:
                file.write_text(kept)
