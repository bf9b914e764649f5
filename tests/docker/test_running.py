"""Jobs and endpoints of the embedded cloud in containers of a real engine, under SageMaker's contract."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from agent.cloud.embedded import EmbeddedCloud
from agent.runtime.engine.labels import CLOUD, cloud_id
from tests.contract.provision import push_image
from tests.docker.contained import IMAGES, Account, archive, built, pushed
from tests.engine import python_image

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker import DockerClient
    from docker.models.containers import Container

GIB = 1 << 30


@pytest.fixture(scope="module")
def cloud(docker_host: str) -> Iterator[EmbeddedCloud]:
    """A cloud that runs containers only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", docker_host)
        patch.setenv("HTTPS_PROXY", "http://proxy.example.com:3128")
        with EmbeddedCloud(runtime="docker") as cloud:
            yield cloud


@pytest.fixture(scope="module")
def account(cloud: EmbeddedCloud) -> Account:
    return Account(cloud=cloud)


@pytest.fixture(scope="module")
def image(engine: DockerClient, cloud: EmbeddedCloud) -> str:
    """The contract's image, whose containers run as root."""
    name = built(engine, IMAGES / "contract", "modelyard-tests/contract:root", "root", BASE_IMAGE=python_image())
    return pushed(engine, cloud, name, "contract/root")


@pytest.fixture(scope="module")
def unprivileged(engine: DockerClient, cloud: EmbeddedCloud) -> str:
    """The same with a USER."""
    name = built(
        engine, IMAGES / "contract", "modelyard-tests/contract:user", "unprivileged", BASE_IMAGE=python_image()
    )
    return pushed(engine, cloud, name, "contract/user")


def containers(engine: DockerClient, cloud: EmbeddedCloud) -> list[Container]:
    """The containers of a cloud that are there, running or not."""
    return list(engine.containers.list(all=True, filters={"label": f"{CLOUD}={cloud_id(cloud.place.folder)}"}))


# --- training -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told(account: Account, image: str) -> dict[str, Any]:
    """What a training job with one channel says about its container."""
    uri = account.put("letters/a.txt", "alpha")
    channel = {
        "ChannelName": "letters",
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri.removesuffix("a.txt")}},
    }
    described = account.train(image, {"scene": "tell"}, InputDataConfig=[channel], Environment={"GIVEN": "by the job"})
    assert described["TrainingJobStatus"] == "Completed", (described.get("FailureReason"), account.cloud.log[-4000:])
    facts: dict[str, Any] = json.loads(account.model_files(described)["facts.json"])
    return {**facts, "job": described["TrainingJobName"]}


def test_a_training_container_runs_train_with_its_files_and_variables(told: dict[str, Any]) -> None:
    assert told["arguments"] == []
    assert told["channel"] == {"a.txt": "alpha"}
    assert told["environment"]["GIVEN"] == "by the job"
    assert told["environment"]["SM_MODEL_DIR"] == "/opt/ml/model"
    assert told["resources"]["current_host"] == told["hostname"] == "algo-1"
    assert told["resources"]["network_interface_name"] == "eth0"
    assert "eth0" in told["interfaces"]
    assert told["uid"] == 0


def test_what_the_image_has_beside_the_job_s_folders_stays_visible(told: dict[str, Any]) -> None:
    assert told["code"] == "code of the image\n"


def test_its_memory_is_the_instance_s(told: dict[str, Any]) -> None:
    assert told["memory"] == 4 * GIB


def test_no_variable_of_this_machine_leaks_into_it(told: dict[str, Any]) -> None:
    assert not {name for name in told["environment"] if "proxy" in name.lower() or name.startswith("MODELYARD")}


def test_its_lines_are_in_cloudwatch_logs_whole_and_in_order(account: Account, told: dict[str, Any]) -> None:
    lines = account.logged("/aws/sagemaker/TrainingJobs", told["job"])
    assert "to stderr" in lines
    assert [line for line in lines if line != "to stderr"] == ["to stdout", "x" * 40000]


def test_an_image_s_user_is_honoured_and_may_write_where_jobs_write(account: Account, unprivileged: str) -> None:
    described = account.train(unprivileged, {"scene": "tell"})
    assert described["TrainingJobStatus"] == "Completed", described.get("FailureReason")
    facts = json.loads(account.model_files(described)["facts.json"])
    assert (facts["uid"], facts["gid"]) == (1000, 1000)


def test_instances_of_a_job_reach_each_other_by_name(account: Account, image: str) -> None:
    resources = {"InstanceType": "ml.t3.medium", "InstanceCount": 2, "VolumeSizeInGB": 1}
    described = account.train(image, {"scene": "talk"}, ResourceConfig=resources)
    assert described["TrainingJobStatus"] == "Completed", described.get("FailureReason")
    lines = account.logged("/aws/sagemaker/TrainingJobs", described["TrainingJobName"])
    assert "algo-1 has heard algo-2" in lines


def test_a_failure_is_told_in_the_container_s_own_words(account: Account, image: str) -> None:
    described = account.train(image, {"scene": "fail"})
    assert described["TrainingJobStatus"] == "Failed"
    assert described["FailureReason"] == "AlgorithmError: the labels are missing, exit code: 1"


def test_running_out_of_memory_is_named(account: Account, image: str) -> None:
    described = account.train(image, {"scene": "starve"})
    assert described["TrainingJobStatus"] == "Failed"
    assert described["FailureReason"].startswith("ClientError: Please use an instance type with more memory")
    assert described["FailureReason"].endswith("exit code: 137")


