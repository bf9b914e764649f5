"""What there is to tell of a build's data is read from the records of versions, and from the summaries' document."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.data.version import FileRecord, VersionRecord
from agent.errors import InputMissingError
from agent.ledger.environments import Environments
from agent.ledger.ledger import Ledger
from agent.pipeline.past import past_of
from agent.pipeline.told_data import told_data
from agent.release.store import ReleaseStore
from agent.report.data import Files
from agent.summaries import DataSetSummary, Summaries
from tests import builds
from tests.fakes import MemoryObjects
from tests.unit.deployment.stage import entry
from tests.unit.pipeline_steps.vouched import release

if TYPE_CHECKING:
    from agent.report.past import Past

OLD, NEW = builds.data("training", "b"), builds.data("training", "c")
SNAPSHOT = builds.outcome("snapshot_data", {"data": {"training": NEW.model_dump(mode="json")}})


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(MemoryObjects(), "bucket")


def deployed(ledger: Ledger, *digits: str) -> Past:
    """Releases that prod had, each made of the version with that digit."""
    for digit in digits:
        digest = ReleaseStore(ledger).write(release(data={"training": builds.data("training", digit)}))
        Environments(ledger).add(entry(0, environment="prod", release=digest))
    return past_of("prod", ledger, most=10)


def record(ledger: Ledger, digit: str, **sizes: int) -> None:
    """What is remembered of a version: the content of a file is its size."""
    files = tuple(FileRecord(name=name, size=size, content=f"{size}", source="") for name, size in sizes.items())
    body = VersionRecord(size=sum(sizes.values()), files=files).model_dump_json().encode()
    ledger.objects.create("bucket", f"data/manifests/{digit * 64}.json", body)


def test_files_are_compared_with_those_of_the_release_that_is_live(ledger: Ledger) -> None:
    record(ledger, "b", same=10, gone=20, changed=30)
    record(ledger, "c", same=10, changed=31, new=40)
    found = told_data([SNAPSHOT], "", deployed(ledger, "a", "b"), ledger)
    assert found is not None
    (one,) = found.sets
    assert (found.environment, one.before, one.changed) == ("prod", OLD, True)
    assert one.files == Files(added=1, removed=1, changed=1, unchanged=1, added_bytes=71, removed_bytes=50)


def test_a_build_that_is_live_is_compared_with_the_release_before_its_own(ledger: Ledger) -> None:
    past = deployed(ledger, "b", "c")
    found = told_data([SNAPSHOT], past.live, past, ledger)
    assert found is not None
    assert (found.release, found.sets[0].before) == (past.entries[0].deployment.release, OLD)


def test_the_same_data_need_no_record(ledger: Ledger) -> None:
    found = told_data([SNAPSHOT], "", deployed(ledger, "c"), ledger)
    assert found is not None
    assert found.same


def test_a_version_whose_record_is_gone_has_changed_all_the_same(ledger: Ledger) -> None:
    found = told_data([SNAPSHOT], "", deployed(ledger, "b"), ledger)
    assert found is not None
    assert (found.same, found.sets[0].files) == (False, None)


def test_without_a_release_and_without_summaries_there_is_nothing_to_tell(ledger: Ledger) -> None:
    assert told_data([SNAPSHOT], "", None, ledger) is None
    assert told_data([], "", deployed(ledger, "b"), ledger) is None


def test_summaries_are_read_where_the_step_left_them(ledger: Ledger) -> None:
    summary = DataSetSummary(name="training", digest="c" * 64, rows=12)
    ledger.create_bytes("data-checks/1/k-summaries.json", Summaries(data=(summary,)).model_dump_json().encode())
    checked = builds.outcome("check_data", {"summaries": ledger.uri("data-checks/1/k-summaries.json")})
    found = told_data([SNAPSHOT, checked], "", None, ledger)
    assert found is not None
    assert (found.summaries, found.release, found.sets[0].rows) == ((summary,), "", 12)
    gone = builds.outcome("check_data", {"summaries": ledger.uri("data-checks/1/other.json")})
    with pytest.raises(InputMissingError, match=r"other\.json is gone"):
        told_data([SNAPSHOT, gone], "", None, ledger)
