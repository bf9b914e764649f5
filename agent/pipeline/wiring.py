"""Where the inputs of each step come from: the configuration, the repository, and what earlier steps answered."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from agent import naming
from agent.artifacts import Script
from agent.config.builds import Build, gates_of
from agent.config.data_gates import DataGate, LabelShiftGate, LeakageGate
from agent.config.gate import ChampionGate, CustomGate, module_of
from agent.config.predictions import Predictions
from agent.config.robustness import RobustnessGate
from agent.config.supply_gates import BaseImageGate, ImageGate
from agent.config.system_gates import ModelSizeGate
from agent.deployment.preview import preview_environment
from agent.errors import InputMissingError, UsageError
from agent.evaluation.through_endpoint import ThroughEndpoint
from agent.gates.base_image import BaseImage
from agent.gates.findings import copy_name, questions
from agent.image_order import build_order
from agent.images.origins import origins
from agent.statistics.metrics import measured_by
from agent.statistics.schema import Task
from pipeline_steps import (
    ask_gates,
    audit_image,
    build_image,
    check_data,
    check_endpoint,
    check_preview,
    deploy,
    evaluate,
    examine,
    gate,
    perturb,
    preflight,
    prepare,
    preview,
    promote,
    register,
    release,
    snapshot_data,
    train,
    validate,
    weigh_model,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from agent.artifacts import Champion, CommitInfo, DataSet, Judgement, Release
    from agent.config.data_summary import DataSummary
    from agent.config.environment import Environment
    from agent.config.gate import Gate
    from agent.config.model import Configuration
    from agent.config.pull_requests import EphemeralEndpoint
    from agent.context import RunInfo
    from agent.deployment.strategy import StrategyChoice
    from agent.pipeline.stages import Stage
    from agent.ports.images import ImageBuilder
    from agent.step import Step, StepModel

R = TypeVar("R", bound="StepModel")


@dataclass(frozen=True, kw_only=True)
class Wiring:
    """What inputs are made of.

    ``champion_of`` answers what an environment serves now, or None; ``earlier`` the result of a step that did not run
    in this run, by its stage's name.
    """

    configuration: Configuration
    folder: Path
    commit: CommitInfo
    run: RunInfo
    builder: ImageBuilder
    champion_of: Callable[[str], Champion | None]
    results: Mapping[str, StepModel] = field(default_factory=dict)
    earlier: Callable[[str], StepModel] | None = None

    def result(self, step: Step[Any, R], stage: str = "") -> R:
        """What an earlier stage answered, by default the one named like the step; UsageError where it has not run."""
        name = stage or step.name
        if name in self.results:
            return cast("R", self.results[name])
        if self.earlier is None:
            raise UsageError(f"this needs the result of the stage {name}, which has not run")
        return cast("R", self.earlier(name))

    @property
    def branch(self) -> str:
        """The branch that the run is of, as Jenkins or git know it; none for a tag's build."""
        return "" if self.run.tag else self.run.branch or self.commit.branch

    @property
    def gates(self) -> Mapping[str, Gate]:
        """The gates that judge this run, by name."""
        build = Build(branch=self.branch, tag=self.run.tag, pull_request=self.run.pull_request)
        return gates_of(self.configuration, build)

    @property
    def bucket(self) -> str:
        """The artifact bucket."""
        tools = self.configuration.tools
        return naming.bucket(self.configuration.project, tools.account, tools.region)

    def data(self) -> dict[str, DataSet]:
        """All data sets by name: snapshots of sources, and what the preparation made of them."""
        prepared = self.result(prepare.STEP).data if self.configuration.prepare else {}
        return {**self.result(snapshot_data.STEP).data, **prepared}

    def script(self, path: str) -> Script:
        """A script of the repository."""
        return Script(path=path, sha256=hashlib.sha256(self.read(path)).hexdigest())

    def read(self, path: str) -> bytes:
        """A file of the repository."""
        try:
            return (self.folder / path).read_bytes()
        except OSError as error:
            raise InputMissingError(f"{self.folder / path} cannot be read: {error.strerror}") from error

    def first_environment(self) -> tuple[str, Environment]:
        """Where a release goes first."""
        return next(iter(self.configuration.environments.items()))

    def hyperparameters(self) -> dict[str, str]:
        """Hyperparameters as containers get them: SageMaker knows only texts; truth values are written as in JSON."""
        given = self.configuration.training.hyperparameters
        return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()}


