"""Lay out the evidence for a promotion or a rollback: what would change against what is live, and who made it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from agent.config.environment import Environment
from agent.config.gate_overrides import GateOverrides
from agent.config.model import Tools
from agent.config.releases import Releases
from agent.deployment.answered import metrics_in_words
from agent.deployment.approval import admitted, authors, expiry, rule_of, standing
from agent.deployment.comparison import compared
from agent.deployment.deploy import recalled
from agent.deployment.evidence import Change, Consent, Entry, Proof
from agent.deployment.evidence_lines import change_lines, history_lines, measured_phrase, proof_lines
from agent.deployment.load import in_words
from agent.deployment.order import Order, enter, order_of
from agent.deployment.promotion import release_before, require_known, require_promotable
from agent.deployment.settings import would_change
from agent.deployment.strategy import DESCRIPTION, StrategyChoice
from agent.errors import AccessDeniedError, UsageError
from agent.gates.admission import kept_out, overrides_at
from agent.ledger.environments import Environments
from agent.naming import short
from agent.release.commits import between
from agent.release.store import ReleaseStore
from agent.release.verification import Demands, verify
from agent.step import Step, StepModel, digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent.artifacts import Release
    from agent.context import Context
    from agent.ledger.environments import Checked, Deployment

_MOST_OF_HISTORY = 20


class Inputs(StepModel):
    """What is to be decided about."""

    project: str = Field(description="Project.")
    action: Literal["promote", "rollback"] = Field(default="promote", description="What is to be done.")
    release: str = Field(
        default="",
        description="The release: its digest, its first digits, or a tag; for a rollback, empty for the one before.",
    )
    tools: Tools = Field(description="Account of data, images and releases.")
    environment_name: str = Field(description="Name of the environment that is to change.")
    environment: Environment = Field(description="The environment.")
    before: tuple[str, ...] = Field(description="Names of the environments that come before it, in order.")
    main_branches: tuple[str, ...] = Field(description="Branches whose releases may go to any environment.")
    releases: Releases = Field(default=Releases(), description="Whose signatures count.")
    gate_overrides: GateOverrides = Field(default=GateOverrides(), description="Who may override a gate.")
    strategy: StrategyChoice = Field(default="configured", description=DESCRIPTION)
    better: Mapping[str, Literal["higher", "lower"]] = Field(
        default={}, description="Which values of a metric are better, by metric."
    )


class Result(StepModel):
    """The evidence, and what an approval takes."""

    release: str = Field(description="Digest of the release.")
    environment_name: str = Field(description="Name of the environment.")
    action: Literal["promote", "rollback"] = Field(description="What is to be done.")
    strategy: str = Field(description="Kind of the update's strategy.")
    title: str = Field(description="All of it in one line.")
    lines: tuple[str, ...] = Field(description="The evidence as plain text in columns, for a console.")
    changes: tuple[Change, ...] = Field(description="What differs from what is live, and what would be written.")
    commits: tuple[str, ...] = Field(description="Commits since what is live, newest first, as far as git knows them.")
    proved: tuple[Proof, ...] = Field(description="The environments where the release was, in order.")
    verified: tuple[str, ...] = Field(description="What was verified of the release, with its digest.")
    live: str = Field(description="Digest of the release that is live; empty where there is none.")
    unchanged: bool = Field(description="Whether the release is live already, so that nothing would be written.")
    refused: str = Field(default="", description="Why gates keep the release out; then nobody is asked to approve it.")
    overrides: tuple[str, ...] = Field(
        default=(), description="Who lets it pass although gates refuse it there, until when and why."
    )
    needs_approval: bool = Field(description="Whether somebody has still to approve it.")
    approvers: tuple[str, ...] = Field(description="Logins of those who may; empty: everybody, or nobody has to.")
    four_eyes: bool = Field(description="Whether its author may not.")
    author: str = Field(description="Who started its build, and its commit's author.")
    expires_minutes: int = Field(description="How long an approval counts; 0 where none is needed.")
    approved: Consent | None = Field(default=None, description="The approval that counts already.")
    history: tuple[Entry, ...] = Field(description="For a rollback: what the environment had, newest first.")
    digest: str = Field(description="sha256 over the evidence, for the approval to refer to.")

    @property
    def refusal(self) -> str | None:
        """Why gates keep the release out, if they do."""
        return self.refused or None


@dataclass(frozen=True, kw_only=True)
class _Case:
    """An order with everything that is known about it."""

    inputs: Inputs
    order: Order
    history: Sequence[Deployment]
    current: Deployment | None
    live: Release | None


def run(inputs: Inputs, ctx: Context) -> Result:
    """Ask for all that the step promote or rollback would ask for, write nothing, and tell what it comes to."""
    case = _case(inputs, ctx)
    order = case.order
    approved = inputs.environment.production and inputs.action == "promote"
    verified = verify(
        order.release,
        order.digest,
        Demands.of(inputs.environment, inputs.releases, approved=approved),
        tools=ctx.accounts.tools,
        target=enter(order.environment, ctx),
    )
    unchanged = recalled(order, ctx) is not None
    changes = (*compared(order.release, case.live, better=inputs.better), *would_change(order, ctx))
    commits = between(ctx.folder, case.live.commit.sha, order.release.commit.sha) if case.live else ()
    proved = tuple(_proofs(order.digest, inputs.before, Environments(ctx.ledger)))
    refused = "" if unchanged or inputs.action == "rollback" else _kept_out(inputs, order, ctx)
    rule, consent = rule_of(order), standing(order, ctx)
    asks = rule is not None and consent is None and not unchanged and not refused
    history = tuple(_entries(case)) if inputs.action == "rollback" else ()
    result = Result(
        release=order.digest,
        environment_name=order.name,
        action=inputs.action,
        strategy=order.environment.endpoint.strategy.kind,
        title=_title(case, changes, unchanged=unchanged),
        lines=(),
        changes=changes,
        commits=commits,
        proved=proved,
        verified=tuple(f"{checked.what}: {checked.found}" for checked in verified),
        live=case.current.release if case.current else "",
        unchanged=unchanged,
        refused=refused,
        overrides=_overrides(inputs, order, ctx),
        needs_approval=asks,
        approvers=_approvers(order) if asks else (),
        four_eyes=rule is not None and rule.four_eyes,
        author=", ".join(authors(order.release)),
        expires_minutes=rule.expires // 60 if rule else 0,
        approved=Consent.of(consent, expiry(consent, rule)) if consent and rule else None,
        history=history,
        digest="",
    )
    evidence = result.model_dump(mode="json", include={"release", "environment_name", "action", "live", "changes"})
    return result.model_copy(update={"digest": digest(evidence), "lines": tuple(_lines(result, order.release))})


def _case(inputs: Inputs, ctx: Context) -> _Case:
    """What is asked for, once it is sure that the ledger allows it."""
    store, environments = ReleaseStore(ctx.ledger), Environments(ctx.ledger)
    history = environments.history(inputs.environment_name)
    wanted = store.find(inputs.release) if inputs.release else ""
    if inputs.action == "rollback":
        wanted = wanted or release_before(history, inputs.environment_name)
        require_known(wanted, history, inputs.environment_name)
    elif not wanted:
        raise UsageError(f"say which release is to go to {inputs.environment_name}; `modelyard releases` lists them")
    current = next((one for one in reversed(history) if one.status == "done"), None)
    order = order_of(
        wanted, inputs.environment, inputs.strategy, ctx, name=inputs.environment_name, action=inputs.action
    )
    if inputs.action == "promote":
        require_promotable(order, inputs.before, inputs.main_branches, ctx)
    live = store.read(current.release) if current else None
    return _Case(inputs=inputs, order=order, history=history, current=current, live=live)


def _kept_out(inputs: Inputs, order: Order, ctx: Context) -> str:
    return kept_out(order.release, order.digest, order.name, inputs.gate_overrides, ctx)


def _overrides(inputs: Inputs, order: Order, ctx: Context) -> tuple[str, ...]:
    return overrides_at(order.release, order.name, inputs.gate_overrides, ctx, at=ctx.clock.now())


def _approvers(order: Order) -> tuple[str, ...]:
    """Those whose approval would count; AccessDeniedError where there are approvers, but none of them may."""
    rule = order.environment.approval
    assert rule is not None  # whoever asks has looked
    found = admitted(order.release, rule)
    if rule.approvers and not found:
        raise AccessDeniedError(
            f"nobody may approve release {short(order.digest)} for {order.name}: four eyes are demanded, and every "
            f"approver ({', '.join(rule.approvers)}) is an author of it ({', '.join(authors(order.release))}); name "
            "another one in the environment's `approval.approvers`"
        )
    return found


def _proofs(release: str, before: Sequence[str], environments: Environments) -> Iterator[Proof]:
    for name in before:
        found = (one for one in environments.newest_first(name) if (one.release, one.status) == (release, "done"))
        deployed, check = next(found, None), environments.checked(name, release)
        if deployed is None:
            continue
        yield Proof(
            environment_name=name,
            since=deployed.ended,
            who=deployed.who,
            checked=check.ended if check else None,
            passed=check.passed if check else None,
            found=_found(check) if check else "",
        )


def _found(check: Checked) -> str:
    """What a check measured: rows through the endpoint's own door, and a load on it."""
    told = []
    if check.metric is not None and check.value is not None:
        told.append(f"{check.metric} {check.value:.6g} on {check.rows} rows")
    if check.metrics:
        told.append(f"{metrics_in_words(check.metrics)} on {check.evaluated:,} rows, evaluated through the endpoint")
    if check.p50_ms is not None and check.p99_ms is not None:
        told.append(in_words(check.load, check.p50_ms, check.p99_ms, check.cost))
    return "; ".join(told)


