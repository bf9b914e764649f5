"""Training with the SDK: the resource ``TrainingJob`` and the ``ModelTrainer`` over it."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from sagemaker.core.helper.iam_role_resolver import RoleValidationError
from sagemaker.core.resources import HyperParameterTuningJob, TrainingJob
from sagemaker.core.shapes import (
    AlgorithmSpecification,
    OutputDataConfig,
    ResourceConfig,
    StoppingCondition,
)
from sagemaker.core.training.configs import Compute, InputData, SourceCode
from sagemaker.core.utils.exceptions import FailedStatusError
from sagemaker.train.model_trainer import ModelTrainer

from tests.contract.provision import SUFFICIENT, create_role

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.conftest import ClientFactory
    from tests.contract.workbench import Workbench

INSTANCE = "ml.m5.large"
NETWORK = [
    "ec2:CreateNetworkInterface",
    "ec2:CreateNetworkInterfacePermission",
    "ec2:DeleteNetworkInterface",
    "ec2:DeleteNetworkInterfacePermission",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
]
"""What the trainer asks of a role beside what jobs without a network of their own need."""


@pytest.fixture(scope="module")
def trainers_role(client: ClientFactory) -> str:
    """A role that ``ModelTrainer`` accepts; it asks ``iam:SimulatePrincipalPolicy`` before it starts anything."""
    network = {"Effect": "Allow", "Action": NETWORK, "Resource": "*"}
    policy = {**SUFFICIENT, "Statement": [*SUFFICIENT["Statement"], network]}
    return create_role(client("iam"), "sdk-trainer", policy)


def create(bench: Workbench, name: str, orders: dict[str, str]) -> TrainingJob:
    return TrainingJob.create(
        training_job_name=name,
        algorithm_specification=AlgorithmSpecification(training_image=bench.image, training_input_mode="File"),
        hyper_parameters=orders,
        role_arn=bench.role,
        output_data_config=OutputDataConfig(s3_output_path=f"s3://{bench.bucket}/sdk"),
        resource_config=ResourceConfig(instance_type=INSTANCE, instance_count=1, volume_size_in_gb=1),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=600),
    )


def artifact(s3: Any, uri: str, member: str) -> bytes:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        content = archive.extractfile(member)
        assert content is not None
        return content.read()


def test_a_training_job_is_awaited_with_its_logs(
    workbench: Workbench, client: ClientFactory, unique: Callable[[str], str]
) -> None:
    job = create(workbench, unique("sdk"), {"print": "score=0.25", "model": "from the sdk"})
    job.wait(poll=1, logs=True)
    assert (job.training_job_status, job.secondary_status) == ("Completed", "Completed")
    assert artifact(client("s3"), job.model_artifacts.s3_model_artifacts, "model.txt") == b"from the sdk"


def test_a_failed_training_job_raises_with_the_containers_reason(
    workbench: Workbench, unique: Callable[[str], str]
) -> None:
    job = create(workbench, unique("sdk"), {"fail": "the data has no column 'y'"})
    with pytest.raises(FailedStatusError, match="the data has no column 'y'"):
        job.wait(poll=1)


def test_a_training_job_is_found_again_and_stopped(workbench: Workbench, unique: Callable[[str], str]) -> None:
    name = unique("sdk")
    create(workbench, name, {"sleep": "600"})
    job = TrainingJob.get(training_job_name=name)
    job.stop()
    job.wait(poll=1)
    assert job.training_job_status == "Stopped"
    listed = TrainingJob.get_all(name_contains=name, status_equals="Stopped")
    assert [found.training_job_name for found in listed] == [name]


def test_the_model_trainer_trains_on_local_and_on_uploaded_data(
    workbench: Workbench, trainers_role: str, sdk_session: Any, client: ClientFactory, tmp_path: Path
) -> None:
    client("s3").put_object(Bucket=workbench.bucket, Key="sdk-rows/rows.csv", Body=b"1,2\n")
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "more.csv").write_text("3,4\n")
    trainer = ModelTrainer(
        sagemaker_session=sdk_session,
        role=trainers_role,
        training_image=workbench.image,
        compute=Compute(instance_type=INSTANCE, instance_count=1, volume_size_in_gb=1),
        hyperparameters={"report": "yes", "depth": 3},
        base_job_name="sdk",
    )
    trainer.train(
        input_data_config=[
            InputData(channel_name="remote", data_source=f"s3://{workbench.bucket}/sdk-rows"),
            InputData(channel_name="local", data_source=str(tmp_path / "local")),
        ],
        wait=True,
        logs=True,
    )
    job = trainer._latest_training_job
    report = artifact(client("s3"), job.model_artifacts.s3_model_artifacts, "report.json").decode()
    assert '"input/data/remote/rows.csv": "1,2\\n"' in report
    assert '"input/data/local/more.csv": "3,4\\n"' in report
    assert '"depth": "3"' in report


def test_the_model_trainer_refuses_a_role_that_the_simulator_finds_wanting(
    workbench: Workbench, sdk_session: Any
) -> None:
    with pytest.raises(RoleValidationError, match="ec2:DescribeVpcs"):
        ModelTrainer(sagemaker_session=sdk_session, role=workbench.role, training_image=workbench.image)


def test_the_model_trainer_brings_its_own_script(
    workbench: Workbench, trainers_role: str, sdk_session: Any, client: ClientFactory, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "script.py").write_text(
        "import os, pathlib\n"
        "pathlib.Path(os.environ['SM_MODEL_DIR'], 'made.txt').write_text(os.environ['SM_HP_WORD'])\n"
    )
    trainer = ModelTrainer(
        sagemaker_session=sdk_session,
        role=trainers_role,
        training_image=workbench.image,
        source_code=SourceCode(source_dir=str(source), entry_script="script.py"),
        compute=Compute(instance_type=INSTANCE, instance_count=1, volume_size_in_gb=1),
        hyperparameters={"word": "shibboleth"},
        base_job_name="sdk",
    )
    trainer.train(wait=True, logs=False)
    job = trainer._latest_training_job
    assert artifact(client("s3"), job.model_artifacts.s3_model_artifacts, "made.txt") == b"shibboleth"


def test_a_tuning_job_tells_its_best_training_job(workbench: Workbench, unique: Callable[[str], str]) -> None:
    name = f"sdk-{unique('t')[-16:]}"
    workbench.tune(name, jobs=2)
    job = HyperParameterTuningJob.get(hyper_parameter_tuning_job_name=name)
    job.wait(poll=1)
    assert job.hyper_parameter_tuning_job_status == "Completed"
    assert job.best_training_job.final_hyper_parameter_tuning_job_objective_metric.value == 0.5
    assert len(list(job.get_all_training_jobs())) == 2
