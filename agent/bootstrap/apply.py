"""Brings every account of a project to what its configuration asks for, each as its own administrator."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from agent.aws.identity import identity
from agent.aws.stacks import CloudFormationStacks
from agent.bootstrap.changing import Outcome, StackChange
from agent.bootstrap.orders import TOOLS
from agent.errors import AccessDeniedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent.aws.sessions import Clients
    from agent.bootstrap.changing import Applied, Planned
    from agent.bootstrap.orders import StackOrder
    from agent.ports.reporter import Reporter
    from agent.ports.stacks import Stacks
    from agent.ports.time import Clock

ClientsOf = Callable[[str], "Clients"]
"""The clients of an account's administrator, by the account's 12 digits."""


def apply(
    orders: Sequence[StackOrder], clients_of: ClientsOf, *, clock: Clock, report: Reporter
) -> tuple[Applied, ...]:
    """Create or update every stack, in order; one that is as ordered stays as it is.

    Source: ``CreateChangeSet``, ``ExecuteChangeSet``. Raises AccessDeniedError for an identity of another account, and
    with CloudFailedError what :meth:`StackChange.apply` raises; stacks that are done by then stay.
    """
    done: list[Applied] = []
    tools_outputs: Mapping[str, str] = {}
    for order in orders:
        stacks = open_stacks(order, clients_of)
        applied = StackChange(order, tools_outputs, stacks=stacks, clock=clock, report=report).apply()
        tools_outputs = applied.outputs if order.label == TOOLS else tools_outputs
        report.fact(f"{order.label}: {order.name} in account {order.account} {_WORDS[applied.outcome]}")
        done.append(applied)
    return tuple(done)


def plan(orders: Sequence[StackOrder], clients_of: ClientsOf, *, clock: Clock, report: Reporter) -> tuple[Planned, ...]:
    """What :func:`apply` would change, as CloudFormation sees it; the stacks stay as they are."""
    found: list[Planned] = []
    tools_outputs: Mapping[str, str] = {}
    for order in orders:
        stacks = open_stacks(order, clients_of)
        planned = StackChange(order, tools_outputs, stacks=stacks, clock=clock, report=report).plan()
        tools_outputs = planned.outputs if order.label == TOOLS else tools_outputs
        found.append(planned)
    return tuple(found)


def open_stacks(order: StackOrder, clients_of: ClientsOf) -> Stacks:
    """CloudFormation in an order's account and region; AccessDeniedError for an administrator of another account."""
    clients = clients_of(order.account)
    who = identity(clients, order.account)
    if who.account != order.account:
        raise AccessDeniedError(f"{who.arn} is not of account {order.account}, which is to be {order.label}'s")
    return CloudFormationStacks(clients_in(order, clients_of), order.account)


def clients_in(order: StackOrder, clients_of: ClientsOf) -> Clients:
    """The clients of an order's administrator in its region."""
    clients = clients_of(order.account)
    return clients if clients.region == order.region else clients.elsewhere(order.region)


_WORDS: Mapping[Outcome, str] = {
    Outcome.CREATED: "was created",
    Outcome.UPDATED: "was updated",
    Outcome.UNCHANGED: "has nothing to change",
}
