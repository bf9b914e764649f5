"""The step on values and fakes: what changes a version, what is copied for it, and what is not done twice."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from agent.config.model import DataSource
from agent.context import Context, RunInfo
from agent.data.download import MIRROR
from agent.data.snapshot import version_of_prefix
from agent.errors import InputMissingError, InterruptedRunError, TemporaryError, UsageError
from agent.ledger.ledger import Ledger
from agent.ports.images import StoredImage
from agent.runner import plan_step, run_step
from pipeline_steps.snapshot_data import STEP, Inputs, Result, recall
from tests.fakes import FakeAccount, FakeAccounts, FakeBuilder, FakeClock, KeptReport, MemoryImages, MemoryObjects

if TYPE_CHECKING:
    from pathlib import Path

    from agent.artifacts import DataSet
    from tests.fakes import Call


class Bench:
    """A repository's folder, and a bucket to keep its data in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.objects = MemoryObjects(buckets={"bucket", "lake"})
        self.report = KeptReport()

    def write(self, **files: str) -> None:
        for name, text in files.items():
            path = self.folder / "data" / f"{name}.csv"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)

    def context(self, clock: FakeClock | None = None) -> Context:
        accounts = FakeAccounts(tools=FakeAccount(objects=self.objects))
        return Context(
            accounts=accounts,
            ledger=Ledger(MemoryObjects(), "bucket"),
            builder=FakeBuilder(MemoryImages(), StoredImage(digest="sha256:0", media_type="none", size=0)),
            clock=clock or FakeClock(),
            report=self.report,
            run=RunInfo(id="run-1", who="tester"),
            folder=self.folder,
        )

    def inputs(self, **source: Any) -> Inputs:
        sources = {"training": DataSource(**source or {"path": "data"})}
        return Inputs(project="project", bucket="bucket", sources=sources)

    def run(self, **source: Any) -> Result:
        return run_step(STEP, self.inputs(**source), self.context()).result

    def recall(self, **source: Any) -> Result | None:
        return recall(self.inputs(**source), self.context())

    def manifest(self, data: DataSet) -> list[Any]:
        listed: list[Any] = json.loads(self.objects.kept["bucket", data.manifest.removeprefix("s3://bucket/")])
        prefix, *names = listed
        assert prefix == {"prefix": "s3://bucket/data/objects/"}
        return names

    def copied(self) -> list[str]:
        """The data objects that were written so far."""
        written = [*self.objects.made("PutObject"), *self.objects.made("CopyObject")]
        return [key for key in written if key.startswith("data/objects/")]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.delenv(MIRROR, raising=False)
    return Bench(tmp_path)


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# --- folders ------------------------------------------------------------------------------------------------------


def test_a_folder_becomes_a_version_of_named_files(bench: Bench) -> None:
    bench.write(a="1", b="22")
    result = bench.run(path="data", content_type="text/csv")
    data = result.data["training"]
    assert bench.manifest(data) == [f"a.{sha('1')}.csv", f"b.{sha('22')}.csv"]
    assert (data.name, data.files, data.size, data.content_type) == ("training", 2, 3, "text/csv")
    assert data.manifest == f"s3://bucket/data/manifests/{data.digest}.manifest"
    assert data.digest == hashlib.sha256(bench.objects.kept["bucket", data.manifest[len("s3://bucket/") :]]).hexdigest()
    assert (result.copied_files, result.copied_bytes) == (2, 3)


def test_nothing_new_is_recalled_without_a_write(bench: Bench) -> None:
    bench.write(a="1", b="2")
    first = bench.run()
    bench.objects.calls.clear()
    assert bench.recall() == first.model_copy(update={"copied_files": 0, "copied_bytes": 0})
    assert [call.operation for call in bench.objects.calls] == ["HeadObject"]


def test_data_that_changed_are_no_longer_recalled(bench: Bench) -> None:
    bench.write(a="1")
    bench.run()
    bench.write(a="2")
    assert bench.recall() is None


def test_one_changed_file_is_one_copied_object(bench: Bench) -> None:
    bench.write(a="1", b="2", c="3")
    bench.run()
    bench.objects.calls.clear()
    bench.write(b="changed")
    result = bench.run()
    assert bench.copied() == [f"data/objects/b.{sha('changed')}.csv"]
    assert (result.copied_files, result.copied_bytes) == (1, 7)


def test_one_changed_file_among_many_costs_one_listing(bench: Bench) -> None:
    bench.write(**{f"{number:04}": f"{number}" for number in range(2001)})
    bench.run()
    bench.write(**{"1234": "another"})
    bench.objects.calls.clear()
    assert bench.run().copied_files == 1
    assert bench.objects.made("ListObjectsV2") == ["data/objects/"]


def test_going_back_copies_nothing(bench: Bench) -> None:
    bench.write(a="1")
    first = bench.run()
    bench.write(a="2")
    bench.run()
    bench.write(a="1")
    assert bench.run().data == first.data
    assert len(bench.copied()) == 2


