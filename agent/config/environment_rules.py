"""What must hold inside an environment and between environments: accounts, roles, endpoints."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.config.finding import Finding, Related
from agent.config.wording import did_you_mean, in_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.config.tree import Path
    from agent.config.view import View

_ARN_ACCOUNT = re.compile(r"arn:[^:]*:iam::(\d{12}):role/.+")
_KEY_REGION = re.compile(r"arn:[^:]*:kms:([^:]+):\d{12}:.+")


def _environments(view: View) -> Iterator[tuple[str, Path]]:
    yield from ((name, ("environments", name)) for name in view.keys(("environments",)))


def no_two_environments_share_an_endpoint(view: View) -> Iterator[Finding]:
    """The second environment would overwrite what the first one serves."""
    seen: dict[tuple[str, str, str], tuple[str, Path]] = {}
    for name, path in _environments(view):
        endpoint = (*path, "endpoint", "name")
        identity = (view.account((*path, "account")), view.text((*path, "region")), view.text(endpoint))
        account, region, endpoint_name = identity
        if account is None or region is None or endpoint_name is None:
            continue
        first, first_path = seen.setdefault((account, region, endpoint_name), (name, endpoint))
        if first != name:
            related = Related(place=view.place(first_path), label=f"the endpoint of `{first}`")
            message = f"environment `{name}` has the same endpoint as `{first}` in account {account}, {region}"
            hint = f"each environment needs its own: for example `name: {endpoint_name}-{name}`"
            yield view.broken("shared-endpoint", endpoint, message, hint, related)


def overrides_name_environments(view: View) -> Iterator[Finding]:
    """`overrides.environments` speaks of environments of this file."""
    known = view.keys(("environments",))
    for name in view.keys(("overrides", "environments")):
        if known and name not in known:
            message = f"this override never applies: there is no environment `{name}`"
            hint = did_you_mean(name, known) or f"the environments are {in_list(known, 'and')}"
            path = ("overrides", "environments", name)
            place = view.key_place(path)
            yield Finding(place=place, code="unknown-environment", message=message, hint=hint, path=path)


def production_has_an_external_id(view: View) -> Iterator[Finding]:
    """Without an external id, anyone who can make our pipeline assume a role can aim it at production."""
    for name, path in _environments(view):
        if view.value((*path, "production")) is True and not view.has((*path, "external_id")):
            message = f"production environment `{name}` has no `external_id`"
            hint = "add the external id that the trust policy of its `deploy_role` demands"
            yield view.broken("external-id", (*path, "production"), message, hint)


def production_takes_no_branches(view: View) -> Iterator[Finding]:
    """What real users depend on is promoted to by someone, never by a build."""
    for name, path in _environments(view):
        if view.value((*path, "production")) is True and view.texts((*path, "branches")):
            related = Related(place=view.place((*path, "production")), label="real users depend on it")
            message = f"no build deploys to the production environment `{name}` by itself"
            hint = f"leave `branches` out, and promote: `modelyard promote RELEASE --to {name}`"
            yield view.broken("branches", (*path, "branches"), message, hint, related)


def an_external_id_has_a_role(view: View) -> Iterator[Finding]:
    """An external id is said when a role is assumed, and another account is entered only by a role."""
    tools = view.account(("tools", "account"))
    for name, path in _environments(view):
        if view.has((*path, "deploy_role")):
            continue
        account = view.account((*path, "account"))
        if view.has((*path, "external_id")):
            message = f"environment `{name}` has an `external_id`, but no role to assume with it"
            yield view.broken("deploy-role", (*path, "external_id"), message, "add `deploy_role`")
        elif tools is not None and account is not None and account != tools:
            related = Related(place=view.place(("tools", "account")), label="the pipeline runs in this account")
            message = f"environment `{name}` is in another account than the pipeline, but has no `deploy_role`"
            hint = f"add the role to assume: for example `deploy_role: arn:aws:iam::{account}:role/deploy`"
            yield view.broken("deploy-role", (*path, "account"), message, hint, related)


def roles_belong_to_their_account(view: View) -> Iterator[Finding]:
    """A role of another account cannot be handed to this account's SageMaker, nor deploy there."""
    environments = tuple((path, key) for _, path in _environments(view) for key in ("deploy_role", "execution_role"))
    for path, key in (*environments, (("tools",), "role"), (("tools",), "execution_role")):
        account = view.account((*path, "account"))
        role = _ARN_ACCOUNT.fullmatch(view.text((*path, key)) or "")
        if role and account and role[1] != account:
            related = Related(place=view.place((*path, "account")), label="the account here")
            message = f"`{key}` is a role of account {role[1]}, not of {account}"
            hint = "use a role of the same account, or mend the account"
            yield view.broken("role-account", (*path, key), message, hint, related)


