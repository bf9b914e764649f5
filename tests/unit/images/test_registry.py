"""Images go to a registry and come back by digest, unharmed, and only what is missing travels."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from agent.aws.sessions import Clients, Credentials
from agent.errors import AccessDeniedError, CloudFailedError, InputMissingError, ModelyardError, TemporaryError
from agent.images.assemble import ImageRecipe, assemble
from agent.images.layer import FolderLayer
from agent.images.layout import ImageLayout
from agent.images.manifest import ImageConfig
from agent.images.registry import Registry, RegistryEndpoint
from agent.images.retries import Retries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOST = "{account}.dkr.ecr.us-east-1.amazonaws.com"


def clients(endpoint: str, account: str = "111111111111") -> Clients:
    return Clients(
        credentials=Credentials(access_key_id=account, secret_access_key="test"),
        region="us-east-1",
        endpoint_url=endpoint,
    )


@pytest.fixture
def repository(ministack: str) -> str:
    """A fresh repository of account 111111111111."""
    name = f"team/iris-{uuid4().hex[:8]}"
    clients(ministack).client("ecr").create_repository(repositoryName=name)
    return name


def registry(ministack: str, account: str = "111111111111") -> Registry:
    return Registry(RegistryEndpoint(base_url=ministack, host=HOST.format(account=account), password="token"))


def patient(waits: list[float] | None = None, attempts: int = 3) -> Retries:
    """Retries whose waits take no time."""
    return Retries(sleep=([] if waits is None else waits).append, attempts=attempts)


@pytest.fixture
def layout(tmp_path: Path) -> ImageLayout:
    return ImageLayout(tmp_path / "store")


def image(layout: ImageLayout, folder: Path, word: str = "serve") -> str:
    folder.mkdir(exist_ok=True)
    (folder / "data").write_bytes(bytes(range(256)) * 20_000)
    recipe = ImageRecipe(layers=(FolderLayer(source=folder),), config=ImageConfig(cmd=(word,)))
    return assemble(recipe, layout).digest


def test_what_is_pushed_can_be_pulled(ministack: str, repository: str, layout: ImageLayout, tmp_path: Path) -> None:
    digest = image(layout, tmp_path / "program")
    registry(ministack).push(layout, digest, repository, tag="1")
    pulled = ImageLayout(tmp_path / "pulled")
    assert registry(ministack).pull(pulled, repository, "1").digest == digest
    assert registry(ministack).pull(pulled, repository, digest).digest == digest
    assert registry(ministack).resolve(repository, "1") == digest
    for blob in layout.manifest(digest).blobs:
        assert pulled.read(blob.digest) == layout.read(blob.digest)


def test_ecr_knows_what_was_pushed(ministack: str, repository: str, layout: ImageLayout, tmp_path: Path) -> None:
    digest = image(layout, tmp_path / "program")
    registry(ministack).push(layout, digest, repository, tag="1")
    found = clients(ministack).client("ecr").describe_images(repositoryName=repository)["imageDetails"]
    assert [(detail["imageDigest"], detail["imageTags"]) for detail in found] == [(digest, ["1"])]
    assert found[0]["imageManifestMediaType"] == "application/vnd.docker.distribution.manifest.v2+json"


def test_the_host_header_chooses_the_account(
    ministack: str, repository: str, layout: ImageLayout, tmp_path: Path
) -> None:
    digest = image(layout, tmp_path / "program")
    with pytest.raises(InputMissingError, match=rf"222222222222\.dkr.*{repository}"):
        registry(ministack, "222222222222").push(layout, digest, repository)


def test_an_unknown_tag_is_said_to_be(ministack: str, repository: str, tmp_path: Path) -> None:
    with pytest.raises(
        InputMissingError, match=f"GET /v2/{repository}/manifests/absent answered 404: MANIFEST_UNKNOWN"
    ):
        registry(ministack).pull(ImageLayout(tmp_path), repository, "absent")


def test_a_registry_that_does_not_answer_is_worth_another_try(layout: ImageLayout) -> None:
    with pytest.raises(TemporaryError, match=r"registry 127\.0\.0\.1:9: GET .* got no answer"):
        Registry(RegistryEndpoint(base_url="http://127.0.0.1:9"), patient()).resolve("iris", "1")


# --- what MiniStack never does, but ECR does ------------------------------------------------------------------------


class Recorder:
    """A registry with prepared answers; what it was asked."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.answers: dict[tuple[str, str], tuple[int, dict[str, str], bytes]] = {}


