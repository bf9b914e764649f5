"""The agent's machine, its files and its network fail, and whoever runs it ends it."""

from __future__ import annotations

import secrets
import shutil
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

from agent.cloud.holds import Moment
from agent.errors import ExitCode
from tests.faults.case import NOTHING, ONCE, Case
from tests.faults.writes import AGENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.case import During, Strike
    from tests.faults.forge import Child
    from tests.faults.scene import Scene

_STAGES = {
    "snapshot_data": ("s3:PutObject", "/data/manifests/"),
    "build_image": ("ecr:PUT", "/manifests/"),
    "prepare": ("sagemaker:CreateProcessingJob", ""),
    "train": ("sagemaker:CreateTrainingJob", ""),
    "evaluate": ("s3:PutObject", "/evaluate.py"),
    "register": ("sagemaker:CreateModelPackage", ""),
    "release": ("kms:Sign", ""),
    "deploy": ("sagemaker:CreateEndpointConfig", ""),
    "check_endpoint": ("s3:PutObject", "/environments/qa/checked/"),
    "promote": ("sagemaker:CreateEndpointConfig", ""),
    "rollback": ("s3:PutObject", "/environments/prod/lock.json"),
}
"""A write of a stage."""
_BY_NAME = {
    **_STAGES,
    "build_image": ("s3:PutObject", "/ledger/steps/build_image/"),
    "rollback": ("sagemaker:UpdateEndpoint", ""),
}
"""A write of a stage that tells whose it is, as the registry's own protocol does not."""
_WORDS = {"promote": ("promote", "RELEASE", "--to", "prod"), "rollback": ("rollback", "prod", "--to", "RELEASE")}
_ENDS_WITH_IT = {"snapshot_data", "build_image", "register", "release"}
"""What is left to do then takes a moment, and to leave it would save none: it is done, and the run ends after it."""
_LAST = {"check_endpoint"}
"""Its write is the run's last one, which is done with it."""
_ASKED = {
    "register": {"CreateTrainingJob": 1, "CreateModelPackage": 2},
    "promote": NOTHING,
    "rollback": NOTHING,
}
"""Two that register at the same moment say the same ClientToken, and get the same version."""
_FRESH = frozenset({"snapshot_data", "build_image", "prepare", "evaluate"})
"""Another training needs nothing anew of these."""


def told_to_end(write: tuple[str, str], number: signal.Signals) -> Strike:
    """The agent gets a signal while it waits for the answer to a write, known by its action and its path."""

    @contextmanager
    def strike(scene: Scene) -> Iterator[During]:
        def during(agent: Child) -> None:
            scene.await_write(agent, *write, Moment.BEFORE)
            agent.send(number)
            scene.world.cloud.hold(None)

        with scene.watching(Moment.BEFORE):
            yield during

    return strike


def overtaken(write: tuple[str, str]) -> Strike:
    """Another build of the same commit does the same work while this one is about to do that write."""

    @contextmanager
    def strike(scene: Scene) -> Iterator[During]:
        def during(agent: Child) -> None:
            scene.await_write(agent, *write, Moment.BEFORE)
            words = tuple(word for word in agent.words if word != "--json")
            ended = scene.another(*words).end()
            assert ended.code == 0, ended
            scene.world.cloud.hold(None)

        with scene.watching(Moment.BEFORE, callers=AGENTS[:1]):
            yield during

    return strike


def _noted(stage: str) -> str:
    """What the ledger says of a stage's attempt that was told to end."""
    if stage in _ENDS_WITH_IT:
        return "done"
    return "" if stage in _LAST else "interrupted"


@contextmanager
def forgotten(scene: Scene) -> Iterator[None]:
    """The agent's disk is a new one."""
    shutil.rmtree(scene.folder / ".modelyard", ignore_errors=True)
    yield


@contextmanager
def damaged_memory(scene: Scene) -> Iterator[None]:
    """What the agent remembers on its disk is cut short."""
    for file in (path for path in (scene.folder / ".modelyard").rglob("*") if path.is_file()):
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    yield


