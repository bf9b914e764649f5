"""`modelyard cloud` as its users have it: the real command, in processes of its own."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
import stat
import subprocess
import sys
import termios
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from agent.cloud.place import Place, Running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MODELYARD = (sys.executable, "-m", "agent.cli")
LISTENING = "0A"


class Shell:
    """A user's shell: its own state folder for the cloud and its own folder for temporary files."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "cloud"
        self.temporary = folder / "tmp"
        self.temporary.mkdir()
        self.environment = {
            **os.environ,
            "MODELYARD_CLOUD": str(self.state),
            "TMPDIR": str(self.temporary),
        }

    def cloud(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*MODELYARD, "cloud", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen([*MODELYARD, "cloud", *arguments], env=self.environment, **options)

    def running(self, state: Path | None = None) -> Running:
        running = Place(state or self.state).running()
        assert running is not None
        return running

    def client(self, service: str, account: str = "tools") -> Any:
        values = json.loads(self.cloud("env", "--format", "json", "--account", account).stdout)
        return boto3.client(
            service,
            endpoint_url=values["AWS_ENDPOINT_URL"],
            region_name=values["AWS_REGION"],
            aws_access_key_id=values["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=values["AWS_SECRET_ACCESS_KEY"],
        )

    def left_behind(self) -> tuple[list[str], list[str]]:
        """Temporary files, and processes that were told of this shell's temporary folder."""
        files = [path.name for path in self.temporary.iterdir()]
        return files, processes_naming(str(self.temporary))


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A shell whose cloud is not up yet."""
    made = Shell(tmp_path)
    yield made
    made.cloud("down")


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A shell with a running cloud, for tests that only look and ask."""
    made = Shell(tmp_path_factory.mktemp("up"))
    made.cloud("up")
    yield made
    made.cloud("down")


def processes_naming(text: str) -> list[str]:
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdecimal() and process.name != str(os.getpid()):
            try:
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if text in command:
                found.append(command)
    return found


def listeners(pid: int) -> list[str]:
    """The addresses (hexadecimal, as the kernel lists them) on which a process listens for TCP."""
    sockets = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        target = str(descriptor.readlink())
        if target.startswith("socket:["):
            sockets.add(target.removeprefix("socket:[").removesuffix("]"))
    addresses = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING and fields[9] in sockets:
                addresses.append(fields[1].partition(":")[0])
    return addresses


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 60
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    return holds()


def test_up_tells_where_it_is_and_how_to_use_it(shell: Shell, record_property: Callable[[str, object], None]) -> None:
    began = time.monotonic()
    up = shell.cloud("up")
    record_property("start_seconds", round(time.monotonic() - began, 2))
    assert up.returncode == 0
    assert up.stdout.strip() == shell.running().endpoint
    assert 'eval "$(modelyard cloud env)"' in up.stderr
    assert "tools 111111111111, qa 222222222222, prod 333333333333" in up.stderr


def test_the_server_listens_on_loopback_only_and_once(up: Shell) -> None:
    assert listeners(up.running().pid) == ["0100007F"]


def test_a_second_up_says_that_it_is_up_already(up: Shell) -> None:
    first = up.cloud("up")
    second = up.cloud("up")
    assert (second.returncode, second.stdout) == (0, first.stdout)
    assert "is already up" in second.stderr


def test_an_up_at_the_same_time_finds_the_same_cloud(shell: Shell) -> None:
    with ThreadPoolExecutor() as pool:
        ups = list(pool.map(lambda _: shell.cloud("up"), range(3)))
    assert [up.returncode for up in ups] == [0, 0, 0]
    assert len({up.stdout for up in ups}) == 1


def test_up_says_which_options_a_running_cloud_ignores(shell: Shell) -> None:
    shell.cloud("up", "--region", "eu-central-1", "--account", "lab=444444444444")
    again = shell.cloud("up", "--region", "us-west-2", "--account", "other=555555555555")
    assert "--region and --account ignored" in again.stderr
    assert shell.running().region == "eu-central-1"


def test_up_refuses_a_port_that_is_taken(up: Shell, tmp_path: Path) -> None:
    port = up.running().endpoint.rpartition(":")[2]
    other = up.cloud("up", "--state", tmp_path / "other", "--port", port)
    assert other.returncode == 6
    assert f"cannot listen on 127.0.0.1:{port}" in other.stderr


def test_up_listens_on_the_port_it_is_told(shell: Shell) -> None:
    shell.cloud("up")
    port = shell.running().endpoint.rpartition(":")[2]
    shell.cloud("down")
    assert shell.cloud("up", "--port", port).stdout.strip() == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("account", ["tools", "tools=1", "Tools=111111111111", "=111111111111"])
def test_up_refuses_a_malformed_account(shell: Shell, account: str) -> None:
    up = shell.cloud("up", "--account", account)
    assert up.returncode == 2
    assert "is not NAME=ID" in up.stderr


def test_up_refuses_two_names_for_one_account(shell: Shell) -> None:
    up = shell.cloud("up", "--account", "a=444444444444", "--account", "b=444444444444")
    assert up.returncode == 2
    assert "an id of its own" in up.stderr


def test_state_and_keys_outlive_down_and_up(shell: Shell) -> None:
    shell.cloud("up")
    before = shell.cloud("env", "--format", "json").stdout
    shell.client("sagemaker").create_model_package_group(ModelPackageGroupName="kept")
    shell.client("s3").create_bucket(Bucket="kept")
    shell.cloud("down")
    shell.cloud("up")
    after = shell.cloud("env", "--format", "json").stdout
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    assert [json.loads(before)[key] for key in keys] == [json.loads(after)[key] for key in keys]
    groups = shell.client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]
    assert [group["ModelPackageGroupName"] for group in groups] == ["kept"]
    assert [bucket["Name"] for bucket in shell.client("s3").list_buckets()["Buckets"]] == ["kept"]


def test_up_starts_again_after_the_server_was_killed(shell: Shell) -> None:
    shell.cloud("up")
    shell.client("sagemaker").create_model_package_group(ModelPackageGroupName="kept")
    killed = shell.running().pid
    os.kill(killed, signal.SIGKILL)
    assert eventually(lambda: Place(shell.state).running() is None)
    assert shell.cloud("status").returncode == 2
    assert shell.cloud("up").returncode == 0
    assert shell.running().pid != killed
    groups = shell.client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]
    assert [group["ModelPackageGroupName"] for group in groups] == ["kept"]


