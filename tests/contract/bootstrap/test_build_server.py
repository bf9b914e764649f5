"""A build server without an access key: a token of its issuer, or a role that its instance or pod is given.

Pages: STS API reference, ``AssumeRoleWithWebIdentity``; IAM user guide, "OIDC federation"; EKS user guide, "Create IAM
role with trust policy required by EKS Pod Identity".
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from agent.aws.accounts import AwsAccounts
from agent.aws.ambient import ambient_clients
from agent.bootstrap.build_server import MADE_USER, SERVICES, BuildServer, WebIdentity
from agent.bootstrap.destroy import destroy, look
from agent.bootstrap.orders import orders
from agent.bootstrap.removing import Extent
from agent.bootstrap.session_policies import scopes
from agent.clock import SystemClock
from agent.errors import AccessDeniedError, UsageError
from tests.contract.bootstrap.landscape import IDS, REGION, STARTED, Landscape, Listener, configuration, project_name
from tests.issuer import Issuer, issuer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from agent.aws.sessions import ClientData
    from agent.cloud.embedded import EmbeddedCloud

SUBJECT = "https://jenkins.example.com/job/flowers/job/main/"
DAY = 24 * 3600
LONG_AGO, FAR_AWAY = 1, 4_000_000_000
"""Times that are over, or not, whatever other tests have done to the cloud's clock."""


@pytest.fixture(scope="module")
def jenkins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    """The issuer of a build server."""
    with issuer(tmp_path_factory.mktemp("issuer")) as made:
        yield made


@pytest.fixture(scope="module")
def trusting(several_accounts: EmbeddedCloud, library: ClientData, jenkins: Issuer) -> Landscape:
    """A bootstrapped project that trusts this issuer's tokens about the builds of one folder."""
    made = Landscape(cloud=several_accounts, configuration=configuration(project_name()), library=library)
    made.apply(web(jenkins))
    return made


def web(jenkins: Issuer, **members: Any) -> BuildServer:
    """A build server that has tokens about one folder's builds."""
    subject = "https://jenkins.example.com/job/flowers/*"
    identity = WebIdentity(issuer=jenkins.host, subject=subject, thumbprint=jenkins.thumbprint)
    return BuildServer(web=replace(identity, **members))


class Build:
    """A build that has a file with a token, and nothing else of AWS."""

    def __init__(self, landscape: Landscape, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.landscape = landscape
        self.file = file
        role = f"arn:aws:iam::{IDS['tools']}:role/{landscape.project}-ci"
        monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(file))
        monkeypatch.setenv("AWS_ROLE_ARN", role)
        monkeypatch.setenv("AWS_REGION", REGION)
        monkeypatch.setenv("AWS_ENDPOINT_URL", landscape.cloud.endpoint)

    def accounts(self, token: str) -> AwsAccounts:
        """The accounts as steps of the build see them."""
        self.file.write_text(token)
        tools = self.landscape.configuration.tools
        return AwsAccounts(
            ambient_clients(),
            account=tools.account,
            region=tools.region,
            role=tools.role,
            started=STARTED,
            scopes=scopes(self.landscape.configuration),
        )

    def whoami(self, token: str) -> str:
        """Whom the pipeline works as."""
        return self.accounts(token).tools.access.whoami()


