"""A container is a process tree with a beginning, an output and one end; none of it outlives what started it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import uvloop

from agent.runtime.container import CannotStartError, Exit
from agent.runtime.process import ProcessRuntime
from tests.sources import ROOT
from tests.unit.runtime.workshop import alive, children

if TYPE_CHECKING:
    from tests.unit.runtime.workshop import Workshop

FOREVER = "import time\nprint('ready')\ntime.sleep(600)\n"


def wait_until_gone(mark: str) -> list[int]:
    """The processes with ``mark`` that are left when all had ample time to end."""
    deadline = time.monotonic() + 60
    while (left := alive(mark)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


# --- how a program is started ------------------------------------------------------------------------------------


def test_train_is_found_on_the_path_of_the_image(workshop: Workshop) -> None:
    workshop.script("import sys\nprint(sys.argv[1:])")
    assert workshop.run() == Exit(code=0)
    assert workshop.lines == ["[]"]


def test_a_program_of_the_image_comes_before_one_of_modelyard_s_python(workshop: Workshop) -> None:
    workshop.script("print('the image')", "opt/program/modelyard")
    workshop.run(entrypoint=("modelyard",), arguments=())
    assert workshop.lines == ["the image"]


def test_an_entrypoint_of_the_image_gets_train_as_its_argument(workshop: Workshop) -> None:
    workshop.script("import sys\nprint(sys.argv[1:])", "opt/program/main.py")
    assert workshop.run(image=workshop.image(entrypoint=("python", "/opt/program/main.py"))) == Exit(code=0)
    assert workshop.lines == ["['train']"]


def test_an_entrypoint_of_the_job_replaces_the_image_s_entrypoint_and_cmd(workshop: Workshop) -> None:
    workshop.script("import sys\nprint(sys.argv[1:])", "opt/program/process.py")
    image = workshop.image(entrypoint=("nothing",), cmd=("else",))
    workshop.run(image=image, entrypoint=("python3", "/opt/program/process.py"), arguments=("--rows", "5"))
    workshop.run(image=image, entrypoint=("python3", "/opt/program/process.py"), arguments=())
    assert workshop.lines == ["['--rows', '5']", "[]"]


@pytest.mark.parametrize("shebang", ["/usr/bin/env python", "/opt/conda/bin/python3.9", "/usr/bin/env -S python3 -u"])
def test_a_python_script_runs_under_modelyard_s_python(workshop: Workshop, shebang: str) -> None:
    workshop.script(f"#!{shebang}\nimport sys, sklearn\nprint(sys.prefix)")
    assert workshop.run() == Exit(code=0)
    assert workshop.lines == [sys.prefix]


def test_a_shell_script_runs_under_the_host_s_shell(workshop: Workshop) -> None:
    workshop.script("#!/bin/sh -e\necho $0 | sed s,.*/,,")
    assert workshop.run() == Exit(code=0)
    assert workshop.lines == ["train"]


def test_the_program_starts_in_the_working_directory_of_the_image(workshop: Workshop) -> None:
    workshop.script("import os\nprint(os.getcwd().removesuffix('/opt/program') != os.getcwd(), os.listdir())")
    workshop.run(image=workshop.image(entrypoint=("./train",), working_dir="/opt/program"))
    assert workshop.lines == ["True ['train']"]


def test_a_working_directory_that_no_layer_has_is_empty(workshop: Workshop) -> None:
    workshop.script("import os\nprint(os.listdir())")
    workshop.run(image=workshop.image(working_dir="/srv/absent"))
    assert workshop.lines == ["[]"]


def test_a_missing_program_is_said_as_container_engines_say_it(workshop: Workshop) -> None:
    with pytest.raises(CannotStartError, match=r'exec: "train": executable file not found in \$PATH') as failure:
        workshop.run()
    assert failure.value.code == 127


def test_a_program_without_permission_to_execute_is_said_so(workshop: Workshop) -> None:
    workshop.script("print()", mode=0o644)
    with pytest.raises(CannotStartError, match=r'exec: "/opt/program/train": permission denied') as failure:
        workshop.run(entrypoint=("/opt/program/train",))
    assert failure.value.code == 126


def test_a_program_whose_interpreter_is_missing_is_said_so(workshop: Workshop) -> None:
    workshop.script("#!/usr/bin/no-such-shell\n")
    with pytest.raises(CannotStartError, match=r"train: No such file or directory") as failure:
        workshop.run()
    assert failure.value.code == 127


# --- what a program sees -----------------------------------------------------------------------------------------


def test_the_environment_holds_nothing_of_ours(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_SECRET_ACCESS_KEY", "PYTHONPATH", "PYTHONSTARTUP", "LD_PRELOAD", "SSH_AUTH_SOCK"):
        monkeypatch.setenv(name, "ours")
    workshop.script("import os\nprint(sorted(os.environ))")
    workshop.run(environment={"GIVEN": "1"})
    seen = set(eval(workshop.lines[0]))
    told = {"SAGEMAKER_BASE_DIR", "TMPDIR", "PYTHONDONTWRITEBYTECODE"}
    assert seen - told == {
        "GIVEN", "HOME", "HOSTNAME", "LANG", "LC_CTYPE", "MODELYARD_CONTAINER", "PATH", "PYTHONUNBUFFERED"
    } - ({"LC_CTYPE"} - seen)  # fmt: skip


def test_variables_of_the_job_win_over_those_of_the_image(workshop: Workshop) -> None:
    workshop.script("import os\nprint(os.environ['A'], os.environ['B'])")
    image = workshop.image(env=(("A", "image"), ("B", "image"), ("PATH", "/opt/program")))
    workshop.run(image=image, environment={"B": "job"})
    assert workshop.lines == ["image job"]


def test_a_server_is_told_its_port(workshop: Workshop) -> None:
    workshop.script("import os\nprint(os.environ['SAGEMAKER_BIND_TO_PORT'])")
    workshop.run(port=18080)
    assert workshop.lines == ["18080"]


def test_stdin_is_empty(workshop: Workshop) -> None:
    workshop.script("import sys\nprint(repr(sys.stdin.read()))")
    workshop.run()
    assert workshop.lines == ["''"]


# --- what a program writes ---------------------------------------------------------------------------------------


def test_lines_keep_their_order_and_both_streams_are_taken(workshop: Workshop) -> None:
    workshop.script("import os\nfor n in range(500): os.write(1 + n % 2, b'%d\\n' % n)")
    workshop.run()
    assert workshop.lines == [str(number) for number in range(500)]


def test_output_of_grandchildren_is_taken(workshop: Workshop) -> None:
    workshop.script("import subprocess\nsubprocess.run(['sh', '-c', '(echo deep; echo down >&2)'])")
    workshop.run()
    assert workshop.lines == ["deep", "down"]


def test_a_last_line_without_an_end_is_taken(workshop: Workshop) -> None:
    workshop.script("print('unfinished', end='')")
    workshop.run()
    assert workshop.lines == ["unfinished"]


def test_output_that_is_not_utf8_is_taken(workshop: Workshop) -> None:
    workshop.script("import os\nos.write(1, b'caf\\xe9 \\xff\\n')")
    workshop.run()
    assert workshop.lines == ["caf\ufffd \ufffd"]


def test_endless_lines_are_cut(workshop: Workshop) -> None:
    workshop.script("import os\nfor _ in range(320): os.write(1, b'x' * 100_000)")
    workshop.run()
    assert sum(map(len, workshop.lines)) == 32_000_000
    assert max(map(len, workshop.lines)) == 256 * 1024 - 26


# --- how a container ends ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [0, 1, 255])
def test_the_exit_code_is_the_program_s(workshop: Workshop, code: int) -> None:
    workshop.script(f"raise SystemExit({code})")
    assert workshop.run() == Exit(code=code)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_an_end_by_signal_counts_from_128(workshop: Workshop, number: int) -> None:
    workshop.script(f"import os\nos.kill(os.getpid(), {int(number)})")
    assert workshop.run() == Exit(code=128 + number, signal=number)


def test_stop_lets_the_program_finish_its_work(workshop: Workshop) -> None:
    workshop.script(
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('saved'), sys.exit(3)))\n"
        "print('ready')\ntime.sleep(600)"
    )

    async def scenario(runtime: ProcessRuntime) -> Exit:
        container = await runtime.start(workshop.spec())
        await workshop.until("ready", container)
        return await container.stop(grace_seconds=60)

    assert workshop.play(scenario) == Exit(code=3)
    assert workshop.lines == ["ready", "saved"]


def test_stop_kills_what_ignores_it(workshop: Workshop) -> None:
    workshop.script(f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n{FOREVER}")

    async def scenario(runtime: ProcessRuntime) -> Exit:
        container = await runtime.start(workshop.spec())
        await workshop.until("ready", container)
        return await container.stop(grace_seconds=0.1)

    assert workshop.play(scenario) == Exit(code=137, signal=9)


def test_stopping_what_has_ended_answers_its_end(workshop: Workshop) -> None:
    workshop.script("raise SystemExit(4)")

    async def scenario(runtime: ProcessRuntime) -> list[Exit]:
        container = await runtime.start(workshop.spec())
        return [await container.wait(), await container.stop(5), await container.kill(), await container.wait()]

    assert workshop.play(scenario) == [Exit(code=4)] * 4


def test_a_cancelled_wait_leaves_the_container_alone(workshop: Workshop) -> None:
    workshop.script(FOREVER)

    async def scenario(runtime: ProcessRuntime) -> bool:
        container = await runtime.start(workshop.spec())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(container.wait(), 0.01)
        return container.alive

    assert workshop.play(scenario)


def test_more_memory_than_allowed_ends_the_container(workshop: Workshop) -> None:
    workshop.script(
        "import time\nhoard = bytearray(300 << 20)\nhoard[::4096] = b'x' * len(hoard[::4096])\ntime.sleep(60)"
    )
    assert workshop.run(memory_mb=200) == Exit(code=137, signal=9, out_of_memory=True)


def test_memory_below_the_limit_is_allowed(workshop: Workshop) -> None:
    workshop.script("import time\nhoard = bytearray(50 << 20)\ntime.sleep(0.5)")
    assert workshop.run(memory_mb=200) == Exit(code=0)


# --- nothing outlives ---------------------------------------------------------------------------------------------

DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        null = os.open(os.devnull, os.O_RDWR)
        for number in range(3): os.dup2(null, number)
        environment = {{}} if {forgetful} else dict(os.environ)
        os.execve(sys.executable, [sys.executable, '-c', 'import time; time.sleep(600)', '{mark}'], environment)
    os._exit(0)
os.wait()
time.sleep(0.1)
print('ready')
"""


