"""Plays a case: the command under its fault, how it ends and what it leaves, then the cure and the command again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.past import assert_consistent
from tests.e2e.world import live_in, told
from tests.faults.pull_request import AFTER_ITS_TIME, BUILD, CLEAN
from tests.faults.scene import QA, Scene, Stage, statement, summary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.faults.case import Case
    from tests.faults.forge import Ended


def play(case: Case, stage: Stage) -> None:
    """Everything that a case promises."""
    undisturbed = stage.undisturbed if case.fresh else stage.usual
    scene = stage.fresh() if case.fresh else stage.shared
    work = () if case.fresh else told()
    release = str(scene.done(*work)["release"]) if "RELEASE" in case.words else ""
    if case.words[0] == "rollback":
        _left_behind(scene, release)
    words = tuple(release if word == "RELEASE" else word for word in case.words)
    since = scene.world.last_call()
    _assert_ended(case, scene, _struck(case, scene, _whole(words, (*work, *_settings(case.settings)))))
    made = _again(scene, _whole(_to_the_end(words), work), release)
    status = scene.status()
    assert live_in(status, "prod" if release else "qa") == made
    found = made if case.fresh else statement(scene, made)
    assert found == undisturbed, found
    asked = {name: len(scene.world.answered(f"sagemaker:{name}", since)) for name in case.asked}
    assert asked == case.asked, asked
    assert_consistent(scene.world, status)


def play_beside(case: Case, scene: Scene) -> None:
    """The same of a pull request's endpoint: in the end it is as it was asked for, or nothing is left of it."""
    removes, scene.hours = case.words == CLEAN, 0
    before = scene.run(*BUILD, "--from", "preview")
    assert before.code == 0, before
    scene.hours = AFTER_ITS_TIME if removes else 0
    _assert_ended(case, scene, _struck(case, scene, case.words))
    again = scene.run(*case.words)
    assert again.code == 0, again
    scene.hours = 0
    sagemaker = scene.client("sagemaker", QA)
    endpoints = [each["EndpointName"] for each in sagemaker.list_endpoints(StatusEquals="InService")["Endpoints"]]
    configs = [each["EndpointConfigName"] for each in sagemaker.list_endpoint_configs()["EndpointConfigs"]]
    assert endpoints == ([] if removes else ["steered-qa-pr-7"])
    assert configs == [sagemaker.describe_endpoint(EndpointName=each)["EndpointConfigName"] for each in endpoints]
    assert [each["ModelName"] for each in sagemaker.list_models()["Models"]] == configs


def _assert_ended(case: Case, scene: Scene, ended: Ended) -> None:
    complaint = _complaint(ended)
    assert ended.code == case.exit_code, complaint
    for text in case.says:
        assert text in complaint
    if case.noted:
        noted = scene.noted(case.step)
        assert noted[-1:] == [case.noted], noted


def _left_behind(scene: Scene, release: str) -> None:
    """Production has had the release, and has another one now."""
    for each in (release, scene.first):
        ended = scene.run("promote", each, "--to", "prod")
        assert ended.code == 0, ended


def _struck(case: Case, scene: Scene, words: tuple[str, ...]) -> Ended:
    with case.strike(scene) as during:
        agent = scene.begin(*words)
        if during is not None:
            during(agent)
        return agent.end()


def _again(scene: Scene, words: tuple[str, ...], release: str) -> str:
    """The command once more, now that nothing is wrong; the release that it is about."""
    ended = scene.run(*words)
    assert ended.code == 0, _complaint(ended)
    return release or str(summary(ended)["release"])


def _complaint(ended: Ended) -> str:
    """What it said of its failure, to programs or to people."""
    return str(summary(ended)["error"]) if '"event": "summary"' in ended.told else ended.said


def _whole(words: tuple[str, ...], work: tuple[str, ...]) -> tuple[str, ...]:
    return (*words, *work, "--json") if words[0] == "run" else words


def _to_the_end(words: tuple[str, ...]) -> tuple[str, ...]:
    return ("run",) if words[0] == "run" else words


def _settings(settings: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(word for name, value in settings.items() for word in ("--set", f"training.{name}={value}"))
