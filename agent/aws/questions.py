"""What a run asked of AWS and was answered, so that a later one can ask just that again without knowing why."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent.aws.entering import Way

_ONLY_LOOK = {
    "ecr": ("BatchGetImage", "DescribeRepositories"),
    "kms": ("GetPublicKey",),
    "s3": ("GetObject", "HeadObject", "ListObjectsV2"),
    "sagemaker": ("Describe", "List"),
}
"""Operations, or how they begin, whose answers are the same as long as what they look at is."""
_OK = 200
_ANSWERS = frozenset({_OK, 404})
_OF_ONE_REQUEST = ("x-amz-date", "x-amz-content-sha256", "x-amz-security-token")


@dataclass(frozen=True, kw_only=True)
class Question:
    """A request without its signature, and the digest of what was answered; ``way`` is None for the agent itself."""

    service: str
    region: str
    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    way: Way | None = None
    answer: str = ""


@dataclass(frozen=True, kw_only=True)
class Entrance:
    """Where the agent's identity assumes roles."""

    url: str
    region: str


def answer_digest(status: int, etag: str, body: bytes) -> str:
    """The digest of an answer; an object's ETag says what is in it, and a refusal's body names the request."""
    said = (etag.encode() or body) if status == _OK else b""
    return hashlib.sha256(b"%d %s" % (status, said)).hexdigest()


class Asked:
    """Notes the questions of clients; ``complete`` is false as soon as one did more than look, or failed.

    Used by all threads of a run.
    """

    def __init__(self) -> None:
        self.complete = True
        self.questions: list[Question] = []
        self.entrance: Entrance | None = None
        self._lock = threading.Lock()
        self._sent = threading.local()

    def watch(self, client: Any, way: Way | None) -> None:
        """Note what a boto3 client asks from now on."""

        def before_send(request: Any, **_unused: Any) -> None:
            self._sent.request = request

        def response_received(event_name: str, response_dict: Any, **_unused: Any) -> None:
            _, service, operation = event_name.split(".")
            self._note(service, operation, response_dict, way, client.meta.region_name)

        client.meta.events.register("before-send", before_send)
        client.meta.events.register("response-received", response_received)

    def _note(self, service: str, operation: str, response: Any, way: Way | None, region: str) -> None:
        request = self._sent.request
        with self._lock:
            if (service, operation) == ("sts", "AssumeRole"):
                self.entrance = Entrance(url=request.url, region=region)
            elif _only_looked(service, operation) and _is_answer(response):
                self.questions.append(_question(service, region, request, response, way))
            else:
                self.complete = False


def _is_answer(response: Any) -> bool:
    """Whether a response says something that it would say again; one that was cut off may not even have an ETag."""
    if response is None or response["status_code"] not in _ANSWERS:
        return False
    return "etag" in response["headers"] or isinstance(response["body"], bytes)


def _only_looked(service: str, operation: str) -> bool:
    return operation.startswith(_ONLY_LOOK.get(service, ()))


def _question(service: str, region: str, request: Any, response: Any, way: Way | None) -> Question:
    """What a request was, but for what makes it this one: its time and its signature."""
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    etag = response["headers"].get("etag", "")
    return Question(
        service=service,
        region=region,
        method=request.method,
        url=request.url,
        headers=tuple(sorted((name, value) for name, value in headers.items() if _is_part_of_it(name))),
        body=_text(request.body or ""),
        way=way,
        answer=answer_digest(response["status_code"], etag, b"" if etag else response["body"]),
    )


def _is_part_of_it(header: str) -> bool:
    kept = header.startswith(("x-amz-", "if-")) or header in {"content-type", "range"}
    return kept and header not in _OF_ONE_REQUEST


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
