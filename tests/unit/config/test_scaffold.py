"""`modelyard init`: what it writes validates, trains, serves, and never overwrites."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from jsonschema import Draft202012Validator

from agent.config.loading import Selection, check, load, read_file
from agent.config.scaffolding import plan, write
from agent.config.schema import document_schema, document_schema_text
from agent.errors import UsageError
from tests.unit.config.documents import as_json

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A fresh model repository."""
    write(plan("flowers"), tmp_path / "flowers")
    return tmp_path / "flowers"


def test_it_validates(repository: Path) -> None:
    assert check(read_file(repository / "modelyard.yaml"), repository) == ()


def test_it_satisfies_the_schema_that_lies_beside_it(repository: Path) -> None:
    text = (repository / "modelyard.yaml").read_text()
    assert text.startswith("# yaml-language-server: $schema=modelyard.schema.json\n")
    assert (repository / "modelyard.schema.json").read_text() == document_schema_text()
    assert list(Draft202012Validator(document_schema()).iter_errors(as_json(text))) == []


def test_every_kind_of_run_has_a_configuration(repository: Path) -> None:
    for selection in (Selection(), Selection(pull_request=1), Selection(environment="prod")):
        assert load(repository / "modelyard.yaml", selection=selection).configuration.project == "flowers"


def test_the_project_is_named_everywhere(repository: Path) -> None:
    texts = {path: path.read_text() for path in repository.rglob("*") if path.is_file()}
    assert [path for path, text in texts.items() if "__project__" in text] == []
    assert "flowers-prod" in texts[repository / "modelyard.yaml"]


def test_hidden_files_get_their_names(repository: Path) -> None:
    assert (repository / ".gitignore").is_file()
    assert (repository / "container" / ".dockerignore").is_file()


@pytest.mark.parametrize("program", ["train", "serve"])
def test_what_sagemaker_calls_can_be_executed(repository: Path, program: str) -> None:
    assert os.access(repository / "container" / program, os.X_OK)


def test_the_image_holds_every_program(repository: Path) -> None:
    dockerfile = (repository / "container" / "Dockerfile").read_text()
    programs = {
        path.name for path in (repository / "container").iterdir() if path.read_text().startswith(("#!", '"""'))
    }
    assert programs == {"train", "serve", "model.py"}
    assert [name for name in programs if name not in dockerfile] == []
    assert "ARG BASE_IMAGE" in dockerfile


def test_its_own_tests_pass(repository: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    run = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_nothing_is_overwritten_and_nothing_else_is_written(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(UsageError, match=r"exist already:\n  .*README\.md"):
        write(plan("flowers"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]
    assert (tmp_path / "README.md").read_text() == "mine"


def test_a_link_to_nothing_is_not_overwritten_either(tmp_path: Path) -> None:
    (tmp_path / "README.md").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match=r"README\.md"):
        write(plan("flowers"), tmp_path)


def test_a_file_in_place_of_a_folder_inside_is_named(tmp_path: Path) -> None:
    (tmp_path / "container").touch()
    with pytest.raises(UsageError, match=r"exist already:\n  .*container$|container\n"):
        write(plan("flowers"), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["container"]


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "flowers").touch()
    with pytest.raises(UsageError, match="is not a folder"):
        write(plan("flowers"), tmp_path / "flowers")


@pytest.mark.parametrize("name", ["Flowers", "iris_flowers", "-x", "a--b", "", "a" * 32, "a\n"])
def test_a_name_that_aws_would_refuse_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of a project"):
        plan(name)
