"""Scripts are put where jobs find them, once, and only if they are what the run began with."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from agent.artifacts import Script
from agent.errors import InputMissingError
from agent.jobs.script_job import foresee_upload, upload_script
from tests.fakes import FakeAccount, MemoryObjects

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = b"print('measured')\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()
SCRIPT = Script(path="scripts/measure.py", sha256=SHA256)
KEY = f"code/{SHA256}/measure.py"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "scripts").mkdir()
    (tmp_path / SCRIPT.path).write_bytes(CONTENT)
    return tmp_path


def test_a_script_lies_under_its_digest_and_name(folder: Path) -> None:
    objects = MemoryObjects()
    upload_script(SCRIPT, folder, objects, "bucket")
    assert objects.kept == {("bucket", KEY): CONTENT}


def test_a_script_that_is_there_stays(folder: Path) -> None:
    objects = MemoryObjects(kept={("bucket", KEY): CONTENT})
    upload_script(SCRIPT, folder, objects, "bucket")
    assert objects.kept == {("bucket", KEY): CONTENT}


def test_a_script_that_changed_is_refused(folder: Path) -> None:
    (folder / SCRIPT.path).write_text("print('changed')\n")
    objects = MemoryObjects()
    with pytest.raises(InputMissingError, match="it has changed since the run began"):
        upload_script(SCRIPT, folder, objects, "bucket")
    assert objects.kept == {}


def test_a_script_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match=r"scripts/measure.py cannot be read: No such file"):
        upload_script(SCRIPT, tmp_path, MemoryObjects(), "bucket")


def test_only_an_upload_that_would_happen_is_foreseen() -> None:
    (action,) = foresee_upload(SCRIPT, FakeAccount(objects=MemoryObjects()), "bucket")
    assert (action.operation, action.resource) == ("s3:PutObject", f"arn:aws:s3:::bucket/{KEY}")
    there = MemoryObjects(kept={("bucket", KEY): CONTENT})
    assert foresee_upload(SCRIPT, FakeAccount(objects=there), "bucket") == ()
