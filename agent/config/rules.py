"""What must hold between several parts of a configuration, which no single field can say.

Every rule looks at a document as written, merged for one kind of run, and says nothing about values that are wrong in
themselves: so everything is reported at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.config import (
    approval_rules,
    data_gate_rules,
    data_rules,
    environment_rules,
    evaluation_rules,
    gate_rules,
    limit_rules,
    prediction_rules,
    pull_request_rules,
    robustness_rules,
    supply_rules,
)
from agent.config.field_types import is_inside_repository
from agent.config.view import View

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path as FilePath

    from agent.config.finding import Finding
    from agent.config.tree import MappingNode

    Rule = Callable[[View], Iterator[Finding]]

RULES: tuple[Rule, ...] = (
    data_rules.each_source_has_one_origin,
    data_rules.every_data_set_exists,
    data_rules.no_source_is_in_the_script_s_place,
    data_rules.prepared_data_has_its_own_name,
    data_rules.spot_waits_at_least_as_long_as_it_runs,
    data_rules.layers_have_a_base,
    evaluation_rules.models_are_evaluated_in_one_way,
    evaluation_rules.payloads_fit_together,
    evaluation_rules.transformed_rows_have_no_header,
    gate_rules.every_gate_judges_a_metric_that_exists,
    gate_rules.every_champion_has_an_environment,
    gate_rules.every_guarded_environment_exists,
    gate_rules.guarded_environments_have_builds,
    prediction_rules.gates_on_rows_have_predictions,
    prediction_rules.gates_on_rows_are_of_the_task,
    prediction_rules.settings_are_of_the_task,
    prediction_rules.directions_are_those_of_the_metrics,
    prediction_rules.every_slice_is_declared,
    prediction_rules.every_metric_of_rows_is_computed,
    prediction_rules.rows_that_are_asked_can_be_measured,
    prediction_rules.columns_are_of_slices,
    prediction_rules.every_checked_metric_is_computed,
    prediction_rules.every_metric_of_a_transform_is_computed,
    prediction_rules.every_limit_is_a_value_of_its_metric,
    robustness_rules.perturbed_columns_are_features,
    limit_rules.every_threshold_limits_something,
    limit_rules.every_gate_on_rows_limits_something,
    limit_rules.every_sample_limits_something,
    limit_rules.every_checked_metric_limits_something,
    limit_rules.every_load_has_something_to_send,
    data_gate_rules.constraints_can_be_kept,
    data_gate_rules.leakage_is_between_two_data_sets,
    supply_rules.milder_limits_are_wider,
    supply_rules.licenses_are_allowed_or_denied,
    environment_rules.no_two_environments_share_an_endpoint,
    environment_rules.overrides_name_environments,
    environment_rules.production_has_an_external_id,
    environment_rules.production_takes_no_branches,
    environment_rules.an_external_id_has_a_role,
    environment_rules.roles_belong_to_their_account,
    environment_rules.keys_belong_to_their_region,
    environment_rules.each_endpoint_has_one_hosting,
    environment_rules.serverless_endpoints_stay_within_their_features,
    environment_rules.autoscaling_contains_the_count,
    pull_request_rules.previews_stand_beside_a_test_environment,
    pull_request_rules.previews_have_one_hosting,
    pull_request_rules.names_of_previews_fit,
    approval_rules.approved_environments_take_no_branches,
    approval_rules.git_names_are_of_approvers,
    approval_rules.four_eyes_are_of_two_people,
)

_FILES = (
    ("image", "dockerfile"),
    ("image", "requirements"),
    ("prepare", "script"),
    ("evaluation", "script"),
)


def broken_rules(document: MappingNode) -> Iterator[Finding]:
    """What every rule finds in a document."""
    view = View(document=document)
    for rule in RULES:
        yield from rule(view)


def wrong_files(document: MappingNode, folder: FilePath) -> Iterator[Finding]:
    """The files that the document names and that are not in the model repository's folder, or of no use there."""
    view = View(document=document)
    named = (*((path, view.text(path)) for path in _FILES), *gate_rules.modules(view), *supply_rules.keys(view))
    for path, name in named:
        if name and is_inside_repository(name) and not (folder / name).is_file():
            message = f"there is no file `{name}` in the model repository"
            yield view.broken("missing-file", path, message, f"paths are relative to {folder.resolve()}")
    yield from supply_rules.keys_can_be_used(view, folder)
