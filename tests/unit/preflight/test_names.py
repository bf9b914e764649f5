"""A name that AWS would not take is found before anything is made."""

from __future__ import annotations

import pytest

from agent.preflight import names
from tests.contract.bootstrap.landscape import configuration
from tests.unit.preflight.subjects import subject


def with_endpoint(name: str) -> list[tuple[str, str, str]]:
    chosen = configuration("tumour")
    qa = chosen.environments["qa"]
    endpoint = qa.endpoint.model_copy(update={"name": name})
    environments = {**chosen.environments, "qa": qa.model_copy(update={"endpoint": endpoint})}
    (look,) = names.looks(subject("qa", chosen.model_copy(update={"environments": environments})))
    return [(found.severity, found.key, found.why) for found in look.ask()]


def test_names_that_fit_are_well() -> None:
    assert with_endpoint("x" * 63) == [("ok", "", "3 names are short enough")]


def test_an_endpoint_that_is_too_long_is_told_with_its_length_and_key() -> None:
    ((severity, key, why),) = with_endpoint("x" * 64)
    assert (severity, key) == ("error", "environments.qa.endpoint.name")
    assert why.endswith(": 64 signs, and AWS takes 63")


@pytest.mark.parametrize("name", ["-x", "x_y", "x-"])
def test_a_name_of_other_signs_is_refused(name: str) -> None:
    ((severity, _, why),) = with_endpoint(name)
    assert severity == "error"
    assert why == f"the endpoint would be called {name}, which AWS does not take"


def test_a_project_of_the_longest_name_fits_everywhere() -> None:
    """The configuration takes 30 signs, so that jobs, models and buckets always fit."""
    for place in ("tools", "qa"):
        wrong = [name.wrong for name in names.names_of(subject(place, configuration("p" * 30))) if name.wrong]
        assert wrong == []
