"""Holds one container's processes together, so that they end together; run by path, not imported.

It is a program of its own, on nothing but the standard library, because it must be small, start in milliseconds,
and outlive nothing: its stdin is a pipe whose other end is modelyard, and the end of that pipe, for whatever
reason, is the end of the container. Under namespaces it is process 1 of the container, so the kernel kills every
other process with it; without, it adopts orphans (as a subreaper) and kills its descendants itself.

- stdin: one line of JSON (:class:`agent.runtime.launch.Launch`), then signals for the program, a number a line.
- stdout: the program's stdout and stderr.
- stderr: JSON lines ``{"started": true}``, ``{"failed": …, "errno": …, "program": …}`` and
  ``{"exit": code, "signal": number, "out_of_memory": bool}``; anything else is a complaint.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import sys

TYPE_CHECKING = False  # the real one would import typing
if TYPE_CHECKING:
    from typing import Any

MS_BIND, MS_REC = 0x1000, 0x4000
MNT_DETACH = 2
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
MOUNT_ATTR_RDONLY = 1
SYS_MOUNT_SETATTR = 442
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
OLD_ROOT = "/.host"
LAYERS = "/.layers"
MEMORY_CHECK_SECONDS = 0.2
ENDS = frozenset({signal.SIGTERM, signal.SIGHUP, signal.SIGINT})

libc = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: object) -> None:
    """A libc function that answers -1 on failure."""
    if getattr(libc, name)(*map(as_c, arguments)) == -1:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}", str(arguments))


def as_c(argument: object) -> object:
    """A Python value as C takes it; the kernel's flags and sizes are longs."""
    if isinstance(argument, str):
        return argument.encode()
    return ctypes.c_long(argument) if isinstance(argument, int) else argument


def report(**what: object) -> None:
    """Tell modelyard."""
    os.write(2, json.dumps(what).encode() + b"\n")


# --- the container's view of the file system ---------------------------------------------------------------------


def enter_root(mounts: list[dict[str, Any]]) -> None:
    """Assemble a new root in memory and make it ours; the host's old one disappears."""
    call("mount", "tmpfs", "/tmp", "tmpfs", 0, "mode=0755")
    os.mkdir("/tmp" + OLD_ROOT)
    call("pivot_root", "/tmp", "/tmp" + OLD_ROOT)
    os.chdir("/")
    os.mkdir(LAYERS)
    call("mount", "tmpfs", LAYERS, "tmpfs", 0, "mode=0700")
    for number, mount in enumerate(mounts):
        KINDS[mount["kind"]](mount, number)
    for hidden in (LAYERS, OLD_ROOT):
        call("umount2", hidden, MNT_DETACH)
        os.rmdir(hidden)


def mount_tmpfs(mount: dict[str, Any], _: int) -> None:
    """An empty folder in memory."""
    os.makedirs(mount["target"], exist_ok=True)
    call("mount", "tmpfs", mount["target"], "tmpfs", 0, "mode=1777")


def mount_bind(mount: dict[str, Any], _: int) -> None:
    """A folder or file of the host, with everything that is mounted below it."""
    source, target = OLD_ROOT + mount["sources"][0], mount["target"]
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    call("mount", source, target, None, MS_BIND | MS_REC, None)
    if not mount["writable"]:
        attributes = (ctypes.c_uint64 * 4)(MOUNT_ATTR_RDONLY, 0, 0, 0)
        size = ctypes.sizeof(attributes)
        call("syscall", SYS_MOUNT_SETATTR, AT_FDCWD, target, AT_RECURSIVE, attributes, size)


def mount_overlay(mount: dict[str, Any], number: int) -> None:
    """Folders seen as one, the first on top; what the container writes stays in memory and goes with it."""
    upper, work = f"{LAYERS}/{number}/upper", f"{LAYERS}/{number}/work"
    for folder in (upper, work, mount["target"]):
        os.makedirs(folder, exist_ok=True)
    lower = ":".join(escape(OLD_ROOT + source) for source in mount["sources"])
    options = f"lowerdir={lower},upperdir={upper},workdir={work},userxattr"
    call("mount", "overlay", mount["target"], "overlay", 0, options)