def daemon(mark: str, *, forgetful: bool = True) -> str:
    """A program that leaves a daemon behind, in a session of its own; a forgetful one has no variables."""
    return DAEMON.format(mark=mark, forgetful=forgetful)


@pytest.fixture
def mark() -> str:
    """A word that no other process's command line holds."""
    return f"mark-{uuid4().hex}"


def test_a_daemon_ends_with_the_program(workshop: Workshop, mark: str) -> None:
    workshop.script(daemon(mark))
    assert workshop.run() == Exit(code=0)
    assert alive(mark) == []


def test_a_daemon_ends_when_the_program_is_killed(workshop: Workshop, mark: str) -> None:
    workshop.script(daemon(mark) + FOREVER)

    async def scenario(runtime: ProcessRuntime) -> Exit:
        container = await runtime.start(workshop.spec())
        await workshop.until("ready", container)
        assert alive(mark)
        return await container.kill()

    assert workshop.play(scenario) == Exit(code=137, signal=9)
    assert alive(mark) == []


def test_closing_the_runtime_ends_every_container(workshop: Workshop, mark: str) -> None:
    workshop.script(FOREVER)

    async def scenario(runtime: ProcessRuntime) -> list[bool]:
        containers = [await runtime.start(workshop.spec(arguments=("train", mark))) for _ in range(3)]
        await runtime.close()
        return [container.alive for container in containers]

    assert workshop.play(scenario) == [False, False, False]
    assert alive(mark) == []


