"""The demo from end to end; every chapter fails unless what it tells was really seen."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.aws.sessions import Clients, Credentials
from agent.bootstrap.access_key import make_access_key
from agent.bootstrap.apply import apply
from agent.bootstrap.orders import orders
from agent.clock import SystemClock
from agent.config.loading import load
from agent.demo.build_server import BuildServer, environment
from agent.demo.progress import ChapterReporter
from agent.demo.repository import Repository, example
from agent.errors import CloudFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from agent.cloud.embedded import EmbeddedCloud
    from agent.config.model import Configuration
    from agent.console import Console
    from agent.demo.progress import Progress

EXAMPLE = "tumour-byo"
_FAST = 20
_DENIED = frozenset({"AccessDenied", "AccessDeniedException"})


@dataclass(frozen=True, kw_only=True)
class Demo:
    """Where the demo takes place; without ``base_image`` its image holds programs only, which run as processes."""

    cloud: EmbeddedCloud
    base_image: str | None = None
    folder: Path
    progress: Progress
    console: Console

    def tell(self) -> BuildServer:
        """Everything, from empty accounts to a production that was rolled back."""
        with self.progress.chapter("Make a model repository") as chapter:
            repository = Repository(example(EXAMPLE), self.folder / EXAMPLE, os.environ)
            chapter.fact(f"{repository.folder}, a copy of examples/{EXAMPLE} under git")
            if self.base_image is not None:
                repository.change("Build the image with the engine", builder="engine", base_image=self.base_image)
                chapter.fact(f"its image is built by the container engine, from {self.base_image}")
        configuration = load(repository.configuration).configuration
        server = self._bootstrap(configuration, repository)
        first = self._release(server, "qa")
        self._promote(server, first)
        server.run("run")
        self._expect(server, "qa", first)
        with self.progress.chapter("Commit a better model") as chapter:
            repository.change("More trees", trees=300)
            chapter.fact("trees: 150 → 300")
        second = self._release(server, "qa")
        if second == first:
            raise CloudFailedError("other hyperparameters made the same release")
        self._promote(server, second)
        self._be_refused(server, repository, second)
        with self._fast_clock():
            server.run("rollback", "prod")
        self._expect(server, "prod", first)
        self._be_denied(server, configuration)
        server.run("releases")
        server.run("status")
        return server

    def _bootstrap(self, configuration: Configuration, repository: Repository) -> BuildServer:
        clock = SystemClock()
        with self.progress.chapter("Bootstrap the accounts, each as its administrator") as chapter:
            apply(orders(configuration), self._administrator, clock=clock, report=ChapterReporter(chapter))
            tools = self._administrator(configuration.tools.account)
            key = make_access_key(configuration, tools, replace=False)
            chapter.fact(f"the build server is the user {key.user}: it may assume the project's roles, and no more")
        environ = environment(self.cloud, key, os.environ)
        return BuildServer(folder=repository.folder, environ=environ, console=self.console)

    def _administrator(self, account: str) -> Clients:
        running = self.cloud.running
        found = next(one for one in running.administrators if one.account == account)
        credentials = Credentials(access_key_id=found.access_key_id, secret_access_key=found.secret_access_key)
        return Clients(credentials=credentials, region=running.region, endpoint_url=running.endpoint)

    def _release(self, server: BuildServer, environment_name: str) -> str:
        """Run the pipeline; the release that it brought to the environment."""
        server.run("run")
        last = _last_run(server)
        if last["result"] != "done" or not last["release"]:
            raise CloudFailedError(f"the run ended as {last['result']}, without a release")
        release = str(last["release"])
        self._expect(server, environment_name, release)
        return release

    def _promote(self, server: BuildServer, release: str) -> None:
        with self._fast_clock():
            server.run("promote", release[:12], "--to", "prod")
        self._expect(server, "prod", release)

    @contextlib.contextmanager
    def _fast_clock(self) -> Iterator[None]:
        """Let the cloud's time fly while traffic moves in steps; the run sees each of them all the same."""
        self.cloud.set_clock_rate(_FAST)
        try:
            yield
        finally:
            self.cloud.set_clock_rate(1)

    def _be_refused(self, server: BuildServer, repository: Repository, live: str) -> None:
        with self.progress.chapter("Commit a worse model") as chapter:
            repository.change("Faster", trees=10, malignant_weight=1)
            chapter.fact("trees: 300 → 10, malignant_weight: 2 → 1")
        server.run("run")
        last = _last_run(server)
        if last["result"] != "refused":
            raise CloudFailedError(f"a worse model was not refused, the run ended as {last['result']}")
        self._expect(server, "qa", live)

    def _expect(self, server: BuildServer, environment_name: str, release: str) -> None:
        found = {one["environment"]: one for one in server.ask("status")["environments"]}[environment_name]
        if found["release"] != release or not found["endpoint"].endswith("is InService"):
            raise CloudFailedError(f"{environment_name} serves {found}, where release {release} was to be expected")

    def _be_denied(self, server: BuildServer, configuration: Configuration) -> None:
        prod = configuration.environments["prod"]
        with self.progress.chapter("Try what is not allowed, with the build server's key") as chapter:
            without_id = self._refusal(
                server, "sts", "assume_role", RoleArn=prod.deploy_role, RoleSessionName="without-external-id"
            )
            chapter.fact(f"production without its external id: {without_id}")
            bare = self._refusal(server, "sagemaker", "list_training_jobs")
            chapter.fact(f"no role assumed: {bare}")

    def _refusal(self, server: BuildServer, service: str, operation: str, **members: Any) -> str:
        """The message with which a call is denied; raises CloudFailedError when it is not."""
        client = self.cloud.client(
            service,
            aws_access_key_id=server.environ["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=server.environ["AWS_SECRET_ACCESS_KEY"],
        )
        try:
            getattr(client, operation)(**members)
        except client.exceptions.ClientError as error:
            if error.response["Error"]["Code"] in _DENIED:
                return str(error.response["Error"]["Message"])
            raise
        raise CloudFailedError(f"{operation} was allowed, although no policy allows it")


def _last_run(server: BuildServer) -> dict[str, Any]:
    last: dict[str, Any] = server.ask("status")["runs"][0]
    return last
