"""Compares a release with the one that is live, on values alone; each row says what it was, is to be, and means."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Literal

from agent.deployment.evidence import Change
from agent.deployment.measured import metric_pairs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from agent.artifacts import DataSet, Release, Verdict
    from agent.deployment.evidence import Judgement, Topic
    from agent.deployment.measured import Better, MetricPair

_UNITS = ("B", "kB", "MB", "GB", "TB")


def compared(release: Release, live: Release | None, *, better: Mapping[str, Better]) -> tuple[Change, ...]:
    """All that differs between two releases, or is the same and matters."""
    rows: Iterable[Iterator[Change]] = (
        _metrics(release, live, better),
        _gates(release, live),
        _data(release, live),
        texts("image", {"digest": release.image.digest}, {"digest": live.image.digest} if live else {}),
        texts("model", {"sha256": release.model.sha256}, {"sha256": live.model.sha256} if live else {}),
        texts("hyperparameters", release.hyperparameters, live.hyperparameters if live else {}),
        texts("commit", _commit(release), _commit(live) if live else {}),
    )
    return tuple(chain.from_iterable(rows))


def _metrics(release: Release, live: Release | None, better: Mapping[str, Better]) -> Iterator[Change]:
    for name, pair in metric_pairs(release, live, better=better).items():
        yield Change(
            topic="metrics",
            name=name,
            live="" if pair.before is None else f"{pair.before:.6g}",
            wanted="" if pair.after is None else f"{pair.after:.6g}",
            judgement=pair.judgement,
            note=", ".join(_notes(pair)),
        )


def _notes(pair: MetricPair) -> Iterator[str]:
    if pair.difference:
        yield f"{pair.difference:+.4g}"
    if pair.before is None or pair.after is None:
        return
    if pair.better:
        yield f"{pair.better} is better"
    if not pair.same_rows:
        yield "measured on different rows"


def _gates(release: Release, live: Release | None) -> Iterator[Change]:
    """What the gates of either release said, each of its own model."""
    wanted, known = ({one.gate: one for one in each.verdicts} if each else {} for each in (release, live))
    for name in _names(wanted, known):
        new, old = wanted.get(name), known.get(name)
        yield Change(
            topic="gates",
            name=name,
            live=old.reason if old else "",
            wanted=new.reason if new else "",
            judgement=_said(new) if new else "gone",
            note=", ".join(_about(new, old)),
        )


def _said(verdict: Verdict) -> Literal["passed", "failed"]:
    return "passed" if verdict.passed else "failed"


def _about(new: Verdict | None, old: Verdict | None) -> Iterator[str]:
    if new is None:
        yield "the release has no such gate"
        return
    if new.severity == "warn":
        yield "only warns"
    if new.environments:
        yield f"for {' and '.join(new.environments)}"
    if new.override is not None:
        yield new.override.told(new.gate)
    if old and old.passed != new.passed:
        yield f"{_said(old)} before"


def _data(release: Release, live: Release | None) -> Iterator[Change]:
    known: Mapping[str, DataSet] = live.data if live else {}
    for name in _names(release.data, known):
        new, old = release.data.get(name), known.get(name)
        judgement: Judgement = _judgement(old.digest if old else "", new.digest if new else "")
        grown = new.size - old.size if new and old else 0
        yield Change(
            topic="data",
            name=name,
            live=_described(old),
            wanted=_described(new),
            judgement=judgement,
            note=f"{'+' if grown > 0 else '-'}{_size(abs(grown))}" if grown else "",
        )


def _described(data: DataSet | None) -> str:
    if data is None:
        return ""
    return f"{data.digest[:12]} ({data.files} {'file' if data.files == 1 else 'files'}, {_size(data.size)})"


def _size(count: float) -> str:
    for unit in _UNITS:
        if count < 1000 or unit == _UNITS[-1]:
            return f"{count:.3g} {unit}" if unit != "B" else f"{count:.0f} B"
        count /= 1000
    raise AssertionError  # the last unit takes whatever is left


def _commit(release: Release) -> dict[str, str]:
    commit = release.commit
    facts = {
        "sha": commit.sha + (" with uncommitted changes" if commit.dirty else ""),
        "subject": commit.subject,
        "author": commit.author,
        "branch": commit.branch,
        "committed": commit.committed,
    }
    return {name: text for name, text in facts.items() if text}


def texts(topic: Topic, wanted: Mapping[str, str], live: Mapping[str, str]) -> Iterator[Change]:
    """A row for each name in either of two mappings."""
    return (_text(topic, name, live.get(name, ""), wanted.get(name, "")) for name in _names(wanted, live))


def _text(topic: Topic, name: str, live: str, wanted: str) -> Change:
    return Change(topic=topic, name=name, live=live, wanted=wanted, judgement=_judgement(live, wanted))


def _judgement(live: str, wanted: str) -> Judgement:
    if live == wanted:
        return "same"
    if not live:
        return "new"
    return "changed" if wanted else "gone"


def _names(wanted: Mapping[str, object], live: Mapping[str, object]) -> Iterable[str]:
    """All names, those of the release first."""
    return dict.fromkeys((*wanted, *live))
