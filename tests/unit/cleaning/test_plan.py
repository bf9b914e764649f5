"""A clean-up leaves whatever a release or a last run leads to, and takes the rest with the records that lead to it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from agent.cleaning.need import Needed, listed_in, named_in
from agent.cleaning.plan import plan
from agent.config.releases import Releases
from agent.errors import InputMissingError
from agent.ledger.ledger import Ledger
from agent.ports.images import PushedImage
from agent.release.keys import signing
from agent.release.store import ReleaseStore
from tests.fakes import EPOCH, FakeAccount, MemoryKeys, MemoryObjects
from tests.unit.pipeline_steps import vouched

BUCKET = "bucket"
LATER = EPOCH + timedelta(days=30)


@pytest.fixture
def objects() -> MemoryObjects:
    return MemoryObjects()


@pytest.fixture
def ledger(objects: MemoryObjects) -> Ledger:
    return Ledger(objects, BUCKET)


def keep(objects: MemoryObjects, key: str, document: Any = None) -> None:
    objects.create(BUCKET, key, json.dumps(document).encode())


def removed(ledger: Ledger, *images: str, age: timedelta = timedelta(days=7)) -> list[str]:
    pushed = [PushedImage(digest=digest, size=1, pushed=EPOCH) for digest in images]
    return [removal.name for removal in plan(ledger, pushed, now=LATER, age=age)]


def test_an_empty_bucket_has_nothing_to_remove(ledger: Ledger) -> None:
    assert removed(ledger) == []


def test_what_no_release_names_can_go(ledger: Ledger, objects: MemoryObjects) -> None:
    keep(objects, "models/one/output/model.tar.gz")
    keep(objects, "models/two/output/model.tar.gz")
    keep(objects, "ledger/releases/a.json", {"model": {"artifact": f"s3://{BUCKET}/models/one/output/model.tar.gz"}})
    assert removed(ledger) == ["models/two/output/model.tar.gz"]


def test_what_a_signed_release_names_stays(objects: MemoryObjects) -> None:
    made, bucket = vouched.release(), vouched.BUCKET
    objects.buckets.add(bucket)
    for uri in (made.model.artifact, *(data.manifest for data in made.data.values())):
        objects.create(bucket, uri.removeprefix(f"s3://{bucket}/"), b"[]")
    objects.create(bucket, "models/two/output/model.tar.gz", b"")
    ledger = Ledger(objects, bucket)
    keys = MemoryKeys()
    keys.add()
    ReleaseStore(ledger).write(made, signing("tumour", Releases(), FakeAccount(keys=keys), ledger))
    assert removed(ledger, made.image.digest) == ["models/two/output/model.tar.gz"]


def test_nothing_goes_while_a_release_cannot_be_read(ledger: Ledger, objects: MemoryObjects) -> None:
    keep(objects, "models/two/output/model.tar.gz")
    keep(objects, "ledger/releases/a.json", {"payloadType": "application/vnd.in-toto+json", "payload": "?"})
    with pytest.raises(InputMissingError, match=r"ledger/releases/a\.json is damaged"):
        removed(ledger)


def test_what_a_branch_s_last_run_names_stays(ledger: Ledger, objects: MemoryObjects) -> None:
    keep(objects, "models/one/output/model.tar.gz")
    keep(objects, "ledger/last-runs/branch-main.json", {"results": [f"s3://{BUCKET}/models/one/output/model.tar.gz"]})
    assert removed(ledger) == []


def test_data_that_a_needed_manifest_lists_stays(ledger: Ledger, objects: MemoryObjects) -> None:
    keep(objects, "data/objects/iris.aa.csv")
    keep(objects, "data/objects/iris.bb.csv")
    keep(objects, "data/manifests/m.manifest", [{"prefix": f"s3://{BUCKET}/data/objects/"}, "iris.aa.csv"])
    keep(objects, "data/manifests/m.json")
    keep(objects, "ledger/releases/a.json", {"data": f"s3://{BUCKET}/data/manifests/m.manifest"})
    assert removed(ledger) == ["data/objects/iris.bb.csv"]


def test_a_record_goes_before_what_it_names(ledger: Ledger, objects: MemoryObjects) -> None:
    keep(objects, "models/two/output/model.tar.gz")
    artifact = f"s3://{BUCKET}/models/two/output/model.tar.gz"
    keep(objects, "ledger/steps/train/k/done.json", {"result": {"model": artifact}})
    keep(objects, "ledger/steps/train/other/done.json", {"result": {"model": "elsewhere"}})
    assert removed(ledger) == ["ledger/steps/train/k/done.json", "models/two/output/model.tar.gz"]


def test_an_image_that_no_release_names_can_go_with_its_record(ledger: Ledger, objects: MemoryObjects) -> None:
    uri = "111111111111.dkr.ecr.us-east-1.amazonaws.com/tumour@sha256:"
    keep(objects, "ledger/releases/a.json", {"image": f"{uri}aa"})
    keep(objects, "ledger/steps/build_image/k/done.json", {"result": {"image": {"uri": f"{uri}bb"}}})
    assert removed(ledger, "sha256:aa", "sha256:bb") == ["ledger/steps/build_image/k/done.json", "sha256:bb"]


def test_what_is_young_stays(ledger: Ledger, objects: MemoryObjects) -> None:
    keep(objects, "models/two/output/model.tar.gz")
    assert removed(ledger, age=timedelta(days=31)) == []


def test_history_and_releases_are_never_touched(ledger: Ledger, objects: MemoryObjects) -> None:
    keep(objects, "ledger/environments/prod/history/000001.json", {})
    keep(objects, "ledger/runs/run-1.json", {})
    assert removed(ledger) == []


def test_addresses_are_found_wherever_they_stand() -> None:
    document = {"a": [{"b": f"s3://{BUCKET}/x"}], "image": "1.dkr.ecr.us-east-1.amazonaws.com/n@sha256:aa", "c": 1}
    found = named_in(document, BUCKET)
    assert found == Needed(keys=frozenset({"x"}), images=frozenset({"sha256:aa"}))


def test_another_bucket_s_addresses_are_not_ours() -> None:
    assert named_in({"a": "s3://other/x"}, BUCKET).keys == frozenset()


def test_a_manifest_lists_keys_below_its_prefix() -> None:
    assert listed_in([{"prefix": f"s3://{BUCKET}/data/"}, "a", "b/c"], BUCKET) == {"data/a", "data/b/c"}
