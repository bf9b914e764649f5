"""Evaluate the model on copies of the held-out data that are worse than these, as gates on robustness say."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from pydantic import Field

from agent import naming
from agent.artifacts import DataSet, Evaluation, JobUse
from agent.config.predictions import Predictions
from agent.config.robustness import Perturbation
from agent.data.store import Store
from agent.data.tables import fetch_table, refuse_what_is_too_large
from agent.data.version import File, LocalFile, manifest_key, version
from agent.errors import UsageError
from agent.evaluation import by_job
from agent.evaluation.by_job import Judged
from agent.evaluation.extra import require_statistics
from agent.jobs.evaluation_job import EvaluationInputs, evaluation_kind
from agent.jobs.foresight import creation
from agent.jobs.side_by_side import Task, side_by_side
from agent.ledger.records import Record
from agent.step import Action, Step, StepModel, digest, unkeyed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.context import Context
    from agent.data.tables import FetchedFiles

COPIES = "perturbed/1/"
"""Where the ledger keeps which copies were made, each below the key of what it is made of."""


class Perturbing(StepModel):
    """How one copy of the data is made worse."""

    perturbation: Perturbation = Field(description="What becomes of which columns.")
    header: bool = Field(default=False, description="Whether the first line of a CSV file names the columns.")
    label: str | None = Field(default=None, description="Column of the label; without it, the first one.")


class Inputs(EvaluationInputs):
    """The copies, and a job for each."""

    predictions: Predictions = Field(description="How what is predicted is measured.")
    copies: Mapping[str, Perturbing] = Field(description="Copies of the data by gate and perturbation.")
    largest_gb: int = unkeyed(default=2, description="How much data the agent may fetch, in GB.")


class Result(StepModel):
    """What the model achieves on data that are worse."""

    evaluations: Mapping[str, Evaluation] = Field(description="Evaluations by gate and perturbation.")
    jobs: tuple[JobUse, ...] = Field(default=(), description="What the jobs took of machines.")


class Copy(Record):
    """A perturbed copy of a data set, and in how many of its ``rows`` each column is ``changed``."""

    data: DataSet
    rows: int
    changed: Mapping[str, int]


def copy_key(data: DataSet, wanted: Perturbing) -> str:
    """The content key of a copy, which is the seed of its chance, too: no gate, model or limit is part of it."""
    return digest({"data": data.digest, "content_type": data.content_type, **wanted.model_dump(mode="json")})


def subject(inputs: Inputs, data: DataSet, name: str) -> Judged:
    """The candidate on a copy."""
    return Judged(name=name, step=STEP.name, model=inputs.model, data=data, predictions=inputs.predictions)


def plan(inputs: Inputs, ctx: Context) -> Sequence[Action]:
    """Copies that were not made before, and a job for every one that the model was not evaluated on."""
    known = {name: known_copy(inputs, wanted, ctx) for name, wanted in inputs.copies.items()}
    made = {copy.data.digest: subject(inputs, copy.data, name) for name, copy in known.items() if copy is not None}
    missing = [name for name, copy in known.items() if copy is None]
    return by_job.foreseen(inputs, tuple(made.values()), ctx, before=_making(inputs, missing, ctx) if missing else ())


def _making(inputs: Inputs, missing: Sequence[str], ctx: Context) -> Sequence[Action]:
    """The writes of copies that are not there yet, whose jobs have no names before they are."""
    tools = ctx.accounts.tools
    note = f"{inputs.data.name} perturbed: {', '.join(missing)}"
    bucket = f"arn:aws:s3:::{inputs.bucket}/{naming.DATA}*"
    return (
        Action(operation="s3:PutObject", resource=bucket, account=tools.id, note=note),
        Action(operation="s3:PutObject", resource=ctx.ledger.uri(COPIES), account=tools.id, note="which these are"),
        creation(evaluation_kind(inputs), naming.job(inputs.project, STEP.name, "*"), tools, note="one for each copy"),
    )


def run(inputs: Inputs, ctx: Context) -> Result:
    """Make the copies that are not there yet, and evaluate on all of them at once."""
    require_statistics("perturbed data are made and")
    by_job.bring_script(inputs, ctx)
    copies = _made(inputs, ctx)
    measured, jobs = _measured(inputs, copies, ctx)
    for name, copy in copies.items():
        changed = ", ".join(f"{column} in {count}" for column, count in copy.changed.items())
        ctx.report.fact(f"{name}: changed {changed} of {copy.rows} rows")
    return Result(evaluations={name: measured[copy.data.digest] for name, copy in copies.items()}, jobs=jobs)


def known_copy(inputs: Inputs, wanted: Perturbing, ctx: Context) -> Copy | None:
    """A copy that was made before, if the store still holds it."""
    copy = ctx.ledger.read(_record_of(inputs, wanted), Copy)
    objects = ctx.accounts.tools.objects
    return copy if copy is not None and objects.exists(inputs.bucket, manifest_key(copy.data.digest)) else None


def _record_of(inputs: Inputs, wanted: Perturbing) -> str:
    return f"{COPIES}{copy_key(inputs.data, wanted)}.json"


def _made(inputs: Inputs, ctx: Context) -> dict[str, Copy]:
    """Every copy; the data are fetched only where one of them has to be made."""
    known = {name: known_copy(inputs, wanted, ctx) for name, wanted in inputs.copies.items()}
    if all(known.values()):
        return {name: copy for name, copy in known.items() if copy is not None}
    refuse_what_is_too_large(inputs.data, inputs.largest_gb, "robustness")
    with tempfile.TemporaryDirectory(prefix="modelyard-perturbed-") as folder:
        held = fetch_table(inputs.data, Path(folder), ctx.accounts.tools.objects, ctx.report)
        return {name: known[name] or _make(inputs, name, held, ctx) for name in inputs.copies}


def _make(inputs: Inputs, name: str, held: FetchedFiles, ctx: Context) -> Copy:
    """Make a copy, bring it into the store, and remember it; of two agents that do so at once the first one counts."""
    from agent.statistics.perturbations import Perturbation as How
    from agent.statistics.perturbing import perturbed
    from agent.statistics.tables import Table

    ctx.clock.check()
    ctx.report.doing(f"perturbing {inputs.data.name}: {name}")
    wanted, key = inputs.copies[name], copy_key(inputs.data, inputs.copies[name])
    how = wanted.perturbation
    chance = How(kind=how.kind, columns=how.columns, amount=how.amount, seed=key)
    table = Table(files=held.paths, header=wanted.header)
    with tempfile.TemporaryDirectory(prefix="modelyard-copy-") as folder:
        try:
            found = perturbed(table, chance, Path(folder), label=wanted.label)
        except UsageError as error:
            raise UsageError(f"perturbation {name} of the data set {inputs.data.name}: {error}") from error
        data = _stored(inputs, dict(zip(held.names, found.files, strict=True)), f"perturbed ({key})", ctx)
    copy, record = Copy(data=data, rows=found.rows, changed=found.changed), _record_of(inputs, wanted)
    if ctx.ledger.create(record, copy):
        return copy
    theirs = known_copy(inputs, wanted, ctx)
    if theirs is None:
        ctx.ledger.put(record, copy)
    return theirs or copy


def _stored(inputs: Inputs, files: Mapping[str, Path], source: str, ctx: Context) -> DataSet:
    """Files by their names as a version of the data set, in the store."""
    store = Store(objects=ctx.accounts.tools.objects, bucket=inputs.bucket)
    wanted = version(inputs.bucket, [_file(name, path, source) for name, path in files.items()], inputs.data.name)
    taken = store.complete(wanted, lambda file: store.upload(file, files[file.name]))
    return wanted.data_set(inputs.data.name, content_type=inputs.data.content_type, size=taken.size)


def _file(name: str, path: Path, source: str) -> File:
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    return File(name=name, content=content, size=path.stat().st_size, origin=LocalFile(f"{name} {source}"))


def _measured(
    inputs: Inputs, copies: Mapping[str, Copy], ctx: Context
) -> tuple[dict[str, Evaluation], tuple[JobUse, ...]]:
    """Every evaluation by the digest of its copy, and what the jobs took; two gates may ask for the same one."""
    named: dict[str, list[str]] = {}
    for name, copy in copies.items():
        named.setdefault(copy.data.digest, []).append(name)
    data, turn = {copy.data.digest: copy.data for copy in copies.values()}, Lock()
    judged = [subject(inputs, data[of], " and ".join(names)) for of, names in named.items()]
    tasks = [Task(name=one.name, work=partial(by_job.evaluate, inputs, one, turn)) for one in judged]
    done = side_by_side(tasks, ctx)
    return {of: evaluation for of, (evaluation, _) in zip(named, done, strict=True)}, tuple(use for _, use in done)


def leave(inputs: Inputs, ctx: Context) -> None:
    """Stop the jobs, or leave them to the next build; before all copies are made, there is none."""
    copies = {name: known_copy(inputs, wanted, ctx) for name, wanted in inputs.copies.items()}
    if all(copies.values()):
        _measured(inputs, {name: copy for name, copy in copies.items() if copy is not None}, ctx)


STEP = Step(inputs=Inputs, result=Result, run=run, plan=plan, leave=leave, account="tools", effect="write")
