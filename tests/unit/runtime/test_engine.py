"""What is decided about containers of an engine before the engine is asked: on values alone."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from agent.errors import UsageError
from agent.runtime.container import Bind, ContainerSpec, EngineImage, Exit
from agent.runtime.engine.address import EngineAddress, engine_address
from agent.runtime.engine.body import (
    Machine,
    Surroundings,
    container_body,
    container_name,
    folders_of,
    is_superuser,
    shortfalls,
)
from agent.runtime.engine.calls import EngineError, decoded
from agent.runtime.engine.container import exit_of
from agent.runtime.engine.found import machine
from agent.runtime.engine.frames import FrameReader
from agent.runtime.engine.networks import Network, Wanted, addresses, wanted

if TYPE_CHECKING:
    from collections.abc import Mapping

ML = Path("/state/job/ml")
SPEC = ContainerSpec(
    name="job/algo-1",
    image=EngineImage(digest="sha256:1", identity="sha256:2"),
    opt_ml=ML,
    log=lambda _line: None,
    arguments=("train",),
)
SMALL = Machine(cpus=2, memory_mb=8192)
CLOUD = "http://127.0.0.1:4000"


def around(**changes: Any) -> Surroundings:
    given: dict[str, Any] = {
        "identity": "sha256:2",
        "machine": SMALL,
        "folders": [Bind(source=ML / "model", target="/opt/ml/model")],
        "marks": {"a": "b"},
        "network": None,
        "endpoint": CLOUD,
        "relayed": "http://172.18.0.1:5000",
        **changes,
    }
    return Surroundings(**given)


def body(spec: ContainerSpec = SPEC, **changes: Any) -> Mapping[str, Any]:
    document: Mapping[str, Any] = container_body(spec, around(**changes))
    return document


def variables(spec: ContainerSpec) -> dict[str, str]:
    return dict(entry.split("=", 1) for entry in body(spec)["Env"])


# --- what is made -------------------------------------------------------------------------------------------------


def test_arguments_follow_the_image_s_entry_point() -> None:
    assert body()["Cmd"] == ["train"]
    assert "Entrypoint" not in body()


def test_an_entry_point_of_the_job_drops_the_image_s_cmd() -> None:
    made = body(replace(SPEC, entrypoint=("python3", "x.py"), arguments=()))
    assert (made["Entrypoint"], made["Cmd"]) == (["python3", "x.py"], [])


def test_without_either_the_image_decides() -> None:
    assert {"Cmd", "Entrypoint"}.isdisjoint(body(replace(SPEC, arguments=())))


def test_folders_are_mounted_so_that_a_missing_one_is_noticed() -> None:
    assert body()["HostConfig"]["Mounts"] == [
        {"Type": "bind", "Source": "/state/job/ml/model", "Target": "/opt/ml/model"}
    ]


def test_each_folder_below_opt_ml_is_mounted_for_itself_and_then_the_job_s_own(tmp_path: Path) -> None:
    for name in ("output", "input"):
        (tmp_path / name).mkdir()
    bind = Bind(source=Path("/elsewhere"), target="/checkpoints")
    assert folders_of(replace(SPEC, opt_ml=tmp_path, binds=(bind,))) == [
        Bind(source=tmp_path / "input", target="/opt/ml/input"),
        Bind(source=tmp_path / "output", target="/opt/ml/output"),
        bind,
    ]


@pytest.mark.parametrize(
    ("given", "heard"),
    [
        (CLOUD, "http://172.18.0.1:5000"),
        (f"{CLOUD}/path", "http://172.18.0.1:5000/path"),
        (f"{CLOUD}1", f"{CLOUD}1"),
        ("http://127.0.0.1:9", "http://127.0.0.1:9"),
    ],
)
def test_the_cloud_s_address_is_the_relay_s_in_a_container(given: str, heard: str) -> None:
    assert variables(replace(SPEC, environment={"AWS_ENDPOINT_URL": given}))["AWS_ENDPOINT_URL"] == heard


def test_a_server_listens_where_sagemaker_expects_it() -> None:
    assert variables(replace(SPEC, port=41234)) == {"SAGEMAKER_BIND_TO_PORT": "8080"}
    assert variables(SPEC) == {}


def test_instances_neither_swap_nor_want_for_shared_memory() -> None:
    config = body(replace(SPEC, memory_mb=4096))["HostConfig"]
    assert config["Memory"] == config["MemorySwap"] == 4 << 30
    assert config["ShmSize"] == 2 << 30


def test_no_container_gets_more_than_the_machine_has() -> None:
    config = body(replace(SPEC, memory_mb=10**6, cpus=96))["HostConfig"]
    assert config["Memory"] == 8 << 30
    assert "NanoCpus" not in config


def test_a_smaller_instance_has_fewer_cpus() -> None:
    assert body(replace(SPEC, cpus=1))["HostConfig"]["NanoCpus"] == 10**9


def test_gpus_are_passed_on_where_the_engine_has_a_way_to() -> None:
    spec = replace(SPEC, gpus=4)
    assert "DeviceRequests" not in body(spec)["HostConfig"]
    config = body(spec, machine=replace(SMALL, gpus=True))["HostConfig"]
    assert config["DeviceRequests"] == [{"Count": -1, "Capabilities": [["gpu"]]}]
    assert "DeviceRequests" not in body(SPEC, machine=replace(SMALL, gpus=True))["HostConfig"]


def test_what_the_machine_lacks_is_said() -> None:
    asked = replace(SPEC, cpus=96, memory_mb=10**6, gpus=8)
    assert shortfalls(asked, SMALL) == ["2 of 96 CPUs", "8192 of 1000000 MiB of memory", "none of 8 GPUs"]
    assert shortfalls(replace(SPEC, cpus=2, memory_mb=4096), SMALL) == []


def test_a_job_without_a_network_knows_its_own_name() -> None:
    config = body(replace(SPEC, hostname="algo-1", network=False))["HostConfig"]
    assert (config["NetworkMode"], config["ExtraHosts"]) == ("none", ["algo-1:127.0.0.1"])


def test_an_instance_of_a_job_is_found_by_its_name() -> None:
    net = Network(wanted=Wanted(name="n", together=True, outside=True), identity="1", relay=None)
    made = body(replace(SPEC, hostname="algo-2", cluster="job"), network=net)
    assert made["NetworkingConfig"] == {"EndpointsConfig": {"n": {"Aliases": ["algo-2"]}}}
    assert made["HostConfig"]["NetworkMode"] == "n"


def test_container_names_are_for_people_and_engines() -> None:
    assert container_name(replace(SPEC, name="a job/algo-1"), "c0", "77") == "modelyard-c0-a-job-algo-1-77"


@pytest.mark.parametrize(
    ("user", "may"), [("", True), ("0", True), ("root", True), ("root:root", True), ("0:5", True), ("1000", False),
                      ("rooted", False), ("10", False), ("model:root", False)]
)  # fmt: skip
def test_who_may_write_anywhere(user: str, may: bool) -> None:
    assert is_superuser(user) is may


# --- networks -----------------------------------------------------------------------------------------------------


def test_containers_of_different_instances_do_not_see_each_other() -> None:
    assert wanted(SPEC, "c") == Wanted(name="modelyard-c-apart", together=False, outside=True)
    assert wanted(replace(SPEC, port=1, network=False), "c") == Wanted(
        name="modelyard-c-isolated", together=False, outside=False
    )


def test_a_job_without_a_network_gets_none() -> None:
    assert wanted(replace(SPEC, network=False), "c") is None


def test_each_job_of_several_instances_has_its_own_network() -> None:
    first, second = (wanted(replace(SPEC, cluster=name), "c") for name in ("arn:a", "arn:b"))
    assert first is not None
    assert second is not None
    assert first.together
    assert first.name != second.name
    isolated = wanted(replace(SPEC, cluster="arn:a", network=False), "c")
    assert isolated is not None
    assert not isolated.outside


def test_a_network_s_gateway_is_its_first_address_where_none_is_told() -> None:
    six = {"Subnet": "fd00::/64"}
    assert addresses([six, {"Subnet": "172.18.0.0/16"}]) == (IPv4Network("172.18.0.0/16"), "172.18.0.1")
    assert addresses([{"Subnet": "10.0.0.0/24", "Gateway": "10.0.0.254"}])[1] == "10.0.0.254"
    with pytest.raises(EngineError, match="without IPv4"):
        addresses([six])


# --- what comes back ----------------------------------------------------------------------------------------------


def frame(stream: int, content: bytes) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(content).to_bytes(4, "big") + content


def test_lines_of_both_streams_come_out_whole() -> None:
    reader = FrameReader()
    data = frame(1, b"half a ") + frame(2, b"complaint\nand ") + frame(1, b"line\n")
    assert reader.feed(data) == ["complaint", "half a line"]
    assert reader.end() == ["and "]


def test_frames_may_arrive_in_any_pieces() -> None:
    reader = FrameReader()
    data = frame(1, b"one\n") + frame(1, b"") + frame(2, b"two\n")
    assert [line for byte in data for line in reader.feed(bytes([byte]))] == ["one", "two"]
    assert reader.end() == []


@pytest.mark.parametrize(
    ("code", "out_of_memory", "end"),
    [
        (0, False, Exit(code=0)),
        (3, False, Exit(code=3)),
        (137, False, Exit(code=137, signal=9)),
        (137, True, Exit(code=137, signal=9, out_of_memory=True)),
        (0, True, Exit(code=0)),
        (255, False, Exit(code=255)),
    ],
)
def test_ends_are_told_as_engines_tell_them(code: int, out_of_memory: bool, end: Exit) -> None:
    assert exit_of(code, out_of_memory=out_of_memory) == end


def test_a_refusal_is_in_the_engine_s_words() -> None:
    with pytest.raises(EngineError, match=r"refused GET /x \(HTTP 404\): no such thing") as refused:
        decoded(404, b'{"message": "no such thing"}', "GET /x")
    assert refused.value.status == 404


# --- where it is --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("", EngineAddress(socket="/var/run/docker.sock")),
        ("unix:///run/podman/podman.sock", EngineAddress(socket="/run/podman/podman.sock")),
        ("tcp://127.0.0.1:2375", EngineAddress(port=2375)),
        ("tcp://localhost", EngineAddress(port=2375)),
    ],
)
def test_the_engine_is_where_docker_host_says(given: str, address: EngineAddress) -> None:
    assert engine_address(given) == address


@pytest.mark.parametrize("given", ["tcp://10.0.0.7:2375", "ssh://builder", "npipe:////./pipe/docker_engine"])
def test_an_engine_of_another_machine_cannot_share_folders(given: str) -> None:
    with pytest.raises(UsageError, match="must be its own"):
        engine_address(given)


def test_what_the_engine_s_machine_has() -> None:
    info = {"NCPU": 4, "MemTotal": 8 << 30, "Runtimes": {"runc": {}, "nvidia": {}}}
    assert machine(info) == Machine(cpus=4, memory_mb=8192, gpus=True)
    assert not machine({**info, "Runtimes": {"runc": {}}}).gpus
