"""Reads what an environment had from the ledger: its deployments with the releases that they brought."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

from agent.errors import InputMissingError
from agent.ledger.environments import Environments
from agent.release.store import ReleaseStore
from agent.report.past import Past, PastRelease

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.artifacts import Release
    from agent.ledger.ledger import Ledger

_MOST = 12
"""How many deployments a report looks back."""
_AT_ONCE = 16


def past_of(environment: str, ledger: Ledger, *, most: int) -> Past:
    """The newest deployments of an environment: a listing, and a read for each of them and for each release."""
    newest = tuple(islice(Environments(ledger).newest_first(environment), most))
    live = next((one.number for one in newest if one.status == "done"), None)
    digests = list(dict.fromkeys(one.release for one in newest))
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="past") as pool:
        releases = dict(zip(digests, pool.map(lambda digest: _read(digest, ledger), digests), strict=True))
    entries = tuple(
        PastRelease(deployment=one, release=releases[one.release], live=one.number == live) for one in reversed(newest)
    )
    return Past(environment=environment, entries=entries)


def past_to_show(environments: Sequence[str], ledger: Ledger) -> Past | None:
    """Of the environment that is nearest to production among those that had two releases, or else one; None without."""
    pasts = [past_of(name, ledger, most=_MOST) for name in reversed(environments)]
    had = [(len({one.deployment.release for one in past.done}), past) for past in pasts]
    return next((past for least in (2, 1) for count, past in had if count >= least), None)


def _read(digest: str, ledger: Ledger) -> Release | None:
    try:
        return ReleaseStore(ledger).read(digest)
    except InputMissingError:
        return None
