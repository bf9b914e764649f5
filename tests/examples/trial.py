"""One model repository taken through its jobs as SageMaker would run them, by the process runtime on this machine."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import shutil
import socket
import tarfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from agent.artifacts import Evaluation, Script
from agent.config.data_gates import DataGate, LeakageGate
from agent.config.gate import CustomGate, module_of
from agent.config.loading import load
from agent.config.model import DataSource
from agent.config.robustness import RobustnessGate
from agent.config.supply_gates import BaseImageGate, LicenseGate
from agent.config.system_gates import ModelSizeGate
from agent.data import names
from agent.evaluation import evaluation_report
from agent.evaluation.measuring import Wanted, evaluated
from agent.evaluation.prediction_files import Place
from agent.gates import base_image, licenses, model_size, program
from agent.gates.custom import program_of, read_answer
from agent.gates.findings import copy_name, questions
from agent.images.assemble import assemble
from agent.images.layout import ImageLayout
from agent.images.program import program_recipe
from agent.images.unpack import unpack
from agent.runtime.archives import unpack_archive
from agent.runtime.container import ContainerSpec, Exit
from agent.runtime.contract.cluster import Cluster, Host
from agent.runtime.contract.folder import furnish
from agent.runtime.contract.processing import ProcessingJob, host_path, processing_files, processing_folders
from agent.runtime.contract.training import TrainingChannel, TrainingJob, training_files, training_folders
from agent.runtime.isolation import detect_isolation
from agent.runtime.process import ProcessRuntime
from agent.statistics import perturbing
from agent.statistics.perturbations import Perturbation as Chance
from agent.statistics.tables import Table
from pipeline_steps import check_data, examine, gate, snapshot_data
from tests.fakes import FakeAccount, KeptReport, MemoryObjects
from tests.unit.pipeline_steps.surroundings import surroundings
from tests.unit.pipeline_steps.vouched import BUCKET as LEDGER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from agent.artifacts import Judgement
    from agent.config.model import Configuration
    from agent.config.robustness import Perturbation
    from agent.gates.findings import Finding
    from agent.images.unpack import UnpackedImage
    from agent.runtime.container import Container, LogLine

ARN = "arn:aws:sagemaker:us-east-1:111111111111"
REGION = "us-east-1"
BUCKET = "bucket"
CLUSTER = Cluster(hosts=(Host(name="algo-1", instance_type="ml.m5.large"),))
INPUT, OUTPUT = "/opt/ml/processing/input", "/opt/ml/processing/output"
STARTING_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What an endpoint said."""

    status: int
    text: str


