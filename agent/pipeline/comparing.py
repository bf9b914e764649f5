"""Compares any two releases: all that a review shows of a release against what is live, and what is beside them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import TYPE_CHECKING

from pydantic import Field

from agent.data.difference import DataDifference, difference
from agent.data.store import Store
from agent.deployment.comparison import compared, texts
from agent.deployment.evidence import Change
from agent.deployment.evidence_lines import measured_phrase
from agent.deployment.measured import MetricPair, metric_pairs
from agent.errors import InputMissingError
from agent.naming import short
from agent.pipeline.known import Known, known, named
from agent.pipeline.sources import Sources
from agent.pipeline.wiring import better_of
from agent.release.store import ReleaseStore
from agent.report.wording import size
from agent.step import StepModel
from agent.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.artifacts import Release
    from agent.config.model import Configuration
    from agent.context import Context
    from agent.data.difference import FileChange
    from agent.deployment.evidence import Judgement
    from agent.pipeline.sources import WorkingCopy

_MOST_FILES = 20


class Comparison(StepModel):
    """Two releases; what is ``live`` in a change is of the first of them, what is ``wanted`` of the second."""

    contract: int = Field(default=1, description="Number of this contract.")
    title: str = Field(description="All of it in one line.")
    before: Known = Field(description="The first release.")
    after: Known = Field(description="The second release.")
    metrics: Mapping[str, MetricPair] = Field(description="Metrics of either by name.")
    changes: tuple[Change, ...] = Field(description="What differs, or is the same and matters, by topic.")
    data: Mapping[str, DataDifference] = Field(description="Files of the data sets of both that differ, by data set.")
    sources: Sources = Field(description="What their commits say.")
    unknown: tuple[str, ...] = Field(description="What cannot be told, as sentences.")


def compare(before: str, after: str, configuration: Configuration, copy: WorkingCopy, ctx: Context) -> Comparison:
    """Compare what two names mean, as :func:`agent.pipeline.known.named` has it; nothing is written."""
    environments = tuple(configuration.environments)
    digests = [named(name, environments, ctx) for name in (before, after)]
    old, new = (ReleaseStore(ctx.ledger).read(digest) for digest in digests)
    was, now = (known(digest, release, environments, ctx) for digest, release in zip(digests, (old, new), strict=True))
    better = better_of(configuration)
    data, unread = _data(old, new, ctx)
    sources = copy.between(old.commit, new.commit)
    changes = (*_about(was, now), *_in_order(compared(new, old, better=better), data, sources))
    return Comparison(
        title=_title(digests, changes),
        before=was,
        after=now,
        metrics=metric_pairs(new, old, better=better),
        changes=changes,
        data=data,
        sources=sources,
        unknown=(*unread, *sources.unknown),
    )


def _title(digests: list[str], changes: tuple[Change, ...]) -> str:
    old, new = digests
    if old == new:
        return f"both are release {short(new)}"
    metrics = measured_phrase(changes)
    return f"release {short(new)} beside {short(old)}{f': {metrics}' if metrics else ''}"


def _data(old: Release, new: Release, ctx: Context) -> tuple[dict[str, DataDifference], list[str]]:
    """Which files differ in the data sets that both have, and of which nobody can tell."""
    store = Store(objects=ctx.ledger.objects, bucket=ctx.ledger.bucket)
    found, unread = {}, []
    for name in new.data.keys() & old.data.keys():
        versions = [release.data[name].digest for release in (old, new)]
        if versions[0] == versions[1]:
            continue
        try:
            found[name] = difference(*(store.record(version) for version in versions))
        except InputMissingError as error:
            unread.append(f"files of data set {name} are not compared: {error}")
    return dict(sorted(found.items())), sorted(unread)


def _in_order(changes: tuple[Change, ...], data: Mapping[str, DataDifference], sources: Sources) -> Iterator[Change]:
    """What a review shows, with files behind their data sets and packages behind their image."""
    more = {"data": _files(data), "image": _packages(sources)}
    for topic, rows in groupby(changes, lambda change: change.topic):
        yield from rows
        yield from more.get(topic, ())


def _about(old: Known, new: Known) -> Iterator[Change]:
    """Who made the two, and who let them pass."""
    yield from texts("release", _origin(new), _origin(old))
    yield from texts("approvals", _approvals(new), _approvals(old))


def _origin(one: Known) -> dict[str, str]:
    facts = {
        "digest": one.release,
        "made by": one.made_by,
        "build": one.build_url or one.run,
        "branches": " ".join(one.branches),
        "tags": " ".join(one.tags),
        "live in": " ".join(one.live),
    }
    return {name: text for name, text in facts.items() if text}


def _approvals(one: Known) -> dict[str, str]:
    by = one.registry_by.rpartition("/")[2]
    people = {name: f"{given[0].by}: {given[0].reason}" for name, given in one.approvals.items()}
    gates = {f"gate {gate}": told[0] for gate, told in one.overrides.items() if told}
    return {"model package": f"{one.registry}{f' by {by}' if by else ''}", **people, **gates}


def _files(data: Mapping[str, DataDifference]) -> Iterator[Change]:
    for name, found in data.items():
        differ = f"{found.added} added, {found.removed} removed, {found.changed} changed"
        yield Change(topic="files", name=name, wanted=f"{differ}, {found.unchanged} the same", judgement="changed")
        yield from (_file(name, file) for file in found.files[:_MOST_FILES])
        more = found.added + found.removed + found.changed - _MOST_FILES
        if more > 0:
            yield Change(topic="files", name=f"{name}/…", wanted=counted(more, "more file"), judgement="changed")


def _file(data: str, file: FileChange) -> Change:
    before, after = ("" if one is None else size(one) for one in (file.before, file.after))
    judgement: Judgement = "changed" if before and after else "new" if after else "gone"
    return Change(topic="files", name=f"{data}/{file.name}", live=before, wanted=after, judgement=judgement)


def _packages(sources: Sources) -> Iterator[Change]:
    """Those that differ: an image has many."""
    if sources.packages is None or sources.packages_before is None:
        return
    rows = texts("packages", sources.packages, sources.packages_before)
    yield from (row for row in rows if row.judgement != "same")