@pytest.fixture
def recorder() -> Iterator[tuple[Recorder, str]]:
    record = Recorder()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            record.requests.append((self.command, self.path, dict(self.headers)))
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, headers, body = record.answers.get((self.command, self.path.partition("?")[0]), (404, {}, b""))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield record, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_blobs_that_the_registry_has_are_not_sent_again(
    recorder: tuple[Recorder, str], layout: ImageLayout, tmp_path: Path
) -> None:
    record, url = recorder
    digest = image(layout, tmp_path / "program")
    for blob in layout.manifest(digest).blobs:
        record.answers["HEAD", f"/v2/iris/blobs/{blob.digest}"] = (200, {}, b"")
    record.answers["PUT", f"/v2/iris/manifests/{digest}"] = (201, {}, b"")
    Registry(RegistryEndpoint(base_url=url)).push(layout, digest, "iris")
    assert [method for method, _, _ in record.requests] == ["HEAD", "HEAD", "PUT"]


def test_credentials_do_not_follow_a_redirect(
    recorder: tuple[Recorder, str], layout: ImageLayout, tmp_path: Path
) -> None:
    record, url = recorder
    digest = image(layout, tmp_path / "program")
    record.answers["GET", "/v2/iris/manifests/1"] = (200, {}, layout.read(digest))
    for number, blob in enumerate(layout.manifest(digest).blobs):
        record.answers["GET", f"/v2/iris/blobs/{blob.digest}"] = (
            307,
            {"Location": f"{url}/elsewhere/{number}?sig=1"},
            b"",
        )
        record.answers["GET", f"/elsewhere/{number}"] = (200, {}, layout.read(blob.digest))
    Registry(RegistryEndpoint(base_url=url, host="registry.example", password="secret")).pull(
        ImageLayout(tmp_path / "pulled"), "iris", "1"
    )
    told = {path.partition("?")[0]: headers for _, path, headers in record.requests}
    assert told["/v2/iris/manifests/1"]["Authorization"] == "Basic QVdTOnNlY3JldA=="
    assert told["/v2/iris/manifests/1"]["Host"] == "registry.example"
    assert "Authorization" not in told["/elsewhere/0"]
    assert told["/elsewhere/0"]["Host"] == url.removeprefix("http://")


def test_a_blob_with_another_digest_is_refused_and_not_kept(
    recorder: tuple[Recorder, str], layout: ImageLayout, tmp_path: Path
) -> None:
    record, url = recorder
    digest = image(layout, tmp_path / "program")
    record.answers["GET", "/v2/iris/manifests/1"] = (200, {}, layout.read(digest))
    for blob in layout.manifest(digest).blobs:
        record.answers["GET", f"/v2/iris/blobs/{blob.digest}"] = (200, {}, b"forged")
    pulled = ImageLayout(tmp_path / "pulled")
    with pytest.raises(InputMissingError, match="push the image again"):
        Registry(RegistryEndpoint(base_url=url)).pull(pulled, "iris", "1")
    assert list((pulled.root / "blobs/sha256").iterdir()) == []


def test_a_manifest_with_another_digest_is_refused(
    recorder: tuple[Recorder, str], layout: ImageLayout, tmp_path: Path
) -> None:
    record, url = recorder
    wanted, other = image(layout, tmp_path / "program"), image(layout, tmp_path / "program", "other")
    record.answers["GET", f"/v2/iris/manifests/{wanted}"] = (200, {}, layout.read(other))
    with pytest.raises(InputMissingError, match="push it again"):
        Registry(RegistryEndpoint(base_url=url)).pull(ImageLayout(tmp_path / "pulled"), "iris", wanted)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, AccessDeniedError), (403, AccessDeniedError), (503, TemporaryError), (429, TemporaryError)],
)
def test_a_refusal_says_what_to_do_about_it(
    recorder: tuple[Recorder, str], status: int, kind: type[ModelyardError]
) -> None:
    record, url = recorder
    body = b'{"errors": [{"code": "DENIED", "message": "not for you"}]}'
    record.answers["GET", "/v2/iris/manifests/1"] = (status, {}, body)
    with pytest.raises(kind, match=f"answered {status}: DENIED: not for you"):
        Registry(RegistryEndpoint(base_url=url), patient()).resolve("iris", "1")


