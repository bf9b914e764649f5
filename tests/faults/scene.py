"""Where cases are played: a project that is new in each case, its agents, and what an undisturbed run comes to."""

from __future__ import annotations

import json
import re
import shutil
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest

from agent.cloud.embedded import EmbeddedCloud
from agent.cloud.holds import Held, Moment, Watch
from agent.release.store import ReleaseStore
from tests.e2e.past import attempts
from tests.e2e.world import World, steered, summary_of, told
from tests.faults.writes import AGENTS, BUILD, LOOKS, RUN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.faults.forge import Child, Ended, Forge

BUCKET = "steered-111111111111-us-east-1"
TOOLS, QA, PROD = "111111111111", "222222222222", "333333333333"
_LOOK_SECONDS = 0.1
_OWN = re.compile(r"\bn[0-9a-f]{8}\b|(?<=-)[0-9a-f]{12}(-a\d+)?\b|(?<=model-package/steered/)\d+")
"""A training's number, names by content key, and the version of a model package."""


def with_keys(source: Path) -> None:
    """Let the environments have keys of their own."""
    file = source / "modelyard.yaml"
    text = file.read_text()
    for name, account in {"qa": QA, "prod": PROD}.items():
        before = f"    external_id: steered-{name}\n"
        assert before in text
        text = text.replace(before, f"{before}    kms_key: arn:aws:kms:us-east-1:{account}:alias/steered\n")
    file.write_text(text)


@contextmanager
def commits_at_one_time() -> Iterator[None]:
    """Commits are the same in all worlds, and so are releases."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
            patch.setenv(name, "2026-01-02T03:04:05Z")
        yield


@dataclass(kw_only=True)
class Scene:
    """One project on a cloud that knows of nothing else; ``forge`` makes the agent, ``second`` another one.

    ``first`` is the release that it had before anything happened to it.
    """

    world: World
    forge: Forge
    second: Forge
    first: str = ""
    largest_file: int | None = None
    hurried: bool = False
    hours: float = 0

    def begin(self, *words: str) -> Child:
        """A command of the one build that all is about.

        It is on a machine such as ``largest_file`` and ``hurried`` say, whose clock is so many ``hours`` on.
        """
        return self.forge.begin(
            *words,
            folder=self.folder,
            environ={**self.world.environ, **BUILD},
            largest_file=self.largest_file,
            hurried=self.hurried,
            hours=self.hours,
        )

    def another(self, *words: str, build: str = "another") -> Child:
        """A command of another build, side by side with that one, on an agent of its own."""
        folder = self.folder.with_name("another")
        shutil.copytree(self.folder, folder, ignore=shutil.ignore_patterns(".modelyard"), dirs_exist_ok=True)
        environ = {**self.world.environ, "BUILD_TAG": build, "JOB_NAME": build}
        return self.second.begin(*words, folder=folder, environ=environ, hours=self.hours)

    def run(self, *words: str) -> Ended:
        """A command to its end."""
        return self.begin(*words).end()

    def done(self, *words: str) -> dict[str, Any]:
        """A run of the pipeline that ends well; its summary."""
        ended = self.run("run", "--json", *words)
        assert ended.code == 0, ended
        return summary_of(ended.told)

    def status(self) -> dict[str, Any]:
        """What `modelyard status` answers."""
        document: dict[str, Any] = json.loads(self.run("status", "--json").told)
        return document

    def await_write(self, child: Child, action: str, path: str, moment: Moment) -> Held:
        """Return once the agent is held at such a write; all its others go on."""
        held = None
        while not child.over:
            held = self.world.cloud.next_held(_LOOK_SECONDS, held)
            if held is not None and held.action == action and path in held.path:
                return held
        raise AssertionError(f"no {action} on {path}: {child.end()}")

    @contextmanager
    def watching(self, moment: Moment, callers: tuple[str, ...] = AGENTS) -> Iterator[None]:
        """Hold the agent's writes for as long as the block lasts."""
        self.world.cloud.hold(Watch(moment=moment, callers=callers, but=LOOKS))
        try:
            yield
        finally:
            self.world.cloud.hold(None)

    def noted(self, step: str) -> list[str]:
        """How the build's attempts at a step stand."""
        found = sorted(attempts(self.world, step, run=RUN), key=lambda one: str(one["started"]))
        return [str(one["status"]) for one in found]

    def client(self, service: str, account: str = TOOLS) -> Any:
        """A client of an account's administrator."""
        name = next(one.name for one in self.world.cloud.running.administrators if one.account == account)
        return self.world.cloud.client(service, name)

    @property
    def folder(self) -> Path:
        """The working copy."""
        return self.world.repository.folder

    def key(self, beginning: str, ending: str = "") -> str:
        """The one object whose key begins and ends so."""
        listed = self.s3.list_objects_v2(Bucket=BUCKET, Prefix=beginning).get("Contents", ())
        (found,) = (entry["Key"] for entry in listed if entry["Key"].endswith(ending))
        return str(found)

    @cached_property
    def s3(self) -> Any:
        """The tools account's S3."""
        return self.client("s3")


@dataclass(kw_only=True)
class Stage:
    """Clouds and agents, for one case after the other."""

    stack: ExitStack
    forge: Forge
    second: Forge
    folder: Path
    used: int = 0

    @cached_property
    def _cloud(self) -> EmbeddedCloud:
        """The cloud of projects without a past."""
        return self.stack.enter_context(EmbeddedCloud())

    def fresh(self, change: Callable[[Path], None] | None = None) -> Scene:
        """A project that nothing has happened to, with a ``change`` of its files; the one before is forgotten."""
        if self.used:
            self._cloud.clear_faults()
            self._cloud.reset()
        self.used += 1
        return self._scene(self._cloud, str(self.used), change)

    def _scene(self, cloud: EmbeddedCloud, name: str, change: Callable[[Path], None] | None = None) -> Scene:
        return Scene(world=steered(cloud, self.folder / name, change), forge=self.forge, second=self.second)

    @cached_property
    def undisturbed(self) -> str:
        """The release that an undisturbed run makes of the project."""
        return str(self.fresh().done()["release"])

    @cached_property
    def shared(self) -> Scene:
        """A project with a past: cases that need none of their own go on with it, each with a training of its own."""
        scene = self._scene(self.stack.enter_context(EmbeddedCloud()), "shared", with_keys)
        scene.first = str(scene.done()["release"])
        return scene

    @cached_property
    def usual(self) -> str:
        """What a release of the shared project says, but for what makes its training another one."""
        return statement(self.shared, str(self.shared.done(*told())["release"]))


def statement(scene: Scene, release: str) -> str:
    """What a release says, but for what makes its training another one than any before."""
    return _OWN.sub("*", ReleaseStore(scene.world.ledger).payload(release).decode())


def summary(ended: Ended) -> dict[str, Any]:
    """What a run told programs at its end."""
    return summary_of(ended.told)
