"""Jobs fail, by AWS or by the programs in them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.cloud.holds import Moment
from agent.errors import ExitCode
from tests.faults.case import TWICE, Case

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.case import During, Strike
    from tests.faults.forge import Child
    from tests.faults.scene import Scene

_TRAIN = ("run", "--until", "train")


def struck(kind: str) -> Strike:
    """The next training job meets a fault of AWS's."""

    @contextmanager
    def strike(scene: Scene) -> Iterator[None]:
        scene.world.cloud.fault(kind, operation="sagemaker:CreateTrainingJob")
        yield
        scene.world.cloud.clear_faults()

    return strike


@contextmanager
def nothing(scene: Scene) -> Iterator[None]:
    """What is wrong is in the case's settings."""
    yield


@contextmanager
def stopped(scene: Scene) -> Iterator[During]:
    """Somebody stops the training job."""
    sagemaker = scene.client("sagemaker")

    def during(agent: Child) -> None:
        scene.await_write(agent, "sagemaker:CreateTrainingJob", "", Moment.AFTER)
        (job,) = sagemaker.list_training_jobs(StatusEquals="InProgress")["TrainingJobSummaries"]
        sagemaker.stop_training_job(TrainingJobName=job["TrainingJobName"])
        scene.world.cloud.hold(None)

    with scene.watching(Moment.AFTER):
        yield during


def changed(name: str, old: str, new: str) -> Strike:
    """A file of the repository is another one."""

    @contextmanager
    def strike(scene: Scene) -> Iterator[None]:
        file = scene.folder / name
        before = file.read_text()
        assert old in before
        file.write_text(before.replace(old, new))
        yield
        file.write_text(before)

    return strike


def attempted_again(case: Case) -> Case:
    """A case whose job has failed for good: the next run makes another attempt."""
    return replace(case, noted="failed", asked=TWICE, rerun="starts another attempt")


CASES = (
    attempted_again(
        Case(
            name="training-fails-by-itself",
            step="train",
            what="SageMaker fails for a reason of its own",
            strike=struck("job-failure"),
            words=_TRAIN,
            exit_code=ExitCode.TEMPORARY,
            says=("SageMaker failed for a reason of its own", "run again"),
        )
    ),
    attempted_again(
        Case(
            name="training-stopped",
            step="train",
            what="somebody stops the training job",
            strike=stopped,
            words=_TRAIN,
            settings={"hyperparameters.sleep": 60},
            exit_code=ExitCode.CLOUD_FAILED,
            says=("somebody stopped it", "CloudTrail"),
        )
    ),
    attempted_again(
        Case(
            name="training-raises",
            step="train",
            what="the user's training fails with a message",
            strike=nothing,
            words=_TRAIN,
            settings={"hyperparameters.fail": "the loss is not a number", "hyperparameters.print": "epoch 1 of 2"},
            exit_code=ExitCode.USER_CODE_FAILED,
            says=("the loss is not a number", "epoch 1 of 2", "mend the program"),
        )
    ),
    attempted_again(
        Case(
            name="training-out-of-memory",
            step="train",
            what="the training is killed for its memory",
            strike=nothing,
            words=_TRAIN,
            settings={"hyperparameters.signal": 9},
            exit_code=ExitCode.USER_CODE_FAILED,
            says=("ran out of memory",),
        )
    ),
    attempted_again(
        Case(
            name="training-takes-too-long",
            step="train",
            what="the training takes longer than `max_runtime`",
            strike=nothing,
            words=_TRAIN,
            settings={"hyperparameters.sleep": 60, "max_runtime": "1s"},
            exit_code=ExitCode.USER_CODE_FAILED,
            says=("it ran longer than it may (1 s)",),
        )
    ),
    Case(
        name="spot-taken-away",
        step="train",
        what="the spot instance of a training is taken away, and it goes on on another one",
        strike=struck("interruption"),
        settings={"spot.max_wait": "20m"},
        asked={"CreateTrainingJob": 2, "CreateModelPackage": 2},
        rerun="trains once more, as other machines were asked for",
    ),
    attempted_again(
        Case(
            name="machine-lost",
            step="train",
            what="the instance of a training is taken away, which is none of spot's",
            strike=struck("interruption"),
            words=_TRAIN,
            exit_code=ExitCode.TEMPORARY,
            says=("SageMaker failed for a reason of its own", "run again"),
        )
    ),
    Case(
        name="preparation-fills-its-disk",
        step="prepare",
        what="there is no room left on the disk of the preparation's instance",
        strike=changed("prepare.py", "SECONDS = 0.0", "SECONDS = Path('/dev/full').write_text('no room')"),
        exit_code=ExitCode.USER_CODE_FAILED,
        noted="failed",
        says=("it ran out of disk", "volume_gb"),
    ),
    Case(
        name="preparation-fails",
        step="prepare",
        what="the user's preparation fails",
        strike=changed("prepare.py", "SECONDS = 0.0", "raise ValueError('no such column: age')"),
        exit_code=ExitCode.USER_CODE_FAILED,
        noted="failed",
        says=("no such column: age",),
    ),
    Case(
        name="preparation-writes-nothing",
        step="prepare",
        what="the preparation writes nothing",
        strike=changed("prepare.py", "shutil.copytree", "print"),
        exit_code=ExitCode.USER_CODE_FAILED,
        says=("training",),
    ),
    Case(
        name="evaluation-writes-nothing",
        step="evaluate",
        what="the evaluation writes no `evaluation.json`",
        strike=changed("evaluate.py", "evaluation.json", "another.json"),
        exit_code=ExitCode.USER_CODE_FAILED,
        says=("evaluation.json",),
    ),
    Case(
        name="evaluation-writes-no-json",
        step="evaluate",
        what="the evaluation writes something else than JSON",
        strike=changed("evaluate.py", "json.dumps(", "str("),
        exit_code=ExitCode.USER_CODE_FAILED,
        says=("evaluation.json",),
    ),
    Case(
        name="evaluation-measures-nothing",
        step="evaluate",
        what="the evaluation's metric is not a number",
        strike=changed("evaluate.py", '"value": accuracy', '"value": "high"'),
        exit_code=ExitCode.USER_CODE_FAILED,
        says=("accuracy",),
    ),
)
