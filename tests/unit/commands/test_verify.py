"""An auditor with a folder and a public key: everything that can be verified is, and what is wrong ends with 5."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from agent.artifacts import Sbom
from agent.cli import main
from agent.release.envelope import VerificationKey, seal
from agent.release.statement import encode
from tests.fakes import MemoryKeys
from tests.unit.pipeline_steps.vouched import DATA, IMAGE, MODEL, release

if TYPE_CHECKING:
    from pathlib import Path

ARTIFACT = b"a model"
MANIFEST = b"[]"
BILL = b"{}"
SBOM_NAME = f"{hashlib.sha256(BILL).hexdigest()}.cdx.json"


@pytest.fixture
def keys() -> MemoryKeys:
    made = MemoryKeys()
    made.add()
    return made


@pytest.fixture
def folder(tmp_path: Path, keys: MemoryKeys) -> Path:
    """A release that was carried away, with the model and one data set of two, and the key that signed it."""
    training = DATA["training"]
    digest = hashlib.sha256(MANIFEST).hexdigest()
    data = training.model_copy(update={"digest": digest, "manifest": training.manifest.replace("3" * 64, digest)})
    made = release(
        sbom=Sbom(uri=f"s3://bucket/{SBOM_NAME}", sha256=hashlib.sha256(BILL).hexdigest(), packages=0),
        model=MODEL.model_copy(update={"sha256": hashlib.sha256(ARTIFACT).hexdigest()}),
        data={**DATA, "training": data},
    )
    (arn,) = keys.held
    key, payload = VerificationKey(keys.public_key(arn).der), encode(made)
    place = tmp_path / "audit"
    place.mkdir()
    name = hashlib.sha256(payload).hexdigest()
    (place / f"{name}.json").write_bytes(seal(payload, key, lambda hashed: keys.sign(arn, hashed)).content)
    (place / "model.tar.gz").write_bytes(ARTIFACT)
    (place / SBOM_NAME).write_bytes(BILL)
    (place / data.manifest.rpartition("/")[2]).write_bytes(MANIFEST)
    (tmp_path / "key.pem").write_bytes(key.pem)
    return place


def envelope(folder: Path) -> Path:
    return next(path for path in folder.glob("*.json") if len(path.stem) == 64 and b"payloadType" in path.read_bytes())


def verified(folder: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, dict[str, Any]]:
    """The exit code, and the answer's checks by what they are of."""
    name, key = envelope(folder).stem, folder.parent / "key.pem"
    code = main(["verify", name[:12], "--offline", str(folder), "--key", str(key), "--json", *more])
    answer = json.loads(capsys.readouterr().out)
    assert answer["release"] == name
    assert answer["verified"] == (code == 0)
    return code, {check["what"]: check for check in answer["checks"]}


def test_what_is_in_the_folder_is_verified_and_the_rest_is_said_to_be_missing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, checks = verified(folder, capsys)
    assert code == 0
    assert {what: check["result"] for what, check in checks.items()} == {
        "release document": "ok",
        "signature": "ok",
        "model artifact": "ok",
        "image": "-",
        "SBOM of the image": "ok",
        "data set training": "ok",
        "data set evaluation": "-",
    }
    assert checks["image"]["found"] == f"not in the folder; signed is {IMAGE.uri}"


def test_people_read_a_table(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name, key = envelope(folder).stem, folder.parent / "key.pem"
    assert main(["verify", name, "--offline", str(folder), "--key", str(key)]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].split() == ["RESULT", "WHAT", "FOUND"]
    assert told[1].split() == ["ok", "release", "document", name]


@pytest.mark.parametrize(
    ("what", "content", "file"),
    [
        ("model artifact", ARTIFACT, "model.tar.gz"),
        ("data set training", MANIFEST, f"{hashlib.sha256(MANIFEST).hexdigest()}.json"),
        ("SBOM of the image", BILL, SBOM_NAME),
    ],
)
def test_a_changed_file_is_told_with_both_digests(
    folder: Path, capsys: pytest.CaptureFixture[str], what: str, content: bytes, file: str
) -> None:
    expected = hashlib.sha256(content).hexdigest()
    (folder / file).write_bytes(b"other")
    code, checks = verified(folder, capsys)
    assert (code, checks[what]["result"]) == (5, "WRONG")
    assert f"expected sha256 {expected}, found {hashlib.sha256(b'other').hexdigest()}" in checks[what]["found"]
    assert checks["signature"]["result"] == "ok"


def test_another_key_is_told_with_both_fingerprints(
    folder: Path, keys: MemoryKeys, capsys: pytest.CaptureFixture[str]
) -> None:
    signed = VerificationKey.of_pem((folder.parent / "key.pem").read_bytes(), "key")
    other = VerificationKey(keys.public_key(keys.add()).der)
    (folder.parent / "key.pem").write_bytes(other.pem)
    code, checks = verified(folder, capsys)
    assert (code, checks["signature"]["result"]) == (5, "WRONG")
    assert f"expected {other.id}, found {signed.id}" in checks["signature"]["found"]


def test_one_of_several_keys_is_enough(folder: Path, keys: MemoryKeys, capsys: pytest.CaptureFixture[str]) -> None:
    older = folder.parent / "older.pem"
    older.write_bytes(VerificationKey(keys.public_key(keys.add()).der).pem)
    code, checks = verified(folder, capsys, "--key", str(older))
    assert (code, checks["signature"]["result"]) == (0, "ok")


def test_an_edited_envelope_proves_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = envelope(folder)
    content = bytearray(file.read_bytes())
    content[100] = ord("A") if content[100] != ord("A") else ord("B")
    file.write_bytes(bytes(content))
    code, checks = verified(folder, capsys)
    assert (code, list(checks)) == (5, ["release document"])
    assert f"expected sha256 {file.stem}, found" in checks["release document"]["found"]


def test_an_unsigned_release_is_no_proof(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = folder / f"{hashlib.sha256(encode(release())).hexdigest()}.json"
    file.write_bytes(encode(release()))
    key = folder.parent / "key.pem"
    assert main(["verify", file.stem, "--offline", str(folder), "--key", str(key)]) == 5
    assert "is not signed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told", "code"),
    [
        ([], "name the public key that counts with --key FILE", 2),
        (["--key", "{key}", "--deep"], "they do not go with --offline", 2),
        (["--key", "{folder}/nothing.pem"], "there is no file", 5),
        (["--key", "{folder}/model.tar.gz"], "is no public key in PEM", 5),
    ],
)
def test_what_cannot_be_asked_is_said(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str, code: int
) -> None:
    given = [word.format(key=folder.parent / "key.pem", folder=folder) for word in words]
    assert main(["verify", envelope(folder).stem, "--offline", str(folder), *given]) == code
    assert told in capsys.readouterr().err


def test_a_release_that_is_not_in_the_folder_is_said_to_be(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = folder.parent / "key.pem"
    assert main(["verify", "0" * 12, "--offline", str(folder), "--key", str(key)]) == 5
    assert "has no file of a release 000000000000" in capsys.readouterr().err
