"""Two releases beside each other, from a ledger in memory and a real git repository."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from agent.artifacts import CommitInfo, DataSet, Evaluation, Metric
from agent.config.loading import load
from agent.data.version import FileRecord, VersionRecord
from agent.errors import InputMissingError, UsageError
from agent.ledger.approvals import Approval, Approvals
from agent.ledger.environments import Environments
from agent.ledger.overrides import Found, KeptOverride, Overrides
from agent.pipeline.comparing import compare
from agent.pipeline.sources import WorkingCopy
from agent.ports.registry import Approval as Registered
from agent.release.store import ReleaseStore
from agent.report.beside import beside_markdown, beside_page
from agent.view.comparison import beside, lines
from tests.fakes import EPOCH, FakeAccount, MemoryRegistry
from tests.sources import ROOT
from tests.unit.deployment.stage import entry
from tests.unit.pipeline_steps.surroundings import surroundings
from tests.unit.pipeline_steps.vouched import BUCKET, DATA, MODEL, PACKAGE, PASSED, REFUSED, release

if TYPE_CHECKING:
    from pathlib import Path

    from agent.config.model import Configuration
    from agent.context import Context
    from agent.pipeline.comparing import Comparison

HASH = f"--hash=sha256:{'0' * 64}"


@pytest.fixture(scope="module")
def configuration() -> Configuration:
    """With the environments `qa` and `prod`, and higher values of `auc` and `recall` being better."""
    return load(ROOT / "examples" / "tumour-byo" / "modelyard.yaml").configuration


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    registry = MemoryRegistry()
    registry.create({"ClientToken": "1", "ModelPackageGroupName": "tumour", "ModelApprovalStatus": "Approved"})
    registry.decide(PACKAGE, Registered.APPROVED, by="arn:aws:iam::111111111111:user/grace")
    return surroundings(FakeAccount(registry=registry), folder=tmp_path)


def kept(ctx: Context, **changes: Any) -> str:
    return ReleaseStore(ctx.ledger).write(release(**changes))


def measured(data: str = "4", **metrics: float) -> Evaluation:
    values = {name: Metric(value=value) for name, value in metrics.items()}
    return Evaluation(model=MODEL.sha256, data=data * 64, metrics=values, report="", job="job")


def compared(before: str, after: str, configuration: Configuration, ctx: Context, **copy: Any) -> Comparison:
    given = {"folder": ctx.folder, "configuration": "modelyard.yaml", "requirements": None, **copy}
    return compare(before, after, configuration, WorkingCopy(**given), ctx)


def rows(found: Comparison, topic: str) -> dict[str, tuple[str, str, str]]:
    return {one.name: (one.live, one.wanted, one.judgement) for one in found.changes if one.topic == topic}


def commit(folder: Path, subject: str, **files: str) -> CommitInfo:
    def git(*words: str) -> str:
        identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
        done = subprocess.run(["git", "-C", str(folder), *identity, *words], capture_output=True, check=True, text=True)
        return done.stdout.strip()

    if not (folder / ".git").exists():
        git("init", "-q")
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content)
    git("add", "--all")
    git("commit", "-q", "--allow-empty", "-m", subject)
    return CommitInfo(sha=git("rev-parse", "HEAD"), author="Ada", subject=subject, branch="main")


def test_metrics_have_numbers_and_the_title_says_what_became_better(configuration: Configuration, ctx: Context) -> None:
    one, two = (
        kept(ctx, evaluation=measured(recall=0.9, auc=0.98)),
        kept(ctx, evaluation=measured(recall=0.95, auc=0.98)),
    )
    found = compared(one, two, configuration, ctx)
    assert found.title == f"release {two[:12]} beside {one[:12]}: auc 0.98, recall 0.95 (better, was 0.9)"
    assert found.metrics["recall"].difference == pytest.approx(0.05)
    assert found.metrics["recall"].better == "higher"
    assert rows(found, "metrics") == {"recall": ("0.9", "0.95", "better"), "auc": ("0.98", "0.98", "same")}


def test_metrics_that_predictions_tell_are_better_or_worse_without_being_declared(
    configuration: Configuration, ctx: Context
) -> None:
    one, two = kept(ctx, evaluation=measured(brier=0.03)), kept(ctx, evaluation=measured(brier=0.02))
    assert rows(compared(one, two, configuration, ctx), "metrics") == {"brier": ("0.03", "0.02", "better")}


def test_what_was_measured_on_different_rows_is_incomparable(configuration: Configuration, ctx: Context) -> None:
    one, two = kept(ctx, evaluation=measured("7", recall=0.9)), kept(ctx, evaluation=measured(recall=0.95))
    found = compared(one, two, configuration, ctx)
    assert found.metrics["recall"].difference is None
    assert rows(found, "metrics")["recall"][2] == "incomparable"
    assert "incomparable" in found.title


def test_the_verdicts_of_both_are_there(configuration: Configuration, ctx: Context) -> None:
    one, two = kept(ctx, verdicts=(REFUSED,)), kept(ctx, verdicts=(PASSED,))
    (row,) = (change for change in compared(one, two, configuration, ctx).changes if change.topic == "gates")
    assert (row.live, row.wanted, row.judgement, row.note) == (
        REFUSED.reason, PASSED.reason, "passed", "failed before",
    )  # fmt: skip


def test_an_environment_is_what_is_live_there(configuration: Configuration, ctx: Context) -> None:
    one, two = kept(ctx, who="ada"), kept(ctx, who="bob")
    Environments(ctx.ledger).add(entry(0, environment="prod", release=one))
    found = compared("prod", two[:8], configuration, ctx)
    assert (found.before.release, found.before.live, found.after.release) == (one, ("prod",), two)
    assert rows(found, "release")["live in"] == ("prod", "", "gone")
    assert rows(found, "release")["made by"] == ("ada, Ada", "bob, Ada", "changed")


def test_an_environment_without_a_release_says_so(configuration: Configuration, ctx: Context) -> None:
    with pytest.raises(InputMissingError, match="nothing was ever live in qa"):
        compared("qa", kept(ctx), configuration, ctx)


def test_names_of_no_and_of_several_releases_are_refused(configuration: Configuration, ctx: Context) -> None:
    one = kept(ctx)
    with pytest.raises(InputMissingError, match="there is no release"):
        compared(one, "0" * 12, configuration, ctx)
    with pytest.raises(UsageError, match=r"'staging' does not name a release; .*; the environments are: qa, prod"):
        compared(one, "staging", configuration, ctx)


def test_one_release_beside_itself_has_no_difference(configuration: Configuration, ctx: Context) -> None:
    one = kept(ctx)
    found = compared(one, one, configuration, ctx)
    assert found.title == f"both are release {one[:12]}"
    assert {change.judgement for change in found.changes} == {"same", "passed"}


def test_who_approved_is_told_of_both(configuration: Configuration, ctx: Context) -> None:
    one, two = kept(ctx, who="ada"), kept(ctx, who="bob", package=f"{PACKAGE}000")
    Approvals(ctx.ledger).add(
        Approval(
            by="grace",
            reason="it is time",
            at=EPOCH,
            run="run-1",
            environment="prod",
            release=one,
            expires=EPOCH + timedelta(days=1),
        )
    )
    found = compared(one, two, configuration, ctx)
    assert rows(found, "approvals") == {
        "model package": ("Approved by grace", "package is gone", "changed"),
        "prod": ("grace: it is time", "", "gone"),
    }
    assert found.before.approvals["prod"][0].by == "grace"


def test_who_overrides_a_gate_is_told_as_released_and_since(configuration: Configuration, ctx: Context) -> None:
    kept_out = REFUSED.model_copy(update={"environments": ("prod",)})
    old, new = kept(ctx), kept(ctx, verdicts=(kept_out,))
    assert "gate separates" not in rows(compared(old, new, configuration, ctx), "approvals")
    found = Found(metric="auc", value=0.9, limit=0.96, comparison="at least")
    given = KeptOverride(
        gate="separates", model=MODEL.sha256, found=found, by="grace", reason="seen", at=EPOCH,
        until=EPOCH + timedelta(days=1), run="run-1",
    )  # fmt: skip
    Overrides(ctx.ledger).add(given)
    told = "gate separates overridden by grace until 2026-11-02 00:00Z: seen"
    again = compared(old, new, configuration, ctx)
    assert rows(again, "approvals")["gate separates"] == ("", told, "new")
    assert (again.before.overrides, again.after.overrides) == ({}, {"separates": (told,)})


def test_files_of_a_data_set_that_differ_are_named(configuration: Configuration, ctx: Context) -> None:
    newer = DataSet(name="training", digest="9" * 64, manifest="", files=2, size=2500)
    old, new = kept(ctx), kept(ctx, data={**DATA, "training": newer})
    for digest, files in (("3", {"a.csv": 1000, "b.csv": 500}), ("9", {"a.csv": 2000, "c.csv": 500})):
        records = [FileRecord(name=name, size=size, content=f"{name}{size}", source="") for name, size in files.items()]
        body = VersionRecord(size=sum(files.values()), files=tuple(records)).model_dump_json().encode()
        ctx.ledger.objects.create(BUCKET, f"data/manifests/{digest * 64}.json", body)
    found = compared(old, new, configuration, ctx)
    assert rows(found, "files") == {
        "training": ("", "1 added, 1 removed, 1 changed, 0 the same", "changed"),
        "training/a.csv": ("1.0 kB", "2.0 kB", "changed"),
        "training/b.csv": ("500 B", "", "gone"),
        "training/c.csv": ("", "500 B", "new"),
    }
    topics = list(dict.fromkeys(change.topic for change in found.changes))
    assert topics[topics.index("data") + 1] == "files"


def test_data_of_which_nothing_is_remembered_are_said_to_be_unknown(configuration: Configuration, ctx: Context) -> None:
    newer = DATA["training"].model_copy(update={"digest": "9" * 64})
    old, new = kept(ctx), kept(ctx, data={**DATA, "training": newer})
    found = compared(old, new, configuration, ctx)
    assert found.data == {}
    assert found.unknown[0].startswith("files of data set training are not compared: the data version 333")


def test_commits_configuration_and_packages_come_from_git(configuration: Configuration, ctx: Context) -> None:
    lock = f"numpy==2.1 {HASH}\nscikit-learn==1.7 {HASH}\n"
    one = commit(ctx.folder, "Trees", modelyard_yaml="trees: 10\nkept: 1\n", lock_txt=lock)
    two = commit(ctx.folder, "More", modelyard_yaml="trees: 300\nkept: 1\n", lock_txt=lock.replace("2.1", "2.2"))
    old, new = kept(ctx, commit=one), kept(ctx, commit=two)
    found = compared(old, new, configuration, ctx, requirements="lock.txt")
    assert [line.partition(" ")[2] for line in found.sources.commits] == ["Ada: More"]
    assert found.sources.commits_before == ()
    assert found.sources.configuration[2:] == ("@@ -1,2 +1,2 @@", "-trees: 10", "+trees: 300", " kept: 1")
    assert rows(found, "packages") == {"numpy": ("2.1", "2.2", "changed")}
    assert found.unknown == ()
    back = compared(new, old, configuration, ctx)
    assert (back.sources.commits, back.sources.commits_before) == ((), found.sources.commits)


def test_a_clone_without_the_commits_says_what_it_cannot_tell(configuration: Configuration, ctx: Context) -> None:
    here = commit(ctx.folder, "Trees")
    found = compared(kept(ctx), kept(ctx, commit=here), configuration, ctx)
    (lost,) = found.unknown
    assert lost.startswith("this working copy does not know the commit cccccccccccc, so commits, configuration and")


def test_changes_that_nobody_committed_and_locks_that_are_none_are_told(
    configuration: Configuration, ctx: Context
) -> None:
    one = commit(ctx.folder, "Trees", lock_txt="numpy\n").model_copy(update={"dirty": True})
    found = compared(kept(ctx), kept(ctx, commit=one), configuration, ctx, requirements="lock.txt")
    assert "does not know" in found.unknown[0]
    two = commit(ctx.folder, "More")
    found = compared(kept(ctx, commit=one), kept(ctx, commit=two), configuration, ctx, requirements="lock.txt")
    assert found.unknown[0] == f"commit {one.sha[:12]} had uncommitted changes, which nobody knows"
    assert "`numpy` has no --hash" in found.unknown[1]


def test_it_reads_alike_as_lines_page_and_markdown(configuration: Configuration, ctx: Context) -> None:
    one, two = kept(ctx, evaluation=measured(recall=0.9)), kept(ctx, evaluation=measured(recall=0.95))
    found = compared(one, two, configuration, ctx)
    shown = beside(found, "tumour")
    text, markdown, files = "\n".join(lines(found)), beside_markdown(shown), beside_page(shown, "two.css")
    assert "  +  recall  0.9 -> 0.95  better  +0.05, higher is better" in text
    assert "| recall (+0.05, higher is better) | 0.9 | 0.95 | better |" in markdown
    page = files["index.html"].decode()
    assert '<td>0.95 <span class="mark good">better</span></td>' in page
    assert '<link rel="stylesheet" href="two.css">' in page
    assert "two.css" in files
    for whole in (text, markdown, page):
        assert found.unknown[0].partition(",")[0] in whole