def test_a_tag_that_cannot_move_is_fine_where_it_names_this_image(
    recorder: tuple[Recorder, str], layout: ImageLayout, tmp_path: Path
) -> None:
    """ECR, where tags are immutable: ``TAG_INVALID``, even for the same image."""
    record, url = recorder
    digest = image(layout, tmp_path / "program")
    for blob in layout.manifest(digest).blobs:
        record.answers["HEAD", f"/v2/iris/blobs/{blob.digest}"] = (200, {}, b"")
    refusal = b'{"errors": [{"code": "TAG_INVALID", "message": "The image tag \'1\' already exists"}]}'
    record.answers["PUT", "/v2/iris/manifests/1"] = (400, {}, refusal)
    record.answers["HEAD", "/v2/iris/manifests/1"] = (200, {"Docker-Content-Digest": digest}, b"")
    Registry(RegistryEndpoint(base_url=url), patient()).push(layout, digest, "iris", tag="1")
    record.answers["HEAD", "/v2/iris/manifests/1"] = (200, {"Docker-Content-Digest": f"sha256:{'0' * 64}"}, b"")
    with pytest.raises(CloudFailedError, match="TAG_INVALID: The image tag '1' already exists"):
        Registry(RegistryEndpoint(base_url=url), patient()).push(layout, digest, "iris", tag="1")


def test_an_answer_that_breaks_off_is_asked_for_again(
    recorder: tuple[Recorder, str], layout: ImageLayout, tmp_path: Path
) -> None:
    record, url = recorder
    digest = image(layout, tmp_path / "program")
    record.answers["GET", "/v2/iris/manifests/1"] = (200, {}, layout.read(digest))
    for blob in layout.manifest(digest).blobs:
        longer = {"Content-Length": str(blob.size), "Connection": "close"}
        record.answers["GET", f"/v2/iris/blobs/{blob.digest}"] = (200, longer, layout.read(blob.digest)[:-7])
    waits: list[float] = []
    with pytest.raises(TemporaryError, match="was cut off 7 bytes early; tried 3 times"):
        Registry(RegistryEndpoint(base_url=url), patient(waits)).pull(ImageLayout(tmp_path / "pulled"), "iris", "1")
    assert len(waits) == 2


def test_what_refers_to_an_image_comes_in_pages_of_one_registry(recorder: tuple[Recorder, str]) -> None:
    record, url = recorder
    digest = f"sha256:{'1' * 64}"
    first, second = f"/v2/iris/referrers/{digest}", "/v2/iris/referrers/more"
    link = '<https://elsewhere.example/v2/iris/referrers/more?n=2>; rel="next"'
    record.answers["GET", first] = (200, {"Link": link}, b"one")
    record.answers["GET", second] = (200, {}, b"two")
    pages = list(Registry(RegistryEndpoint(base_url=url)).referrers("iris", digest, "a/b+json"))
    assert pages == [b"one", b"two"]
    assert [path for _, path, _ in record.requests] == [f"{first}?artifactType=a%2Fb%2Bjson", f"{second}?n=2"]


def test_where_nobody_keeps_a_list_there_are_no_pages(recorder: tuple[Recorder, str]) -> None:
    _, url = recorder
    registry_ = Registry(RegistryEndpoint(base_url=url))
    assert list(registry_.referrers("iris", f"sha256:{'1' * 64}", "a/b")) == []
    assert registry_.find("iris", "absent", ("a/b",)) is None


def test_a_manifest_that_is_too_large_is_not_read_to_its_end(recorder: tuple[Recorder, str]) -> None:
    record, url = recorder
    record.answers["GET", "/v2/iris/manifests/1"] = (200, {}, b" " * (5 << 20))
    with pytest.raises(InputMissingError, match="is larger than 4194304 bytes"):
        Registry(RegistryEndpoint(base_url=url)).find("iris", "1", ("a/b",))