def wire_validate(wiring: Wiring) -> validate.Inputs:
    """The configuration as a whole."""
    return validate.Inputs(configuration=wiring.configuration)


def wire_preflight(wiring: Wiring) -> preflight.Inputs:
    """Every account, and the image, for it may be there already."""
    configuration = wiring.configuration
    return preflight.Inputs(
        configuration=configuration,
        image_sources=wiring.builder.source_digest(build_order(configuration.image, wiring.folder, wiring.commit)),
    )


def wire_snapshot_data(wiring: Wiring) -> snapshot_data.Inputs:
    """Every data source."""
    configuration = wiring.configuration
    return snapshot_data.Inputs(project=configuration.project, bucket=wiring.bucket, sources=configuration.data)


def wire_build_image(wiring: Wiring) -> build_image.Inputs:
    """The image's sources, by what they contain now."""
    configuration = wiring.configuration
    return build_image.Inputs(
        project=configuration.project,
        image=configuration.image,
        sources=wiring.builder.source_digest(build_order(configuration.image, wiring.folder, wiring.commit)),
        commit=wiring.commit,
    )


def wire_audit_image(wiring: Wiring) -> audit_image.Inputs | None:
    """The image, where gates of this build judge it, and what its recipe builds upon."""
    gates = {name: gate for name, gate in wiring.gates.items() if isinstance(gate, ImageGate)}
    if not gates:
        return None
    built = wiring.result(build_image.STEP)
    order = build_order(wiring.configuration.image, wiring.folder, wiring.commit)
    keys = {path for gate in gates.values() if isinstance(gate, BaseImageGate) for path in gate.signed_by}
    return audit_image.Inputs(
        image=built.image,
        sbom=built.sbom,
        bases=tuple(BaseImage(name=origin.name, where=origin.where) for origin in origins(order)),
        keys={path: wiring.read(path).decode("utf-8", "replace") for path in sorted(keys)},
        gates=gates,
    )


def wire_check_data(wiring: Wiring) -> check_data.Inputs | None:
    """The data sets that gates of this build judge or the report summarizes, and releases to compare them with."""
    gates = {name: gate for name, gate in wiring.gates.items() if isinstance(gate, DataGate)}
    summaries = _summaries(wiring)
    if not gates and not summaries:
        return None
    read = {gate.data for gate in gates.values()} | {
        gate.held_out for gate in gates.values() if isinstance(gate, LeakageGate)
    }
    read |= set(summaries)
    environments = {gate.environment for gate in gates.values() if isinstance(gate, LabelShiftGate)}
    environments |= {summary.environment for summary in summaries.values() if summary.environment}
    serving = (wiring.champion_of(environment) for environment in sorted(environments))
    return check_data.Inputs(
        data={name: data for name, data in wiring.data().items() if name in read},
        gates=gates,
        releases={champion.environment: champion.release for champion in serving if champion is not None},
        summaries=summaries,
    )


def _summaries(wiring: Wiring) -> dict[str, DataSummary]:
    """What is summarized, each with the environment that it is compared with: the nearest to production that serves."""
    wanted = wiring.configuration.data_summaries
    if all(summary.environment for summary in wanted.values()):
        return dict(wanted)
    known = reversed(tuple(wiring.configuration.environments))
    nearest = next((name for name in known if wiring.champion_of(name) is not None), None)
    return {
        name: summary if summary.environment else summary.model_copy(update={"environment": nearest})
        for name, summary in wanted.items()
    }


def wire_weigh_model(wiring: Wiring) -> weigh_model.Inputs | None:
    """The model, where gates of this build judge its size."""
    gates = {name: gate for name, gate in wiring.gates.items() if isinstance(gate, ModelSizeGate)}
    return weigh_model.Inputs(model=wiring.result(train.STEP).model, gates=gates) if gates else None


def wire_prepare(wiring: Wiring) -> prepare.Inputs | None:
    """The preparation, where there is one."""
    configuration = wiring.configuration
    preparation = configuration.prepare
    if preparation is None:
        return None
    sources = wiring.result(snapshot_data.STEP).data
    return prepare.Inputs(
        project=configuration.project,
        bucket=wiring.bucket,
        role=configuration.tools.execution_role,
        image=wiring.result(build_image.STEP).image,
        script=wiring.script(preparation.script),
        sources={name: sources[name] for name in preparation.inputs or sources},
        outputs=preparation.outputs,
        resources=preparation.resources,
        max_runtime=preparation.max_runtime,
        kms_key=configuration.tools.kms_key,
        network=configuration.tools.network,
    )