def test_a_program_that_is_not_there_is_exit_code_127(account: Account, image: str) -> None:
    algorithm = {"TrainingImage": image, "TrainingInputMode": "File", "ContainerEntrypoint": ["absent"]}
    described = account.train(image, {"scene": "tell"}, AlgorithmSpecification=algorithm)
    assert described["TrainingJobStatus"] == "Failed"
    assert described["FailureReason"].endswith("exit code: 127")
    assert any('"absent": executable file not found' in line for line in account.logged(
        "/aws/sagemaker/TrainingJobs", described["TrainingJobName"]
    ))  # fmt: skip


def test_an_isolated_job_reaches_nobody_and_has_no_keys(account: Account, image: str) -> None:
    described = account.train(image, {"scene": "call_out"}, EnableNetworkIsolation=True)
    assert account.model_files(described) == {"error": b"Network is unreachable"}


def test_a_job_that_is_stopped_ends_in_order(account: Account, image: str) -> None:
    name = account.begin_training(image, {"scene": "linger"})
    group = "/aws/sagemaker/TrainingJobs"
    account.await_line(group, name, "lingering")
    account.sagemaker.stop_training_job(TrainingJobName=name)
    described = account.ended(
        lambda: account.sagemaker.describe_training_job(TrainingJobName=name), "TrainingJobStatus"
    )
    assert described["TrainingJobStatus"] == "Stopped"
    assert "told to stop" in account.logged(group, name)


def test_nothing_is_left_of_containers_that_have_ended(
    engine: DockerClient, account: Account, told: dict[str, Any]
) -> None:
    assert containers(engine, account.cloud) == []


# --- processing ---------------------------------------------------------------------------------------------------


def test_a_processing_job_has_the_entry_point_it_names(account: Account, image: str) -> None:
    source = account.put("words/words.txt", "stressed\n")
    name, target = account.name("processing"), f"s3://{account.bucket}/turned"
    account.sagemaker.create_processing_job(
        ProcessingJobName=name,
        RoleArn=account.role,
        AppSpecification={
            "ImageUri": image,
            "ContainerEntrypoint": ["/usr/local/bin/process"],
            "ContainerArguments": ["--fast", "two words"],
        },
        ProcessingResources={
            "ClusterConfig": {"InstanceType": "ml.t3.medium", "InstanceCount": 1, "VolumeSizeInGB": 1}
        },
        ProcessingInputs=[
            {
                "InputName": "words",
                "S3Input": {
                    "S3Uri": source,
                    "LocalPath": "/opt/ml/processing/input",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
        ],
        ProcessingOutputConfig={
            "Outputs": [
                {
                    "OutputName": "words",
                    "S3Output": {
                        "S3Uri": target,
                        "LocalPath": "/opt/ml/processing/output",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
    )
    described = account.ended(
        lambda: account.sagemaker.describe_processing_job(ProcessingJobName=name), "ProcessingJobStatus"
    )
    assert described["ProcessingJobStatus"] == "Completed", described.get("FailureReason")
    assert described["ExitMessage"] == "all turned\n"
    assert account.get(f"{target}/words.txt") == b"desserts\n"
    assert account.logged("/aws/sagemaker/ProcessingJobs", name) == ["arguments: --fast two words"]


# --- endpoints ----------------------------------------------------------------------------------------------------


def test_a_model_is_served_from_its_artifact(account: Account, unprivileged: str) -> None:
    data = account.put("models/served.tar.gz", archive({"weights": "1"}))
    with account.serving(unprivileged, data) as endpoint:
        answer = account.asked(endpoint, "1,2")
    assert answer["asked"] == "1,2"
    assert answer["model"] == ["weights"]
    assert answer["uid"] == 1000


def test_an_isolated_server_is_reached_and_reaches_nobody(engine: DockerClient, account: Account, image: str) -> None:
    with account.serving(image, EnableNetworkIsolation=True) as endpoint:
        answer = account.asked(endpoint)
        networks = engine.containers.get(answer["hostname"]).attrs["NetworkSettings"]["Networks"]
        assert [engine.networks.get(name).attrs["Internal"] for name in networks] == [True]
    assert answer["asked"] == "hello"
    assert "AWS_SECRET_ACCESS_KEY" not in answer["variables"]


def test_an_endpoint_recovers_when_its_container_is_killed(engine: DockerClient, account: Account, image: str) -> None:
    with account.serving(image) as endpoint:
        before = account.asked(endpoint)["hostname"]
        engine.containers.get(before).kill()
        after = _next_answer(account, endpoint)["hostname"]
        assert after != before
        account.await_line(f"/aws/sagemaker/Endpoints/{endpoint}", "all", "serving", times=2)


def _next_answer(account: Account, endpoint: str) -> dict[str, Any]:
    """The first answer after a kill; whoever asks in the very moment of it is told so."""
    try:
        return account.asked(endpoint)
    except account.sagemaker_runtime.exceptions.ModelError as error:
        assert "closed the connection" in str(error)  # noqa: PT017 - the only failure there may be
        return account.asked(endpoint)


def test_an_image_without_a_server_fails_its_endpoint(account: Account, engine: DockerClient) -> None:
    bare = pushed(engine, account.cloud, python_image(), "bare")
    described = account.settled(account.deploy(bare))
    assert described["EndpointStatus"] == "Failed"
    assert '"serve": executable file not found in $PATH' in described["FailureReason"]


# --- which images -------------------------------------------------------------------------------------------------


def test_an_image_without_an_operating_system_is_refused_with_the_way_out(account: Account) -> None:
    programs = push_image(account.cloud, "programs")
    described = account.train(programs, {})
    assert described["TrainingJobStatus"] == "Failed"
    assert "builder: process" in described["FailureReason"]
    assert "--runtime auto" in described["FailureReason"]
