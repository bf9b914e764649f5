"""What an environment had, read from a ledger in memory with few requests."""

from __future__ import annotations

from agent.ledger.environments import Environments
from agent.ledger.ledger import Ledger
from agent.pipeline.past import past_of, past_to_show
from agent.release.store import ReleaseStore
from tests.fakes import MemoryObjects
from tests.unit.deployment.stage import entry, release


def ledger_of(**environments: tuple[int, ...]) -> Ledger:
    """Environments with what was deployed there, by number; a negative one failed."""
    ledger = Ledger(MemoryObjects(), "bucket")
    for name, numbers in environments.items():
        for number in numbers:
            digest = ReleaseStore(ledger).write(release(abs(number)))
            status = "done" if number > 0 else "failed"
            Environments(ledger).add(entry(0, environment=name, release=digest, status=status))
    return ledger


def test_the_oldest_is_first_and_the_last_that_was_done_is_live() -> None:
    past = past_of("prod", ledger_of(prod=(1, 2, -3)), most=10)
    assert [one.deployment.number for one in past.entries] == [1, 2, 3]
    assert [one.live for one in past.entries] == [False, True, False]
    assert [one.release for one in past.entries] == [release(1), release(2), release(3)]
    assert past.live == past.entries[1].deployment.release


def test_no_more_is_read_than_asked_for_and_each_release_once() -> None:
    ledger = ledger_of(prod=(1, 2, 1, 2, 1))
    assert isinstance(ledger.objects, MemoryObjects)
    ledger.objects.calls.clear()
    past = past_of("prod", ledger, most=3)
    assert [one.deployment.number for one in past.entries] == [3, 4, 5]
    assert len(ledger.objects.made("GetObject")) == 3 + 2


def test_a_release_that_somebody_took_away_is_none() -> None:
    ledger = ledger_of(prod=(1,))
    digest = ReleaseStore(ledger).all()[0]
    ledger.objects.delete("bucket", f"ledger/releases/{digest}.json")
    (one,) = past_of("prod", ledger, most=1).entries
    assert (one.release, one.deployment.release, one.live) == (None, digest, True)


def test_shown_is_what_is_nearest_to_production_and_has_had_two_releases() -> None:
    def shown(**environments: tuple[int, ...]) -> str:
        found = past_to_show(("dev", "qa", "prod"), ledger_of(**environments))
        return found.environment if found else ""

    assert shown() == ""
    assert shown(dev=(1, 2), qa=(1, 2), prod=(1, 2)) == "prod"
    assert shown(dev=(1, 2, 3), qa=(1, 2), prod=(1, 1)) == "qa"
    assert shown(qa=(1,), prod=(-1,)) == "qa"
