"""A download is the file that it should be, or an error that says what came instead."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from agent.data.download import MIRROR, download
from agent.data.version import Remote
from agent.errors import AccessDeniedError, InputMissingError, InterruptedRunError, TemporaryError
from tests.fakes import FakeClock, KeptReport

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BODY = b"a,b\n" * 300_000
DIGEST = hashlib.sha256(BODY).hexdigest()


class Shop(ThreadingHTTPServer):
    """A web server that gives the statuses in ``bad`` in turn, then the file; ``cut`` answers stop half-way."""

    bad: list[int]
    cut: int
    asked: list[str]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Counter(BaseHTTPRequestHandler):
    server: Shop

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        status = self.server.bad.pop(0) if self.server.bad else HTTPStatus.OK
        self.send_response(status)
        body = BODY if status == HTTPStatus.OK else b""
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        cut = self.server.cut > 0
        self.server.cut -= cut
        self.wfile.write(body[: len(body) // 2] if cut else body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def shop() -> Iterator[Shop]:
    with Shop(("127.0.0.1", 0), Counter) as server:
        server.bad, server.cut, server.asked = [], 0, []
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(autouse=True)
def no_mirror(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MIRROR, raising=False)


def fetch(
    url: str, folder: Path, *, sha256: str = DIGEST, clock: FakeClock | None = None, report: KeptReport | None = None
) -> Path:
    remote = Remote(url=url, sha256=sha256)
    return download(remote, folder / "downloads", clock=clock or FakeClock(), report=report or KeptReport())


def test_a_file_is_downloaded_once(shop: Shop, tmp_path: Path) -> None:
    assert fetch(f"{shop.url}/x/abalone.csv", tmp_path).read_bytes() == BODY
    assert fetch(f"{shop.url}/x/abalone.csv", tmp_path).read_bytes() == BODY
    assert shop.asked == ["/x/abalone.csv"]


def test_a_kept_file_that_was_damaged_is_downloaded_again(shop: Shop, tmp_path: Path) -> None:
    fetch(f"{shop.url}/a.csv", tmp_path).write_bytes(b"damaged")
    assert fetch(f"{shop.url}/a.csv", tmp_path).read_bytes() == BODY


def test_another_file_is_told_by_both_digests(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match=f"expected sha256 {'0' * 64}, found {DIGEST}"):
        fetch(f"{shop.url}/a.csv", tmp_path, sha256="0" * 64)
    assert list((tmp_path / "downloads").iterdir()) == []
    assert shop.asked == ["/a.csv"]


def test_a_connection_that_ends_early_is_tried_again(shop: Shop, tmp_path: Path) -> None:
    shop.cut = 2
    assert fetch(f"{shop.url}/a.csv", tmp_path).read_bytes() == BODY
    assert len(shop.asked) == 3


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_a_busy_server_is_asked_again(shop: Shop, tmp_path: Path, status: int) -> None:
    shop.bad, clock = [status] * 3, FakeClock()
    assert fetch(f"{shop.url}/a.csv", tmp_path, clock=clock).read_bytes() == BODY
    assert clock.slept == [1, 4, 16]


def test_a_server_that_stays_busy_is_temporary(shop: Shop, tmp_path: Path) -> None:
    shop.bad = [503] * 4
    with pytest.raises(TemporaryError, match=r"/a\.csv cannot be downloaded: HTTP Error 503"):
        fetch(f"{shop.url}/a.csv", tmp_path)


def test_no_server_is_temporary(tmp_path: Path) -> None:
    with pytest.raises(TemporaryError, match="Connection refused"):
        fetch("http://127.0.0.1:9/a.csv", tmp_path)


@pytest.mark.parametrize(("status", "error"), [(404, InputMissingError), (403, AccessDeniedError)])
def test_a_refusal_is_final(shop: Shop, tmp_path: Path, status: int, error: type[Exception]) -> None:
    shop.bad = [status]
    with pytest.raises(error, match=str(status)):
        fetch(f"{shop.url}/a.csv", tmp_path)
    assert len(shop.asked) == 1


def test_an_interrupted_run_downloads_no_further(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(InterruptedRunError):
        fetch(f"{shop.url}/a.csv", tmp_path, clock=FakeClock(interrupted=True))


# --- mirrors ------------------------------------------------------------------------------------------------------


def test_a_mirror_s_folder_is_asked_first(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a b.csv").write_bytes(BODY)
    monkeypatch.setenv(MIRROR, str(tmp_path))
    assert fetch(f"{shop.url}/x/a%20b.csv?raw=1", tmp_path).read_bytes() == BODY
    assert shop.asked == []


def test_a_mirror_s_url_is_asked_first(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MIRROR, f"{shop.url}/mirror/")
    assert fetch("http://127.0.0.1:9/deep/a.csv", tmp_path).read_bytes() == BODY
    assert shop.asked == ["/mirror/a.csv"]


def test_a_mirror_that_has_another_file_is_passed_over(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.csv").write_bytes(b"old")
    monkeypatch.setenv(MIRROR, str(tmp_path))
    report = KeptReport()
    assert fetch(f"{shop.url}/a.csv", tmp_path, report=report).read_bytes() == BODY
    (warning,) = report.of("warn")
    assert f"expected sha256 {DIGEST}" in warning


def test_a_mirror_that_lacks_the_file_is_passed_over(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MIRROR, str(tmp_path / "nowhere"))
    clock = FakeClock()
    assert fetch(f"{shop.url}/a.csv", tmp_path, clock=clock).read_bytes() == BODY
    assert clock.slept == []
