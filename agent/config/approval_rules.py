"""What must hold inside an environment's approval: rules about people that would silently never apply."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.config.finding import Finding, Related
from agent.config.wording import did_you_mean, in_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.config.tree import Path
    from agent.config.view import View


def _approvals(view: View) -> Iterator[tuple[str, Path, tuple[str, ...]]]:
    """Each environment with an approval: its name, the approval's path, and the logins of its approvers."""
    for name in view.keys(("environments",)):
        path = ("environments", name, "approval")
        if view.has(path):
            yield name, path, tuple(text for _, text in view.texts((*path, "approvers")))


def git_names_are_of_approvers(view: View) -> Iterator[Finding]:
    """A name of somebody who may not approve anyway is a mistake in the login."""
    for name, path, approvers in _approvals(view):
        for login in view.keys((*path, "git_names")) if approvers else ():
            if login.casefold() not in {approver.casefold() for approver in approvers}:
                message = f"`git_names` of `{name}` has `{login}`, who is none of its approvers"
                hint = did_you_mean(login, approvers) or f"the approvers are {in_list(approvers, 'and')}"
                key = (*path, "git_names", login)
                place = view.key_place(key)
                yield Finding(place=place, code="approvers", message=message, hint=hint, path=key)


def approved_environments_take_no_branches(view: View) -> Iterator[Finding]:
    """A build cannot wait for somebody to say yes."""
    for name, path, _ in _approvals(view):
        if view.value((*path[:-1], "production")) is not True and view.texts((*path[:-1], "branches")):
            related = Related(place=view.key_place(path), label="somebody has to approve")
            message = f"no build deploys to `{name}` by itself, which needs an approval"
            hint = f"leave `branches` out, and promote: `modelyard promote RELEASE --to {name}`"
            yield view.broken("branches", (*path[:-1], "branches"), message, hint, related)


def four_eyes_are_of_two_people(view: View) -> Iterator[Finding]:
    """With one approver, that person's own releases could go nowhere."""
    for name, path, approvers in _approvals(view):
        if view.value((*path, "four_eyes")) is True and len({login.casefold() for login in approvers}) == 1:
            related = Related(place=view.place((*path, "approvers")), label="the only approver")
            message = f"nobody could approve what the only approver of `{name}` makes: `four_eyes` demands another one"
            yield view.broken("approvers", (*path, "four_eyes"), message, "name a second approver", related)