def wire_train(wiring: Wiring) -> train.Inputs:
    """The training job."""
    configuration = wiring.configuration
    training = configuration.training
    data = wiring.data()
    return train.Inputs(
        project=configuration.project,
        bucket=wiring.bucket,
        role=configuration.tools.execution_role,
        image=wiring.result(build_image.STEP).image,
        channels={channel: data[name] for channel, name in training.channels.items()},
        hyperparameters=wiring.hyperparameters(),
        resources=training.resources,
        max_runtime=training.max_runtime,
        spot=training.spot,
        metric_definitions=training.metric_definitions,
        kms_key=configuration.tools.kms_key,
        network=configuration.tools.network,
    )


def wire_evaluate(wiring: Wiring) -> evaluate.Inputs:
    """The candidate, and the champions that gates compare it with."""
    configuration = wiring.configuration
    evaluation = configuration.evaluation
    judged = {gate.environment for gate in wiring.gates.values() if isinstance(gate, ChampionGate)}
    champions = (wiring.champion_of(environment) for environment in sorted(judged))
    return evaluate.Inputs(
        champions=tuple(champion for champion in champions if champion is not None),
        metrics=tuple(evaluation.metrics),
        predictions=evaluation.predictions,
        **_evaluating(wiring),
    )


def _evaluating(wiring: Wiring) -> dict[str, Any]:
    """What every job that evaluates the candidate has (:class:`agent.jobs.evaluation_job.EvaluationInputs`)."""
    configuration, evaluation = wiring.configuration, wiring.configuration.evaluation
    return {
        "project": configuration.project,
        "bucket": wiring.bucket,
        "role": configuration.tools.execution_role,
        "model": wiring.result(train.STEP).model,
        "method": evaluation.transform if evaluation.script is None else wiring.script(evaluation.script),
        "data": wiring.data()[evaluation.data],
        "resources": evaluation.resources,
        "max_runtime": evaluation.max_runtime,
        "kms_key": configuration.tools.kms_key,
        "network": configuration.tools.network,
    }


def wire_perturb(wiring: Wiring) -> perturb.Inputs | None:
    """The candidate, and the copies of the held-out data that gates of this build ask for, where they do."""
    configuration = wiring.configuration
    settings, gates = configuration.evaluation.predictions, _robustness(wiring.gates)
    if settings is None or not gates:
        return None
    return perturb.Inputs(
        # Of copies, nothing is measured by slices.
        predictions=Predictions(task=settings.task, threshold=settings.threshold, k=settings.k),
        copies={
            copy_name(name, of): perturb.Perturbing(perturbation=perturbation, header=gate.header, label=gate.label)
            for name, gate in gates.items()
            for of, perturbation in gate.perturbations.items()
        },
        largest_gb=min(gate.largest_gb for gate in gates.values()),
        **_evaluating(wiring),
    )


def _robustness(gates: Mapping[str, Gate]) -> dict[str, RobustnessGate]:
    return {name: gate for name, gate in gates.items() if isinstance(gate, RobustnessGate)}


def wire_ask_gates(wiring: Wiring) -> ask_gates.Inputs | None:
    """The custom gates of this build, where there are any, and what they read."""
    configuration, gates = wiring.configuration, _custom(wiring.gates)
    if not gates:
        return None
    return ask_gates.Inputs(
        project=configuration.project,
        bucket=wiring.bucket,
        role=configuration.tools.execution_role,
        image=wiring.result(build_image.STEP).image,
        evaluation=wiring.result(evaluate.STEP).evaluation,
        gates=gates,
        modules={name: wiring.script(module_of(gate.entry_point)) for name, gate in gates.items()},
        resources=configuration.evaluation.resources,
        kms_key=configuration.tools.kms_key,
    )


def _custom(gates: Mapping[str, Gate]) -> dict[str, CustomGate]:
    return {name: gate for name, gate in gates.items() if isinstance(gate, CustomGate)}


