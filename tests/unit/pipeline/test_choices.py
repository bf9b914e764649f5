"""What a promote job offers, from a ledger in memory: the newest first, and with few requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.config.loading import load
from agent.ledger.environments import Environments
from agent.ledger.ledger import Ledger
from agent.pipeline.choices import MOST, choices
from agent.release.store import ReleaseStore
from tests.fakes import MemoryObjects
from tests.sources import ROOT
from tests.unit.deployment.stage import entry, release

if TYPE_CHECKING:
    from agent.config.model import Configuration
    from agent.pipeline.choices import Choices


@pytest.fixture(scope="module")
def configuration() -> Configuration:
    """With the environments `qa` and `prod`."""
    return load(ROOT / "examples" / "tumour-byo" / "modelyard.yaml").configuration


@pytest.fixture
def objects() -> MemoryObjects:
    return MemoryObjects()


def written(objects: MemoryObjects, count: int) -> list[str]:
    store = ReleaseStore(Ledger(objects, "bucket"))
    return [store.write(release(number)) for number in range(count)]


def deployed(objects: MemoryObjects, environment: str, *releases: str) -> None:
    """Each release in turn; one that fails begins with ``!``."""
    for one in releases:
        status = "failed" if one.startswith("!") else "done"
        made = entry(0, environment=environment, release=one.lstrip("!"), status=status)
        Environments(Ledger(objects, "bucket")).add(made)


def offered(configuration: Configuration, objects: MemoryObjects) -> Choices:
    return choices(configuration, Ledger(objects, "bucket"))


def test_an_empty_ledger_offers_nothing(configuration: Configuration, objects: MemoryObjects) -> None:
    found = offered(configuration, objects)
    assert (found.releases, found.rollback, found.environments) == ((), {}, ("prod",))
    assert found.strategies[0] == "configured"


def test_a_release_is_offered_by_its_digest_with_a_line_for_people(
    configuration: Configuration, objects: MemoryObjects
) -> None:
    (digest,) = written(objects, 1)
    deployed(objects, "qa", digest)
    (offer,) = offered(configuration, objects).releases
    assert (offer.value, offer.label) == (digest, f"{digest[:12]} | 2026-11-01 00:00 | live in qa")


def test_no_more_than_so_many_are_offered_or_read(configuration: Configuration, objects: MemoryObjects) -> None:
    written(objects, MOST + 5)
    objects.calls.clear()
    assert len(offered(configuration, objects).releases) == MOST
    assert len(objects.made("GetObject")) == MOST
    assert len(objects.made("ListObjectsV2")) == 3


def test_an_environment_goes_back_to_what_it_had(configuration: Configuration, objects: MemoryObjects) -> None:
    one, two, three = written(objects, 3)
    deployed(objects, "prod", one, two, f"!{three}", one, three)
    assert offered(configuration, objects).rollback == {"prod": (one, two)}


def test_where_nothing_came_before_there_is_nothing_to_go_back_to(
    configuration: Configuration, objects: MemoryObjects
) -> None:
    (one,) = written(objects, 1)
    deployed(objects, "prod", one, one)
    assert offered(configuration, objects).rollback == {}
