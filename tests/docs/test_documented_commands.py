"""Every command that README, CONTRIBUTING and docs show is run, in one shell for each page, as a reader would."""

from __future__ import annotations

import doctest
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from agent.images.cache import cache_folder
from tests.docs.blocks import Block, Command, blocks
from tests.docs.session import Outcome, play
from tests.engine import connect, python_image
from tests.jenkins_controller import Controller, Plan, serving
from tests.sources import ROOT, sources

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LOOSELY = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
# Pages elsewhere belong to a model repository (examples, the scaffold), not to this one.
FOLDERS = {"docs", "requirements", "changelog.d"}
BLOCKS = [
    block
    for page in sources()
    if page.suffix == ".md" and page.parts[0] in {*FOLDERS, page.name}
    for block in blocks(page, (ROOT / page).read_text("utf-8"))
]
PAGES = sorted({block.page for block in BLOCKS if not block.no_test})
# Their reader has a Jenkins, with an account for Alice, and this project on it.
BESIDE_A_JENKINS = {Path("docs/how-to/jenkins.md"): "iris", Path("docs/first-promotion.md"): "tumour"}
# Their reader has a Docker engine, and in it an image `my-model:1`.
IN_AN_ENGINE = {Path("docs/how-to/containers.md")}


def answers_as_shown(command: Command, outcome: Outcome) -> bool:
    """Whether it is what the page shows; a machine that is slower than the page's also tells of progress, by ``…``."""
    if outcome.exit_code != command.exits:
        return False
    same = doctest.OutputChecker().check_output
    quick = "\n".join(line for line in outcome.output.splitlines() if not line.endswith(" …"))
    return command.output is None or any(same(command.output, told, LOOSELY) for told in (outcome.output, quick))


def differences(page: Path, commands: Iterable[Command], outcomes: Iterable[Outcome]) -> list[str]:
    """What did not answer as the page shows, one text for each command."""
    return [
        f"{page}:{command.line}: $ {command.text}\n"
        f"exit code {outcome.exit_code}, the page says {command.exits}; it answers\n{outcome.output}\n"
        f"and the page shows\n{command.output}\n"
        for command, outcome in zip(commands, outcomes, strict=False)
        if not answers_as_shown(command, outcome)
    ]


@pytest.fixture
def sandbox(tmp_path: Path) -> Path:
    """A copy of the repository that a page may change."""
    copy = tmp_path / "modelyard"
    for path in sources():
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, copy / path)
    return copy


@pytest.fixture(autouse=True)
def a_home_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a page leaves at its reader's home is no other page's; wheels and layers are kept for all of them."""
    monkeypatch.setenv("MODELYARD_CACHE", str(cache_folder()))
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))


@pytest.fixture
def an_engine(docker_host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a reader of the pages about engines has."""
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    connect(docker_host).images.get(python_image()).tag("my-model", "1")


@pytest.fixture
def a_jenkins(page: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a reader of the page about Jenkins has; what its builds do and say is told here."""
    release, project = "3f2a9c1d7b60", BESIDE_A_JENKINS[page]
    approval = {"_class": "x", "name": "APPROVAL", "type": "TextParameterDefinition"}
    asked: dict[str, Any] = {
        "id": "Approve",
        "message": f"Promote release {release} of {project} to prod?",
        "ok": "Approve",
    }
    asked |= {"submitter": "alice,ml-leads", "parameters": [approval]}
    stages = [f"[Pipeline] stage\n[Pipeline] {{ ({stage})\n".encode() for stage in ("Train", "Gate", "Release")]
    controller = Controller(
        branches={"main": Plan(log=stages, description=f"release {release}")},
        plans={
            f"{project}/promote": [
                Plan(log=[], inputs=[asked], whys=(), description=f"prod: {release}"),
                Plan(log=[b"prod serves 81b0e2d4c9aa again\n"], description="prod: 81b0e2d4c9aa"),
            ]
        },
    )
    with serving(controller) as address:
        monkeypatch.setenv("JENKINS_URL", address)
        monkeypatch.setenv("JENKINS_USER", "alice")
        monkeypatch.setenv("JENKINS_TOKEN", controller.users["alice"].token)
        yield


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_page_answers_as_shown(page: Path, sandbox: Path, request: pytest.FixtureRequest) -> None:
    if page in IN_AN_ENGINE:
        request.getfixturevalue("an_engine")
    if page in BESIDE_A_JENKINS:
        request.getfixturevalue("a_jenkins")
    commands = [command for block in BLOCKS if block.page == page and not block.no_test for command in block.commands]
    transcript = play([command.text for command in commands], sandbox)
    assert not (wrong := differences(page, commands, transcript.outcomes)), "\n".join(wrong)
    assert len(transcript.outcomes) == len(commands), f"{page}: the shell ended before the last command"
    assert transcript.left_running == ()


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.no_test], ids=str)
def test_block_left_out(block: Block) -> None:
    """Shows in the summary of every run which commands are not run, and why."""
    pytest.skip(block.no_test)
