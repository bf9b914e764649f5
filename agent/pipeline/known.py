"""What is known of a release besides what it says itself: where it comes from, where it is live, who approved it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import Field

from agent.artifacts import Override
from agent.deployment.approval import authors
from agent.deployment.evidence import Consent
from agent.errors import InputMissingError, UsageError
from agent.ledger.approvals import Approvals
from agent.ledger.environments import Environments
from agent.ledger.overrides import Overrides
from agent.release.origins import Origins
from agent.release.store import ReleaseStore
from agent.step import StepModel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.artifacts import Release
    from agent.context import Context
    from agent.ledger.ledger import Ledger

GONE = "package is gone"
"""What stands for the approval of a model package that is no more."""


class Known(StepModel):
    """One of the releases that are compared."""

    release: str = Field(description="Digest of the release.")
    made_by: str = Field(description="Who started its build, and its commit's author.")
    run: str = Field(description="Run that made it.")
    build_url: str = Field(description="Build that made it; empty outside Jenkins.")
    branches: tuple[str, ...] = Field(description="Branches whose builds came to it.")
    tags: tuple[str, ...] = Field(description="Tags that name it.")
    live: tuple[str, ...] = Field(description="Environments that it is live in.")
    registry: str = Field(description="Approval of its model package.")
    registry_by: str = Field(description="ARN of who set that, where SageMaker tells it.")
    approvals: Mapping[str, tuple[Consent, ...]] = Field(
        description="Approvals by people, by environment, the newest first; one that has ended is there too."
    )
    overrides: Mapping[str, tuple[str, ...]] = Field(
        description="Who let the model pass, by the gate that it does not satisfy, newest first: as released or since."
    )


def named(name: str, environments: Sequence[str], ctx: Context) -> str:
    """The digest of the release that a name means: what is live in the environment of that name, else as of a release.

    InputMissingError for an environment that has nothing yet and for a release that there is not; UsageError for a name
    that is neither, or of several releases.
    """
    if name not in environments:
        try:
            return ReleaseStore(ctx.ledger).find(name)
        except UsageError as error:
            raise UsageError(f"{error}; the environments are: {', '.join(environments)}") from error
    current = Environments(ctx.ledger).current(name)
    if current is None:
        raise InputMissingError(f"nothing was ever live in {name}, so there is nothing to compare with; name a release")
    return current.release


def known(digest: str, release: Release, environments: Sequence[str], ctx: Context) -> Known:
    """Asked of the ledger and of the registry."""
    origins = Origins(ctx.ledger).of(digest, release)
    version = ctx.accounts.tools.registry.describe(release.package)
    return Known(
        release=digest,
        made_by=", ".join(authors(release)),
        run=release.run,
        build_url=release.build_url,
        branches=tuple(name for kind, name in origins if kind == "branch" and name),
        tags=tuple(name for kind, name in origins if kind == "tag"),
        live=tuple(_live(digest, environments, Environments(ctx.ledger))),
        registry=str(version.approval) if version else GONE,
        registry_by=version.approved_by if version else "",
        approvals={name: given for name in environments if (given := _given(name, digest, ctx))},
        overrides=overrides_of(release, ctx.ledger),
    )


def overrides_of(release: Release, ledger: Ledger) -> dict[str, tuple[str, ...]]:
    """Who lets the model pass which gate that it does not satisfy, newest first: as it was released, or since."""
    found: dict[str, list[str]] = {}
    for verdict in (one for one in release.verdicts if one.blocks):
        found[verdict.gate] = [verdict.override.told(verdict.gate)] if verdict.override else []
    for kept in Overrides(ledger).of(release.model.sha256) if found else ():
        told = Override(by=kept.by, reason=kept.reason, at=kept.at, until=kept.until).told(kept.gate)
        found.setdefault(kept.gate, []).append(told)
    return {gate: tuple(dict.fromkeys(told)) for gate, told in found.items()}


def _live(digest: str, names: Sequence[str], environments: Environments) -> Iterator[str]:
    for name in names:
        current = environments.current(name)
        if current and current.release == digest:
            yield name


def _given(environment: str, digest: str, ctx: Context) -> tuple[Consent, ...]:
    kept = Approvals(ctx.ledger).of(environment, digest)
    return tuple(Consent.of(one.approval, one.approval.expires) for one in kept)
