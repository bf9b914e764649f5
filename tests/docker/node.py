"""A node of the build server with a real engine, on which the vars' script runs modelyard in containers."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SCRIPT = ROOT / "resources" / "modelyard" / "run.sh"
BUILD_TAG = "jenkins-models main-7"
"""With a space, as the names of jobs may have one, and those of containers may not."""
_USER = 4321


@dataclass(frozen=True, kw_only=True)
class Node:
    """A folder to work in, which belongs to the user that Jenkins's agent runs as, and what its processes know."""

    workspace: Path
    host: str
    image: str
    environ: Mapping[str, str] = field(default_factory=dict)

    @property
    def user(self) -> int:
        """Who works here: somebody else than who may do everything, where we may choose."""
        return self.workspace.stat().st_uid

    def begin(self, command: str, variables: Mapping[str, str], folder: Path | None = None) -> subprocess.Popen[str]:
        """Start the script as mlModelyard does."""
        known = {"PATH": os.environ["PATH"], "HOME": str(self.workspace), "DOCKER_HOST": self.host, **self.environ}
        told = {"ML_COMMAND": command, "ML_MODE": "docker", "ML_IMAGE": self.image, "WORKSPACE": str(self.workspace)}
        who: dict[str, Any] = {}
        if os.geteuid() == 0:
            socket = Path(self.host.partition("://")[2]).stat()
            who = {"user": self.user, "group": self.user, "extra_groups": [socket.st_gid]}
        return subprocess.Popen(
            [SCRIPT.read_text().splitlines()[0].removeprefix("#!"), SCRIPT],
            cwd=folder or self.workspace,
            env={**known, "BUILD_TAG": BUILD_TAG, **told, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **who,
        )

    def run(self, command: str, variables: Mapping[str, str], *, exits: int = 0) -> subprocess.CompletedProcess[str]:
        """Run the script and insist on its exit code."""
        process = self.begin(command, variables)
        out, err = process.communicate(timeout=280)
        assert process.returncode == exits, f"{command} {variables}: {process.returncode}\n{out}\n{err}"
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def write(self, path: str, text: str) -> Path:
        """A file of the workspace, of its user."""
        file = self.workspace / path
        for folder in reversed(file.parents):
            if not folder.exists():
                folder.mkdir()
                os.chown(folder, self.user, self.user)
        file.write_text(text)
        os.chown(file, self.user, self.user)
        return file

    def request(self, step: str, **changes: object) -> dict[str, str]:
        """A request for a step, written as mlStep does; the variables that name it and its result."""
        return {"ML_STEP": step, **self.asked(step, step=step, run={"id": BUILD_TAG, "who": "ada"}, **changes)}

    def asked(self, name: str, **request: object) -> dict[str, str]:
        """A request of that name, written as mlModelyard does; the variables that name it and its result."""
        file = f".modelyard/build/{name}"
        self.write(f"{file}.request.json", json.dumps({"contract": 1, **request}))
        return {"ML_NAME": name, "ML_REQUEST": f"{file}.request.json", "ML_RESULT": f"{file}.result.json"}

    def result(self, step: str) -> dict[str, Any]:
        """What the result file of a step says."""
        document: dict[str, Any] = json.loads((self.workspace / f".modelyard/build/{step}.result.json").read_text())
        return document


@contextmanager
def node(host: str, image: str, **environ: str) -> Iterator[Node]:
    """A node with an empty workspace, in a folder that its user may reach."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        workspace = Path(folder) / "work space@2"
        workspace.mkdir()
        if os.geteuid() == 0:
            os.chown(workspace, _USER, _USER)
        yield Node(workspace=workspace, host=host, image=image, environ=environ)