def test_a_removed_file_makes_another_version_of_objects_that_are_there(bench: Bench) -> None:
    bench.write(a="1", b="2")
    first = bench.run()
    (bench.folder / "data" / "b.csv").unlink()
    second = bench.run()
    assert second.copied_files == 0
    assert second.data["training"].digest != first.data["training"].digest


def test_what_an_interrupted_run_brought_is_not_brought_again(bench: Bench) -> None:
    bench.write(**{f"f{number:02}": f"{number}" for number in range(40)})

    def fail_late(call: Call) -> None:
        if call.operation == "PutObject" and len(bench.copied()) >= 25:
            raise TemporaryError("the connection was cut")

    bench.objects.before = fail_late
    with pytest.raises(TemporaryError):
        bench.run()
    brought = set(bench.copied())
    bench.objects.before = lambda _: None
    bench.objects.calls.clear()
    result = bench.run()
    assert set(bench.copied()).isdisjoint(brought)
    assert result.copied_files == 40 - len(brought)


def test_an_interrupted_run_brings_no_more(bench: Bench) -> None:
    bench.write(**{f"f{number:02}": f"{number}" for number in range(40)})
    clock = FakeClock()

    def interrupt(call: Call) -> None:
        clock.interrupted = clock.interrupted or call.operation == "PutObject"

    bench.objects.before = interrupt
    with pytest.raises(InterruptedRunError):
        run_step(STEP, bench.inputs(), bench.context(clock))
    assert len(bench.copied()) < 40


def test_a_file_that_changes_while_it_is_brought_is_not_kept_under_a_false_name(bench: Bench) -> None:
    bench.write(a="1")

    def change(call: Call) -> None:
        if call.operation == "PutObject":
            bench.write(a="2")

    bench.objects.before = change
    with pytest.raises(InputMissingError, match="has changed"):
        bench.run()
    assert bench.objects.kept == {}


def test_data_of_several_sources_share_their_objects(bench: Bench) -> None:
    bench.write(a="1", b="2")
    sources = {"training": DataSource(path="data"), "evaluation": DataSource(path="data/a.csv")}
    inputs = Inputs(project="project", bucket="bucket", sources=sources)
    result = run_step(STEP, inputs, bench.context()).result
    assert result.copied_files == 2
    assert bench.manifest(result.data["evaluation"]) == [f"a.{sha('1')}.csv"]


def test_the_record_tells_where_files_came_from(bench: Bench) -> None:
    bench.write(a="1")
    data = bench.run().data["training"]
    record = json.loads(bench.objects.kept["bucket", f"data/manifests/{data.digest}.json"])
    (file,) = record["files"]
    assert (file["name"], file["size"], file["content"]) == ("a.csv", 1, sha("1"))
    assert file["source"].endswith("data/a.csv")


def test_two_names_that_another_system_cannot_tell_apart_are_refused(bench: Bench) -> None:
    bench.write(a="1", b="2")
    for name, letters in {"a": "\u00fc", "b": "u\u0308"}.items():
        (bench.folder / "data" / f"{name}.csv").rename(bench.folder / "data" / f"{letters}.csv")
    with pytest.raises(UsageError, match=r"/data/.*\.csv and .*/data/.*\.csv would both be '\u00fc\.csv'; rename one"):
        bench.run()


def test_git_sees_nothing_of_what_is_remembered(bench: Bench) -> None:
    bench.write(a="1")
    bench.run()
    assert (bench.folder / ".modelyard" / ".gitignore").read_text() == "*\n"


# --- objects ------------------------------------------------------------------------------------------------------


def put(bench: Bench, **objects: str) -> None:
    for name, text in objects.items():
        bench.objects.kept["lake", f"credit/{name}.csv"] = text.encode()


def test_objects_are_copied_on_the_server_s_side(bench: Bench) -> None:
    put(bench, a="1", b="2")
    bench.objects.kept["lake", "credit/"] = b""
    data = bench.run(s3="s3://lake/credit/").data["training"]
    assert (data.files, data.size) == (2, 2)
    assert bench.objects.made("GetObject") == []
    first, second = bench.manifest(data)
    assert first.startswith("a.etag-")
    assert bench.objects.kept["bucket", f"data/objects/{second}"] == b"2"


def test_only_a_changed_object_is_copied(bench: Bench) -> None:
    put(bench, a="1", b="2")
    bench.run(s3="s3://lake/credit/")
    assert bench.recall(s3="s3://lake/credit/") is not None
    bench.objects.calls.clear()
    put(bench, a="3")
    assert bench.recall(s3="s3://lake/credit/") is None
    assert bench.run(s3="s3://lake/credit/").copied_files == 1


