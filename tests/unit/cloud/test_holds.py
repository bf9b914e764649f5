"""Requests held at the door: one that is lost before has done nothing, one that is lost afterwards has done it all."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from agent.cloud.holds import Moment, Watch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.cloud.embedded import EmbeddedCloud
    from agent.cloud.holds import Held

ONCE = Config(read_timeout=10, retries={"total_max_attempts": 1})
"""No answer comes to a request that is lost: the client's patience is what this takes."""
BUCKET = "of-holds"


@pytest.fixture
def s3(cloud: EmbeddedCloud) -> Iterator[Any]:
    client = cloud.client("s3", config=ONCE)
    client.create_bucket(Bucket=BUCKET)
    yield client
    cloud.hold(None)
    for entry in client.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        client.delete_object(Bucket=BUCKET, Key=entry["Key"])
    client.delete_bucket(Bucket=BUCKET)


def put(s3: Any, key: str, failures: list[BaseException]) -> threading.Thread:
    """A client that puts an object, and tells how that ended."""

    def work() -> None:
        try:
            s3.put_object(Bucket=BUCKET, Key=key, Body=b"content", IfNoneMatch="*")
        except BotoCoreError as error:
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def held(cloud: EmbeddedCloud) -> Held:
    found = cloud.next_held(30)
    assert found is not None
    return found


def keys(s3: Any) -> list[str]:
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ())]


@pytest.mark.parametrize(("moment", "there"), [(Moment.BEFORE, []), (Moment.AFTER, ["a"])])
def test_a_request_that_is_lost_was_done_or_not(
    cloud: EmbeddedCloud, s3: Any, moment: Moment, there: list[str]
) -> None:
    failures: list[BaseException] = []
    cloud.hold(Watch(moment=moment, but=("s3:List*",)))
    client = put(s3, "a", failures)
    found = held(cloud)
    assert (found.action, found.path, found.creates) == ("s3:PutObject", f"/{BUCKET}/a", True)
    assert found.caller.endswith(":user/administrator")
    assert keys(s3) == there
    cloud.next_held(0, found, goes_on=False)
    client.join()
    assert len(failures) == 1
    assert keys(s3) == there
    cut = [call for call in cloud.calls() if call.path == f"/{BUCKET}/a"][-1]
    assert cut.done is bool(there)


@pytest.mark.parametrize("moment", Moment)
def test_a_request_that_goes_on_knows_nothing_of_it(cloud: EmbeddedCloud, s3: Any, moment: Moment) -> None:
    failures: list[BaseException] = []
    cloud.hold(Watch(moment=moment, but=("s3:List*",)))
    client = put(s3, "b", failures)
    assert cloud.next_held(0, held(cloud)) is None
    client.join()
    assert (failures, keys(s3)) == ([], ["b"])


def test_the_end_of_the_watch_lets_all_go(cloud: EmbeddedCloud, s3: Any) -> None:
    failures: list[BaseException] = []
    cloud.hold(Watch(moment=Moment.BEFORE))
    client = put(s3, "c", failures)
    held(cloud)
    cloud.hold(None)
    client.join()
    assert (failures, keys(s3)) == ([], ["c"])


def test_only_whom_and_what_is_watched_is_held(cloud: EmbeddedCloud, s3: Any) -> None:
    cloud.hold(Watch(moment=Moment.BEFORE, callers=("*/somebody-else",)))
    assert keys(s3) == []
    cloud.hold(Watch(moment=Moment.AFTER, but=("s3:*",)))
    assert keys(s3) == []
    assert cloud.next_held(0) is None