def test_a_cancelled_start_leaves_nothing(workshop: Workshop, mark: str) -> None:
    workshop.script(FOREVER)

    async def scenario(runtime: ProcessRuntime) -> None:
        starting = asyncio.create_task(runtime.start(workshop.spec(arguments=("train", mark))))
        await asyncio.sleep(0.005)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting

    workshop.play(scenario)
    assert alive(mark) == []


def test_a_supervisor_that_is_killed_takes_the_container_along(workshop: Workshop, mark: str) -> None:
    workshop.script(FOREVER)

    async def scenario(runtime: ProcessRuntime) -> Exit:
        container = await runtime.start(workshop.spec(arguments=("train", mark)))
        await workshop.until("ready", container)
        os.kill(container.pid, signal.SIGKILL)
        return await container.wait()

    assert workshop.play(scenario) == Exit(code=137, signal=9)
    assert wait_until_gone(mark) == []


def test_what_a_killed_supervisor_leaves_is_found_by_its_mark(plain: Workshop, mark: str) -> None:
    plain.script(daemon(mark, forgetful=False) + FOREVER)

    async def scenario(runtime: ProcessRuntime) -> Exit:
        container = await runtime.start(plain.spec())
        await plain.until("ready", container)
        [inner] = children(container.pid)
        os.kill(container.pid, signal.SIGSTOP)
        os.kill(inner, signal.SIGKILL)
        os.kill(container.pid, signal.SIGKILL)
        return await container.wait()

    assert plain.play(scenario) == Exit(code=137, signal=9)
    assert wait_until_gone(mark) == []


