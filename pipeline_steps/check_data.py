"""Find out whether the data are as declared, what they give away, how labels have shifted; and summarize them."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from agent.artifacts import DataSet, Judgement
from agent.config.data_gates import DataGate, DataSchemaGate, LabelShiftGate, LeakageGate
from agent.config.data_summary import DataSummary
from agent.data.tables import FetchedFiles, fetch_table, refuse_what_is_too_large
from agent.errors import InputMissingError, UsageError
from agent.evaluation.extra import require_statistics
from agent.evaluation.summarizing import in_words, summarized
from agent.gates import data_schema, label_shift, leakage
from agent.release.store import ReleaseStore
from agent.step import Action, Step, StepModel, canonical
from agent.summaries import DataSetSummary, Earlier, Summaries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.context import Context
    from agent.statistics.tables import Table

CHECKS = "data-checks/1/"
"""Where it is kept what was found, below the step's content key."""


class Inputs(StepModel):
    """The data sets, and the gates that judge them."""

    data: Mapping[str, DataSet] = Field(description="Data sets that gates judge or compare with, by name.")
    gates: Mapping[str, DataGate] = Field(description="Gates on data, by name.")
    releases: Mapping[str, str] = Field(
        description="Digests of the releases whose data these are compared with, by environment."
    )
    summaries: Mapping[str, DataSummary] = Field(
        default={}, description="Data sets to summarize for the report, with the environment to compare with."
    )


class Result(StepModel):
    """What the gates answer."""

    answers: Mapping[str, Judgement] = Field(description="Answers by the names of the gates.")
    summaries: str = Field(default="", description="S3 address of what the columns hold; empty where nobody asks.")
    drifted: tuple[str, ...] = Field(
        default=(), description="Of each data set with columns that have drifted: which, in a sentence."
    )


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """A data set on this machine: its files in order, and what they are called."""

    table: Table
    names: tuple[str, ...]


def plan(inputs: Inputs, ctx: Context) -> Sequence[Action]:
    """A document of what is found."""
    note = f"what is found in {', '.join(sorted(inputs.data))}"
    account = ctx.accounts.tools.id
    return (Action(operation="s3:PutObject", resource=ctx.ledger.uri(CHECKS), account=account, note=note),)


def run(inputs: Inputs, ctx: Context) -> Result:
    """Fetch each data set once, and hold every gate against it; what was found is kept as evidence."""
    require_statistics("gates on data are")
    name = f"{CHECKS}{ctx.key}.json"
    answers, found = dict[str, Judgement](), dict[str, Any]()
    with tempfile.TemporaryDirectory(prefix="modelyard-data-") as folder:
        store = _Store(inputs, ctx, Path(folder))
        for gate_name, gate in inputs.gates.items():
            answers[gate_name], found[gate_name] = _judged(gate_name, gate, store, ctx.ledger.uri(name))
        summaries = [_summarized(set_, wanted, store, ctx) for set_, wanted in inputs.summaries.items()]
    ctx.ledger.create_bytes(name, canonical(found))
    for answer in answers.values():
        (ctx.report.fact if answer.passed else ctx.report.warn)(answer.reason)
    drifted = tuple(f"{one.name}: {in_words(one)}" for one in summaries if one.drifted)
    return Result(answers=answers, summaries=_kept(summaries, ctx), drifted=drifted)


def _kept(summaries: Sequence[DataSetSummary], ctx: Context) -> str:
    """The address of the summaries in the ledger; empty without any."""
    if not summaries:
        return ""
    name = f"{CHECKS}{ctx.key}-summaries.json"
    ctx.ledger.create_bytes(name, canonical(Summaries(data=tuple(summaries)).model_dump(mode="json")))
    return ctx.ledger.uri(name)


def _summarized(name: str, wanted: DataSummary, store: _Store, ctx: Context) -> DataSetSummary:
    """A data set's summary; one that cannot be made is told, and ends no build, for nobody is judged by it."""
    from agent.statistics.arrays import UnusablePredictionsError

    data, known = store.set_of(name), store.known(name, wanted.environment)
    earlier = known and Earlier(environment=wanted.environment or "", release=known[0], digest=known[1].digest)
    try:
        held = store.fetched(data, wanted)
        names = wanted.columns if held.table.is_csv and not wanted.header else ()
        before, problem = _before(data, known and known[1], wanted, store)
        found = summarized(data, store.typed(held), before, earlier, names)
    except (UsageError, InputMissingError, UnusablePredictionsError) as error:
        problem, found = str(error), DataSetSummary(name=name, digest=data.digest, earlier=earlier)
    (ctx.report.warn if problem else ctx.report.fact)(f"{name}: {problem or in_words(found)}")
    return found.model_copy(update={"problem": problem})