def test_an_object_that_changes_before_it_is_copied_is_looked_at_again_later(bench: Bench) -> None:
    put(bench, a="1")

    def change(call: Call) -> None:
        if call.operation == "CopyObject":
            put(bench, a="2")

    bench.objects.before = change
    with pytest.raises(TemporaryError, match="has changed"):
        bench.run(s3="s3://lake/credit/")


def test_a_source_may_be_one_object(bench: Bench) -> None:
    put(bench, a="1", **{"a.csv.old": "2"})
    data = bench.run(s3="s3://lake/credit/a.csv").data["training"]
    (name,) = bench.manifest(data)
    assert name.startswith("a.etag-")


def test_nothing_at_an_address_says_so(bench: Bench) -> None:
    with pytest.raises(InputMissingError, match="data source `training`: there is no object at s3://lake/nothing/"):
        bench.run(s3="s3://lake/nothing/")


def test_an_object_that_could_be_no_file_is_refused(bench: Bench) -> None:
    bench.objects.kept["lake", "credit/../secret"] = b"x"
    with pytest.raises(UsageError, match=r"'\.\./secret' has a part that is"):
        bench.run(s3="s3://lake/credit/")


# --- downloads ----------------------------------------------------------------------------------------------------


def remote(bench: Bench, text: str = "1,2\n") -> dict[str, str]:
    file = bench.folder / "mirror" / "abalone.csv"
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    return {"url": file.as_uri().replace("file://", "http://127.0.0.1:9"), "sha256": sha(text)}


def test_a_download_is_a_version_by_its_digest(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    source = remote(bench)
    monkeypatch.setenv(MIRROR, str(bench.folder / "mirror"))
    data = bench.run(**source).data["training"]
    assert bench.manifest(data) == [f"abalone.{sha('1,2' + chr(10))}.csv"]
    assert (data.files, data.size) == (1, 4)


def test_what_the_store_holds_is_not_downloaded_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    source = remote(bench)
    monkeypatch.setenv(MIRROR, str(bench.folder / "mirror"))
    first = bench.run(**source)
    elsewhere = Bench(bench.folder / "elsewhere")
    elsewhere.objects = bench.objects
    monkeypatch.delenv(MIRROR)
    recalled = elsewhere.recall(**source)
    assert recalled is not None
    assert recalled.data == first.data
    for key in [key for key in bench.objects.kept if key[1].startswith("data/manifests/")]:
        del bench.objects.kept[key]
    assert elsewhere.run(**source).data == first.data


# --- plans --------------------------------------------------------------------------------------------------------


def test_a_plan_names_what_is_missing(bench: Bench) -> None:
    bench.write(a="1", b="2")
    actions = plan_step(STEP, bench.inputs(), bench.context())
    assert [(action.operation, action.note) for action in actions] == [
        ("s3:PutObject", "2 files to upload"),
        ("s3:PutObject", "the manifest of `training`, 2 files"),
    ]
    assert actions[0].resource == "s3://bucket/data/objects/"
    assert bench.objects.kept == {}
    bench.run()
    assert plan_step(STEP, bench.inputs(), bench.context()) == ()


def test_a_plan_tells_copies_from_uploads(bench: Bench) -> None:
    put(bench, a="1", b="2")
    first, _ = plan_step(STEP, bench.inputs(s3="s3://lake/credit/"), bench.context())
    assert first.note == "2 files to copy"


# --- what jobs wrote ----------------------------------------------------------------------------------------------


def prepared(bench: Bench, job: str, **files: str) -> DataSet:
    for name, text in files.items():
        bench.objects.kept["bucket", f"prepared/{job}/training/{name}.csv"] = text.encode()
    return version_of_prefix(bench.objects, "bucket", f"prepared/{job}/training", name="training")


def test_what_a_job_wrote_is_a_version_by_its_contents(bench: Bench) -> None:
    first = prepared(bench, "job-1", a="1", b="2")
    assert bench.manifest(first) == [f"a.{sha('1')}.csv", f"b.{sha('2')}.csv"]
    assert (first.files, first.size) == (2, 2)
    assert prepared(bench, "job-2", a="1", b="2") == first
    assert prepared(bench, "job-3", a="1", b="3").digest != first.digest
    assert len(bench.copied()) == 3


def test_what_a_job_wrote_is_not_needed_any_more(bench: Bench) -> None:
    data = prepared(bench, "job-1", a="1")
    bench.objects.kept["bucket", "prepared/job-1/training/a.csv"] = b"changed"
    (name,) = bench.manifest(data)
    assert bench.objects.kept["bucket", f"data/objects/{name}"] == b"1"


def test_a_job_that_wrote_nothing_is_told(bench: Bench) -> None:
    with pytest.raises(InputMissingError, match="`training` is empty: there is no object below s3://bucket/prepared/x"):
        prepared(bench, "x")


def test_a_file_of_a_folder_and_of_a_job_share_an_object(bench: Bench) -> None:
    bench.write(a="1")
    assert bench.run().data["training"].digest == prepared(bench, "job-1", a="1").digest
    assert len(bench.copied()) == 1
