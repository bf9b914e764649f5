"""Under namespaces a container sees its job's folder as /opt/ml, its image's folders, and no secrets of the host."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from agent.errors import UsageError
from agent.runtime.container import Bind
from agent.runtime.isolation import detect_isolation
from agent.runtime.launch import Mount
from agent.runtime.sandbox import Host, Listing, mounts, this_host

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
    files = "/opt/program/log /var/log/log /tmp/x"
    assert shell(contained, f"for file in {files}; do echo x > $file; done; cat {files}") == ["x", "x", "x"]
    contained.lines.clear()
    assert shell(contained, f"ls {files} 2>&1 | grep -c 'No such'") == ["3"]
    contained.lines.clear()
    assert shell(contained, "ls /opt/program") == ["train"]
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


def test_a_folder_can_be_given_where_the_host_has_others(contained: Workshop) -> None:
    given = contained.folder / "given"
    given.mkdir()
    contained.script("#!/bin/sh\necho given > /mnt/new/folder/file\n")
    contained.run(binds=(Bind(source=given, target="/mnt/new/folder"),))
    assert (given / "file").read_text() == "given\n"


def test_an_image_without_opt_still_has_opt_ml(contained: Workshop) -> None:
    contained.script("#!/bin/sh\nls /opt/ml", "app/train")
    (contained.opt_ml / "input").mkdir()
    contained.run(image=contained.image(env=(("PATH", "/app"),)))
    assert contained.lines == ["input"]


def test_hosts_of_the_job_can_be_resolved(contained: Workshop) -> None:
    contained.script("import socket\nprint(socket.gethostname(), socket.gethostbyname('algo-2'))")
    contained.run(hostname="algo-1", hosts={"algo-1": "127.0.0.1", "algo-2": "127.0.0.2"})
    assert contained.lines == ["algo-1 127.0.0.2"]


def test_only_harmless_devices_are_there(contained: Workshop) -> None:
    seen = shell(contained, "ls /dev; echo x > /dev/null; head -c 3 /dev/urandom | wc -c; echo y > /dev/stderr")
    assert seen == [
        "fd", "full", "null", "random", "shm", "stderr", "stdin", "stdout", "tty", "urandom", "zero", "3", "y"
    ]  # fmt: skip


def test_root_in_a_container_is_not_root_of_the_host(contained: Workshop) -> None:
    script = "id -u; mount -o remount,rw /usr 2>&1 | grep -c denied; mknod /tmp/disk b 8 0 2>&1 | grep -c permitted"
    assert shell(contained, script) == ["0", "1", "1"]


def test_a_container_sees_only_its_own_processes(contained: Workshop) -> None:
    contained.script("import os\nprint(sum(name.isdigit() for name in os.listdir('/proc')))")
    contained.run()
    assert contained.lines == ["2"]


# --- the plan, on values --------------------------------------------------------------------------------------------


def plan(image: Path, host: Host, **more: Any) -> dict[str, Mount]:
    """The mounts of a container by their target."""
    return {mount.target: mount for mount in mounts(image=image, opt_ml=Path("/job"), host=host, **more)}


def a_host(**changes: Any) -> Host:
    """A host with the usual folders and nothing mounted in them."""
    top = Listing(folders=("etc", "opt", "srv", "tmp", "usr", "var"), links=(("bin", "usr/bin"),))
    settings: dict[str, Any] = {
        "top": top,
        "crowded": {},
        "devices": ("null",),
        "python": (),
        "resolver": Path("/etc/resolv.conf"),
        **changes,
    }
    return Host(**settings)


def test_what_only_the_host_has_is_bound_read_only(tmp_path: Path) -> None:
    planned = plan(tmp_path, a_host())
    assert planned["/usr"] == Mount(kind="bind", target="/usr", sources=("/usr",))
    assert planned["/bin"] == Mount(kind="link", target="/bin", sources=("usr/bin",))
    assert planned["/tmp"] == Mount(kind="tmpfs", target="/tmp")


def test_the_host_wins_everywhere_but_in_opt(tmp_path: Path) -> None:
    for name in ("usr/bin", "opt/program", "app"):
        (tmp_path / name).mkdir(parents=True)
    planned = plan(tmp_path, a_host())
    assert planned["/usr"].sources == ("/usr", f"{tmp_path}/usr")
    assert planned["/opt"].sources == (f"{tmp_path}/opt", "/opt")
    assert planned["/app"].sources == (f"{tmp_path}/app",)


def test_a_folder_with_mounts_in_it_is_put_together_entry_by_entry(tmp_path: Path) -> None:
    for name in ("usr/local", "usr/src"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "usr/README").write_text("")
    usr = Listing(folders=("bin", "local"), files=("note",), links=(("lib64", "lib"),))
    planned = plan(tmp_path, a_host(crowded={"usr": usr}))
    below = {target: mount for target, mount in planned.items() if target.startswith("/usr")}
    assert below == {
        "/usr": Mount(kind="tmpfs", target="/usr"),
        "/usr/bin": Mount(kind="bind", target="/usr/bin", sources=("/usr/bin",)),
        "/usr/local": Mount(kind="bind", target="/usr/local", sources=("/usr/local",)),
        "/usr/note": Mount(kind="bind", target="/usr/note", sources=("/usr/note",)),
        "/usr/lib64": Mount(kind="link", target="/usr/lib64", sources=("lib",)),
        "/usr/src": Mount(kind="overlay", target="/usr/src", sources=(f"{tmp_path}/usr/src",)),
        "/usr/README": Mount(kind="bind", target="/usr/README", sources=(f"{tmp_path}/usr/README",)),
    }


def test_python_stays_visible_where_the_host_is_not(tmp_path: Path) -> None:
    python = (Path("/run/me/.venv"), Path("/opt/python"), Path("/usr/lib/python3"))
    planned = plan(tmp_path, a_host(python=python))
    assert planned["/run"].kind == "tmpfs"
    assert planned["/run/me/.venv"] == Mount(kind="bind", target="/run/me/.venv", sources=("/run/me/.venv",))
    assert planned["/opt/python"].sources == ("/opt/python",)
    assert "/usr/lib/python3" not in planned


def test_names_stay_resolvable_where_the_resolver_s_file_is_a_link(tmp_path: Path) -> None:
    planned = plan(tmp_path, a_host(resolver=Path("/run/systemd/resolve/stub-resolv.conf")))
    assert planned["/run"].kind == "tmpfs"
    assert planned["/run/systemd/resolve"].sources == ("/run/systemd/resolve",)


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