def keys_belong_to_their_region(view: View) -> Iterator[Finding]:
    """SageMaker uses only keys of its own region."""
    for _, path in (*_environments(view), ("tools", ("tools",))):
        region = view.text((*path, "region"))
        key = _KEY_REGION.fullmatch(view.text((*path, "kms_key")) or "")
        if key and region and key[1] != region:
            related = Related(place=view.place((*path, "region")), label="the region here")
            message = f"`kms_key` is a key of {key[1]}, not of {region}"
            yield view.broken("key-region", (*path, "kms_key"), message, "use a key of the same region", related)


def each_endpoint_has_one_hosting(view: View) -> Iterator[Finding]:
    """Exactly one of `instance` and `serverless`."""
    for name, path in _environments(view):
        endpoint = (*path, "endpoint")
        instance, serverless = (*endpoint, "instance"), (*endpoint, "serverless")
        if view.has(instance) and view.has(serverless):
            related = Related(place=view.key_place(instance), label="already hosted on instances")
            message = f"the endpoint of `{name}` has both `instance` and `serverless`"
            hint = "keep one of them; in an override, `instance:` without a value removes the other"
            yield view.broken("hosting", serverless, message, hint, related)
        elif view.has(endpoint) and not view.has(instance) and not view.has(serverless):
            message = f"the endpoint of `{name}` has neither `instance` nor `serverless`"
            hint = "add `instance: {type: ml.m5.large}` or `serverless: {memory_mb: 2048, max_concurrency: 20}`"
            yield view.broken("hosting", endpoint, message, hint)


def serverless_endpoints_stay_within_their_features(view: View) -> Iterator[Finding]:
    """No data capture, network or gradual update (developer guide, "Serverless Inference", "Deployment guardrails")."""
    for name, path in _environments(view):
        endpoint = (*path, "endpoint")
        if not view.has((*endpoint, "serverless")):
            continue
        related = Related(place=view.key_place((*endpoint, "serverless")), label="serverless")
        if view.has((*endpoint, "data_capture")):
            message = f"the serverless endpoint of `{name}` cannot capture data"
            hint = "SageMaker captures data only of endpoints on instances"
            yield view.broken("serverless", (*endpoint, "data_capture"), message, hint, related)
        if view.has((*path, "network")):
            message = f"the serverless endpoint of `{name}` has no network of its own"
            hint = "SageMaker places and isolates only the containers of endpoints on instances"
            yield view.broken("serverless", (*path, "network"), message, hint, related)
        kind = view.text((*endpoint, "strategy", "kind"))
        if kind in {"canary", "linear", "rolling"}:
            message = f"the serverless endpoint of `{name}` cannot be updated by `{kind}`"
            hint = "SageMaker updates serverless endpoints only by `all_at_once`"
            yield view.broken("serverless", (*endpoint, "strategy", "kind"), message, hint, related)


def autoscaling_contains_the_count(view: View) -> Iterator[Finding]:
    """`min_count` ≤ `count` ≤ `max_count`."""
    for name, path in _environments(view):
        instance = (*path, "endpoint", "instance")
        limits = ((*instance, "autoscaling", "min_count"), (*instance, "autoscaling", "max_count"))
        low, high = (view.number(limit) for limit in limits)
        if low is None or high is None:
            continue
        count = view.number((*instance, "count")) if view.has((*instance, "count")) else 1
        if low > high:
            related = Related(place=view.place(limits[0]), label="at least this")
            message = f"the endpoint of `{name}` cannot scale: `min_count` is greater than `max_count`"
            yield view.broken("autoscaling", limits[1], message, "swap the two limits", related)
        elif count is not None and not low <= count <= high:
            message = f"the endpoint of `{name}` starts with {count} instances, outside of {low} to {high}"
            hint = f"write for example `count: {low}`"
            yield view.broken("autoscaling", (*instance, "count"), message, hint)
