"""A bootstrapped project with releases whose models do as told: what its build server does, what an onlooker sees."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import tarfile
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from agent import naming
from agent.artifacts import CommitInfo, DataSet, Evaluation, Image, Metric, Model, Release, Verdict
from agent.aws.accounts import AwsAccounts
from agent.aws.entering import Origin
from agent.aws.sessions import Clients, Credentials
from agent.bootstrap.session_policies import scopes
from agent.clock import SystemClock
from agent.config.environment import Environment
from agent.context import Context, RunInfo
from agent.evaluation.through_endpoint import ThroughEndpoint
from agent.images.builders import Builders
from agent.ledger.environments import Environments
from agent.ledger.ledger import Ledger
from agent.release.keys import signing
from agent.release.store import ReleaseStore
from agent.runner import run_step
from pipeline_steps import check_endpoint, deploy, promote
from tests.contract.steps.deploy_project import PROD, QA, TOOLS, administrator, new_package, new_project
from tests.fakes import KeptReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from agent.aws.entering import Scope
    from agent.cloud.calls import CallRecord
    from agent.cloud.embedded import EmbeddedCloud
    from agent.config.model import Configuration
    from agent.config.predictions import Predictions
    from agent.ports.time import Clock
    from agent.release.envelope import Sealed

__all__ = ["PROD", "QA", "TOOLS", "Nap", "Running", "World", "new_world", "pending"]

PATIENCE_SECONDS = 60
_READING = ("Describe", "Get", "List", "Head", "Assume", "BatchGet", "InvokeEndpoint", "Decrypt", "Simulate")
_NOT_WRITES = ("logs:", "ecr:", "cloudwatch:PutMetricData")


class Nap:
    """A real clock whose waits are short, since the cloud is fast; ``interrupt`` ends them as SIGTERM does."""

    def __init__(self) -> None:
        self._clock = SystemClock()

    def now(self) -> Any:
        return self._clock.now()

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(min(seconds, 0.1))

    def check(self) -> None:
        self._clock.check()

    def interrupt(self) -> None:
        self._clock.interrupt()


@dataclass(frozen=True, kw_only=True)
class World:
    """One project, with runs of its build server and the eyes of its administrators."""

    cloud: EmbeddedCloud
    configuration: Configuration
    image: Image
    package: str
    keys: Credentials
    folder: Path
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)
    _accounts: dict[int, AwsAccounts] = field(default_factory=dict)

    @property
    def project(self) -> str:
        return self.configuration.project

    @property
    def bucket(self) -> str:
        return naming.bucket(self.project, TOOLS, self.cloud.running.region)

    def environment(self, name: str = "qa", **changes: Any) -> Environment:
        """An environment of the configuration, with other settings."""
        environment = self.configuration.environments[name]
        document = {**environment.model_dump(mode="json", exclude_unset=True), **changes}
        return Environment.model_validate_json(json.dumps(document))

    def hosted(self, name: str = "qa", **changes: Any) -> Environment:
        """An environment whose endpoint has other settings."""
        endpoint = self.configuration.environments[name].endpoint.model_dump(mode="json", exclude_unset=True)
        return self.environment(name, endpoint={**endpoint, **changes})

    def context(self, *, run: str = "run", clock: Clock | None = None, attempts: int = 4) -> Context:
        """A run of the build server, which has nothing but its own access key."""
        if attempts not in self._accounts:
            self._accounts[attempts] = self._new_accounts(attempts, self._scopes)
        accounts = self._accounts[attempts]
        return Context(
            accounts=accounts,
            ledger=Ledger(accounts.tools.objects, self.bucket),
            builder=Builders(SystemClock()),
            clock=clock or Nap(),
            report=KeptReport(),
            run=RunInfo(id=run, who="tester", build_url=f"https://ci.example.com/{run}"),
            folder=self.folder,
        )

    def accounts_of_whole_roles(self) -> AwsAccounts:
        """As of an earlier version, whose sessions could do all that their roles can."""
        return self._new_accounts(4, {role: replace(scope, policy="") for role, scope in self._scopes.items()})

    @property
    def _scopes(self) -> Mapping[str, Scope]:
        return scopes(self.configuration)

    def _new_accounts(self, attempts: int, scopes_by_role: Mapping[str, Scope]) -> AwsAccounts:
        clients = Clients(
            credentials=self.keys,
            region=self.cloud.running.region,
            endpoint_url=self.cloud.endpoint,
            attempts=attempts,
        )
        tools = self.configuration.tools
        return AwsAccounts(
            clients,
            account=tools.account,
            region=tools.region,
            role=tools.role,
            started=Origin(session_name="ci"),
            scopes=scopes_by_role,
        )

    def release(
        self,
        answer: str = "",
        *,
        rows: str = "0,0\n1,1\n",
        who: str = "",
        signed: bool = True,
        verdicts: Sequence[Verdict] = (),
        **doing: str,
    ) -> str:
        """The digest of a new release, whose model answers so and does what it is told (``tests/contract/image``).

        Without an answer it echoes, which is to predict a row's only feature. ``rows`` are what it was evaluated on,
        ``who`` started its build.
        """
        job = f"{self.project}-train-{next(self._numbers):012x}"
        key = f"models/{job}/output/model.tar.gz"
        content = _archive({"answer": answer, **doing})
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)
        artifact = hashlib.sha256(content).hexdigest()
        model = Model(artifact=f"s3://{self.bucket}/{key}", sha256=artifact, image=self.image, job=job)
        data = self.data_set({f"{job}/rows.csv": rows})
        evaluation = Evaluation(
            model=artifact, data=data.digest, metrics={"auc": Metric(value=0.9)}, report="", job=job
        )
        release = Release(
            project=self.project,
            commit=CommitInfo(sha="c" * 40),
            data={"evaluation": data},
            image=self.image,
            model=model,
            hyperparameters={},
            evaluation=evaluation,
            champions={},
            verdicts=tuple(verdicts),
            package=self.package,
            run=job,
            who=who,
        )
        return ReleaseStore(self.ledger).write(release, self.signing() if signed else None)

    def signing(self) -> Callable[[bytes], Sealed] | None:
        """The pipeline's signature of a release."""
        tools = self.context().accounts.tools
        return signing(self.project, self.configuration.releases, tools, self.ledger)

    def deploy(self, release: str, environment: Environment | None = None, ctx: Context | None = None) -> deploy.Result:
        """The release, deployed to ``qa``."""
        wanted = deploy.Inputs(
            project=self.project,
            release=release,
            environment_name="qa",
            environment=environment or self.environment(),
        )
        return run_step(deploy.STEP, wanted, ctx or self.context()).result

    def check(
        self,
        name: str = "qa",
        environment: Environment | None = None,
        predictions: Predictions | None = None,
        metrics: tuple[str, ...] = (),
        ctx: Context | None = None,
    ) -> check_endpoint.Result:
        """What the environment's endpoint does, checked; with ``predictions`` it is evaluated by these ``metrics``."""
        current = self.environments.current(name)
        assert current is not None
        held_out = ReleaseStore(self.ledger).read(current.release).data["evaluation"]
        wanted = check_endpoint.Inputs(
            project=self.project,
            bucket=self.bucket,
            release=current.release,
            config=current.config,
            environment_name=name,
            environment=environment or self.environment(name),
            sample=held_out,
            evaluation=ThroughEndpoint(predictions=predictions, metrics=metrics, data=held_out)
            if predictions
            else None,
        )
        return run_step(check_endpoint.STEP, wanted, ctx or self.context()).result

    def promotion(self, release: str, environment: Environment | None = None) -> promote.Inputs:
        """An order to promote a release to ``prod``."""
        return promote.Inputs(
            project=self.project,
            release=release,
            tools=self.configuration.tools,
            environment_name="prod",
            environment=environment or self.environment("prod"),
            before=("qa",),
            main_branches=self.configuration.main_branches,
        )

    def promote(self, release: str, ctx: Context | None = None) -> promote.Result:
        """The release, promoted to ``prod``."""
        return run_step(promote.STEP, self.promotion(release), ctx or self.context()).result

    def data_set(self, files: Mapping[str, str]) -> DataSet:
        """A version of the data set ``evaluation``."""
        for name, text in files.items():
            self.s3.put_object(Bucket=self.bucket, Key=f"data/objects/{name}", Body=text.encode())
        manifest = json.dumps([{"prefix": f"s3://{self.bucket}/data/objects/"}, *files]).encode()
        digest = hashlib.sha256(manifest).hexdigest()
        self.s3.put_object(Bucket=self.bucket, Key=f"data/manifests/{digest}.json", Body=manifest)
        return DataSet(
            name="evaluation",
            digest=digest,
            manifest=f"s3://{self.bucket}/data/manifests/{digest}.json",
            files=len(files),
            size=sum(map(len, files.values())),
        )

    # --- what an onlooker sees, as the administrator ---------------------------------------------------------------

    def client(self, service: str, account: str = "tools") -> Any:
        """The administrator's client, made once."""
        if (service, account) not in self._clients:
            self._clients[service, account] = self.cloud.client(service, account)
        return self._clients[service, account]

    @property
    def s3(self) -> Any:
        return self.client("s3")

    @cached_property
    def ledger(self) -> Ledger:
        clients = administrator(self.cloud, "tools")
        tools = AwsAccounts(
            clients, account=TOOLS, region=clients.region, role=None, started=Origin(session_name="onlooker"), scopes={}
        ).tools
        return Ledger(tools.objects, self.bucket)

    @property
    def environments(self) -> Environments:
        return Environments(self.ledger)

    def release_of(self, name: str) -> Release:
        """The release that an environment has."""
        current = self.environments.current(name)
        assert current is not None
        return ReleaseStore(self.ledger).read(current.release)

    def sagemaker(self, account: str = "qa") -> Any:
        return self.client("sagemaker", account)

    def endpoint(self, name: str = "qa") -> str:
        return self.configuration.environments[name].endpoint.name

    def described(self, name: str = "qa") -> dict[str, Any]:
        return dict(self.sagemaker(name).describe_endpoint(EndpointName=self.endpoint(name)))

    def answer(self, name: str = "qa", body: bytes = b"x") -> str:
        """What the endpoint answers."""
        runtime = self.client("sagemaker-runtime", name)
        return str(runtime.invoke_endpoint(EndpointName=self.endpoint(name), Body=body)["Body"].read().decode())

    def models(self, name: str = "qa") -> set[str]:
        found = self.sagemaker(name).list_models(NameContains=self.project, MaxResults=100)["Models"]
        return {model["ModelName"] for model in found}

    def configs(self, name: str = "qa") -> set[str]:
        found = self.sagemaker(name).list_endpoint_configs(NameContains=self.project, MaxResults=100)
        return {config["EndpointConfigName"] for config in found["EndpointConfigs"]}

    def clear(self) -> None:
        """Make both environments as if nothing had ever been deployed to them."""
        self.cloud.clear_faults()
        self._accounts.clear()  # their sessions may have run out by the cloud's clock
        for name in ("qa", "prod"):
            self.remove_endpoint(name)
            sagemaker = self.sagemaker(name)
            for config in self.configs(name):
                sagemaker.delete_endpoint_config(EndpointConfigName=config)
            for model in self.models(name):
                sagemaker.delete_model(ModelName=model)
            self.client("cloudwatch", name).delete_alarms(AlarmNames=self.alarms(name))
        for prefix in ("ledger/approvals/", "ledger/environments/", "ledger/steps/"):
            for kept in list(self.ledger.objects.list(self.bucket, prefix)):
                self.s3.delete_object(Bucket=self.bucket, Key=kept.key)

    def alarms(self, name: str = "qa") -> list[str]:
        """The alarms of the project in an account."""
        found = self.client("cloudwatch", name).describe_alarms(AlarmNamePrefix=f"{self.project}-")
        return [alarm["AlarmName"] for alarm in found["MetricAlarms"]]

    def remove_endpoint(self, name: str = "qa") -> None:
        """Delete the endpoint, as soon as SageMaker lets go of it."""
        sagemaker, deadline = self.sagemaker(name), time.monotonic() + PATIENCE_SECONDS
        while present := sagemaker.list_endpoints(NameContains=self.endpoint(name))["Endpoints"]:
            if present[0]["EndpointStatus"] in {"InService", "Failed"}:
                sagemaker.delete_endpoint(EndpointName=self.endpoint(name))
            elif present[0]["EndpointStatus"] == "Updating":
                self.cloud.advance(600)
            assert time.monotonic() < deadline, present
            time.sleep(0.02)

    def hasten(self, running: Running) -> Any:
        """What a step comes to while time flies: not so far that its sessions run out, which last an hour."""
        for _ in range(45):
            if running.wait(0.1):
                break
            self.cloud.advance(60)
        return running.ended()

    def last_call(self) -> int:
        """The number of the last call."""
        return max((call.number for call in self.cloud.calls()), default=0)

    def writes(self, since: int, account: str | None = None) -> Sequence[CallRecord]:
        """Calls since then that changed something or tried to; containers that write their logs do not count."""
        return [
            call
            for call in self.cloud.calls(since)
            if not call.action.startswith(_NOT_WRITES)
            and not call.action.partition(":")[2].startswith(_READING)
            and account in {None, call.account}
        ]

    def count(self, action: str, since: int = 0) -> int:
        """How often an action succeeded."""
        return sum(call.action == action and call.done for call in self.cloud.calls(since))

    def await_status(self, status: str, name: str = "qa", stage: str = "") -> dict[str, Any]:
        """The endpoint's description once it has that status, and its new fleet is in that stage."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                described = self.described(name)
            except self.sagemaker(name).exceptions.ClientError:
                described = {"EndpointStatus": "not there yet"}
            pending = described.get("PendingDeploymentSummary", {}).get("ProductionVariants", [])
            stages = {each["Status"] for variant in pending for each in variant.get("VariantStatus", [])}
            if described["EndpointStatus"] == status and (not stage or stage in stages):
                return described
            assert time.monotonic() < deadline, described
            time.sleep(0.02)


class Running:
    """A step that runs in a thread of its own, to be looked at on its way."""

    def __init__(self, work: Callable[[], Any]) -> None:
        pool = ThreadPoolExecutor(1)
        self._future: Future[Any] = pool.submit(work)
        pool.shutdown(wait=False)

    def wait(self, seconds: float) -> bool:
        """Whether it ends within so long."""
        return bool(wait([self._future], seconds).done)

    def ended(self) -> Any:
        """Its result, or its error raised."""
        return self._future.result(PATIENCE_SECONDS)


def new_world(cloud: EmbeddedCloud, folder: Path) -> World:
    """A project of its own, with nothing deployed yet."""
    project = new_project(cloud, folder)
    return World(
        cloud=cloud,
        configuration=project.configuration,
        image=project.image,
        package=project.package,
        keys=project.keys,
        folder=folder,
    )


def pending(world: World) -> World:
    """The same project with a package that nobody has approved yet."""
    package = new_package(world.cloud, world.project, world.image, "PendingManualApproval")
    return replace(world, package=package)


def _archive(doing: Mapping[str, str]) -> bytes:
    content = json.dumps(doing).encode()
    entry = tarfile.TarInfo("orders.json")
    entry.size = len(content)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
