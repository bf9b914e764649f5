"""One comment on a pull request, kept by each host's own client: found again, written over, its failures in words."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from agent.hosts.comments import HostError, PullRequestComments, keep_comment
from agent.hosts.connection import Connection, trusted_bundle
from agent.hosts.opening import comments_of
from agent.hosts.place import place_of
from tests.code_host import PAGES, TOKEN, CodeHost, certificate_in, code_host

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MARKER = "<!-- modelyard: tumour -->"
kinds = pytest.mark.parametrize("kind", PAGES)


@pytest.fixture
def host() -> Iterator[CodeHost]:
    with code_host() as found:
        yield found


def comments(host: CodeHost, kind: str, *, seconds: int = 20) -> PullRequestComments:
    url = host.address if kind == "bitbucket_cloud" else ""
    return comments_of(place_of(host.page(kind), url=url), Connection(token=TOKEN, seconds=seconds))


@kinds
def test_the_first_comment_is_created(host: CodeHost, kind: str) -> None:
    host.add("looks good")
    kept = keep_comment(comments(host, kind), f"{MARKER}\n\nfirst")
    assert kept.state == "created"
    assert host.comments == {101: "looks good", 102: f"{MARKER}\n\nfirst"}
    assert kept.url.startswith(host.address)
    assert "102" in kept.url


@kinds
def test_the_next_one_is_written_over_it(host: CodeHost, kind: str) -> None:
    keep_comment(comments(host, kind), f"{MARKER}\n\nfirst")
    for body in ("second", "third"):
        kept = keep_comment(comments(host, kind), f"{MARKER}\n\n{body}")
        assert kept.state == "updated"
        assert "101" in kept.url
    assert host.comments == {101: f"{MARKER}\n\nthird"}


@kinds
@pytest.mark.parametrize("before", [0, 70, 119])
def test_ours_is_found_on_whatever_page_it_is(host: CodeHost, kind: str, before: int) -> None:
    for number in range(before):
        host.add(f"comment {number}")
    ours = host.add(f"{MARKER}\n\nfirst")
    for number in range(119 - before):
        host.add(f"comment {number}")
    assert keep_comment(comments(host, kind), f"{MARKER}\n\nsecond").state == "updated"
    assert host.comments[ours] == f"{MARKER}\n\nsecond"
    assert len(host.comments) == 120


@kinds
def test_comments_that_only_quote_ours_or_are_another_projects_are_left_alone(host: CodeHost, kind: str) -> None:
    theirs = [host.add(f"> {MARKER}\n> first\n\nwhy?"), host.add("<!-- modelyard: other -->\n\nother")]
    before = dict(host.comments)
    assert keep_comment(comments(host, kind), f"{MARKER}\n\nfirst").state == "created"
    assert {number: host.comments[number] for number in theirs} == before


@kinds
def test_the_token_is_sent_as_the_host_wants_it(host: CodeHost, kind: str) -> None:
    keep_comment(comments(host, kind), MARKER)
    wanted = {"github": f"token {TOKEN}", "gitlab": TOKEN}.get(kind, f"Bearer {TOKEN}")
    assert {token.lower() for token in host.tokens} == {wanted.lower()}


@pytest.mark.parametrize("kind", ["bitbucket_cloud", "bitbucket_server"])
def test_a_user_and_a_token_are_sent_as_such(host: CodeHost, kind: str) -> None:
    url = host.address if kind == "bitbucket_cloud" else ""
    keep_comment(comments_of(place_of(host.page(kind), url=url), Connection(token=f"ada:{TOKEN}")), MARKER)
    assert all(token.startswith("Basic ") for token in host.tokens)


@kinds
@pytest.mark.parametrize(
    ("status", "says"),
    [
        (401, "does not accept the token"),
        (403, "may not comment"),
        (404, "knows no such pull request"),
        (429, "rate limit"),
        (500, "the host failed"),
        (503, "the host failed"),
    ],
)
def test_what_the_host_refuses_is_said_at_once_and_without_the_token(
    host: CodeHost, kind: str, status: int, says: str
) -> None:
    host.status = status
    host.body = f'{{"message": "no {TOKEN}", "error": {{"message": "no {TOKEN}"}}, "errors": [{{"message": "no"}}]}}'
    with pytest.raises(HostError, match=says) as refusal:
        keep_comment(comments(host, kind), MARKER)
    assert str(status) in str(refusal.value)
    assert TOKEN not in str(refusal.value)
    assert len(host.requests) == 1


@pytest.mark.parametrize("kind", ["github", "gitlab"])
def test_a_rate_limit_is_told_from_a_missing_permission(host: CodeHost, kind: str) -> None:
    host.status, host.body = 403, '{"message": "API rate limit exceeded for user"}'
    with pytest.raises(HostError, match="rate limit"):
        keep_comment(comments(host, kind), MARKER)


@kinds
def test_a_host_that_is_down_is_named(host: CodeHost, kind: str) -> None:
    with code_host() as gone:
        there = comments(gone, kind)
    with pytest.raises(HostError, match="cannot be reached"):
        keep_comment(there, MARKER)


@kinds
def test_a_host_that_does_not_answer_is_given_up(host: CodeHost, kind: str) -> None:
    host.slow = 3
    with pytest.raises(HostError, match="no answer within"):
        keep_comment(comments(host, kind, seconds=1), MARKER)


@kinds
def test_an_answer_that_is_none_is_said(host: CodeHost, kind: str) -> None:
    host.status, host.body = 200, "<html>please log in</html>"
    with pytest.raises(HostError):
        keep_comment(comments(host, kind), MARKER)


@kinds
def test_the_token_is_in_no_log(host: CodeHost, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        keep_comment(comments(host, kind), MARKER)
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(Connection(token=TOKEN))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate_in(tmp_path_factory.mktemp("certificate"))


@kinds
def test_a_host_is_trusted_by_the_bundle_that_the_environment_names(certificate: Path, kind: str) -> None:
    with code_host(certificate) as host:
        place = place_of(host.page(kind), url=host.address if kind == "bitbucket_cloud" else "")
        with pytest.raises(HostError, match="certificate is not trusted; REQUESTS_CA_BUNDLE"):
            keep_comment(comments_of(place, Connection(token=TOKEN)), MARKER)
        assert host.tokens == set()
        bundle = trusted_bundle({"REQUESTS_CA_BUNDLE": "", "SSL_CERT_FILE": str(certificate)})
        assert keep_comment(comments_of(place, Connection(token=TOKEN, trusted=bundle)), MARKER).state == "created"


def test_a_bundle_that_is_not_there_is_none() -> None:
    assert Connection(token=TOKEN, trusted=trusted_bundle({"REQUESTS_CA_BUNDLE": "/no/such/file"})).verify is True


def test_a_client_that_is_not_installed_is_named(host: CodeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "gitlab", None)
    monkeypatch.delitem(sys.modules, "agent.hosts.gitlab", raising=False)
    with pytest.raises(HostError, match=r"gitlab is not installed; install modelyard\[hosts\]"):
        comments(host, "gitlab")
