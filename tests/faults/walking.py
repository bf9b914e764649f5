"""What is walked through, undisturbed and with an agent lost at each write: a model's way into production and back, and
a pull request's.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.past import assert_consistent, history, releases
from tests.faults.pull_request import scanned_on_request, shown_and_removed, with_pull_requests
from tests.faults.scene import BUCKET, PROD, QA, TOOLS, Scene
from tests.faults.walk import Walker
from tests.faults.writes import Write, is_write, named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agent.cloud.holds import Moment
    from tests.faults.forge import Ended
    from tests.faults.scene import Stage

RECORDING = Path(__file__).with_name("writes.json")
COMMAND = "python docs/faults.py"
MODELS = ("0.9", "0.95")
_MORE = ("0.96", "0.97", "0.98")
"""Further rounds, for writes that only a run does which is not killed before."""
_TWICE_IS_TOO_MUCH = ("sagemaker:Create", "sagemaker:Update", "ecr:Start")


def recorded() -> tuple[Write, ...]:
    """The writes that are known."""
    return tuple(Write(**each) for each in json.loads(RECORDING.read_text()))


@dataclass(frozen=True, kw_only=True)
class Way:
    """What came of a model's way: releases by accuracy, and how often AWS was asked for what."""

    releases: dict[str, str]
    asked: Counter[str]
    writes: tuple[Write, ...] = ()
    killed: tuple[Write, ...] = ()


def undisturbed(stage: Stage) -> Way:
    """The way without any disturbance, and all that is written on it, in order and once each."""
    scene, writes = _prepared(stage), dict[Write, None]()
    began = scene.world.last_call()

    def command(*words: str, hours: float = 0) -> Ended:
        since, scene.hours = scene.world.last_call(), hours
        ended = scene.run(*words)
        assert ended.code == 0, ended
        done = [call for call in scene.world.calls_since(since) if call.done and is_write(call)]
        writes.update(dict.fromkeys(named(words[0], done)))
        return ended

    made = dict(_there_and_back(command, *MODELS))
    shown_and_removed(command, MODELS[-1])
    return Way(releases=made, asked=_asked(scene, began), writes=tuple(writes))


def walked(stage: Stage, moment: Moment, *, forgets: bool) -> Way:
    """The way with an agent that is lost at each write."""
    scene = _prepared(stage)
    began = scene.world.last_call()
    walker = Walker(world=scene.world, forge=scene.forge, forgets=forgets)

    def command(*words: str, hours: float = 0) -> Ended:
        ended = walker.walk(moment, *words, hours=hours)
        assert ended.code == 0, ended
        return ended

    made = dict(_there_and_back(command, *MODELS))
    shown_and_removed(command, MODELS[-1])
    asked = _asked(scene, began)
    for model in _MORE:
        if not set(recorded()) <= set(walker.killed):
            _change_sources(scene, model)
            dict(_there_and_back(command, model))
            shown_and_removed(command, model)
    assert_consistent(scene.world, scene.status())
    assert_nothing_is_left(scene)
    return Way(releases=made, asked=asked, killed=tuple(walker.killed))


def _prepared(stage: Stage) -> Scene:
    """A project of which all is made use of."""
    scene = stage.fresh(with_pull_requests)
    scanned_on_request(scene)
    return scene


def _change_sources(scene: Scene, model: str) -> None:
    """Other data and another image, which have to be brought anew."""
    for file in (scene.folder / "data").iterdir():
        file.write_text(f"{file.read_text()}1,{model}\n")
    (scene.folder / "program" / "round").write_text(model)


def _there_and_back(command: Callable[..., Ended], *models: str) -> Iterator[tuple[str, str]]:
    """Each model into production, the last one back again."""
    for model in models:
        told = command("run", "--json", "--set", f"training.hyperparameters.model={model}").told
        release = str(json.loads(told.splitlines()[-1])["release"])
        command("promote", release, "--to", "prod")
        yield model, release
    command("rollback", "prod")


def _asked(scene: Scene, began: int) -> Counter[str]:
    """How often AWS did what must not be done twice."""
    done = (call.action for call in scene.world.calls_since(began) if call.done)
    return Counter(action for action in done if action.startswith(_TWICE_IS_TOO_MUCH))


def assert_nothing_is_left(scene: Scene) -> None:
    """No upload is half done, no model is without its endpoint's history, and no release without its record."""
    assert "Uploads" not in scene.s3.list_multipart_uploads(Bucket=BUCKET)
    running = scene.client("sagemaker", TOOLS)
    assert running.list_training_jobs(StatusEquals="InProgress")["TrainingJobSummaries"] == []
    for environment, account in (("qa", QA), ("prod", PROD)):
        sagemaker = scene.client("sagemaker", account)
        known = {entry["config"] for entry in history(scene.world, environment)}
        listed = sagemaker.list_endpoint_configs(MaxResults=100)["EndpointConfigs"]
        assert {each["EndpointConfigName"] for each in listed} <= known
        assert {each["ModelName"] for each in sagemaker.list_models(MaxResults=100)["Models"]} <= known
    deployed = {entry["release"] for environment in ("qa", "prod") for entry in history(scene.world, environment)}
    assert set(releases(scene.world)) == deployed
