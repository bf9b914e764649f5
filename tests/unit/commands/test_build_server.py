"""How people say who their build server is, and what is asked of them before tokens are trusted."""

from __future__ import annotations

import argparse

import pytest

from agent.bootstrap.build_server import MADE_USER, BuildServer, WebIdentity
from agent.commands.bootstrap.build_server import build_server, build_server_arguments
from agent.errors import UsageError

ISSUER = "https://jenkins.example.com/oidc"
SUBJECT = "https://jenkins.example.com/job/iris/*"


def said(*words: str) -> BuildServer | None:
    parser = argparse.ArgumentParser()
    build_server_arguments(parser)
    return build_server(parser.parse_args(words))


def tokens(*words: str, issuer: str = ISSUER, subject: str = SUBJECT) -> BuildServer | None:
    return said("--ci-principal", "oidc", "--ci-issuer", issuer, "--ci-subject", subject, *words)


def test_without_a_word_it_stays_as_it_is() -> None:
    assert said() is None


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("user", MADE_USER),
        ("ec2", BuildServer(service="ec2.amazonaws.com")),
        ("ecs", BuildServer(service="ecs-tasks.amazonaws.com")),
        ("eks", BuildServer(service="pods.eks.amazonaws.com")),
        ("arn:aws:iam::111111111111:role/jenkins", BuildServer(principal="arn:aws:iam::111111111111:role/jenkins")),
    ],
)
def test_one_word_says_who_it_is(word: str, expected: BuildServer) -> None:
    assert said("--ci-principal", word) == expected


def test_tokens_are_for_sts_unless_said_otherwise() -> None:
    web = WebIdentity(issuer="jenkins.example.com/oidc", subject=SUBJECT)
    assert tokens(issuer=f"{ISSUER}/") == BuildServer(web=web)


def test_a_thumbprint_may_be_written_as_certificates_show_it() -> None:
    server = tokens("--ci-thumbprint", ":".join(["AB"] * 20))
    assert server is not None
    assert server.web is not None
    assert server.web.thumbprint == "ab" * 20


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--ci-principal", "jenkins"], "expected the ARN of a user or a role, or one of user, ec2, ecs, eks, oidc"),
        (["--ci-principal", "oidc", "--ci-issuer", ISSUER], "--ci-issuer and --ci-subject say"),
        (["--ci-subject", SUBJECT], "--ci-subject is about tokens: say --ci-principal oidc"),
        (["--ci-principal", "ec2", "--ci-existing-provider"], "--ci-existing-provider is about tokens"),
    ],
)
def test_what_is_not_complete_is_refused(words: list[str], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        said(*words)


@pytest.mark.parametrize("subject", ["*", "*:main", "?"])
def test_a_subject_that_anybody_could_be_is_refused(subject: str) -> None:
    with pytest.raises(UsageError, match="trust whomever the issuer knows"):
        tokens(subject=subject)


@pytest.mark.parametrize("issuer", ["http://jenkins.example.com", "jenkins.example.com", "https://a.example?b"])
def test_an_issuer_is_an_address_that_aws_takes(issuer: str) -> None:
    with pytest.raises(UsageError, match="begins with https://"):
        tokens(issuer=issuer)


def test_a_thumbprint_is_a_sha_1() -> None:
    with pytest.raises(UsageError, match="40 hexadecimal digits"):
        tokens("--ci-thumbprint", "ab")