def _entries(case: _Case) -> Iterator[Entry]:
    """The environment's past, newest first; only the last time that the release was live is marked as its target."""
    marked = False
    for one in list(reversed(case.history))[:_MOST_OF_HISTORY]:
        target = not marked and (one.release, one.status) == (case.order.digest, "done") and one is not case.current
        marked = marked or target
        yield Entry.of(one, live=one is case.current, target=target)


def _title(case: _Case, changes: Sequence[Change], *, unchanged: bool) -> str:
    order, current = case.order, case.current
    what = f"release {short(order.digest)}"
    if unchanged:
        return f"{what} is live in {order.name} already; nothing would be written"
    does = f"promote {what} to {order.name}" if order.action == "promote" else f"roll {order.name} back to {what}"
    instead = f"instead of {short(current.release)}" if current else "which has no release yet"
    if current and current.release == order.digest:
        instead = "which has it, with other settings"
    metrics = measured_phrase(changes)
    return f"{does}, {instead}{f': {metrics}' if metrics else ''}"


def _lines(result: Result, release: Release) -> Iterator[str]:
    yield result.title
    yield f"made by {result.author or 'nobody known'}{f', {release.build_url}' if release.build_url else ''}"
    yield f"the update moves by: {result.strategy}"
    yield from proof_lines(result.proved)
    yield from change_lines(result.changes)
    if result.commits:
        yield "commits since what is live:"
        yield from (f"  {commit}" for commit in result.commits)
    yield from history_lines(result.history)
    yield from result.overrides
    yield _approval_line(result)


def _approval_line(result: Result) -> str:
    if result.refused:
        return f"refused: {result.refused}"
    if result.approved:
        consent = result.approved
        return f"approved by {consent.by} until {consent.expires:%Y-%m-%d %H:%M}Z: {consent.reason}"
    if not result.needs_approval:
        return "needs no approval"
    who = ", ".join(result.approvers) or "anybody"
    eyes = f", but not its author ({result.author})" if result.four_eyes else ""
    return f"needs an approval by {who}{eyes}, which counts for {result.expires_minutes} minutes"


STEP = Step(inputs=Inputs, result=Result, run=run, account="environment", effect="read")