@dataclass(kw_only=True)
class Trial:
    """The jobs of one repository, each run once and where another one asks for its result.

    ``elsewhere`` are the files of the data sources that are not in the repository; ``settings`` are requests such as
    ``training.hyperparameters.trees=1``, as `modelyard run --set` takes them. ``first`` is another trial of the same
    repository that has the same data sets, which are prepared and judged once.
    """

    repository: Path
    folder: Path
    elsewhere: Mapping[str, Path]
    settings: tuple[str, ...] = ()
    first: Trial | None = None
    lines: list[str] = field(default_factory=list)

    @cached_property
    def configuration(self) -> Configuration:
        """The configuration in effect."""
        return load(self.repository / "modelyard.yaml", settings=self.settings).configuration

    @property
    def sources(self) -> Mapping[str, Path]:
        """The file or folder of every data source."""
        configured = self.configuration.data.items()
        return {name: self.elsewhere.get(name) or self.repository / str(source.path) for name, source in configured}

    @cached_property
    def data(self) -> Mapping[str, Path]:
        """The folder of every data set: of the sources, and of what the preparation makes of them."""
        if self.first is not None:
            return self.first.data
        job = self.configuration.prepare
        if job is None:
            return self.sources
        wanted = {name: self.sources[name] for name in job.inputs or self.sources}
        inputs = {f"{INPUT}/{name}": source for name, source in wanted.items()}
        opt_ml = self._process(job.script, inputs, [f"{OUTPUT}/{name}" for name in job.outputs])
        return {**self.sources, **{name: opt_ml / "processing/output" / name for name in job.outputs}}

    @cached_property
    def model(self) -> Path:
        """`model.tar.gz` of the training job."""
        training = self.configuration.training
        job = TrainingJob(
            name="training",
            arn=f"{ARN}:training-job/training",
            region=REGION,
            cluster=CLUSTER,
            cpus=2,
            hyperparameters={name: str(value) for name, value in training.hyperparameters.items()},
            channels=tuple(TrainingChannel(name=name, content_type="text/csv") for name in training.channels),
        )
        opt_ml = self._opt_ml("training")
        furnish(opt_ml, training_folders(job), training_files(job))
        for channel, name in training.channels.items():
            copy_as_jobs_see_it(self.data[name], opt_ml / "input/data" / channel)
        self._run(opt_ml, arguments=("train",))
        artifact = self.folder / "artifact" / "model.tar.gz"
        artifact.parent.mkdir()
        with tarfile.open(artifact, "w:gz") as archive:
            archive.add(opt_ml / "model", arcname=".")
        return artifact

    @cached_property
    def written(self) -> Path:
        """The folder of what the evaluation script wrote."""
        return self._evaluate(self.data[self.configuration.evaluation.data])

    @cached_property
    def objects(self) -> MemoryObjects:
        """The bucket with what the evaluation script wrote, and what was computed of it."""
        objects = MemoryObjects()
        keep(self.written, self.place, objects)
        return objects

    def _evaluate(self, data: Path) -> Path:
        """Let the script evaluate the model on a data set; the folder of what it writes."""
        job = self.configuration.evaluation
        assert job.script is not None, "examples are evaluated by their scripts"
        inputs = {f"{INPUT}/data": data}
        opt_ml = self._process(job.script, inputs, [OUTPUT], {"/opt/ml/processing/model": self.model}, of=data.name)
        return opt_ml / "processing/output"

    @cached_property
    def place(self) -> Place:
        """Where that is: every model has a folder of its own."""
        return Place(bucket=BUCKET, prefix=f"evaluations/{hashlib.sha256(self.model.read_bytes()).hexdigest()}/")

    @cached_property
    def copies(self) -> Mapping[str, Path]:
        """The folder of every perturbed copy of the held-out data, by gate and perturbation."""
        if self.first is not None:
            return self.first.copies
        gates = self.configuration.gates.items()
        wanted = [(name, gate) for name, gate in gates if isinstance(gate, RobustnessGate)]
        return {
            copy_name(name, of): self._perturbed(how, self.folder / f"{name}-{of}")
            for name, gate in wanted
            for of, how in gate.perturbations.items()
        }

    def _perturbed(self, how: Perturbation, folder: Path) -> Path:
        folder.mkdir()
        held_out = self.data[self.configuration.evaluation.data]
        table = Table(files=tuple(sorted(held_out.glob("*.csv"))))
        chance = Chance(kind=how.kind, columns=how.columns, amount=how.amount, seed=folder.name)
        perturbing.perturbed(table, chance, folder)
        return folder

    @cached_property
    def perturbed(self) -> Mapping[str, Evaluation]:
        """What the model achieves on each copy, whose predictions lie beside those of the data as they are."""
        found = {}
        for name, folder in self.copies.items():
            place = Place(bucket=BUCKET, prefix=f"{self.place.prefix.rstrip('/')}-{folder.name}/")
            keep(self._evaluate(folder), place, self.objects)
            found[name] = self._measured(place, ())
        return found

    @property
    def report(self) -> bytes:
        """`evaluation.json`, the script's own or what was computed of its predictions."""
        return self.objects.kept[BUCKET, self.evaluation.report.removeprefix(f"s3://{BUCKET}/")]

    @cached_property
    def evaluation(self) -> Evaluation:
        """What the model achieves, as the step `evaluate` reads it."""
        configured, name = self.configuration.evaluation, self.place.prefix
        wanted = tuple(configured.metrics)
        if configured.predictions is not None:
            return self._measured(self.place, wanted)
        where = self.place.uri + evaluation_report.FILE
        body = self.objects.kept[BUCKET, self.place.prefix + evaluation_report.FILE]
        metrics = evaluation_report.parse(body, wanted, where)
        return Evaluation(model=name, data="", metrics=metrics, report=where, job=name)

    def _measured(self, place: Place, metrics: tuple[str, ...]) -> Evaluation:
        """What predictions come to."""
        settings = self.configuration.evaluation.predictions
        assert settings is not None
        wanted = Wanted(place=place, settings=settings, metrics=metrics)
        return evaluated(wanted, self.objects, KeptReport(), model=self.place.prefix, data="", job=place.prefix)

    def refused_by(self, champion: Trial | None = None) -> tuple[str, ...]:
        """The gates that refuse the model while the champion is deployed in every environment."""
        configuration = self.configuration
        deployed = dict.fromkeys(configuration.environments, champion.evaluation) if champion else {}
        better = {name: metric.better for name, metric in configuration.evaluation.metrics.items()}
        inputs = gate.Inputs(
            gates=configuration.gates,
            better=better,
            evaluation=self.evaluation,
            champions=deployed,
            findings=self._findings(champion),
            answers={**self.of_the_data, **self._of_the_image(), **self._of_the_model(), **self.of_its_own_gates},
        )
        return tuple(verdict.gate for verdict in gate.judge(inputs) if verdict.blocks)

    def _findings(self, champion: Trial | None) -> Mapping[str, Finding]:
        """What the predictions of both models answer to the gates."""
        configuration = self.configuration
        settings = configuration.evaluation.predictions
        asked = questions(configuration.gates, settings)
        if settings is None or not asked:
            return {}
        theirs = champion.objects.kept if champion else {}
        champions = dict.fromkeys(configuration.environments, champion.evaluation) if champion else {}
        inputs = examine.Inputs(
            predictions=settings,
            evaluation=self.evaluation,
            champions=champions,
            questions=asked,
            perturbed=self.perturbed,
        )
        account = FakeAccount(objects=MemoryObjects(kept={**theirs, **self.objects.kept}))
        return examine.run(inputs, surroundings(account)).findings

    @cached_property
    def of_the_data(self) -> Mapping[str, Judgement]:
        """What the data answer to the gates on them, before anything is deployed."""
        if self.first is not None:
            return self.first.of_the_data
        gates = {name: one for name, one in self.configuration.gates.items() if isinstance(one, DataGate)}
        if not gates:
            return {}
        sources = {name: DataSource(path=str(folder.relative_to(self.folder))) for name, folder in self._gated(gates)}
        store = MemoryObjects(buckets={BUCKET, LEDGER})
        context = surroundings(FakeAccount(objects=store), objects=store, folder=self.folder)
        known = snapshot_data.run(snapshot_data.Inputs(project="p", bucket=BUCKET, sources=sources), context)
        return check_data.run(check_data.Inputs(data=known.data, gates=gates, releases={}), context).answers

    def _gated(self, gates: Mapping[str, DataGate]) -> Iterable[tuple[str, Path]]:
        held_out = {gate.held_out for gate in gates.values() if isinstance(gate, LeakageGate)}
        wanted = held_out | {gate.data for gate in gates.values()}
        return ((name, folder) for name, folder in self.data.items() if name in wanted)

    def _of_the_model(self) -> Mapping[str, Judgement]:
        """What the model's size answers to the gates on it."""
        gates = {name: one for name, one in self.configuration.gates.items() if isinstance(one, ModelSizeGate)}
        size = self.model.stat().st_size
        return {name: model_size.judge(name, one, size, str(self.model)) for name, one in gates.items()}

    def _of_the_image(self) -> Mapping[str, Judgement]:
        """What the image answers: that of the builder `process` holds no packages, and builds upon no other image."""
        found = {}
        for name, one in self.configuration.gates.items():
            if isinstance(one, LicenseGate):
                found[name] = licenses.judge(name, one, (), "the image", today=datetime.now(UTC).date())
            elif isinstance(one, BaseImageGate):
                found[name] = base_image.judge(name, one, (), {})
        return found

    @cached_property
    def of_its_own_gates(self) -> Mapping[str, Judgement]:
        """What functions of the repository answer, each in a job of the model's image."""
        gates = {name: one for name, one in self.configuration.gates.items() if isinstance(one, CustomGate)}
        return {name: self._answer(name, one) for name, one in gates.items()}

    def _answer(self, name: str, wanted: CustomGate) -> Judgement:
        module = self.repository / module_of(wanted.entry_point)
        _, content = program_of(wanted, Script(path=module.name, sha256=""))
        asking, report = self.folder / f"{name}.py", self.folder / program.REPORT
        asking.write_bytes(content)
        report.write_bytes(self.report)
        seen = {f"{INPUT}/gate": module, f"{INPUT}/measured": report, f"{INPUT}/evaluation": self.written}
        opt_ml = self._process(str(asking), {}, [OUTPUT], seen)
        return read_answer((opt_ml / "processing/output" / program.ANSWER).read_bytes(), wanted, name)

    def ask(self, requests: Iterable[tuple[str, str, str, str]]) -> list[Answer]:
        """Serve the model, and send requests given as method, path, content type and body, one after another."""
        opt_ml = self._opt_ml("endpoint")
        furnish(opt_ml, ("model",), {})
        with tarfile.open(self.model) as archive:
            unpack_archive(archive, opt_ml / "model")
        port = free_port()

        async def scenario(container: Container) -> list[Answer]:
            await listening(port, container)
            answers = [await asyncio.to_thread(send, port, *request) for request in requests]
            assert await container.stop(30) == Exit(code=0), self.lines
            return answers

        return asyncio.run(self._started(opt_ml, scenario, arguments=("serve",), port=port))

    @cached_property
    def image(self) -> UnpackedImage:
        """The image that the builder `process` packs: the folder `image.context`, as /opt/program."""
        layout = ImageLayout(self.folder / "images")
        built = assemble(program_recipe(self.repository / self.configuration.image.context), layout)
        return unpack(layout, built.digest, self.folder / "unpacked")

    def _process(
        self,
        script: str,
        data: Mapping[str, Path],
        outputs: list[str],
        files: Mapping[str, Path] | None = None,
        of: str = "all",
    ) -> Path:
        """Run a script of the repository in the model's image, and answer what the job sees as /opt/ml.

        ``data`` are data sets, ``files`` other files or folders of them, by the folder where the job sees them; ``of``
        tells runs of the same script apart.
        """
        file = self.repository / script
        exact = {f"{INPUT}/code": file, **(files or {})}
        job = ProcessingJob(
            arn=f"{ARN}:processing-job/{file.stem}",
            region=REGION,
            cluster=CLUSTER,
            request={
                "ProcessingInputs": [{"InputName": path, "S3Input": {"LocalPath": path}} for path in (*exact, *data)],
                "ProcessingOutputConfig": {"Outputs": [{"S3Output": {"LocalPath": path}} for path in outputs]},
            },
        )
        opt_ml = self._opt_ml(f"{file.stem}-{of}")
        furnish(opt_ml, processing_folders(job), processing_files(job))
        for path, source in exact.items():
            if source.is_dir():
                shutil.copytree(source, host_path(opt_ml, path), dirs_exist_ok=True)
            else:
                shutil.copy(source, host_path(opt_ml, path))
        for path, source in data.items():
            copy_as_jobs_see_it(source, host_path(opt_ml, path))
        command = ("python3", f"{INPUT}/code/{file.name}")
        self._run(opt_ml, entrypoint=command, environment={"PYTHONPATH": "/opt/program"})
        return opt_ml

    def _opt_ml(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(parents=True)
        return folder

    def _run(self, opt_ml: Path, **container: Any) -> None:
        """Run a container to its end, which must be a good one."""

        async def scenario(started: Container) -> Exit:
            return await started.wait()

        assert asyncio.run(self._started(opt_ml, scenario, **container)) == Exit(code=0), "\n".join(self.lines)

    async def _started(self, opt_ml: Path, scenario: Any, **container: Any) -> Any:
        def take(line: LogLine) -> None:
            self.lines.append(line.text)

        runtime = ProcessRuntime(detect_isolation())
        try:
            spec = ContainerSpec(name=opt_ml.name, image=self.image, opt_ml=opt_ml, log=take, **container)
            return await scenario(await runtime.start(spec))
        finally:
            await runtime.close()


def keep(written: Path, place: Place, objects: MemoryObjects) -> None:
    """Keep every file below a folder in the bucket."""
    for file in (path for path in written.rglob("*") if path.is_file()):
        objects.create(BUCKET, f"{place.prefix}{file.relative_to(written).as_posix()}", file.read_bytes())


def copy_as_jobs_see_it(source: Path, folder: Path) -> None:
    """Copy a file, or every file below a folder, under the name that a data snapshot gives it: with its digest."""
    files = [source] if source.is_file() else [path for path in sorted(source.rglob("*")) if path.is_file()]
    for file in files:
        name = file.name if file == source else file.relative_to(source).as_posix()
        kept = names.key(name, hashlib.sha256(file.read_bytes()).hexdigest())
        target = folder / kept.removeprefix(names.OBJECTS)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def listening(port: int, container: Container) -> None:
    """Wait until the container takes connections."""
    async with asyncio.timeout(STARTING_SECONDS):
        while container.alive:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                await writer.wait_closed()
                return
    raise AssertionError("serve has ended")


def send(port: int, method: str, path: str, content_type: str, body: str) -> Answer:
    """One request over a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body, {"Content-Type": content_type})
        response = connection.getresponse()
        return Answer(status=response.status, text=response.read().decode())
    finally:
        connection.close()