@pytest.fixture
def build(trusting: Landscape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """A build of that project."""
    return Build(trusting, tmp_path / "token", monkeypatch)


def token(jenkins: Issuer, subject: str = SUBJECT, **claims: Any) -> str:
    """A token that is good whatever the cloud's clock says."""
    return jenkins.token(subject, **{"exp": FAR_AWAY, **claims})


def test_a_token_of_the_issuer_makes_the_build_the_pipeline(build: Build, jenkins: Issuer) -> None:
    assert f":assumed-role/{build.landscape.project}-pipeline/job-1" in build.whoami(token(jenkins))


def test_it_deploys_to_every_environment_too(build: Build, jenkins: Issuer) -> None:
    into = build.landscape.configuration.environments["prod"]

    account = build.accounts(token(jenkins)).assume(
        account=into.account, region=into.region, role=into.deploy_role, external_id=into.external_id
    )

    assert f":assumed-role/{build.landscape.project}-deploy/" in account.access.whoami()


def test_a_session_is_renewed_with_the_token_that_is_in_the_file_then(
    build: Build, jenkins: Issuer, several_accounts: EmbeddedCloud
) -> None:
    accounts = build.accounts(token(jenkins))
    accounts.tools.access.whoami()
    several_accounts.advance(DAY)
    build.file.write_text(token(jenkins, exp=LONG_AGO))

    with pytest.raises(AccessDeniedError, match="whoever writes the file has to renew it"):
        accounts.tools.access.whoami()
    build.file.write_text(token(jenkins))
    assert accounts.tools.access.whoami()


def of_another_key(jenkins: Issuer) -> str:
    """A token that says it is of this issuer, signed by a key that is not."""
    return token(Issuer(jenkins.host, jenkins.thumbprint))


REFUSED: dict[str, tuple[Callable[[Issuer], str], str]] = {
    "subject": (lambda of: token(of, "https://jenkins.example.com/job/other/"), "AccessDenied: Not authorized"),
    "audience": (lambda of: token(of, audience="somebody"), "InvalidIdentityToken: Incorrect token audience"),
    "time": (lambda of: token(of, exp=LONG_AGO), "ExpiredTokenException: Token expired"),
    "signature": (of_another_key, "is not signed by a key of its issuer"),
    "issuer": (lambda of: token(of, iss="https://127.0.0.1:9/oidc"), "No OpenIDConnect provider found"),
    "form": (lambda _of: "not-a-token", "is no JSON Web Token"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_any_other_token_is_refused_with_what_it_says_and_why(build: Build, jenkins: Issuer, what: str) -> None:
    make, told = REFUSED[what]

    with pytest.raises(AccessDeniedError, match="sts:AssumeRoleWithWebIdentity on arn:aws:iam::") as refusal:
        build.whoami(make(jenkins))

    assert told in str(refusal.value)
    assert f"the token in {build.file} " in str(refusal.value)
    assert build.file.read_text() not in str(refusal.value)


def test_a_role_without_its_token_is_no_identity(build: Build) -> None:
    with pytest.raises(UsageError, match="no token can be read from"):
        ambient_clients().client("sts").get_caller_identity()


def test_a_certificate_that_nobody_knows_is_not_believed(
    fresh: Landscape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with issuer(tmp_path) as jenkins:
        fresh.apply(web(jenkins, thumbprint="ab" * 20))
        with pytest.raises(AccessDeniedError, match="Couldn't retrieve verification key"):
            Build(fresh, tmp_path / "token", monkeypatch).whoami(token(jenkins))


def test_a_project_goes_with_its_role_and_its_provider(fresh: Landscape, tmp_path: Path) -> None:
    with issuer(tmp_path) as jenkins:
        fresh.apply(web(jenkins))
    iam = fresh.administrator("tools").client("iam")
    provider = f"arn:aws:iam::{IDS['tools']}:oidc-provider/{jenkins.host}"
    assert iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider)["ClientIDList"] == ["sts.amazonaws.com"]

    surveys = look(fresh.configuration, orders(fresh.configuration), fresh.administrator)
    destroy(surveys, fresh.administrator, Extent(), clock=SystemClock(), report=Listener())

    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName=f"{fresh.project}-ci")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider)


def trust_of(landscape: Landscape) -> Sequence[Any]:
    """The statements of the build server's role."""
    role = landscape.administrator("tools").client("iam").get_role(RoleName=f"{landscape.project}-ci")["Role"]
    return list(role["AssumeRolePolicyDocument"]["Statement"])


def test_a_build_server_changes_from_a_user_to_an_instance_to_a_pod_and_back(fresh: Landscape) -> None:
    """One role, whose trust changes in place; the stacks keep it when nothing is said."""
    iam = fresh.administrator("tools").client("iam")
    role = f"arn:aws:iam::{IDS['tools']}:role/{fresh.project}-ci"
    fresh.apply()

    instance = fresh.apply(BuildServer(service=SERVICES["ec2"]))[0].outputs
    profile = iam.get_instance_profile(InstanceProfileName=f"{fresh.project}-ci")["InstanceProfile"]
    kept = fresh.apply()[0].outputs["CiPrincipal"]
    fresh.apply(BuildServer(service=SERVICES["eks"]))
    (pod,) = trust_of(fresh)
    back = fresh.apply(MADE_USER)[0].outputs["CiPrincipal"]

    assert (instance["CiPrincipal"], kept) == (role, role)
    assert instance["CiProfile"] == profile["InstanceProfileName"]
    assert [each["Arn"] for each in profile["Roles"]] == [role]
    assert pod["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert pod["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    assert back == f"arn:aws:iam::{IDS['tools']}:user/{fresh.project}-ci"
