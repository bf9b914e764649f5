"""Any release that there can be, for properties that must hold for all of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from agent.artifacts import (
    CommitInfo,
    DataSet,
    Evaluation,
    Image,
    Interval,
    Metric,
    Model,
    Override,
    Release,
    Sbom,
    Verdict,
)

TEXT = st.text(max_size=40)
NAMES = st.text(min_size=1, max_size=20)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
NOW = datetime(2026, 11, 27, tzinfo=UTC)
TIMES = st.timedeltas(timedelta(0), timedelta(days=400)).map(lambda later: NOW + later)
HEX = st.from_regex(r"[0-9a-f]{64}", fullmatch=True)

COMMITS = st.builds(CommitInfo, sha=st.just("") | HEX, branch=TEXT, dirty=st.booleans(), author=TEXT, subject=TEXT)
DATA = st.builds(
    DataSet,
    name=NAMES,
    digest=HEX,
    manifest=TEXT,
    files=st.integers(0),
    size=st.integers(0, 2**62),
    content_type=st.none() | TEXT,
)
IMAGES = st.builds(
    Image,
    uri=HEX.map(lambda digest: f"111111111111.dkr.ecr.us-east-1.amazonaws.com/team/tumour@sha256:{digest}"),
    media_type=TEXT,
)
SBOMS = st.builds(Sbom, uri=TEXT, sha256=HEX, packages=st.integers(0, 2**31))
METRICS = st.builds(Metric, value=NUMBERS, standard_deviation=st.none() | NUMBERS)
EVALUATIONS = st.builds(
    Evaluation, model=HEX, data=HEX, metrics=st.dictionaries(NAMES, METRICS, max_size=4), report=TEXT, job=TEXT
)
VERDICTS = st.builds(
    Verdict,
    gate=NAMES,
    metric=NAMES,
    value=st.none() | NUMBERS,
    limit=st.none() | NUMBERS,
    comparison=st.sampled_from(["at least", "at most", "none"]),
    passed=st.booleans(),
    severity=st.sampled_from(["block", "warn"]),
    reason=TEXT,
    kind=st.sampled_from(["", "champion"]),
    against=st.sampled_from(["", "the champion of prod"]),
    interval=st.none() | st.builds(Interval, low=NUMBERS, high=NUMBERS, level=st.just(0.95)),
    sample_size=st.none() | st.integers(0, 2**62),
    environments=st.sampled_from([(), ("prod",), ("qa", "prod")]),
    sentence=st.sampled_from(["", "It does no harm."]),
    evidence=st.sampled_from(["", "s3://bucket/evaluation.json"]),
    override=st.none() | st.builds(Override, by=st.just("bob"), reason=TEXT, at=st.just(NOW), until=TIMES),
)


@st.composite
def releases(draw: st.DrawFn) -> Release:
    """Any release."""
    image = draw(IMAGES)
    return Release(
        project=draw(NAMES),
        commit=draw(COMMITS),
        data=draw(st.dictionaries(NAMES, DATA, max_size=4)),
        image=image,
        sbom=draw(st.none() | SBOMS),
        model=Model(artifact=draw(TEXT), sha256=draw(HEX), image=image, job=draw(TEXT)),
        hyperparameters=draw(st.dictionaries(TEXT, TEXT, max_size=4)),
        evaluation=draw(EVALUATIONS),
        champions=draw(st.dictionaries(NAMES, EVALUATIONS, max_size=2)),
        verdicts=tuple(draw(st.lists(VERDICTS, max_size=4))),
        package=draw(TEXT),
        build_url=draw(TEXT),
        run=draw(TEXT),
        who=draw(TEXT),
    )
