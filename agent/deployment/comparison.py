"""Compares a release with the one that is live, on values alone; each row says what it was, is to be, and means."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Literal

from agent.deployment.evidence import Change

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from agent.artifacts import DataSet, Release
    from agent.deployment.evidence import Judgement, Topic

Better = Literal["higher", "lower"]

_UNITS = ("B", "kB", "MB", "GB", "TB")


def compared(release: Release, live: Release | None, *, better: Mapping[str, Better]) -> tuple[Change, ...]:
    """All that differs between two releases, or is the same and matters."""
    rows: Iterable[Iterator[Change]] = (
        _metrics(release, live, better),
        _gates(release),
        _data(release, live),
        texts("image", {"digest": release.image.digest}, {"digest": live.image.digest} if live else {}),
        texts("model", {"sha256": release.model.sha256}, {"sha256": live.model.sha256} if live else {}),
        texts("hyperparameters", release.hyperparameters, live.hyperparameters if live else {}),
        texts("commit", _commit(release), _commit(live) if live else {}),
    )
    return tuple(chain.from_iterable(rows))


def _metrics(release: Release, live: Release | None, better: Mapping[str, Better]) -> Iterator[Change]:
    """Where the release's own gates have measured the live model on the same rows, that counts."""
    again = None
    if live is not None:
        again = next((one for one in release.champions.values() if one.model == live.model.sha256), None)
    evaluated = again or (live.evaluation if live else None)
    other_rows = evaluated is not None and evaluated.data != release.evaluation.data
    known = evaluated.metrics if evaluated else {}
    for name in _names(release.evaluation.metrics, known):
        new, old = release.evaluation.metrics.get(name), known.get(name)
        if new is None or old is None:
            yield _text("metrics", name, f"{old.value:.6g}" if old else "", f"{new.value:.6g}" if new else "")
            continue
        notes = (
            f"{new.value - old.value:+.4g}" if new.value != old.value else "",
            f"{better[name]} is better" if name in better else "",
            "measured on different rows" if other_rows else "",
        )
        yield Change(
            topic="metrics",
            name=name,
            live=f"{old.value:.6g}",
            wanted=f"{new.value:.6g}",
            judgement=_direction(new.value, old.value, better.get(name)),
            note=", ".join(note for note in notes if note),
        )


def _direction(new: float, old: float, better: Better | None) -> Judgement:
    if new == old:
        return "same"
    if better is None:
        return "changed"
    return "better" if (new > old) == (better == "higher") else "worse"


def _gates(release: Release) -> Iterator[Change]:
    for verdict in release.verdicts:
        yield Change(
            topic="gates",
            name=verdict.gate,
            wanted=verdict.reason,
            judgement="passed" if verdict.passed else "failed",
            note="" if verdict.severity == "block" else "only warns",
        )


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
