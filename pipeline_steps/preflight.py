"""Find out, before anything is spent, whether every account lets the pipeline do its work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field

from agent import naming
from agent.config.environment import Environment
from agent.config.model import Tools
from agent.config.releases import Releases
from agent.errors import InputMissingError, ModelyardError, UsageError, together
from agent.images.manifest import check_single_image
from agent.step import Step, StepModel

if TYPE_CHECKING:
    from agent.context import Context
    from agent.ports.account import Account

_AT_ONCE = 12


class Inputs(StepModel):
    """The accounts."""

    project: str = Field(description="Project.")
    tools: Tools = Field(description="Account of data, images, jobs and releases.")
    environments: Mapping[str, Environment] = Field(description="Environments by name.")
    releases: Releases | None = Field(
        default=None, description="How releases are signed, to look whether the key is there; without it, nobody looks."
    )
    image_sources: str | None = Field(
        default=None, description="sha256 over what the image is made of, to look at the image if it is there already."
    )


class Check(StepModel):
    """One thing that was looked at."""

    what: str = Field(description="What must hold.")
    where: str = Field(description="Account and region.")
    found: str = Field(description="What was found.")
    passed: bool = Field(description="Whether it holds.")


class Result(StepModel):
    """Everything that was looked at."""

    checks: tuple[Check, ...] = Field(description="Checks, the tools account's first, then the environments' in order.")


@dataclass(frozen=True, kw_only=True)
class Question:
    """One thing to look at: ``ask`` answers what was found, or raises what is wrong."""

    what: str
    where: str
    ask: Callable[[], str]


@dataclass(frozen=True, kw_only=True)
class Place:
    """An account: who we are there comes first, for nothing else can be asked of one that does not let us in."""

    name: str
    identity: Question
    questions: tuple[Question, ...]


def run(inputs: Inputs, context: Context) -> Result:
    """Enter every account, then ask those that let us in; an error lists all that was found, wrong or not."""
    places = tuple(_places(inputs, context))
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="preflight") as pool:
        entered = tuple(pool.map(lambda place: _answer(place.identity), places))
        open_places = [place for place, (check, _) in zip(places, entered, strict=True) if check.passed]
        asked = tuple(pool.map(_answer, (question for place in open_places for question in place.questions)))
    answers = (*entered, *asked)
    checks = tuple(check for check, _ in answers)
    problems = [error for _, error in answers if error is not None]
    if problems:
        raise together(problems, f"{len(problems)} of {len(checks)} checks failed:\n{table(checks)}")
    context.report.fact(f"entered {', '.join(place.name for place in places)}; all {len(checks)} checks passed")
    return Result(checks=checks)


def table(checks: tuple[Check, ...]) -> str:
    """The checks as lines for people, what is wrong marked in the first column."""
    return "\n".join(
        f"  {'ok   ' if check.passed else 'WRONG'}  {check.where}  {check.what}: {check.found}" for check in checks
    )


def _answer(question: Question) -> tuple[Check, ModelyardError | None]:
    try:
        found, error = question.ask(), None
    except ModelyardError as refused:
        found, error = str(refused), refused
    return Check(what=question.what, where=question.where, found=found, passed=error is None), error


def _places(inputs: Inputs, context: Context) -> Iterator[Place]:
    tools = context.accounts.tools
    yield _place("tools", tools, _about_tools(inputs, tools))
    for name, environment in inputs.environments.items():
        account = context.accounts.assume(
            account=environment.account,
            region=environment.region,
            role=environment.deploy_role,
            external_id=environment.external_id,
        )
        yield _place(name, account, _about_environment(inputs, name, environment, account))


def _place(name: str, account: Account, questions: Iterator[tuple[str, Callable[[], str]]]) -> Place:
    where = f"{name} ({account.id}, {account.region})"
    return Place(
        name=name,
        identity=Question(what="identity", where=where, ask=account.access.whoami),
        questions=tuple(Question(what=what, where=where, ask=ask) for what, ask in questions),
    )


def _about_tools(inputs: Inputs, account: Account) -> Iterator[tuple[str, Callable[[], str]]]:
    bucket = naming.bucket(inputs.project, account.id, account.region)
    repository = naming.repository(inputs.project)
    group = naming.model_package_group(inputs.project)
    yield "artifact bucket", lambda: _bucket(account, bucket)
    yield "image repository", lambda: account.access.repository_uri(repository)
    yield "model package group", lambda: _group(account, group)
    yield from _about_role_and_key(account, inputs.tools.execution_role, inputs.tools.kms_key)
    if inputs.releases is not None and inputs.releases.sign:
        signing_key = inputs.releases.signing_key or naming.signing_key(inputs.project)
        yield "signing key", lambda: account.keys.public_key(signing_key).arn
    yield from _about_image(inputs, account)


def _about_environment(
    inputs: Inputs, name: str, environment: Environment, account: Account
) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "region", lambda: _region(name, account, inputs.tools.region)
    yield from _about_role_and_key(account, environment.execution_role, environment.kms_key)
    yield from _about_image(inputs, account)


def _about_role_and_key(account: Account, role: str, key: str | None) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "execution role", lambda: _role(account, role)
    if key is not None:
        yield "key", lambda: _key(account, key)


def _about_image(inputs: Inputs, account: Account) -> Iterator[tuple[str, Callable[[], str]]]:
    sources = inputs.image_sources
    if sources is not None:
        yield "image", lambda: _image(inputs, account, sources)


def _bucket(account: Account, bucket: str) -> str:
    region = account.access.bucket_region(bucket)
    if region != account.region:
        raise InputMissingError(
            f"the bucket {bucket} is in {region}, but jobs run in {account.region}, where SageMaker cannot read it; "
            "mend `tools.region`, or remove the bucket and run: modelyard bootstrap apply"
        )
    return f"{bucket} in {region}"


def _region(name: str, account: Account, home: str) -> str:
    if account.region != home:
        raise UsageError(
            f"environment `{name}` is in {account.region}, but image and models are kept in {home}: SageMaker serves "
            "only those of its own region; use the same region"
        )
    return home


def _group(account: Account, group: str) -> str:
    if not account.registry.group_exists(group):
        raise InputMissingError(f"there is no model package group {group}; create it with: modelyard bootstrap apply")
    return group


def _role(account: Account, role: str) -> str:
    exists = account.access.role_exists(role)
    if exists is None:
        return f"{role} (this identity may not see whether it exists)"
    if not exists:
        raise InputMissingError(f"there is no role {role}; create it with: modelyard bootstrap apply")
    return role


def _key(account: Account, key: str) -> str:
    state = account.access.key_state(key)
    if state != "Enabled":
        raise InputMissingError(f"the key {key} cannot be used: it is {state}; enable it, or name another one")
    return f"{key} is enabled"


def _image(inputs: Inputs, account: Account, sources: str) -> str:
    repository = naming.repository(inputs.project)
    image = account.images.find(repository, sources, registry=inputs.tools.account)
    if image is None:
        return "not built yet"
    check_single_image(image.media_type, f"{repository}@{image.digest}")
    return f"{repository}@{image.digest}"


STEP = Step(inputs=Inputs, result=Result, run=run, account="tools", effect="read")
