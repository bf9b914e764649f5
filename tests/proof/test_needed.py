"""Every permission that the templates give is needed: whatever is taken away alone, a named step fails and says so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from agent.cloud.embedded import EmbeddedCloud
from tests.proof.declared import declared
from tests.proof.landscape import as_build_server, landscape
from tests.proof.removal import Stacks
from tests.proof.walk import NAMES, Walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.e2e.world import World
    from tests.proof.landscape import Said
    from tests.proof.removal import Permission, Stack, Statement
    from tests.proof.walk import Step


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with EmbeddedCloud() as cloud:
        made = landscape(cloud, tmp_path_factory.mktemp("repositories"))
        with as_build_server(made):
            yield made


@pytest.fixture(scope="module")
def stacks(world: World) -> Stacks:
    return Stacks(world)


@pytest.mark.parametrize("name", NAMES)
def test_each_permission_is_missed_by_the_step_that_needs_it(world: World, stacks: Stacks, name: str) -> None:
    """The steps are one walk, in this order: a permission is away when it is needed first, and then given back."""
    step = next(step for step in Walk(world).steps() if step.name == name)
    wrong = []
    for permission in declared().of(name):
        stack = stacks.of(permission, step.environment)
        with stack.without(permission):
            said = step.act()
        wrong += [f"{permission}: {why}" for why in unlike(permission, stack, step, said)]
    said = step.act()
    assert said.code == step.ends, said.text
    assert step.hears in said.text
    assert not wrong, "\n\n".join(wrong)


def test_what_only_aws_asks_for_was_asked_for_by_nobody_on_the_walk(world: World) -> None:
    """Else it would be needed here, too, and is to be proved."""
    made = world.cloud.decisions()
    assert made[0].number == 1, "the log of decisions has lost its beginning"
    asked = {(by.partition(":")[2], one.action) for one in made for by in one.allowed_by}
    assert {(one.sid, one.action) for one in declared().needed} & asked, "the walk has not been gone"
    assert {(one.sid, one.action) for one in declared().elsewhere} & asked == set()


def unlike(permission: Permission, stack: Stack, step: Step, said: Said) -> Iterator[str]:
    """What is not as it should be in the end of a step without a permission."""
    if permission in declared().unheard:
        if step.hears in said.text:
            yield f"{step.hears!r} is heard as ever:\n{said.text[-1800:]}"
        return
    statement = stack.statement(permission)
    if said.code == step.ends and permission not in declared().told:
        yield f"{step.name} ends with {said.code} as ever"
    if stack.order.account not in said.text:
        yield f"{stack.order.account} is not told:\n{said.code} {said.text[-1800:]}"
    if not _told_together(permission.action, statement, said.text.splitlines()):
        wanted = f"{permission.action} for any of {statement.names} at {statement.place}"
        yield f"{wanted} is not told:\n{said.code} {said.text[-1800:]}"


def _told_together(action: str, statement: Statement, lines: Sequence[str]) -> bool:
    """Whether a message, of two lines at most, names the permission, a role that it is for, and the template's line."""
    messages = ("\n".join(lines[number : number + 2]) for number in range(len(lines)))
    return any(
        _names(message, action)
        and _names(message, statement.place)
        and any(_names(message, name) for name in statement.names)
        for message in messages
    )


def _names(message: str, word: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", message) is not None
