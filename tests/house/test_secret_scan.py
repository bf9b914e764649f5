"""The scan of what the suite produced finds what is planted, and lets only a short list of files hold secrets."""

from __future__ import annotations

import base64
import gzip
import io
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from agent.cloud.embedded import EmbeddedCloud
from tests.secret_scan.allowed import MAY_HOLD, may_hold
from tests.secret_scan.clouds import secrets
from tests.secret_scan.needles import Needles
from tests.secret_scan.processes import Processes
from tests.secret_scan.scanning import scan
from tests.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY = "0123456789abcdef" * 2 + "01234567"
TOKEN = "FwoGZX" + "0f" * 64
WORD = "jenkins-token-4711"
FORMS = {
    "an access key with its secret": "AKIA" + "Z" * 16 + '", "secret": "' + "Ab/+" * 10,
    "a secret variable": "aws_session" + "_token = " + "q" * 40,
    "a private key": "-----BEGIN EC " + "PRIVATE KEY-----\n" + "MHcCAQEEIBrSVbXt" * 2,
    "a JSON web token": ".".join(("eyJ" + "hbGciOiJIUzI1NiJ9", "eyJ" + "zdWIiOiIxMjM0NTY3", "s" * 20)),
    "a registry's token": "QVdT" + "Oj" + "x" * 60,
}


@pytest.fixture
def needles() -> Needles:
    known = Needles()
    known.add([KEY, TOKEN, WORD])
    return known


@pytest.fixture
def folder() -> Iterator[Path]:
    """Out of the scan's own sight."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def found(folder: Path, needles: Needles) -> set[str]:
    return {finding.what for finding in scan(folder, needles)}


def tarred(text: bytes) -> bytes:
    kept = io.BytesIO()
    with tarfile.open(fileobj=kept, mode="w") as archive:
        member = tarfile.TarInfo("etc/notes.txt")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text))
    return kept.getvalue()


def zipped(text: bytes) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("notes.txt", text)
    return kept.getvalue()


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "at the end of much": lambda text: b"0" * (17 << 20) + b" " + text,
    "between two pieces": lambda text: b"x" * ((16 << 20) - 20) + text,
    "layer": lambda text: gzip.compress(tarred(text)),
    "tar": tarred,
    "wheel": zipped,
    "archive in an archive": lambda text: zipped(gzip.compress(text)),
    "git": zlib.compress,
}


@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("secret", [KEY, TOKEN, WORD])
def test_a_planted_secret_is_found(folder: Path, needles: Needles, secret: str, packed: str) -> None:
    (folder / "produced").write_bytes(PACKED[packed](f"it is '{secret}', you know".encode()))
    assert len(found(folder, needles)) == 1


@pytest.mark.parametrize("form", FORMS)
def test_secrets_of_others_are_known_by_their_form(folder: Path, form: str) -> None:
    (folder / "produced.json").write_text(f'{{"key": "{FORMS[form]}"}}')
    assert found(folder, Needles()) == {form}


def test_a_login_is_found_in_base64(folder: Path, needles: Needles) -> None:
    for user in ("a", "ab", "abc"):
        text = base64.b64encode(f"{user}:{WORD}".encode())
        (folder / "log").write_bytes(b"Authorization: Basic " + text)
        assert found(folder, needles) == {"a secret of a test"}


def test_what_only_looks_like_one_is_none(folder: Path, needles: Needles) -> None:
    others = [KEY[1:] + "f", KEY * 2, "f" * 64, "AKIAIOSFODNN7EXAMPLE", "aws_session_token = ${TOKEN}", "jenkins-token"]
    (folder / "log").write_text("\n".join(others))
    assert found(folder, needles) == set()


def test_several_processes_find_what_one_finds(folder: Path, needles: Needles) -> None:
    for number in range(450):
        (folder / f"{number}.txt").write_text(KEY if number in {1, 444} else str(number))
    assert set(scan(folder, needles, processes=2)) == set(scan(folder, needles))
    assert len(scan(folder, needles)) == 2


def test_the_finding_does_not_say_the_secret(folder: Path, needles: Needles) -> None:
    (folder / "log").write_text(KEY)
    (finding,) = scan(folder, needles)
    assert str(finding) == f"{folder / 'log'}: a secret key that a cloud gave out"


def test_a_copy_of_this_repository_may_hold_what_its_tests_make_up(folder: Path) -> None:
    known = Needles()
    known.add(["0123456789abcdef" * 2])
    own = Path("tests/house/test_secret_scan.py")
    (folder / own).parent.mkdir(parents=True)
    (folder / own).write_bytes((ROOT / own).read_bytes())
    known.words.add(b"finding does not say")
    assert found(folder, known) == set()
    (folder / "other.py").write_bytes((ROOT / own).read_bytes())
    assert found(folder, known) == {"a secret of a test"}


def test_few_files_may_hold_secrets() -> None:
    assert len(MAY_HOLD) <= 15
    assert not any(pattern.endswith(("*", "*.json", "*.log", "*.txt")) for pattern in MAY_HOLD)
    for name in ("report.html", "result.json", "events.jsonl", "ledger/runs/1.json", "cloud.log", "services.sqlite"):
        assert not may_hold(Path("/tmp/any/modelyard-cloud-1", name))


def test_a_cloud_says_what_it_gave_out_and_keeps_it_to_itself() -> None:
    with EmbeddedCloud() as cloud:
        iam = cloud.client("iam")
        iam.create_user(UserName="u")
        key = iam.create_access_key(UserName="u")["AccessKey"]["SecretAccessKey"]
        session = cloud.client("sts").get_session_token()["Credentials"]
        cloud.stop()
        given = set(secrets(cloud.place.folder))
        assert {key, session["SecretAccessKey"], session["SessionToken"]} <= given
        needles = Needles()
        needles.add(given)
        assert scan(cloud.place.folder, needles) == []
        leak = cloud.place.folder / "leak.log"
        leak.write_text(f"signed with {key}")
        assert [finding.place for finding in scan(cloud.place.folder, needles)] == [str(leak)]
        leak.unlink()


def test_arguments_of_processes_are_seen() -> None:
    processes = Processes()
    with subprocess.Popen([sys.executable, "-c", "input()", WORD], stdin=subprocess.PIPE, env=os.environ) as process:
        processes.look()
        assert process.stdin is not None
        process.stdin.close()
        process.wait()
    assert any(WORD.encode() in each for each in processes.seen)


PLANTED = """
def test_planted(tmp_path):
    (tmp_path / "report.html").write_text({secret!r})
"""
SAID = """
def test_said():
    print({secret!r})
"""
HEARD = """
import subprocess, sys
def test_heard():
    subprocess.run([sys.executable, "-c", "print(input())"], input={secret!r}, capture_output=True, text=True)
"""


@pytest.mark.parametrize(
    ("test", "workers"), [(PLANTED, "2"), (SAID, "0"), (HEARD, "2")], ids=["written", "said", "heard"]
)
def test_a_run_that_leaks_fails(folder: Path, workers: str, test: str) -> None:
    secret = FORMS["an access key with its secret"]
    (folder / "test_leak.py").write_text(test.format(secret=secret))
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.secret_scan.alone",
        "-n",
        workers,
        "-q",
        "-p",
        "no:cacheprovider",
    ]
    done = subprocess.run(
        [*command, f"--basetemp={folder / 'base'}", "--rootdir", str(folder), str(folder / "test_leak.py")],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "SECRET FOUND" in done.stdout
    assert "1 passed" in done.stdout
    assert secret not in done.stdout
