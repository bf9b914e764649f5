"""Under namespaces a container sees its job's folder as /opt/ml, its image's folders, and no secrets of the host."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest

from agent.errors import UsageError
from agent.runtime.container import Bind
from agent.runtime.isolation import detect_isolation
from agent.runtime.sandbox import this_host

if TYPE_CHECKING:
    from agent.runtime.process import ProcessRuntime
    from tests.unit.runtime.workshop import Workshop


def shell(workshop: Workshop, text: str) -> list[str]:
    """The lines that a shell script in the container writes."""
    workshop.script(f"#!/bin/sh\n{text}\n")
    workshop.run()
    return workshop.lines


def test_the_job_s_folder_is_opt_ml(contained: Workshop) -> None:
    (contained.opt_ml / "input").mkdir()
    assert shell(contained, "ls /opt/ml; echo result > /opt/ml/made") == ["input"]
    assert (contained.opt_ml / "made").read_text() == "result\n"


def test_opt_ml_of_the_image_stays_visible_beside_the_job_s_folders(contained: Workshop) -> None:
    contained.script("print('code of the image')", "opt/ml/code/train.py")
    contained.script("", "opt/ml/input/hidden")
    (contained.opt_ml / "input").mkdir()
    assert shell(contained, "python /opt/ml/code/train.py; ls /opt/ml /opt/ml/input") == [
        "code of the image", "/opt/ml:", "code", "input", "", "/opt/ml/input:"
    ]  # fmt: skip


def test_folders_of_the_image_are_where_the_image_has_them(contained: Workshop) -> None:
    contained.script("", "app/main.py")
    contained.script("", "usr/src/app/more.py")
    contained.script("", "entry.py")
    assert shell(contained, "ls /app/main.py /usr/src/app/more.py /entry.py /usr/bin/env /opt/program/train") == [
        "/app/main.py", "/entry.py", "/opt/program/train", "/usr/bin/env", "/usr/src/app/more.py"
    ]  # fmt: skip


def test_what_a_container_writes_elsewhere_goes_with_it(contained: Workshop) -> None:
    write = "for file in /opt/program/log /var/log/log /tmp/x; do echo x > $file; done"
    assert shell(contained, f"{write}; ls /tmp /root") == [
        "/root:", "", "/tmp:", "x"
    ]  # fmt: skip
    contained.lines.clear()
    assert shell(contained, "ls /opt/program /tmp; ls /var/log/log 2>&1 | grep -c 'No such'") == [
        "/opt/program:", "train", "", "/tmp:", "1"
    ]  # fmt: skip
    assert sorted(path.name for path in (contained.rootfs / "opt/program").iterdir()) == ["train"]


def test_the_host_is_read_only(contained: Workshop) -> None:
    assert shell(contained, "touch /usr/x 2>&1; touch /boot/x 2>&1") == [
        "touch: cannot touch '/usr/x': Read-only file system",
        "touch: cannot touch '/boot/x': Read-only file system",
    ]


def test_a_folder_of_the_host_can_be_hidden(contained: Workshop) -> None:
    contained.isolation = replace(contained.isolation, host=this_host(hidden=(Path("/usr/share"),)))
    assert shell(contained, "ls -A /usr/share | wc -l") == ["0"]


def test_hiding_what_does_not_exist_yet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="create it first"):
        detect_isolation(hidden=(tmp_path / "state",))


def test_further_folders_can_be_given(contained: Workshop) -> None:
    shared = contained.folder / "shared"
    shared.mkdir()
    contained.script("#!/bin/sh\necho given > /mnt-shared/file\n")
    contained.run(binds=(Bind(source=shared, target="/mnt-shared"),))
    assert (shared / "file").read_text() == "given\n"


def test_hosts_of_the_job_can_be_resolved(contained: Workshop) -> None:
    contained.script("import socket\nprint(socket.gethostname(), socket.gethostbyname('algo-2'))")
    contained.run(hostname="algo-1", hosts={"algo-1": "127.0.0.1", "algo-2": "127.0.0.2"})
    assert contained.lines == ["algo-1 127.0.0.2"]


def test_a_container_sees_only_its_own_processes(contained: Workshop) -> None:
    contained.script("import os\nprint(sum(name.isdigit() for name in os.listdir('/proc')))")
    contained.run()
    assert contained.lines == ["2"]


# --- network ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("network", "seen"), [(True, "reached"), (False, "refused")])
def test_an_isolated_container_reaches_nothing(contained: Workshop, network: bool, seen: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        contained.script(
            "import socket\n"
            "try:\n"
            f"    socket.create_connection(('127.0.0.1', {server.getsockname()[1]})); print('reached')\n"
            "except ConnectionRefusedError:\n"
            "    print('refused')"
        )
        contained.run(network=network)
    assert contained.lines == [seen]


SERVE = """
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

server = HTTPServer(('127.0.0.1', int(os.environ['SAGEMAKER_BIND_TO_PORT'])), Handler)
print('ready')
server.serve_forever()
"""


@pytest.mark.parametrize("network", [True, False])
def test_a_server_is_reached_on_its_port_isolated_or_not(workshop: Workshop, network: bool) -> None:
    workshop.script(SERVE, "opt/program/serve")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    body = bytes(range(256)) * 4096

    async def scenario(runtime: ProcessRuntime) -> bytes:
        container = await runtime.start(workshop.spec(arguments=("serve",), network=network, port=port))
        await workshop.until("ready", container)
        async with aiohttp.ClientSession() as client:
            while True:
                try:
                    async with client.post(f"http://127.0.0.1:{port}/", data=body) as answer:
                        return await answer.read()
                except aiohttp.ServerDisconnectedError:  # the relay may be later than the server
                    await asyncio.sleep(0.01)

    assert workshop.play(scenario) == body


# --- without namespaces -------------------------------------------------------------------------------------------


def test_without_namespaces_the_folder_is_told_by_the_environment(plain: Workshop) -> None:
    plain.script("import os\nprint(os.environ['SAGEMAKER_BASE_DIR'])")
    plain.run()
    assert plain.lines == [str(plain.opt_ml)]


def test_without_namespaces_paths_of_the_image_and_the_job_are_rewritten(plain: Workshop) -> None:
    plain.script("import sys, helper\nprint(helper.WHERE, sys.argv[1:])", "opt/program/main.py")
    plain.script("WHERE = 'image'", "opt/library/helper.py")
    image = plain.image(env=(("PYTHONPATH", "/opt/library"),), working_dir="/opt/program")
    command = ("python", "/opt/program/main.py")
    plain.run(image=image, entrypoint=command, arguments=("/opt/ml/input/data", "/etc", "text"))
    assert plain.lines == [f"image ['{plain.opt_ml}/input/data', '/etc', 'text']"]


def test_without_namespaces_the_image_stays_as_it_was_unpacked(plain: Workshop) -> None:
    plain.script("import tempfile, pathlib, helper\nprint(pathlib.Path.home(), tempfile.gettempdir())")
    plain.script("", "opt/program/helper.py")
    plain.run()
    assert plain.lines == [f"{plain.opt_ml}/.home {plain.opt_ml}/.tmp"]
    assert sorted(path.name for path in (plain.rootfs / "opt/program").iterdir()) == ["helper.py", "train"]
