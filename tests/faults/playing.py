"""Plays a case: the command under its fault, how it ends and what it leaves, then the cure and the command again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.past import assert_consistent
from tests.e2e.world import live_in, told
from tests.faults.scene import Scene, Stage, statement, summary

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
    words = tuple(release if word == "RELEASE" else word for word in case.words)
    since = scene.world.last_call()
    ended = _struck(case, scene, _whole(words, (*work, *_settings(case.settings))))
    complaint = _complaint(ended)
    assert ended.code == case.exit_code, complaint
    for text in case.says:
        assert text in complaint
    if case.noted:
        noted = scene.noted(case.step)
        assert noted[-1:] == [case.noted], noted
    made = _again(scene, _whole(_to_the_end(words), work), release)
    status = scene.status()
    assert live_in(status, "prod" if release else "qa") == made
    found = made if case.fresh else statement(scene, made)
    assert found == undisturbed, found
    asked = {name: len(scene.world.answered(f"sagemaker:{name}", since)) for name in case.asked}
    assert asked == case.asked, asked
    assert_consistent(scene.world, status)


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
