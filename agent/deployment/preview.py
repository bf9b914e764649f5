"""Serves a pull request's model for a while: an endpoint beside an environment, of which its history knows nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from agent import naming
from agent.config.environment import AllAtOnceStrategy
from agent.deployment.deploy import holds, under_lease
from agent.deployment.desired import Names, serving
from agent.deployment.live import look
from agent.deployment.order import enter
from agent.deployment.plan import Past, plan, serves
from agent.deployment.work import Work
from agent.errors import ModelyardError
from agent.step import Action

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from agent.artifacts import Model
    from agent.config.environment import Environment
    from agent.config.pull_requests import EphemeralEndpoint
    from agent.context import Context
    from agent.deployment.desired import Desired
    from agent.ledger.environments import Deployment
    from agent.ledger.leases import EnvironmentLock
    from agent.ports.account import Account
    from agent.ports.endpoints import Endpoints, EndpointState

_FRESH = 0.9
"""The part of its time to live that an endpoint must have left for a build to leave it as it is."""


def preview_environment(environment: Environment, wanted: EphemeralEndpoint, pull_request: int) -> Environment:
    """The environment's account and checks with an endpoint of the pull request's own.

    Nobody depends on it: it is updated at once, keeps nothing of what it is asked, and is not scaled.
    """
    endpoint = environment.endpoint
    instance, serverless = endpoint.instance, endpoint.serverless
    if wanted.instance or wanted.serverless:
        instance, serverless = wanted.instance, wanted.serverless
    changes: dict[str, Any] = {
        "name": naming.preview(endpoint.name, pull_request),
        "instance": instance.model_copy(update={"autoscaling": None}) if instance else None,
        "serverless": serverless,
        "data_capture": None,
        "strategy": AllAtOnceStrategy(kind="all_at_once"),
    }
    return environment.model_copy(update={"endpoint": endpoint.model_copy(update=changes)})


@dataclass(frozen=True, kw_only=True)
class PreviewOrder:
    """A model that is to be served for a pull request; a :class:`agent.deployment.order.Bringing`."""

    project: str
    model: Model
    environment: Environment
    pull_request: int
    time_to_live: timedelta
    action: Literal["deploy", "promote", "rollback"] = "deploy"
    approval: None = None

    @property
    def label(self) -> str:
        """See :class:`agent.deployment.order.Bringing`."""
        return f"model {naming.short(self.digest)}"

    @property
    def digest(self) -> str:
        """See :class:`agent.deployment.order.Bringing`."""
        return self.model.sha256

    @property
    def name(self) -> str:
        """A lease of its own, whose name is no environment's."""
        return f"pull-requests/{self.pull_request}"

    def desired(self, ctx: Context) -> Desired:
        """See :class:`agent.deployment.order.Bringing`."""
        known = {"project": self.project, "pull_request": str(self.pull_request), "run": ctx.run.id}
        names = Names(
            made=partial(naming.preview_deployment, self.project, self.pull_request),
            alarms=naming.preview(self.project, self.pull_request),
            tags=naming.tags(**known),
            endpoint_tags=naming.tags(**known, expires=naming.time_in_tag(self.ends(ctx))),
        )
        return serving(self.model, self.environment, project=self.project, names=names)

    def ends(self, ctx: Context) -> datetime:
        """When its time is over, counted from now."""
        return ctx.clock.now() + self.time_to_live


@dataclass(frozen=True, kw_only=True)
class Preview:
    """An endpoint that serves a pull request's model until it ``expires``."""

    arn: str
    name: str
    config: str
    expires: str


def bring_preview(order: PreviewOrder, ctx: Context) -> Preview:
    """Serve the model, put the endpoint's end off, and take away what earlier builds left."""
    return under_lease(order.name, ctx, partial(_brought, order, ctx))


def _brought(order: PreviewOrder, ctx: Context, lock: EnvironmentLock) -> Preview:
    deployed = Work(order, ctx, lock, _Unrecorded()).deploy()
    target = enter(order.environment, ctx)
    expires = naming.time_in_tag(order.ends(ctx))
    target.endpoints.add_tags(_tagging(deployed.endpoint, expires))
    _remove_former(order, target.endpoints, deployed.config, ctx)
    ctx.report.fact(f"endpoint {order.environment.endpoint.name} expires at {expires}")
    return Preview(arn=deployed.endpoint, name=order.environment.endpoint.name, config=deployed.config, expires=expires)


def planned_preview(order: PreviewOrder, ctx: Context) -> Sequence[Action]:
    """What :func:`bring_preview` would write now."""
    target, wanted = enter(order.environment, ctx), order.desired(ctx)
    live = look(target.endpoints, wanted)
    later = _postponed(live.state, order, target, ctx) if live.state else ()
    return (*plan(wanted, live, Past(), account=target.id).actions, *later)


def recalled_preview(order: PreviewOrder, ctx: Context) -> Preview | None:
    """The endpoint, if it serves the model and has most of its time left.

    Not while this run has its lease: it was lost before it had done all, and nobody else gives the lease back.
    """
    endpoints, wanted = enter(order.environment, ctx).endpoints, order.desired(ctx)
    state = endpoints.describe(wanted.endpoint)
    if state is None or not serves(wanted, state):
        return None
    expires = naming.tagged_time(endpoints.tags(state.arn).get(naming.tag("expires"), ""))
    if expires is None or expires - ctx.clock.now() < order.time_to_live * _FRESH:
        return None
    if holds(order.name, ctx):
        return None
    return Preview(arn=state.arn, name=state.name, config=state.config, expires=naming.time_in_tag(expires))


def _tagging(arn: str, expires: str) -> dict[str, Any]:
    return {"ResourceArn": arn, "Tags": naming.tags(expires=expires)}


def _postponed(state: EndpointState, order: PreviewOrder, target: Account, ctx: Context) -> Sequence[Action]:
    request = _tagging(state.arn, naming.time_in_tag(order.ends(ctx)))
    return (Action(operation="sagemaker:AddTags", resource=state.name, account=target.id, request=request),)


def _remove_former(order: PreviewOrder, endpoints: Endpoints, config: str, ctx: Context) -> None:
    """Configurations and models of earlier builds of the pull request; what cannot go now, the janitor takes."""
    prefix = naming.preview_deployments(order.project, order.pull_request)
    try:
        for name in [each for each in endpoints.configs(prefix) if each != config]:
            endpoints.delete_config(name)
        for name in [each for each in endpoints.models(prefix) if each != config]:
            endpoints.delete_model(name)
    except ModelyardError as error:
        ctx.report.warn(f"models of earlier builds are left for `modelyard clean`: {error}")


class _Unrecorded:
    """The history of an endpoint that has none; see :class:`agent.deployment.work.History`."""

    def history(self, environment: str) -> tuple[Deployment, ...]:  # noqa: ARG002 - History's signature
        """Nothing came before."""
        return ()

    def add(self, deployment: Deployment) -> Deployment:
        """Nothing is kept."""
        return deployment
