"""What is kept in the bucket and in the registries is damaged, changed or gone."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from agent.errors import ExitCode
from tests.faults.case import NOTHING, ONCE, Case
from tests.faults.scene import BUCKET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.case import Strike
    from tests.faults.scene import Scene

_PROMOTE = ("promote", "RELEASE", "--to", "prod")


def truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


def overwritten(_content: bytes) -> bytes:
    return b'{"nothing": "of that kind"}\n'


def edited(content: bytes) -> bytes:
    return content.replace(b"0.9", b"0.8") if b"0.9" in content else content[:-1] + bytes([content[-1] ^ 1])


def newest(beginning: str, ending: str = "") -> Callable[[Scene], str]:
    """The object that was written last of those whose keys begin and end so."""

    def find(scene: Scene) -> str:
        listed = scene.s3.list_objects_v2(Bucket=BUCKET, Prefix=beginning)["Contents"]
        found = [entry for entry in listed if entry["Key"].endswith(ending)]
        return str(max(found, key=lambda entry: entry["LastModified"])["Key"])

    return find


def damaged(find: Callable[[Scene], str], how: Callable[[bytes], bytes]) -> Strike:
    """An object is damaged; the cure is its older version, which the bucket has."""

    @contextmanager
    def strike(scene: Scene) -> Iterator[None]:
        key, objects = find(scene), scene.world.ledger.objects
        document = objects.read(BUCKET, key)
        assert document is not None
        assert objects.replace(BUCKET, key, how(document.body), etag=document.etag)
        (damage, *_) = scene.s3.list_object_versions(Bucket=BUCKET, Prefix=key)["Versions"]
        yield
        scene.s3.delete_object(Bucket=BUCKET, Key=key, VersionId=damage["VersionId"])

    return strike


def deleted(find: Callable[[Scene], str]) -> Strike:
    """An object is deleted, and nobody brings it back."""

    @contextmanager
    def strike(scene: Scene) -> Iterator[None]:
        scene.s3.delete_object(Bucket=BUCKET, Key=find(scene))
        yield

    return strike


@contextmanager
def without_image(scene: Scene) -> Iterator[None]:
    """The image is deleted from its repository; the cure is to build it again."""
    ecr = scene.client("ecr")
    ecr.batch_delete_image(repositoryName="steered", imageIds=ecr.list_images(repositoryName="steered")["imageIds"])
    yield
    scene.done("--until", "build_image")


_DONE = (
    ("preparation", newest("ledger/steps/prepare/", "/done.json"), "prepare", "the record of the preparation"),
    ("history", newest("ledger/environments/qa/history/"), "deploy", "the environment's history"),
    ("lease", newest("ledger/environments/qa/lock.json"), "deploy", "the environment's lease"),
)
CASES = (
    *(
        Case(
            name=f"{name}-truncated",
            step=step,
            what=f"{what} is cut short",
            strike=damaged(find, truncated),
            exit_code=ExitCode.INPUT_MISSING,
            says=(BUCKET, "damaged"),
        )
        for name, find, step, what in _DONE
    ),
    *(
        Case(
            name=f"release-{name}",
            step="promote",
            what=f"the release {what}",
            strike=damaged(newest("ledger/releases/"), how),
            words=_PROMOTE,
            exit_code=ExitCode.INPUT_MISSING,
            says=("ledger/releases/",),
            asked=NOTHING,
        )
        for name, how, what in (
            ("truncated", truncated, "is cut short"),
            ("edited", edited, "has an edited byte"),
            ("overwritten", overwritten, "is something else"),
        )
    ),
    Case(
        name="artifact-edited",
        step="promote",
        what="the model's artifact has an edited byte",
        strike=damaged(newest("models/", "model.tar.gz"), edited),
        words=_PROMOTE,
        exit_code=ExitCode.INPUT_MISSING,
        says=("model.tar.gz", "has changed", "expected sha256"),
        asked=NOTHING,
    ),
    Case(
        name="data-manifest-edited",
        step="promote",
        what="the manifest of a data set has an edited byte",
        strike=damaged(newest("data/manifests/", ".manifest"), edited),
        words=_PROMOTE,
        exit_code=ExitCode.INPUT_MISSING,
        says=(".manifest", "has changed", "expected sha256"),
        asked=NOTHING,
    ),
    Case(
        name="image-deleted",
        step="promote",
        what="the image is deleted from its repository",
        strike=without_image,
        words=_PROMOTE,
        exit_code=ExitCode.INPUT_MISSING,
        says=("is not in its repository any more", "run the pipeline again"),
        asked=NOTHING,
    ),
    Case(
        name="record-deleted",
        step="prepare",
        what="the record of the preparation is deleted",
        strike=deleted(newest("ledger/steps/prepare/", "/done.json")),
        rerun="has nothing to do",
        asked=ONCE,
    ),
    Case(
        name="history-deleted",
        step="deploy",
        what="the environment's history is deleted",
        strike=deleted(newest("ledger/environments/qa/history/")),
        rerun="has nothing to do",
    ),
)