def test_a_log_sink_that_fails_ends_the_container(workshop: Workshop, mark: str) -> None:
    workshop.script(FOREVER)

    def refuse(_: object) -> None:
        raise LookupError("no log group")

    async def scenario(runtime: ProcessRuntime) -> None:
        spec = workshop.spec(arguments=("train", mark))
        container = await runtime.start(type(spec)(**{**vars(spec), "log": refuse}))
        with pytest.raises(LookupError):
            await container.wait()

    workshop.play(scenario)
    assert wait_until_gone(mark) == []


SERVER = """
import asyncio
from pathlib import Path
from tests.unit.runtime.workshop import Workshop, isolation

async def main() -> None:
    runtime = ProcessRuntime(workshop.isolation)
    container = await runtime.start(workshop.spec(arguments=("train", {mark!r})))
    await workshop.until("ready", container)
    print("started", flush=True)
    await container.wait()

from agent.runtime.process import ProcessRuntime
workshop = Workshop(folder=Path({folder!r}), isolation=isolation({kind!r}))
workshop.script({script!r})
asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("kind", ["namespaces", "user-namespaces", "plain"])
def test_the_end_of_the_server_is_the_end_of_its_containers(tmp_path: Any, mark: str, kind: str, number: int) -> None:
    script = daemon(mark) + FOREVER
    server = SERVER.format(mark=mark, folder=str(tmp_path), kind=kind, script=script)
    with subprocess.Popen(
        [sys.executable, "-c", server], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"started\n"
        assert len(alive(mark)) > 2
        process.send_signal(number)
        process.wait()
    assert wait_until_gone(mark) == []


def test_containers_run_on_uvloop_outside_the_main_thread(workshop: Workshop, mark: str) -> None:
    workshop.script(FOREVER)
    ends: list[Exit] = []

    async def scenario() -> None:
        runtime = ProcessRuntime(workshop.isolation)
        container = await runtime.start(workshop.spec(arguments=("train", mark)))
        await workshop.until("ready", container)
        ends.append(await container.kill())

    thread = threading.Thread(target=lambda: uvloop.new_event_loop().run_until_complete(scenario()))
    thread.start()
    thread.join()
    assert ends == [Exit(code=137, signal=9)]
    assert alive(mark) == []
