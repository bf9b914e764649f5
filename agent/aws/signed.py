"""Asks AWS again what was asked before, with the standard library alone: importing boto3 would take longer."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import re
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode, urlsplit

from agent.aws.entering import assume_role, form
from agent.aws.questions import Question, answer_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from agent.aws.entering import Origin, Way
    from agent.aws.questions import Entrance

Item = TypeVar("Item")
Done = TypeVar("Done")

_TIMEOUT_SECONDS = 10
_LANES = 4
"""Connections that each identity asks through at once."""
_ROLE_SECONDS = 900
_OTHER_WAYS = frozenset({"aws_ca_bundle", "requests_ca_bundle", "http_proxy", "https_proxy", "all_proxy"})
"""Variables, in small letters, that tell boto3 how to get to AWS; an endpoint without TLS is one of our own."""
_KEYS = {"access_key_id": "AccessKeyId", "secret_access_key": "SecretAccessKey", "session_token": "SessionToken"}


@dataclass(frozen=True, kw_only=True)
class Keys:
    """An identity's keys; never printed."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


def keys_of(environ: Mapping[str, str]) -> Keys | None:
    """The keys that a shell holds in its variables.

    None where identity, proxy or authorities come from anywhere else: boto3 knows all those ways, this module does not.
    """
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    near = environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
    otherwise = not near and any(name.lower() in _OTHER_WAYS for name in environ)
    if otherwise or "AWS_PROFILE" in environ or not all(environ.get(name) for name in names):
        return None
    key, secret = (environ[name] for name in names)
    return Keys(access_key_id=key, secret_access_key=secret, session_token=environ.get("AWS_SESSION_TOKEN", ""))


def same_answers(questions: Sequence[Question], keys: Keys, *, entrance: Entrance | None, started: Origin) -> bool:
    """Ask everything again; whether every answer is what it was.

    Roles are assumed anew, for the run that ``started`` says. False also where something cannot be asked, whatever the
    reason.
    """
    by_way: dict[Way | None, dict[Question, None]] = {}
    for question in questions:
        by_way.setdefault(question.way, {})[question] = None  # the same question is asked once
    try:
        held = _at_once(lambda way: _enter(way, keys, entrance, started), list(by_way))
        lanes = [(lane, own) for own, asked in zip(held, by_way.values(), strict=True) for lane in _lanes(tuple(asked))]
        return all(_at_once(lambda lane: _same(*lane), lanes))
    except (OSError, http.client.HTTPException, _CannotEnterError):
        return False


def _at_once(work: Callable[[Item], Done], items: Sequence[Item]) -> list[Done]:
    """What ``work`` answers for each, in order, or the first failure: `concurrent.futures` is slow to import."""
    answers: dict[int, Done] = {}
    failures: dict[int, BaseException] = {}

    def run(at: int) -> None:
        try:
            answers[at] = work(items[at])
        except BaseException as error:  # noqa: BLE001 - whoever waits for the answer is told
            failures[at] = error

    threads = [threading.Thread(target=run, args=(at,)) for at in range(1, len(items))]
    for thread in threads:
        thread.start()
    if items:
        run(0)
    for thread in threads:
        thread.join()
    for at in sorted(failures):
        raise failures[at]
    return [answers[at] for at in range(len(items))]


class _CannotEnterError(Exception):
    """A role cannot be assumed."""


def _enter(way: Way | None, keys: Keys, entrance: Entrance | None, started: Origin) -> Keys:
    """The keys of whoever asks (``sts:AssumeRole``)."""
    if way is None:
        return keys
    if entrance is None:
        raise _CannotEnterError
    request = {**assume_role(way, started), "DurationSeconds": _ROLE_SECONDS}
    question = Question(
        service="sts",
        region=entrance.region,
        method="POST",
        url=entrance.url,
        headers=(("content-type", "application/x-www-form-urlencoded; charset=utf-8"),),
        body=urlencode({"Action": "AssumeRole", "Version": "2011-06-15", **form(request)}),
    )
    ((_, _, body),) = _answers((question,), keys)
    found = {name: re.search(rf"<{tag}>([^<]+)</{tag}>", body.decode()) for name, tag in _KEYS.items()}
    told = {name: match[1] for name, match in found.items() if match}
    if told.keys() != found.keys():
        raise _CannotEnterError
    return Keys(**told)


def _lanes(questions: Sequence[Question]) -> Iterator[Sequence[Question]]:
    """The questions to each host, dealt out to a few connections."""
    for host in dict.fromkeys(_host(question) for question in questions):
        there = [question for question in questions if _host(question) == host]
        yield from (lane for start in range(_LANES) if (lane := there[start::_LANES]))


def _same(questions: Sequence[Question], keys: Keys) -> bool:
    answers = _answers(questions, keys)
    return all(answer_digest(*answer) == question.answer for question, answer in zip(questions, answers, strict=True))


def _answers(questions: Sequence[Question], keys: Keys) -> Iterator[tuple[int, str, bytes]]:
    """Status, ETag and body of each answer; all questions are to one host, on one connection."""
    scheme, host = _host(questions[0])
    kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
    connection = kind(host, timeout=_TIMEOUT_SECONDS)
    try:
        for question in questions:
            url = urlsplit(question.url)
            target = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
            headers = signed_headers(question, keys, datetime.now(UTC))
            connection.request(question.method, target, body=question.body.encode() or None, headers=headers)
            response = connection.getresponse()
            yield response.status, response.headers.get("etag", ""), response.read()
    finally:
        connection.close()


def _host(question: Question) -> tuple[str, str]:
    url = urlsplit(question.url)
    return url.scheme, url.netloc


def signed_headers(question: Question, keys: Keys, now: datetime) -> dict[str, str]:
    """The question's headers and its signature, as "Signature Version 4" in the IAM user guide makes it."""
    url, time = urlsplit(question.url), f"{now:%Y%m%dT%H%M%SZ}"
    content = hashlib.sha256(question.body.encode()).hexdigest()
    headers = {**dict(question.headers), "host": url.netloc, "x-amz-date": time}
    if question.service == "s3":
        headers["x-amz-content-sha256"] = content
    if keys.session_token:
        headers["x-amz-security-token"] = keys.session_token
    names = sorted(headers)
    query = sorted(part if "=" in part else f"{part}=" for part in url.query.split("&") if part)
    request = "\n".join([
        question.method,
        url.path or "/",
        "&".join(query),
        *(f"{name}:{' '.join(headers[name].split())}" for name in names),
        "",
        ";".join(names),
        content,
    ])  # fmt: skip
    scope = f"{time[:8]}/{question.region}/{question.service}/aws4_request"
    to_sign = "\n".join(["AWS4-HMAC-SHA256", time, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = b"AWS4" + keys.secret_access_key.encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={keys.access_key_id}/{scope}, SignedHeaders={';'.join(names)}, "
        f"Signature={signature}"
    )
    return headers
