"""The scan as a part of pytest: clouds are searched before they go, all else when the last test has ended.

With xdist each worker searches its clouds and hands what it knows to the controller, which searches the rest.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.secret_scan.clouds import secrets, state_folders
from tests.secret_scan.commands import Commands
from tests.secret_scan.made_up import MADE_UP
from tests.secret_scan.needles import Needles
from tests.secret_scan.processes import Processes
from tests.secret_scan.scanning import Finding, scan

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from agent.cloud.embedded import EmbeddedCloud

_HANDED_OVER = "secret_scan"


class SecretScan:
    """One process's part of the scan."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._is_worker = hasattr(config, "workerinput")
        self.needles = Needles()
        self.needles.add(MADE_UP)
        self.findings: list[Finding] = []
        self._processes = Processes()
        self._commands = Commands()
        self._said: list[tuple[str, bytes]] = []
        self._seconds = 0.0

    def watch_clouds(self, kind: type[EmbeddedCloud]) -> None:
        """Search each cloud's state after it has stopped, before it is removed."""
        leave = kind.__exit__

        def search_and_leave(cloud: EmbeddedCloud, *raised: object) -> None:
            try:
                if not cloud._left:
                    cloud.stop()
                    self.search_cloud(cloud.place.folder)
            finally:
                leave(cloud, *raised)

        kind.__exit__ = search_and_leave  # type: ignore[method-assign]

    def search_cloud(self, state: Path) -> None:
        """Learn what a cloud gave out, and look for it among what it keeps."""
        began = time.monotonic()
        self.needles.add(secrets(state))
        self.findings += scan(state, self.needles)
        self._seconds += time.monotonic() - began

    def pytest_sessionstart(self) -> None:
        """Begin to look at processes, of which the controller's are all, and to listen to commands."""
        self._commands.start()
        if not self._is_worker:
            self._processes.start()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what a test said and how it failed, until every secret is known."""
        said = [text for _, text in report.sections] + ([report.longreprtext] if report.longrepr else [])
        self._said += [(report.nodeid, text.encode(errors="replace")) for text in said if text]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker knows and found."""
        values, findings = getattr(node, "workeroutput", {}).get(_HANDED_OVER, ([], []))
        self.needles.add(values)
        self.findings += [Finding(place=place, what=what) for place, what in findings]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Search what is left, and fail the run where a secret is found."""
        if self._is_worker:
            found = [(each.place, each.what) for each in (*self.findings, *self._heard(self._commands.said))]
            self._config.workeroutput[_HANDED_OVER] = (self.needles.values(), found)  # type: ignore[attr-defined]
            return
        self._processes.stop()
        began = time.monotonic()
        folder = self._config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
        for state in state_folders(folder):
            self.needles.add(secrets(state))
        self.findings += scan(folder, self.needles, processes=os.cpu_count() or 1)
        processes = (("a process of the suite", each) for each in self._processes.seen)
        self.findings += self._heard([*self._said, *self._commands.said, *processes])
        self._seconds += time.monotonic() - began
        if self.findings and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _heard(self, heard: Iterable[tuple[str, bytes]]) -> list[Finding]:
        found = {Finding(place=place, what=hit.what): None for place, text in heard for hit in self.needles.hits(text)}
        return list(found)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say what was found; never the secret itself."""
        if self._is_worker:
            return
        for finding in self.findings:
            terminalreporter.write_line(f"SECRET FOUND {finding}", red=True)
        terminalreporter.write_line(f"secret scan: {len(self.findings)} found in {self._seconds:.1f} s")