def escape(path: str) -> str:
    """A path within overlay's options."""
    for special in "\\:,":
        path = path.replace(special, "\\" + special)
    return path


def mount_proc(mount: dict[str, Any], _: int) -> None:
    """The processes of our own namespace."""
    os.makedirs(mount["target"], exist_ok=True)
    call("mount", "proc", mount["target"], "proc", 0, None)


def place_link(mount: dict[str, Any], _: int) -> None:
    """A symbolic link such as /bin."""
    os.symlink(mount["sources"][0], mount["target"])


def place_file(mount: dict[str, Any], _: int) -> None:
    """A file of our own over the host's."""
    with open(mount["target"], "w", encoding="utf-8") as file:
        file.write(mount["content"])


KINDS = {
    "tmpfs": mount_tmpfs,
    "bind": mount_bind,
    "overlay": mount_overlay,
    "proc": mount_proc,
    "link": place_link,
    "file": place_file,
}


def isolate_network(port: int | None) -> int | None:
    """A network namespace of our own, with nothing but a loopback, which must be switched on.

    A server's port stays reachable from the host, by a listener (answered) that is made before we leave its network.
    """
    import fcntl
    import socket
    import struct

    listener = socket.create_server(("127.0.0.1", port)).detach() if port else None
    call("unshare", CLONE_NEWNET)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        _, flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))
    return listener


def start_relay(listener: int, port: int) -> None:
    """Start `relay.py`, which ends with us."""
    if os.fork() == 0:
        os.set_inheritable(listener, True)
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(0, 1)
        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "relay.py")
        os.execv(sys.executable, [sys.executable, "-I", "-S", program, str(listener), str(port)])
    os.close(listener)


# --- the program and its descendants -----------------------------------------------------------------------------


def spawn(launch: dict[str, Any]) -> int:
    """Start the program; an OSError is that of its exec."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL)
            os.setsid()
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(1, 2)
            for number in (signal.SIGPIPE, signal.SIGXFSZ):
                signal.signal(number, signal.SIG_DFL)
            os.chdir(launch["working_dir"])
            os.execve(launch["argv"][0], launch["argv"], launch["environment"])
        except OSError as error:
            os.write(writer, str(error.errno).encode())
        finally:
            os._exit(127)
    os.close(writer)
    with open(reader, "rb") as pipe:
        failure = pipe.read()
    if failure:
        os.waitpid(child, 0)
        raise OSError(int(failure), os.strerror(int(failure)))
    os.close(1)
    return child


def supervise(program: int, memory_mb: int | None) -> tuple[int, bool]:
    """Pass signals on and wait; the program's wait status, and whether memory ran out."""
    wake, ring = os.pipe()
    os.set_blocking(ring, False)
    signal.set_wakeup_fd(ring)
    for awaited in (signal.SIGCHLD, *ENDS):
        signal.signal(awaited, lambda *_: None)
    ordered = out_of_memory = False
    kernel_kills = kernel_memory_kills()
    while (status := reap(program)) is None:
        ready, _, _ = select.select([0, wake], [], [], MEMORY_CHECK_SECONDS if memory_mb else None)
        for number in orders(ready, wake):
            ordered = ordered or number == signal.SIGKILL
            os.kill(program, number)
        if memory_mb and memory_bytes() > memory_mb << 20:
            out_of_memory = True
            os.kill(program, signal.SIGKILL)
    by_kernel = os.WIFSIGNALED(status) and not ordered and kernel_memory_kills() > kernel_kills
    return status, out_of_memory or by_kernel


