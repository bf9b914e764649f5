"""The ledger in a real S3: many writers at once, over connections that fail, and every document is whole."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from agent.aws.s3_documents import S3Objects
from agent.aws.sessions import Clients, Credentials
from agent.ledger.ledger import Ledger
from agent.ledger.records import Record

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.cloud.embedded import EmbeddedCloud

WRITERS = 6
ROUNDS = 4


class Tally(Record):
    """A document that every writer adds to, with something to be torn."""

    additions: tuple[str, ...] = ()
    ballast: str = ""


@pytest.fixture
def ledgers(cloud: EmbeddedCloud, bucket: str) -> list[Ledger]:
    """One for each writer, with connections of its own."""
    keys = cloud.running.administrator("tools")
    credentials = Credentials(access_key_id=keys.access_key_id, secret_access_key=keys.secret_access_key)
    clients = [
        Clients(credentials=credentials, region=cloud.running.region, endpoint_url=cloud.endpoint, attempts=6)
        for _ in range(WRITERS)
    ]
    return [Ledger(S3Objects(each, keys.account), bucket) for each in clients]


def add(ledger: Ledger, name: str, what: str) -> None:
    """Add to the document, again and again until nobody was faster."""
    while True:
        seen = ledger.version(name, Tally)
        old, etag = seen or (Tally(), "")
        new = Tally(additions=(*old.additions, what), ballast=what * 2000)
        if ledger.replace(name, new, etag=etag) if seen else ledger.create(name, new):
            return


@pytest.mark.embedded_only("faults are the cloud's own")
@pytest.mark.parametrize("faults", [[], ["cut", "throttling", "internal", "cut"]], ids=["good day", "bad day"])
def test_no_addition_is_lost_or_made_twice(
    cloud: EmbeddedCloud, ledgers: list[Ledger], unique: Callable[[str], str], faults: list[str]
) -> None:
    name = f"{unique('tally')}.json"
    for kind in faults:
        cloud.fault(kind, operation="s3:*Object", count=3)
    work = [(ledger, name, f"{number}-{turn};") for number, ledger in enumerate(ledgers) for turn in range(ROUNDS)]
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(lambda each: add(*each), work))
    kept = ledgers[0].expect(name, Tally)
    assert sorted(kept.additions) == sorted(what for _, _, what in work)
    assert kept.ballast == kept.additions[-1] * 2000
