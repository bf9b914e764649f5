"""How far this machine lets containers be isolated, found out once by really trying."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from agent.runtime.launch import Launch
from agent.runtime.sandbox import Host, mounts, this_host

_NAMESPACES = ("--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--uts", "--ipc")
_UNPRIVILEGED = ("--user", "--map-root-user")


@dataclass(frozen=True, kw_only=True)
class Isolation:
    """The command that starts a supervisor, and what its containers see.

    ``host`` is None in plain mode, where a container shares the host's file system and network and its folder is
    told by ``SAGEMAKER_BASE_DIR``; ``reason`` then says why.
    """

    supervisor: tuple[str, ...]
    host: Host | None
    reason: str = ""


def supervisor() -> tuple[str, ...]:
    """The command that starts a supervisor under this Python, without site-packages, which would take it longer."""
    home = str(Path(__file__).parents[2])
    start = f"import sys; sys.path.append({home!r}); from agent.runtime.supervisor.main import main; main()"
    return (sys.executable, "-I", "-S", "-c", start)


def plain_isolation(reason: str) -> Isolation:
    """No namespaces: process trees are still cleaned up, but folders cannot be moved to where they belong."""
    return Isolation(supervisor=supervisor(), host=None, reason=reason)


def detect_isolation(hidden: tuple[Path, ...] = ()) -> Isolation:
    """Try to run `true` under namespaces, which takes about 0.1 s; blocking.

    ``hidden`` are folders that no container may see, such as the cloud's own state.
    """
    unshare, setpriv = shutil.which("unshare"), shutil.which("setpriv")
    if unshare is None or setpriv is None:
        return plain_isolation("util-linux's unshare and setpriv are not installed")
    privileged = () if os.geteuid() == 0 else _UNPRIVILEGED
    isolation = namespaces(unshare, setpriv, privileged, this_host(hidden))
    refusal = _refusal(isolation)
    return plain_isolation(refusal) if refusal else isolation


def namespaces(unshare: str, setpriv: str, flags: tuple[str, ...], host: Host) -> Isolation:
    """Isolation by util-linux's programs, with further flags of unshare(1)."""
    launcher = (setpriv, "--pdeathsig", "KILL", "--", unshare, *_NAMESPACES, *flags, "--")
    return Isolation(supervisor=(*launcher, *supervisor()), host=host)


def _refusal(isolation: Isolation) -> str:
    """Why namespaces cannot be used here; empty when they can."""
    true = shutil.which("true") or "/bin/true"
    assert isolation.host is not None
    with tempfile.TemporaryDirectory() as folder:
        rootfs, opt_ml = Path(folder) / "rootfs", Path(folder) / "ml"
        (rootfs / "opt/program").mkdir(parents=True)
        opt_ml.mkdir()
        launch = Launch(
            argv=(true,),
            environment={},
            working_dir="/opt/program",
            mounts=mounts(image=rootfs, opt_ml=opt_ml, host=isolation.host),
            hostname="probe",
            network=False,
            port=None,
            memory_mb=None,
        )
        return _try(isolation.supervisor, launch)


def _try(command: tuple[str, ...], launch: Launch) -> str:
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={}
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(launch.encode())
        process.stdin.flush()
        said = process.stderr.read().decode("utf-8", "replace").strip()
        last = said.rpartition("\n")[2]
    try:
        ended_well = json.loads(last).get("exit") == 0
    except ValueError:
        ended_well = False
    return "" if ended_well else f"namespaces are not permitted here: {said}"
