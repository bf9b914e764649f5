"""The parameters of the templates, computed from the configuration and from nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent import naming
from agent.bootstrap import identities
from agent.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agent.config.environment import Environment
    from agent.config.model import Configuration, Tools


def tools_parameters(configuration: Configuration) -> Mapping[str, str]:
    """What ``tools.yaml`` is given, but for who the build server is."""
    environments = configuration.environments.values()
    pipeline, jobs = identities.pipeline_role(configuration), identities.jobs_role(configuration)
    tools = configuration.tools
    alias, key = _key(tools.kms_key, "tools", account=tools.account, region=tools.region)
    signing_alias, signing_key = _key(
        configuration.releases.signing_key, "releases", account=tools.account, region=tools.region, member="signing_key"
    )
    buckets, objects = _sources(configuration)
    return {
        "Project": configuration.project,
        "PipelineRoleName": pipeline.name,
        "PipelineRolePath": pipeline.path,
        "ExecutionRoleName": jobs.name,
        "ExecutionRolePath": jobs.path,
        "KeyAlias": alias or f"alias/{configuration.project}",
        "ExistingKey": key,
        "SigningKeyAlias": signing_alias or naming.signing_key(configuration.project),
        "SigningKeyTurn": "ab"[(configuration.releases.key_generation - 1) % 2],
        "ExistingSigningKey": signing_key,
        "EnvironmentAccounts": _list(environment.account for environment in environments),
        "DeployRoles": _list(identities.deploy_role(configuration, environment).arn for environment in environments),
        "HostingRoles": _list(identities.endpoint_role(environment).arn for environment in environments),
        "SourceBuckets": _list(buckets),
        "SourceObjects": _list(objects),
        "NetworkResources": _network(configuration, tools),
    }


def environment_parameters(
    configuration: Configuration, name: str, environment: Environment, ci_principal: str
) -> Mapping[str, str]:
    """What ``environment.yaml`` is given for the environment of that name."""
    deploy = identities.deploy_role(configuration, environment)
    endpoint = identities.endpoint_role(environment)
    alias, key = _key(
        environment.kms_key, f"environments.{name}", account=environment.account, region=environment.region
    )
    _refuse_capture_among_artifacts(configuration, name, environment)
    capture = environment.endpoint.data_capture
    return {
        "Project": configuration.project,
        "Environment": name,
        "EndpointName": environment.endpoint.name.lower(),
        "PreviewNames": _previews(configuration, environment),
        "DeployRoleName": deploy.name,
        "DeployRolePath": deploy.path,
        "ExecutionRoleName": endpoint.name,
        "ExecutionRolePath": endpoint.path,
        "CiPrincipal": ci_principal,
        "ExternalId": environment.external_id or "",
        "ToolsAccount": configuration.tools.account,
        "ToolsRegion": configuration.tools.region,
        "CaptureObjects": _objects(configuration, capture.prefix) if capture else "",
        "NetworkResources": _network(configuration, environment),
        "KeyAlias": alias,
        "ExistingKey": key,
    }


def _previews(configuration: Configuration, environment: Environment) -> str:
    """Names of the endpoints of pull requests; every environment for tests may have had some."""
    if environment.production or configuration.pull_requests.endpoint is None:
        return ""
    return f"{naming.previews(environment.endpoint.name).lower()}*"


def _refuse_capture_among_artifacts(configuration: Configuration, name: str, environment: Environment) -> None:
    """Endpoints only read the artifact bucket: what they capture would be lost, and nobody told."""
    capture = environment.endpoint.data_capture
    if capture is not None and _bucket(capture.prefix) == _artifacts(configuration):
        raise UsageError(
            f"`environments.{name}.endpoint.data_capture.prefix` is in the artifact bucket, where endpoints may write "
            "nothing: name a bucket of the environment's own account"
        )


def _key(kms_key: str | None, section: str, *, account: str, region: str, member: str = "kms_key") -> tuple[str, str]:
    """The alias of a key to make, or the ARN of one that is there; a key by its id is somebody else's."""
    if kms_key is None:
        return "", ""
    place, _, resource = kms_key.partition(":kms:")[2].rpartition(":")
    if not resource.startswith("alias/"):
        return "", kms_key
    if place != f"{region}:{account}":
        raise UsageError(
            f"`{section}.{member}` is an alias of another account or region ({place}), where no key can be made for "
            "it: name an existing key by its id, as in arn:aws:kms:…:key/…"
        )
    return resource, ""


def _sources(configuration: Configuration) -> tuple[list[str], list[str]]:
    """ARNs of the buckets that data sources are in, and of the sources' objects there."""
    addresses = [source.s3 for source in configuration.data.values() if source.s3]
    foreign = [address for address in addresses if _bucket(address) != _artifacts(configuration)]
    buckets = [f"arn:{identities.partition(configuration)}:s3:::{_bucket(address)}" for address in foreign]
    return buckets, [_objects(configuration, address) for address in foreign]


def _network(configuration: Configuration, place: Tools | Environment) -> str:
    """ARNs of the subnets and security groups that containers are placed in there; empty without any."""
    vpc = place.network.vpc if place.network else None
    if vpc is None:
        return ""
    prefix = f"arn:{identities.partition(configuration)}:ec2:{place.region}:{place.account}:"
    subnets = [f"{prefix}subnet/{name}" for name in vpc.subnets]
    return _list([*subnets, *(f"{prefix}security-group/{name}" for name in vpc.security_groups)])


def _artifacts(configuration: Configuration) -> str:
    return naming.bucket(configuration.project, configuration.tools.account, configuration.tools.region)


def _bucket(address: str) -> str:
    return address.removeprefix("s3://").partition("/")[0]


def _objects(configuration: Configuration, address: str) -> str:
    """The ARN of an S3 address and of everything below it."""
    bucket, _, prefix = address.removeprefix("s3://").partition("/")
    return f"arn:{identities.partition(configuration)}:s3:::{bucket}/{prefix}*"


def _list(values: Iterable[str]) -> str:
    """A ``CommaDelimitedList``, each value once, in order."""
    return ",".join(dict.fromkeys(values))
