"""All looks at all accounts: first whether they let us in, then, in those that do, everything else at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.preflight import identity, image, keys, names, networks, permissions, quotas, regions, sharing, things
from agent.preflight.running import side_by_side
from agent.preflight.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.config.model import Configuration
    from agent.ports.account import Accounts
    from agent.preflight.finding import Finding

_IN_A_RUN = (regions, things, keys, image, names, permissions, sharing, networks)
_ALL = (*_IN_A_RUN, quotas)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Seconds for the entrance of accounts, and for all else."""

    entrance: float
    rest: float


PATIENT = Limits(entrance=120, rest=120)
"""In a run, which rather waits for a busy service than goes on without an answer."""
QUICK = Limits(entrance=4, rest=5)
"""For people: less than ten seconds in all."""


def subjects(configuration: Configuration, accounts: Accounts, image_sources: str | None) -> Iterator[Subject]:
    """The tools account first, then the environments in order."""
    yield Subject(name="tools", account=accounts.tools, configuration=configuration, image_sources=image_sources)
    for name, environment in configuration.environments.items():
        account = accounts.assume(
            account=environment.account,
            region=environment.region,
            role=environment.deploy_role,
            external_id=environment.external_id,
        )
        yield Subject(name=name, account=account, configuration=configuration, image_sources=image_sources)


def look_at(
    configuration: Configuration,
    accounts: Accounts,
    image_sources: str | None,
    *,
    limits: Limits,
    with_quotas: bool = False,
) -> tuple[Finding, ...]:
    """Everything that was found; quotas are left out of runs, for Service Quotas takes seconds to tell them."""
    every = tuple(subjects(configuration, accounts, image_sources))
    entered = side_by_side([identity.look(subject) for subject in every], seconds=limits.entrance)
    let_in = {finding.place for finding in entered if finding.severity == "ok"}
    concerns = _ALL if with_quotas else _IN_A_RUN
    looks = [
        look for subject in every if subject.name in let_in for concern in concerns for look in concern.looks(subject)
    ]
    return (*entered, *side_by_side(looks, seconds=limits.rest))
