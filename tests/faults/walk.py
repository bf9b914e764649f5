"""The walk: a run is killed at its first write, run again and killed at the next one, until there is none left."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from agent.cloud.holds import Held, Moment, Watch
from tests.faults.writes import AGENTS, BUILD, LOOKS, Naming, Write

if TYPE_CHECKING:
    from tests.e2e.world import World
    from tests.faults.forge import Child, Ended, Forge

_POLL_SECONDS = 0.05
_MOST_KILLS = 250


@dataclass(kw_only=True)
class Walker:
    """One world, and the agents that are sent through it. ``forgets``: each is a new one, with nothing on its disk."""

    world: World
    forge: Forge
    forgets: bool = False
    killed: list[Write] = field(default_factory=list)

    def walk(self, moment: Moment, *words: str, hours: float = 0) -> Ended:
        """A command again and again, killed each time at a write that is new, until it gets to its end.

        The agents' clocks are so many ``hours`` on.
        """
        self.world.cloud.hold(Watch(moment=moment, callers=AGENTS, but=LOOKS))
        try:
            for _ in range(_MOST_KILLS):
                agent = self._begin(*words, hours=hours)
                if not self._killed(agent, moment):
                    return agent.end()
                if self.forgets:
                    shutil.rmtree(self.world.repository.folder / ".modelyard", ignore_errors=True)
            raise AssertionError(f"still not at its end after {_MOST_KILLS} kills: {words}")
        finally:
            self.world.cloud.hold(None)

    def _killed(self, agent: Child, moment: Moment) -> bool:
        """Let a run go from write to write; whether it was killed at one that is new."""
        naming, held, cloud = Naming(agent.words[0]), None, self.world.cloud
        while True:
            held = cloud.next_held(_POLL_SECONDS, held)
            if held is None:
                if agent.over:
                    return False
            elif self._counts(held, moment) and (write := naming.name(held)) not in self.killed:
                agent.kill()
                self.killed.append(write)
                self._lose_the_rest(held, naming, moment)
                return True

    def _lose_the_rest(self, held: Held, naming: Naming, moment: Moment) -> None:
        """What the agent had under way side by side is lost with it, and it was killed at each of that."""
        lost: Held | None = held
        while (lost := self.world.cloud.next_held(_POLL_SECONDS, lost, goes_on=False)) is not None:
            if self._counts(lost, moment):
                self.killed.append(naming.name(lost))

    def _counts(self, held: Held, moment: Moment) -> bool:
        """Whether it takes effect; what is held afterwards has."""
        return moment is Moment.AFTER or self._takes_effect(held)

    def _takes_effect(self, held: Held) -> bool:
        """Whether a put that must not write over anything finds its place free."""
        bucket, _, key = held.path.removeprefix("/").partition("/")
        try:
            return not (held.creates and self._s3.head_object(Bucket=bucket, Key=key))
        except ClientError:
            return True

    @cached_property
    def _s3(self) -> Any:
        return self.world.cloud.client("s3")

    def _begin(self, *words: str, hours: float) -> Child:
        environ = {**self.world.environ, **BUILD}
        return self.forge.begin(*words, folder=self.world.repository.folder, environ=environ, hours=hours)
