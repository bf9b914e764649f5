"""What must hold between pull requests and the environment in whose account their endpoints stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.config.finding import Finding, Related
from agent.config.wording import did_you_mean, in_list
from agent.naming import LONGEST_PREVIEW

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.config.view import View

_ENDPOINT = ("pull_requests", "endpoint")
_LONGEST = 63 - LONGEST_PREVIEW


def previews_stand_beside_a_test_environment(view: View) -> Iterator[Finding]:
    """In production nobody may deploy a model that was not reviewed."""
    name, path = view.text((*_ENDPOINT, "environment")), (*_ENDPOINT, "environment")
    known = view.keys(("environments",))
    if name is None or not known:
        return
    if name not in known:
        hint = did_you_mean(name, known) or f"the environments are {in_list(known, 'and')}"
        yield view.broken("unknown-environment", path, f"there is no environment `{name}`", hint)
        return
    production = ("environments", name, "production")
    if view.value(production) is True:
        related = Related(place=view.place(production), label="real users depend on it")
        message = "endpoints of pull requests do not belong in a production account"
        yield view.broken("preview", path, message, "name an environment for tests", related)


def previews_have_one_hosting(view: View) -> Iterator[Finding]:
    """At most one of `instance` and `serverless`."""
    instance, serverless = (*_ENDPOINT, "instance"), (*_ENDPOINT, "serverless")
    if view.has(instance) and view.has(serverless):
        related = Related(place=view.key_place(instance), label="already hosted on instances")
        message = "the endpoints of pull requests have both `instance` and `serverless`"
        yield view.broken("hosting", serverless, message, "keep one of them", related)


def names_of_previews_fit(view: View) -> Iterator[Finding]:
    """SageMaker's names have at most 63 characters, and the pull request's number needs some."""
    name = view.text((*_ENDPOINT, "environment"))
    if name is None:
        return
    path = ("environments", name, "endpoint", "name")
    endpoint = view.text(path)
    if endpoint is not None and len(endpoint) > _LONGEST:
        related = Related(place=view.key_place(_ENDPOINT), label="endpoints of pull requests are named after it")
        message = f"`{endpoint}-pr-1234567` would be longer than SageMaker's 63 characters"
        yield view.broken("preview", path, message, f"choose a name of at most {_LONGEST} characters", related)