@contextmanager
def changed_while_read(scene: Scene) -> Iterator[During]:
    """A file of the data is changed between the look at it and its upload."""
    file = next((scene.folder / "data").iterdir())
    before = file.read_bytes()

    def during(agent: Child) -> None:
        scene.await_write(agent, "s3:PutObject", "/ledger/steps/snapshot_data/", Moment.BEFORE)
        file.write_bytes(b"9,9\n9,9\n")
        scene.world.cloud.hold(None)

    with scene.watching(Moment.BEFORE):
        yield during
    file.write_bytes(before)


@contextmanager
def removed_while_read(scene: Scene) -> Iterator[During]:
    """A file of the data is gone between the look at it and its upload."""
    file = next((scene.folder / "data").iterdir())
    before = file.read_bytes()

    def during(agent: Child) -> None:
        scene.await_write(agent, "s3:PutObject", "/ledger/steps/snapshot_data/", Moment.BEFORE)
        file.unlink()
        scene.world.cloud.hold(None)

    with scene.watching(Moment.BEFORE):
        yield during
    file.write_bytes(before)


@contextmanager
def full_disk(scene: Scene) -> Iterator[None]:
    """There is no room for the layer of an image that has grown."""
    large = scene.folder / "program/large"
    large.write_bytes(secrets.token_bytes(2 << 20))
    scene.largest_file = 1 << 20
    yield
    scene.largest_file = None
    large.unlink()


CASES = (
    *(
        Case(
            name=f"sigterm-in-{stage}",
            step=stage,
            what="the build is aborted (SIGTERM) while a write is on its way",
            strike=told_to_end(_STAGES[stage], signal.SIGTERM),
            exit_code=ExitCode.DONE if stage in _LAST else ExitCode.INTERRUPTED,
            noted=_noted(stage),
            says=() if stage in _LAST else ("SIGTERM",),
            words=_WORDS.get(stage, ("run",)),
            asked=NOTHING if stage in _WORDS else ONCE,
            fresh=stage in _FRESH,
            rerun="has nothing to do" if stage in _LAST else "goes on where it was",
        )
        for stage in _STAGES
    ),
    Case(
        name="sigint-in-train",
        step="train",
        what="somebody presses Ctrl-C while the job is being asked for",
        strike=told_to_end(_STAGES["train"], signal.SIGINT),
        exit_code=ExitCode.INTERRUPTED,
        noted="interrupted",
        says=("SIGINT",),
        rerun="adopts the training job",
    ),
    *(
        Case(
            name=f"overtaken-in-{stage}",
            step=stage,
            what="another build of the commit does all up to here while this one is about to write",
            strike=overtaken(_BY_NAME[stage]),
            words=_WORDS.get(stage, ("run", "--until", stage)),
            asked=_ASKED.get(stage, ONCE),
            fresh=stage in _FRESH,
            rerun="goes on after it",
        )
        for stage in _STAGES
    ),
    Case(
        name="disk-full",
        step="build_image",
        what="there is no room on the agent's disk for a layer of the image",
        strike=full_disk,
        exit_code=ExitCode.TEMPORARY,
        noted="failed",
        says=("this machine", "make room"),
    ),
    Case(name="memory-lost", step="all", what="the agent's disk is empty", strike=forgotten, rerun="has nothing to do"),
    Case(
        name="memory-damaged",
        step="all",
        what="the agent's notes on its disk are cut short",
        strike=damaged_memory,
        rerun="has nothing to do",
    ),
    Case(
        name="data-changed-while-read",
        step="snapshot_data",
        what="a file of the data is changed between the look at it and its upload",
        strike=changed_while_read,
        exit_code=ExitCode.INPUT_MISSING,
        noted="failed",
        says=("changed",),
        fresh=True,
    ),
    Case(
        name="data-removed-while-read",
        step="snapshot_data",
        what="a file of the data is removed between the look at it and its upload",
        strike=removed_while_read,
        exit_code=ExitCode.INPUT_MISSING,
        noted="failed",
        says=("cannot be read",),
        fresh=True,
    ),
)
