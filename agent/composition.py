"""Puts a run together: configuration, identity, accounts, ledger and builder; the one place that knows them all."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from agent.artifacts import Champion
from agent.aws.accounts import AwsAccounts
from agent.aws.ambient import ambient_clients
from agent.aws.entering import started_by
from agent.bootstrap.session_policies import scopes
from agent.chosen import choose
from agent.clock import SystemClock
from agent.config.builds import Build
from agent.context import Context, RunInfo, run_id
from agent.errors import ExitCode
from agent.images.builders import Builders
from agent.ledger.environments import Environments
from agent.ledger.ledger import Ledger
from agent.looks import Looks
from agent.pipeline.wiring import Wiring
from agent.release.store import ReleaseStore
from agent.release.verification import Demands, signature
from agent.visit import Visit
from agent.who import login

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from agent.artifacts import CommitInfo
    from agent.aws.questions import Asked
    from agent.chosen import Chosen
    from agent.config.model import Configuration
    from agent.ports.reporter import Reporter

_SHOW_CURSOR = b"\x1b[?25h"
"""The tree of stages hides it."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A model repository that is ready to be worked on, as its configuration says for this run."""

    configuration: Configuration
    folder: Path
    commit: CommitInfo
    context: Context
    clock: SystemClock

    @property
    def build(self) -> Build:
        """What the run is of."""
        run = self.context.run
        return Build(branch=run.branch, tag=run.tag, pull_request=run.pull_request)

    def wiring(self) -> Wiring:
        """What the inputs of steps are made of."""
        return Wiring(
            configuration=self.configuration,
            folder=self.folder,
            commit=self.commit,
            run=self.context.run,
            builder=self.context.builder,
            champion_of=self.champion_of,
        )

    def champion_of(self, environment: str) -> Champion | None:
        """The model that an environment serves now, or None before its first deployment.

        What production is said to serve decides about what may go there: where it was signed, that must hold. One that
        was not is live all the same, and nothing signed could ever follow it if it were refused here.
        """
        current = Environments(self.context.ledger).current(environment)
        if current is None:
            return None
        release = ReleaseStore(self.context.ledger).read(current.release)
        if self.configuration.environments[environment].production:
            tools, demands = self.context.accounts.tools, Demands(releases=self.configuration.releases)
            signature(release, current.release, demands, tools, tools)
        return Champion(environment=environment, release=current.release, model=release.model)


def open_repository(
    file: Path,
    *,
    report: Reporter,
    branch: str = "",
    pull_request: int | None = None,
    settings: Sequence[str] = (),
    environ: Mapping[str, str],
    who: str = "",
    tag: str = "",
    reason: str = "",
    origin: str = "",
    visit: Visit | None = None,
) -> Opened:
    """Read the configuration and prepare the accounts: :func:`agent.chosen.choose` and :func:`open_chosen`."""
    chosen = choose(file, branch=branch, tag=tag, pull_request=pull_request, settings=settings)
    return open_chosen(chosen, report=report, environ=environ, who=who, reason=reason, origin=origin, visit=visit)


def open_chosen(
    chosen: Chosen,
    *,
    report: Reporter,
    environ: Mapping[str, str],
    who: str = "",
    reason: str = "",
    origin: str = "",
    asked: Asked | None = None,
    visit: Visit | None = None,
    looks: Looks | None = None,
) -> Opened:
    """Prepare the accounts; nothing is asked of AWS before a step does.

    ``environ`` tells of Jenkins (``BUILD_TAG``, ``BUILD_URL``, ``JOB_NAME``), ``who`` of the person who started the
    build, where one did, ``reason`` and ``origin`` of what the build is about; ``asked`` notes what AWS is asked;
    ``visit`` is for steps that may not wait to the end; ``looks`` at the data may have begun.
    Raises UsageError without credentials.
    """
    configuration, build = chosen.configuration, chosen.build
    clock = SystemClock()
    run = run_info(environ, clock, who=who, branch=build.branch, pull_request=build.pull_request)
    run = replace(run, tag=build.tag, reason=reason, origin=origin)
    tools = configuration.tools
    agent = ambient_clients(asked=asked)
    agent.on_skew(report.warn)
    accounts = AwsAccounts(
        agent,
        account=tools.account,
        region=tools.region,
        role=tools.role,
        started=started_by(environ, run.id),
        scopes=scopes(configuration, build.pull_request),
    )
    context = Context(
        accounts=accounts,
        ledger=Ledger(accounts.tools.objects, chosen.bucket),
        builder=Builders(clock),
        clock=clock,
        report=report,
        run=run,
        folder=chosen.folder,
        stop_jobs=stops_jobs(configuration, build.pull_request),
        visit=visit or Visit(),
        looks=looks or Looks(),
    )
    return Opened(configuration=configuration, folder=chosen.folder, commit=chosen.commit, context=context, clock=clock)


def run_info(
    environ: Mapping[str, str], clock: SystemClock, *, who: str, branch: str, pull_request: int | None
) -> RunInfo:
    """Jenkins's own names of the build, or the time and whoever is at the keyboard."""
    job = environ.get("JOB_NAME")
    return RunInfo(
        id=run_id(environ, clock.now()),
        who=who or (f"{job} #{environ.get('BUILD_NUMBER', '?')}" if job else login()),
        build_url=environ.get("BUILD_URL", ""),
        branch=branch,
        pull_request=pull_request,
    )


def stops_jobs(configuration: Configuration, pull_request: int | None) -> bool:
    """Whether an aborted run stops its jobs: as configured, else those of pull requests only."""
    if configuration.when_interrupted is None:
        return pull_request is not None
    return configuration.when_interrupted == "stop_jobs"


def end_in_order(clock: SystemClock) -> None:
    """Let SIGTERM (Jenkins's abort) and Ctrl-C end the steps in order; a second Ctrl-C ends at once."""

    def interrupt(number: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, _end_at_once)
        clock.interrupt(signal.Signals(number).name)

    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGINT, interrupt)


def _end_at_once(_number: int, _frame: object) -> None:
    """Not by an exception: Python would wait for all threads, and each of them for its request."""
    if sys.stderr.isatty():
        os.write(sys.stderr.fileno(), _SHOW_CURSOR)
    os._exit(ExitCode.INTERRUPTED)
