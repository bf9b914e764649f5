"""The history of environments: numbered, never torn, and never written twice."""

from __future__ import annotations

from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as some

from agent.ledger.environments import Checked, Environments
from agent.ledger.ledger import Ledger
from tests.fakes import EPOCH, MemoryObjects
from tests.unit.deployment.stage import digest, entry
from tests.unit.ledger.interleaving import interleave


def environments(objects: MemoryObjects) -> Environments:
    return Environments(Ledger(objects, "bucket"))


def test_an_environment_without_history_has_nothing() -> None:
    assert environments(MemoryObjects()).current("qa") is None
    assert environments(MemoryObjects()).history("qa") == ()


def test_what_is_live_is_the_last_deployment_that_was_done() -> None:
    known = environments(MemoryObjects())
    for number, status in enumerate(("done", "done", "failed", "interrupted"), start=1):
        known.add(entry(number, status=status))
    current = known.current("qa")
    assert current is not None
    assert (current.number, current.release) == (2, digest(2))
    assert [one.number for one in known.history("qa")] == [1, 2, 3, 4]
    assert [one.number for one in known.newest_first("qa")] == [4, 3, 2, 1]


def test_numbers_stay_in_order_past_ten() -> None:
    known = environments(MemoryObjects())
    for number in range(1, 13):
        known.add(entry(0, release=digest(number)))
    current = known.current("qa")
    assert current is not None
    assert (current.number, current.release) == (12, digest(12))


def test_environments_have_histories_of_their_own() -> None:
    known = environments(MemoryObjects())
    known.add(entry(0, environment="qa"))
    assert known.current("qa-2") is None
    assert known.add(entry(0, environment="qa-2")).number == 1


def test_an_entry_whose_answer_was_lost_is_there_once() -> None:
    """S3 has written it, but the repetition of the request finds that name taken."""
    objects = MemoryObjects()

    def lose_the_answer(bucket: str, key: str, body: bytes) -> bool:
        MemoryObjects.create(objects, bucket, key, body)
        return MemoryObjects.create(objects, bucket, key, body)

    objects.create = lose_the_answer  # type: ignore[method-assign]
    assert environments(objects).add(entry(0)).number == 1
    assert len(environments(objects).history("qa")) == 1


@settings(deadline=None, max_examples=50)
@given(order=some.lists(some.integers(0, 2), max_size=30))
def test_of_several_writers_every_one_gets_a_number_of_its_own(order: list[int]) -> None:
    objects = MemoryObjects()
    writers = [partial(environments(objects).add, entry(0, release=digest(number))) for number in (1, 2, 3)]
    written = interleave(objects, writers, order)
    history = environments(objects).history("qa")
    assert [one.number for one in history] == [1, 2, 3]
    assert sorted(one.number for one in written) == [1, 2, 3]
    assert {one.release for one in history} == {digest(number) for number in (1, 2, 3)}


def test_the_last_check_of_a_release_counts() -> None:
    known = environments(MemoryObjects())
    check = Checked(environment="qa", release=digest(1), deployment=1, key="k", passed=False, run="run-1", ended=EPOCH)
    assert known.checked("qa", digest(1)) is None
    known.keep_check(check)
    known.keep_check(check.model_copy(update={"passed": True}))
    found = known.checked("qa", digest(1))
    assert found is not None
    assert found.passed
    assert known.checked("qa", digest(2)) is None