def orders(ready: list[int], wake: int) -> list[int]:
    """The signals that the program is to get; a closed stdin and a signal to ourselves both mean the end."""
    ended = wake in ready and not ENDS.isdisjoint(os.read(wake, 4096))
    if 0 not in ready:
        return [signal.SIGKILL] if ended else []
    lines = os.read(0, 4096)
    return [int(line) for line in lines.split()] if lines and not ended else [signal.SIGKILL]


def reap(program: int) -> int | None:
    """Collect every dead child; the program's status if it is among them."""
    found = None
    try:
        while (dead := os.waitpid(-1, os.WNOHANG))[0]:
            if dead[0] == program:
                found = dead[1]
    except ChildProcessError:
        pass
    return found


def descendants() -> list[int]:
    """Every process below this one, children before grandchildren."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as stat:
                    parent = int(stat.read().rpartition(b")")[2].split()[1])
            except OSError:  # it has ended since
                continue
            children.setdefault(parent, []).append(int(name))
    found = [os.getpid()]
    for process in found:
        found += children.get(process, [])
    return found[1:]


def kill_descendants() -> None:
    """Until none is left: what is orphaned meanwhile comes to us, and what is forked meanwhile is seen next time."""
    while processes := descendants():
        for process in processes:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            continue


def memory_bytes() -> int:
    """What the descendants use together: their proportional share of memory."""
    total = 0
    for process in descendants():
        try:
            with open(f"/proc/{process}/smaps_rollup", "rb") as rollup:
                total += sum(int(line.split()[1]) << 10 for line in rollup if line.startswith(b"Pss:"))
        except OSError:  # it has ended since
            continue
    return total


def kernel_memory_kills() -> int:
    """How many processes the kernel has killed for want of memory since it started."""
    with open("/proc/vmstat", "rb") as counters:
        return sum(int(line.split()[1]) for line in counters if line.startswith(b"oom_kill "))


def read_launch() -> dict[str, Any]:
    """What modelyard asks for."""
    data = b""
    while not data.endswith(b"\n"):
        piece = os.read(0, 1 << 16)
        if not piece:
            sys.exit("the launch line is cut")
        data += piece
    launch: dict[str, Any] = json.loads(data)
    return launch


def guard() -> None:
    """Go on in a child, and clean up after it should it be killed; who kills us here makes the child clean up.

    Two are needed because modelyard's event loop, when it is closed in a hurry, kills its child without a word.
    """
    call("prctl", PR_SET_CHILD_SUBREAPER, 1)
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        kill_descendants()
        os._exit(min(abs(os.waitstatus_to_exitcode(status)), 255))
    call("prctl", PR_SET_CHILD_SUBREAPER, 1)
    call("prctl", PR_SET_PDEATHSIG, signal.SIGTERM)


def prepare(launch: dict[str, Any]) -> None:
    """Make this process the container's first: contained by namespaces, or at least the one that adopts orphans."""
    if launch["mounts"] is None:
        guard()
        return
    call("sethostname", launch["hostname"], len(launch["hostname"]))
    listener = None if launch["network"] else isolate_network(launch["port"])
    enter_root(launch["mounts"])
    if listener is not None:
        start_relay(listener, launch["port"])
    os.makedirs(launch["working_dir"], exist_ok=True)


def main() -> None:
    """Start the program, hold its processes together, and report how it ended."""
    launch = read_launch()
    try:
        prepare(launch)
    except OSError as error:
        sys.exit(f"{error.strerror} {error.filename or ''}")
    try:
        program = spawn(launch)
    except OSError as error:
        report(failed=error.strerror, errno=error.errno, program=launch["argv"][0])
        sys.exit(127)
    report(started=True)
    status, out_of_memory = supervise(program, launch["memory_mb"])
    if launch["mounts"] is None:
        kill_descendants()
    code = os.waitstatus_to_exitcode(status)
    report(exit=code if code >= 0 else 128 - code, signal=-code if code < 0 else None, out_of_memory=out_of_memory)


if __name__ == "__main__":
    main()