def _before(data: DataSet, known: DataSet | None, wanted: DataSummary, store: _Store) -> tuple[Table | None, str]:
    """The table of the version before where it is another one, or why there is none."""
    from agent.statistics.arrays import UnusablePredictionsError

    if known is None or known.digest == data.digest:
        return None, ""
    try:
        return store.typed(store.fetched(known, wanted)), ""
    except (UsageError, InputMissingError, UnusablePredictionsError) as error:
        return None, f"the data of {wanted.environment} are not to be had: {error}"


class _Store:
    """Data sets on this machine, each fetched when it is first asked for."""

    def __init__(self, inputs: Inputs, ctx: Context, folder: Path) -> None:
        self._inputs = inputs
        self._ctx = ctx
        self._folder = folder
        self._fetched: dict[str, FetchedFiles] = {}

    def release(self, environment: str) -> str:
        """The digest of the release that an environment serves; empty where it serves none."""
        return self._inputs.releases.get(environment, "")

    def set_of(self, name: str) -> DataSet:
        """A data set of this build."""
        return self._inputs.data[name]

    def now(self, name: str, gate: DataGate) -> Fetched:
        """A data set of this build, on this machine."""
        return self.fetched(self.set_of(name), gate)

    def known(self, name: str, environment: str | None) -> tuple[str, DataSet] | None:
        """The release that an environment serves, and its data set of that name, if there are both."""
        release = self.release(environment or "")
        data = ReleaseStore(self._ctx.ledger).read(release).data.get(name) if release else None
        return None if data is None else (release, data)

    def before(self, gate: LabelShiftGate) -> Fetched | None:
        """The data set of the same name of the release that the environment serves, if there is one."""
        known = self.known(gate.data, gate.environment)
        return None if known is None else self.fetched(known[1], gate)

    def typed(self, held: Fetched) -> Table:
        """The rows of a data set with their types, for what asks several questions."""
        return held.table.as_parquet(self._folder)

    def fetched(self, data: DataSet, wanted: DataGate | DataSummary) -> Fetched:
        """A data set on this machine; UsageError where it is too large, or of files that nobody here can read."""
        from agent.statistics.tables import Table

        refuse_what_is_too_large(data, wanted.largest_gb, None if isinstance(wanted, DataSummary) else wanted.kind)
        if data.digest not in self._fetched:
            objects, report = self._ctx.accounts.tools.objects, self._ctx.report
            self._fetched[data.digest] = fetch_table(data, self._folder, objects, report)
        found = self._fetched[data.digest]
        names = tuple(name.rpartition("/")[2] for name in found.names)
        return Fetched(table=Table(files=found.paths, header=wanted.header), names=names)


def _judged(name: str, gate: DataGate, store: _Store, evidence: str) -> tuple[Judgement, dict[str, Any]]:
    """A gate's answer, and all that was found for it."""
    held = store.now(gate.data, gate)
    match gate:
        case DataSchemaGate():
            from agent.statistics.constraints import Constraint, examine

            declared = {column: Constraint(**told.model_dump()) for column, told in gate.columns.items()}
            examined = examine(held.table, declared, others=gate.others == "pass")
            return data_schema.judge(name, gate, examined, held.names, evidence), asdict(examined)
        case LeakageGate():
            from agent.statistics.duplicates import shared_rows
            from agent.statistics.feature_leaks import best_features

            rows, other = store.typed(held), store.typed(store.now(gate.held_out, gate))
            shared = shared_rows(rows.files, other.files)
            features = best_features(rows, gate.label) if gate.most_auc is not None else ()
            known = {one.name: one.auc.value for one in features if not math.isnan(one.auc.value)}
            found = {"shared": asdict(shared), "aucs": known}
            return leakage.judge(name, gate, shared, next(iter(features), None), evidence), found
        case LabelShiftGate():
            from agent.statistics.labels import shift

            before = store.before(gate)
            moved = None if before is None else shift(store.typed(before), store.typed(held), gate.label)
            answer = label_shift.judge(name, gate, moved, store.release(gate.environment), evidence)
            return answer, {} if moved is None else asdict(moved)


STEP = Step(inputs=Inputs, result=Result, run=run, plan=plan, account="tools", effect="write")