def wire_examine(wiring: Wiring) -> examine.Inputs | None:
    """What the gates of this build ask of predictions, where they ask anything."""
    settings = wiring.configuration.evaluation.predictions
    asked = questions(wiring.gates, settings)
    if settings is None or not asked:
        return None
    evaluated = wiring.result(evaluate.STEP)
    return examine.Inputs(
        predictions=settings,
        evaluation=evaluated.evaluation,
        champions=evaluated.champions,
        questions=asked,
        perturbed=wiring.result(perturb.STEP).evaluations if _robustness(wiring.gates) else {},
    )


def wire_gate(wiring: Wiring) -> gate.Inputs:
    """Every gate of this build, with what there is to judge."""
    configuration = wiring.configuration
    evaluated = wiring.result(evaluate.STEP)
    champions = {name: wiring.champion_of(name) for name in evaluated.champions}
    return gate.Inputs(
        gates=wiring.gates,
        better=better_of(configuration),
        evaluation=evaluated.evaluation,
        champions=evaluated.champions,
        releases={
            name: champion.release
            for name, champion in champions.items()
            # Another model may have been deployed since the evaluation.
            if champion is not None and champion.model.sha256 == evaluated.champions[name].model
        },
        training=wiring.result(train.STEP).metrics,
        answers=_answers(wiring),
        findings=wiring.result(examine.STEP).findings if _asks_predictions(wiring) else {},
        overrides=configuration.gate_overrides,
        author=wiring.commit.author,
    )


def _answers(wiring: Wiring) -> dict[str, Judgement]:
    """What earlier stages have found for gates, by the gates' names."""
    finding: tuple[tuple[Step[Any, Any], Any], ...] = (
        (ask_gates.STEP, CustomGate),
        (audit_image.STEP, ImageGate),
        (check_data.STEP, DataGate),
        (weigh_model.STEP, ModelSizeGate),
    )
    answers: dict[str, Judgement] = {}
    for step, kind in finding:
        if any(isinstance(gate, kind) for gate in wiring.gates.values()):
            answers |= wiring.result(step).answers
    return answers


def _asks_predictions(wiring: Wiring) -> bool:
    return bool(questions(wiring.gates, wiring.configuration.evaluation.predictions))


def better_of(configuration: Configuration) -> dict[str, Literal["higher", "lower"]]:
    """The direction that is better of every metric: as it is declared, or as those of predictions have it."""
    settings = configuration.evaluation.predictions
    computed = measured_by(Task(settings.task), settings.k) if settings else {}
    return {**computed, **{name: metric.better for name, metric in configuration.evaluation.metrics.items()}}


def wire_register(wiring: Wiring) -> register.Inputs:
    """The model and what vouches for it."""
    configuration = wiring.configuration
    return register.Inputs(
        project=configuration.project,
        group=naming.model_package_group(configuration.project),
        registration=configuration.registration,
        model=wiring.result(train.STEP).model,
        evaluation=wiring.result(evaluate.STEP).evaluation,
        verdicts=wiring.result(gate.STEP).verdicts,
        data=wiring.data(),
        hyperparameters=wiring.hyperparameters(),
        commit=wiring.commit,
    )


def wire_release(wiring: Wiring) -> release.Inputs:
    """Everything that the release is to say."""
    evaluated = wiring.result(evaluate.STEP)
    model, verdicts = wiring.result(train.STEP).model, wiring.result(gate.STEP).verdicts
    return release.Inputs(
        project=wiring.configuration.project,
        bucket=wiring.bucket,
        data=wiring.data(),
        image=model.image,
        sbom=wiring.result(build_image.STEP).sbom,
        model=model,
        hyperparameters=wiring.hyperparameters(),
        evaluation=evaluated.evaluation,
        gates=wiring.gates,
        champions=evaluated.champions,
        verdicts=verdicts,
        refused=tuple(verdict.gate for verdict in verdicts if verdict.blocks),
        answered={verdict.gate: verdict.evidence for verdict in verdicts if verdict.kind == "custom"},
        package=wiring.result(register.STEP).package,
        commit=wiring.commit,
        branch=wiring.branch,
        tag=wiring.run.tag,
        build_url=wiring.run.build_url,
        run=wiring.run.id,
        who=wiring.run.who,
        releases=wiring.configuration.releases,
    )


