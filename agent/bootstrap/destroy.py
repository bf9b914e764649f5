"""Takes a project's stacks away again, the tools account last, each as its own administrator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.aws.endpoints import SageMakerEndpoints
from agent.aws.kept import AwsKeptThings
from agent.aws.users import Users
from agent.bootstrap.apply import clients_in, open_stacks
from agent.bootstrap.removing import Extent, Removed, StackRemoval
from agent.bootstrap.survey import Survey, in_the_way, survey
from agent.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.bootstrap.apply import ClientsOf
    from agent.bootstrap.orders import StackOrder
    from agent.config.model import Configuration
    from agent.ports.reporter import Reporter
    from agent.ports.time import Clock


def look(configuration: Configuration, orders: Sequence[StackOrder], clients_of: ClientsOf) -> tuple[Survey, ...]:
    """What :func:`destroy` would find, in its order; nothing is changed. Raises as :func:`open_stacks` does."""
    found = []
    for order in reversed(orders):
        stacks = open_stacks(order, clients_of)
        clients = clients_in(order, clients_of)
        kept, endpoints = AwsKeptThings(clients, order.account), SageMakerEndpoints(clients, order.account)
        found.append(survey(configuration, order, stacks=stacks, kept=kept, endpoints=endpoints))
    return tuple(found)


def refuse_serving(surveys: Sequence[Survey], extent: Extent) -> None:
    """Raise UsageError where an endpoint still serves that nobody said should go."""
    told = in_the_way(surveys)
    if told and not extent.endpoints:
        raise UsageError(
            "nothing was removed, for endpoints still serve with the roles of these stacks; remove them first, "
            "or say --with-endpoints:\n" + "\n".join(f"  {line}" for line in told)
        )


def destroy(
    surveys: Sequence[Survey], clients_of: ClientsOf, extent: Extent, *, clock: Clock, report: Reporter
) -> tuple[Removed, ...]:
    """End every stack that was looked at, in that order; what is done by the time of an error stays done."""
    refuse_serving(surveys, extent)
    done = []
    for each in surveys:
        clients = clients_in(each.order, clients_of)
        removal = StackRemoval(
            each,
            stacks=open_stacks(each.order, clients_of),
            users=Users(clients, each.order.account),
            clock=clock,
            report=report,
        )
        kept = AwsKeptThings(clients, each.order.account)
        endpoints = SageMakerEndpoints(clients, each.order.account)
        done.append(removal.remove(extent, kept=kept, endpoints=endpoints))
    return tuple(done)
