"""`modelyard bootstrap`, as the administrators of several accounts type it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from agent.config.scaffolding import plan, write
from agent.errors import ExitCode
from tests.contract.bootstrap.landscape import IDS, project_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from agent.cloud.embedded import EmbeddedCloud


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A new model repository for the embedded cloud's accounts."""
    folder = tmp_path / project_name()
    write(plan(folder.name), folder)
    return folder


def bootstrap(folder: Path, environment: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agent.cli", "bootstrap", *words],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def in_cloud(cloud: EmbeddedCloud, account: str = "tools") -> dict[str, str]:
    """The shell of someone who may read the cloud's folder, and so is every account's administrator."""
    return {**cloud.environment(account), "MODELYARD_CLOUD": str(cloud.place.folder)}


def as_on_aws(cloud: EmbeddedCloud, folder: Path, account: str = "tools") -> dict[str, str]:
    """The shell of one account's administrator, who knows of no embedded cloud."""
    return {**cloud.environment(account), "MODELYARD_CLOUD": str(folder / "no-cloud")}


def test_an_apply_makes_every_account_and_tells_what_is_left_to_do(
    several_accounts: EmbeddedCloud, repository: Path
) -> None:
    done = bootstrap(repository, in_cloud(several_accounts), "apply")

    assert done.returncode == ExitCode.DONE, done.stderr
    assert f"prod   {IDS['prod']}  us-east-1  {repository.name}-environment-prod  created" in done.stderr
    assert f"The build server is arn:aws:iam::{IDS['tools']}:user/{repository.name}-ci." in done.stderr
    assert "modelyard bootstrap key" in done.stderr


def test_an_apply_answers_programs_in_json(several_accounts: EmbeddedCloud, repository: Path) -> None:
    bootstrap(repository, in_cloud(several_accounts), "apply")

    answer = json.loads(bootstrap(repository, in_cloud(several_accounts), "apply", "--json").stdout)

    assert [(stack["name"], stack["outcome"]) for stack in answer["stacks"]] == [
        ("tools", "unchanged"),
        ("qa", "unchanged"),
        ("prod", "unchanged"),
    ]
    assert answer["build_server"]["made"]


def test_a_plan_names_resources_and_changes_none(several_accounts: EmbeddedCloud, repository: Path) -> None:
    planned = bootstrap(repository, in_cloud(several_accounts), "plan")

    assert planned.returncode == ExitCode.DONE, planned.stderr
    assert "+ Bucket (AWS::S3::Bucket)" in planned.stderr
    asked = bootstrap(repository, in_cloud(several_accounts), "plan", "--json", "--exit-code")
    assert asked.returncode == ExitCode.WARNED
    assert [stack["new"] for stack in json.loads(asked.stdout)["stacks"]] == [True, True, True]


def test_a_key_is_told_once_on_stdout_and_lets_the_build_server_in(
    several_accounts: EmbeddedCloud, repository: Path
) -> None:
    bootstrap(repository, in_cloud(several_accounts), "apply")

    told = bootstrap(repository, in_cloud(several_accounts), "key")

    values = dict(line.split("=", 1) for line in told.stdout.splitlines())
    assert values["AWS_SECRET_ACCESS_KEY"] not in told.stderr
    import boto3

    sts = boto3.client(
        "sts",
        aws_access_key_id=values["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=values["AWS_SECRET_ACCESS_KEY"],
        region_name=values["AWS_REGION"],
        endpoint_url=several_accounts.endpoint,
    )
    assert sts.get_caller_identity()["Arn"].endswith(f":user/{repository.name}-ci")


def test_a_key_for_a_user_that_is_not_there_says_how_to_make_it(
    several_accounts: EmbeddedCloud, repository: Path
) -> None:
    told = bootstrap(repository, in_cloud(several_accounts), "key")

    assert told.returncode == ExitCode.INPUT_MISSING
    assert "make it with: modelyard bootstrap apply" in told.stderr


def test_a_project_goes_by_its_name_and_its_data_by_their_buckets(
    several_accounts: EmbeddedCloud, repository: Path
) -> None:
    shell, project = in_cloud(several_accounts), repository.name
    bucket, words = f"{project}-{IDS['tools']}-us-east-1", ["destroy", "--yes", project, "--with-data"]
    bootstrap(repository, shell, "apply")

    listed = bootstrap(repository, shell, "destroy", "--dry-run")
    unasked = bootstrap(repository, shell, *words)
    done = bootstrap(repository, shell, *words, "--yes-data", bucket, "--key-days", "7", "--json")
    again = bootstrap(repository, shell, *words, "--yes-data", bucket)

    assert listed.returncode == ExitCode.DONE, listed.stderr
    assert f"= bucket {bucket} stays: data, models" in listed.stderr
    assert unasked.returncode == ExitCode.USAGE
    assert f"--yes-data {bucket} says yes to the data of {project} for good" in unasked.stderr
    assert done.returncode == ExitCode.DONE, done.stderr
    stacks = json.loads(done.stdout)["stacks"]
    assert [(stack["name"], stack["outcome"]) for stack in stacks] == [
        ("prod", "removed"), ("qa", "removed"), ("tools", "removed"),
    ]  # fmt: skip
    assert stacks[2]["stays"][0]["outcome"] == "removed, with 0 versions of objects"
    assert again.returncode == ExitCode.DONE
    assert "There is nothing to do." in again.stderr


def test_what_is_printed_makes_the_same_by_cloudformation_alone(
    several_accounts: EmbeddedCloud, repository: Path
) -> None:
    shell = in_cloud(several_accounts)
    cloudformation = several_accounts.client("cloudformation", "qa")
    several_accounts.client("iam").create_user(UserName=f"{repository.name}-ci")

    cloudformation.create_stack(
        StackName=f"{repository.name}-environment-qa",
        TemplateBody=bootstrap(repository, {}, "template", "environment").stdout,
        Parameters=json.loads(bootstrap(repository, {}, "template", "qa", "--parameters").stdout),
        Tags=[{"Key": "modelyard:project", "Value": repository.name}, {"Key": "modelyard:environment", "Value": "qa"}],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName=f"{repository.name}-environment-qa", WaiterConfig={"Delay": 1}
    )

    planned = json.loads(bootstrap(repository, shell, "plan", "--account", "qa", "--json").stdout)
    assert planned["stacks"][0]["changes"] == []


def test_a_template_that_there_is_not_is_named(repository: Path) -> None:
    told = bootstrap(repository, {}, "template", "staging")

    assert told.returncode == ExitCode.USAGE
    assert "there is no template staging; there are: tools, environment" in told.stderr


def test_one_administrator_makes_the_account_that_is_chosen(several_accounts: EmbeddedCloud, repository: Path) -> None:
    done = bootstrap(repository, as_on_aws(several_accounts, repository), "apply", "--account", "tools")

    assert done.returncode == ExitCode.DONE, done.stderr
    assert f"{repository.name}-environment-qa" not in done.stderr


def test_credentials_of_one_account_do_not_reach_another(several_accounts: EmbeddedCloud, repository: Path) -> None:
    done = bootstrap(repository, as_on_aws(several_accounts, repository), "apply", "--account", "qa")

    assert done.returncode == ExitCode.USAGE
    assert f"not of account {IDS['qa']}" in done.stderr
    assert "--admin-role" in done.stderr


def test_profiles_enter_accounts(several_accounts: EmbeddedCloud, repository: Path) -> None:
    config = repository / "aws-config"
    config.write_text("".join(profile(several_accounts, name) for name in ("qa", "prod")))
    shell = {**as_on_aws(several_accounts, repository), "AWS_CONFIG_FILE": str(config)}

    done = bootstrap(repository, shell, "apply", "--profile-for", "qa=qa-admin", "--profile-for", "prod=prod-admin")

    assert done.returncode == ExitCode.DONE, done.stderr
    assert done.stderr.count("  created") == 3


def profile(cloud: EmbeddedCloud, account: str) -> str:
    keys = cloud.environment(account)
    return (
        f"[profile {account}-admin]\n"
        f"aws_access_key_id = {keys['AWS_ACCESS_KEY_ID']}\n"
        f"aws_secret_access_key = {keys['AWS_SECRET_ACCESS_KEY']}\n"
    )


def test_a_profile_that_is_not_there_is_named(several_accounts: EmbeddedCloud, repository: Path) -> None:
    shell = as_on_aws(several_accounts, repository)

    done = bootstrap(repository, shell, "apply", "--account", "qa", "--profile-for", "qa=absent")

    assert done.returncode == ExitCode.USAGE
    assert "there is no AWS profile absent" in done.stderr


@pytest.mark.parametrize("assignment", ["qa", "staging=x"])
def test_a_profile_for_nobody_is_refused(several_accounts: EmbeddedCloud, repository: Path, assignment: str) -> None:
    done = bootstrap(repository, in_cloud(several_accounts), "apply", "--profile-for", assignment)

    assert done.returncode == ExitCode.USAGE
    assert "expected NAME=PROFILE with one of the names tools, qa, prod" in done.stderr


def test_an_administrators_role_enters_the_other_accounts(several_accounts: EmbeddedCloud, repository: Path) -> None:
    role = f"{repository.name}-administration"
    for account in ("qa", "prod"):
        trust_tools(several_accounts, account, role)
    allow_assuming(several_accounts, role)

    done = bootstrap(repository, as_on_aws(several_accounts, repository), "apply", "--admin-role", role)

    assert done.returncode == ExitCode.DONE, done.stderr
    assert done.stderr.count("  created") == 3


def trust_tools(cloud: EmbeddedCloud, account: str, role: str) -> None:
    trust = {"Effect": "Allow", "Principal": {"AWS": IDS["tools"]}, "Action": "sts:AssumeRole"}
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam = cloud.client("iam", account)
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=document(trust))
    iam.put_role_policy(RoleName=role, PolicyName="all", PolicyDocument=document(everything))


def allow_assuming(cloud: EmbeddedCloud, role: str) -> None:
    allowed = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": f"arn:aws:iam::*:role/{role}"}
    cloud.client("iam").put_user_policy(UserName="administrator", PolicyName=role, PolicyDocument=document(allowed))


def document(statement: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