def wire_deploy(wiring: Wiring) -> deploy.Inputs:
    """The release, to the first environment."""
    name, environment = wiring.first_environment()
    return deploy.Inputs(
        project=wiring.configuration.project,
        release=wiring.result(release.STEP).release,
        environment_name=name,
        environment=environment,
        releases=wiring.configuration.releases,
        gate_overrides=wiring.configuration.gate_overrides,
    )


def wire_promote(
    wiring: Wiring, *, to: str, release_digest: str | None = None, strategy: StrategyChoice = "configured"
) -> promote.Inputs:
    """A release, by default the one that was made, to a further environment."""
    configuration = wiring.configuration
    environment = environment_of(configuration, to)
    names = list(configuration.environments)
    return promote.Inputs(
        project=configuration.project,
        release=release_digest or wiring.result(release.STEP).release,
        tools=configuration.tools,
        environment_name=to,
        environment=environment,
        before=tuple(names[: names.index(to)]),
        releases=configuration.releases,
        gate_overrides=configuration.gate_overrides,
        strategy=strategy,
        main_branches=configuration.main_branches,
    )


def environment_of(configuration: Configuration, name: str) -> Environment:
    """The environment of that name; UsageError with the known ones for any other."""
    environments: Mapping[str, Environment] = configuration.environments
    if name not in environments:
        raise UsageError(f"there is no environment {name!r}; the environments are: {', '.join(environments)}")
    return environments[name]


def wire_check_endpoint(
    wiring: Wiring, *, deployed_by: Stage, read: Callable[[str], Release] | None = None
) -> check_endpoint.Inputs:
    """The endpoint that was deployed to, and rows of the release's own data, which ``read`` finds for an older one."""
    deployed = wiring.result(deployed_by.step, deployed_by.name)
    environment = environment_of(wiring.configuration, deployed.environment_name)
    sample = environment.checks.sample
    data = read(deployed.release).data if read and (sample or environment.checks.evaluation) else None
    return check_endpoint.Inputs(
        project=wiring.configuration.project,
        bucket=wiring.bucket,
        release=deployed.release,
        config=deployed.config,
        environment_name=deployed.environment_name,
        environment=environment,
        sample=(data or wiring.data())[sample.data] if sample else None,
        evaluation=_through_endpoint(wiring, environment, data),
    )


def _through_endpoint(
    wiring: Wiring, environment: Environment, data: Mapping[str, DataSet] | None = None
) -> ThroughEndpoint | None:
    """What an evaluation through the environment's endpoint needs to know, where its checks want one."""
    check, evaluation = environment.checks.evaluation, wiring.configuration.evaluation
    if check is None:
        return None
    settings = evaluation.predictions
    if settings is None:
        raise UsageError("`checks.evaluation` needs `evaluation.predictions`, which says what the model is asked")
    told = measured_by(Task(settings.task), settings.k)
    return ThroughEndpoint(
        predictions=settings,
        metrics=tuple(name for name in evaluation.metrics if name in told),
        data=(data or wiring.data())[check.data],
    )


def wire_preview(wiring: Wiring) -> preview.Inputs:
    """The model of a pull request, at an endpoint of its own."""
    wanted, number, environment = _previewed(wiring)
    return preview.Inputs(
        project=wiring.configuration.project,
        pull_request=number,
        model=wiring.result(train.STEP).model,
        environment_name=wanted.environment,
        environment=environment,
        time_to_live=wanted.time_to_live,
    )


def wire_check_preview(wiring: Wiring) -> check_preview.Inputs:
    """That endpoint, and held-out rows of this build's data."""
    wanted, _, environment = _previewed(wiring)
    sample = environment.checks.sample
    return check_preview.Inputs(
        project=wiring.configuration.project,
        bucket=wiring.bucket,
        config=wiring.result(preview.STEP).config,
        environment_name=wanted.environment,
        environment=environment,
        sample=wiring.data()[sample.data] if sample else None,
        evaluation=_through_endpoint(wiring, environment),
        own=wiring.result(evaluate.STEP).evaluation if environment.checks.evaluation else None,
    )


def _previewed(wiring: Wiring) -> tuple[EphemeralEndpoint, int, Environment]:
    wanted, number = wiring.configuration.pull_requests.endpoint, wiring.run.pull_request
    if wanted is None or number is None:
        raise UsageError("only a pull request has an endpoint of its own, where `pull_requests.endpoint` says so")
    environment = environment_of(wiring.configuration, wanted.environment)
    return wanted, number, preview_environment(environment, wanted, number)
