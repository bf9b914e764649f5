"""Where a pull request is follows from its page's address, and the token goes nowhere else."""

from __future__ import annotations

import pytest

from agent.hosts.comments import HostError
from agent.hosts.place import Place, place_of


@pytest.mark.parametrize(
    ("page", "kind", "url", "owner", "name"),
    [
        ("https://github.com/ada/tumour/pull/12", "github", "https://api.github.com", "ada", "tumour"),
        ("https://git.example/ada/tumour/pull/12", "github", "https://git.example/api/v3", "ada", "tumour"),
        ("https://gitlab.com/a/b/tumour/-/merge_requests/12", "gitlab", "https://gitlab.com", "a/b", "tumour"),
        ("https://git.example:8443/a/tumour/merge_requests/12", "gitlab", "https://git.example:8443", "a", "tumour"),
        (
            "https://bitbucket.org/clinic/tumour/pull-requests/12",
            "bitbucket_cloud",
            "https://api.bitbucket.org",
            "clinic",
            "tumour",
        ),
        (
            "https://git.example/bb/projects/CLINIC/repos/tumour/pull-requests/12/overview",
            "bitbucket_server",
            "https://git.example/bb",
            "CLINIC",
            "tumour",
        ),
        (
            "https://git.example/users/ada/repos/tumour/pull-requests/12",
            "bitbucket_server",
            "https://git.example",
            "~ada",
            "tumour",
        ),
    ],
)
def test_the_page_tells_all(page: str, kind: str, url: str, owner: str, name: str) -> None:
    found = place_of(page)
    assert found == Place(kind=found.kind, url=url, owner=owner, name=name, number=12, page=page)
    assert found.kind == kind


def test_a_host_below_a_path_of_its_own_is_told_by_the_configuration() -> None:
    found = place_of("https://git.example/gitlab/a/tumour/-/merge_requests/12", url="https://git.example/gitlab/")
    assert (found.url, found.owner, found.name) == ("https://git.example/gitlab", "a", "tumour")


@pytest.mark.parametrize(
    "page", ["", "git.example/x", "https://git.example/ada/tumour/pulls/12", "javascript:alert(1)"]
)
def test_an_address_of_no_known_host_is_named(page: str) -> None:
    with pytest.raises(HostError, match="pull request"):
        place_of(page)


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/api", "https://git.example.evil.example", "http://git.example/api", "https://x@evil.io"],
)
def test_a_configuration_cannot_send_the_token_elsewhere(url: str) -> None:
    with pytest.raises(HostError, match="to no other host"):
        place_of("https://git.example/ada/tumour/pull/12", url=url)


def test_user_and_password_in_an_address_are_not_kept() -> None:
    assert place_of("https://u:p@git.example/ada/tumour/pull/12").url == "https://git.example/api/v3"