def test_two_clouds_run_beside_each_other(shell: Shell, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shell.cloud("up")
    shell.cloud("up", "--state", other)
    try:
        shell.client("sagemaker").create_model_package_group(ModelPackageGroupName="mine")
        assert shell.running().endpoint != shell.running(other).endpoint
        listed = json.loads(shell.cloud("calls", "--state", other, "--json").stdout)
        assert listed == []
    finally:
        assert shell.cloud("down", "--state", other).returncode == 0
    assert shell.cloud("status").returncode == 0


def test_hints_name_the_folder_that_was_chosen(shell: Shell, tmp_path: Path) -> None:
    other = tmp_path / "with space"
    up = shell.cloud("up", "--state", other)
    shell.cloud("down", "--state", other)
    assert f"modelyard cloud down --state '{other}'" in up.stderr


def test_down_stops_the_server_and_its_listener(shell: Shell) -> None:
    shell.cloud("up")
    down = shell.cloud("down")
    assert down.returncode == 0
    assert processes_naming(str(shell.state)) == []
    assert shell.cloud("status").returncode == 2


def test_down_is_content_when_nothing_runs(shell: Shell) -> None:
    down = shell.cloud("down")
    assert down.returncode == 0
    assert "No cloud runs" in down.stderr


def test_down_never_signals_a_process_that_took_over_the_number_of_a_killed_server(shell: Shell) -> None:
    shell.cloud("up")
    running = shell.running()
    os.kill(running.pid, signal.SIGKILL)
    assert eventually(lambda: Place(shell.state).running() is None)
    bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        Place(shell.state).publish(running.model_copy(update={"pid": bystander.pid}))
        assert "No cloud runs" in shell.cloud("down").stderr
        assert bystander.poll() is None
    finally:
        bystander.communicate(b"\n")


def test_status_describes_the_cloud(up: Shell) -> None:
    status = json.loads(up.cloud("status", "--json").stdout)
    assert status["endpoint"] == up.running().endpoint
    assert status["accounts"] == {"tools": "111111111111", "qa": "222222222222", "prod": "333333333333"}
    assert status["state"] == str(up.state)
    assert status["running"] == []
    assert status["bytes"] > 0
    assert status["isolation"]
    assert {"now", "rate", "offset"} == status["clock"].keys()


def test_status_for_people_has_the_same_facts(up: Shell) -> None:
    status = up.cloud("status").stdout
    assert up.running().endpoint in status
    assert "prod 333333333333" in status
    assert re.search(r"running +nothing", status)


@pytest.mark.parametrize(
    "command", [["status"], ["reset"], ["env"], ["fault", "list"], ["clock", "show"], ["calls"]], ids=" ".join
)
def test_without_a_cloud_a_command_says_what_to_do(shell: Shell, command: list[str]) -> None:
    answer = shell.cloud(*command)
    assert answer.returncode == 2
    assert "start one with: modelyard cloud up" in answer.stderr


def test_reset_forgets_resources_and_keeps_the_administrators(shell: Shell) -> None:
    shell.cloud("up")
    shell.client("sagemaker").create_model_package_group(ModelPackageGroupName="gone")
    assert shell.cloud("reset").returncode == 0
    assert shell.client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"] == []


def test_env_works_in_a_shell(up: Shell) -> None:
    script = f'eval "$({" ".join(MODELYARD)} cloud env --account qa)"; {sys.executable} -c "$PROGRAM"'
    program = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    answer = subprocess.run(
        ["sh", "-c", script],
        env={**up.environment, "PROGRAM": program, "AWS_SESSION_TOKEN": "another cloud's"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.strip() == "arn:aws:iam::222222222222:user/administrator"


def test_env_as_dotenv_and_as_json_say_the_same(up: Shell) -> None:
    dotenv = dict(line.split("=", 1) for line in up.cloud("env", "--format", "dotenv").stdout.splitlines())
    assert dotenv == json.loads(up.cloud("env", "--format", "json").stdout)
    assert dotenv["MODELYARD_CLOUD"] == str(up.state)


def test_env_of_an_unknown_account_names_those_there_are(up: Shell) -> None:
    answer = up.cloud("env", "--account", "staging")
    assert answer.returncode == 2
    assert "it has: tools, qa, prod" in answer.stderr


def test_secrets_are_in_private_files_and_nowhere_else(up: Shell) -> None:
    up.client("sts").get_caller_identity()
    running = up.running()
    secrets = [running.token, *(administrator.secret_access_key for administrator in running.administrators)]
    server = Path(f"/proc/{running.pid}/cmdline").read_text()
    said = [up.cloud("status").stdout, up.cloud("status", "--json").stdout, up.cloud("calls", "--json").stdout]
    texts = [Place(up.state).log.read_text(), server, *said]
    assert not [secret for secret in secrets if any(secret in text for text in texts)]
    assert {stat.S_IMODE(path.stat().st_mode) for path in up.state.glob("*.json")} == {0o600}
    assert stat.S_IMODE(up.state.stat().st_mode) == 0o700


def test_faults_are_added_listed_and_removed(up: Shell) -> None:
    added = up.cloud("fault", "add", "throttling", "--operation", "sagemaker:Create*", "--account", "qa")
    number = added.stdout.strip()
    up.cloud("fault", "add", "slow", "--seconds", "2", "--count", "3")
    listed = json.loads(up.cloud("fault", "list", "--json").stdout)
    assert listed[number] == {
        "kind": "throttling",
        "operation": "sagemaker:Create*",
        "account": "222222222222",
        "resource": "*",
        "count": 1,
        "seconds": 0.0,
    }
    assert "slow at 2 s, 3 more" in up.cloud("fault", "list").stdout
    assert up.cloud("fault", "remove", number).returncode == 0
    assert number not in json.loads(up.cloud("fault", "list", "--json").stdout)
    assert up.cloud("fault", "clear").returncode == 0
    assert json.loads(up.cloud("fault", "list", "--json").stdout) == {}


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        (["add", "earthquake"], "there are: throttling"),
        (["add", "slow", "--account", "staging"], "it has: tools, qa, prod"),
        (["add", "slow", "--count", "0"], "count"),
        (["remove", "7"], "modelyard cloud fault list"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_fault_that_makes_no_sense_is_refused(up: Shell, command: list[str], hint: str) -> None:
    answer = up.cloud("fault", *command)
    assert answer.returncode == 2
    assert hint in answer.stderr


def test_the_clock_is_advanced_and_quickened(up: Shell) -> None:
    assert "+5400 s" in up.cloud("clock", "advance", "1h30m").stdout
    assert "60 times as fast" in up.cloud("clock", "rate", "60").stdout
    assert json.loads(up.cloud("status", "--json").stdout)["clock"]["offset"] >= 5400


@pytest.mark.parametrize("command", [["advance", "soon"], ["rate", "0"], ["rate", "-1"]], ids=" ".join)
def test_the_clock_refuses_what_is_no_time(up: Shell, command: list[str]) -> None:
    assert up.cloud("clock", *command).returncode == 2


def test_calls_tell_what_was_called_since(up: Shell) -> None:
    before = len(json.loads(up.cloud("calls", "--json").stdout))
    up.client("sagemaker").list_models()
    up.client("sts").get_caller_identity()
    calls = json.loads(up.cloud("calls", "--json", "--since", str(before)).stdout)
    assert [(call["action"], call["status"]) for call in calls] == [
        ("sagemaker:ListModels", 200),
        ("sts:GetCallerIdentity", 200),
    ]
    later = up.cloud("calls", "--since", str(calls[0]["number"])).stdout
    assert "sts:GetCallerIdentity" in later
    assert "sagemaker:ListModels" not in later


def test_run_gives_the_command_a_cloud_of_its_own(shell: Shell) -> None:
    program = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    run = shell.cloud("run", "--account", "prod", "--", sys.executable, "-c", program)
    assert (run.returncode, run.stdout.strip()) == (0, "arn:aws:iam::333333333333:user/administrator")
    assert shell.left_behind() == ([], [])


def test_commands_inside_run_find_its_cloud(shell: Shell) -> None:
    run = shell.cloud("run", "--", *MODELYARD, "cloud", "status", "--json")
    assert json.loads(run.stdout)["state"].startswith(str(shell.temporary))


def test_run_hides_the_identity_of_its_caller(shell: Shell) -> None:
    shell.environment |= {"AWS_SESSION_TOKEN": "another", "AWS_PROFILE": "another", "AWS_PAGER": "less"}
    run = shell.cloud("run", "--", "env")
    names = {line.partition("=")[0] for line in run.stdout.splitlines()}
    assert not names & {"AWS_SESSION_TOKEN", "AWS_PROFILE"}
    assert "AWS_PAGER" in names


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["sh", "-c", "exit 7"], 7),
        (["sh", "-c", "kill -TERM $$"], 128 + signal.SIGTERM),
        (["sh", "-c", "kill -KILL $$"], 128 + signal.SIGKILL),
        (["/nonexistent/command"], 127),
        (["/etc/passwd"], 126),
    ],
    ids=["exit 7", "SIGTERM", "SIGKILL", "missing", "not executable"],
)
def test_run_ends_as_its_command_does_and_leaves_nothing(shell: Shell, command: list[str], code: int) -> None:
    assert shell.cloud("run", "--", *command).returncode == code
    assert shell.left_behind() == ([], [])


def test_run_says_why_a_command_cannot_be_started(shell: Shell) -> None:
    assert "cannot run /nonexistent/command: No such file" in shell.cloud("run", "--", "/nonexistent/command").stderr


def test_run_without_a_command_is_a_usage_error(shell: Shell) -> None:
    assert shell.cloud("run").returncode == 2


OBEDIENT = """
import signal, sys, time
counted = []
for each in (signal.SIGINT, signal.SIGTERM):
    signal.signal(each, lambda number, _: counted.append(number))
print("ready", flush=True)
while not counted:
    signal.pause()
time.sleep(0.2)
print([signal.Signals(each).name for each in counted], flush=True)
sys.exit(9)
"""


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_run_hands_a_signal_to_its_command_and_waits_for_it(shell: Shell, sent: signal.Signals) -> None:
    with shell.start("run", "--", sys.executable, "-c", OBEDIENT, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"ready\n"
        run.send_signal(sent)
        assert run.stdout.readline().decode() == f"['{sent.name}']\n"
    assert run.returncode == 9
    assert shell.left_behind() == ([], [])


def test_ctrl_c_at_a_terminal_reaches_the_command_once(shell: Shell) -> None:
    ours, theirs = os.openpty()
    run = shell.start(
        "run",
        "--",
        sys.executable,
        "-c",
        OBEDIENT,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    with os.fdopen(ours, "rb+", buffering=0) as terminal:
        said = b""
        while b"ready" not in said:
            said += terminal.read(1024)
        terminal.write(b"\x03")
        while b"]" not in said:
            said += terminal.read(1024)
        assert run.wait(timeout=30) == 9
    assert b"['SIGINT']" in said
    assert shell.left_behind() == ([], [])


def test_run_that_is_asked_to_end_before_its_cloud_is_there_never_starts_the_command(shell: Shell) -> None:
    witness = shell.temporary.parent / "witness"
    with shell.start("run", "--", "touch", str(witness)) as run:
        assert eventually(lambda: any(shell.temporary.iterdir()))
        run.send_signal(signal.SIGTERM)
    assert run.returncode == 128 + signal.SIGTERM
    assert not witness.exists()
    assert shell.left_behind() == ([], [])


def test_the_cloud_of_a_killed_run_ends_and_clears_away_by_itself(shell: Shell) -> None:
    until_eof = "print('ready', flush=True); input()"
    with shell.start(
        "run", "--", sys.executable, "-c", until_eof, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == b"ready\n"
        run.kill()
        assert eventually(lambda: shell.left_behind() == ([], []))


def test_a_missing_extra_is_named_with_the_command_that_installs_it(shell: Shell) -> None:
    program = "import sys; sys.modules['ministack'] = None; from agent.cli import main; sys.exit(main(['cloud', 'up']))"
    answer = subprocess.run(
        [sys.executable, "-c", program], env=shell.environment, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 2
    assert "pip install 'modelyard[cloud]'" in answer.stderr


def test_help_of_every_command_is_there_without_a_cloud(shell: Shell) -> None:
    for command in (["up"], ["down"], ["status"], ["reset"], ["env"], ["run"], ["fault", "add"], ["clock"], ["calls"]):
        answer = shell.cloud(*command, "--help")
        assert answer.returncode == 0
        assert answer.stdout.startswith("usage: modelyard cloud")
