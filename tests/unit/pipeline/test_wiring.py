"""Where inputs come from that follow from what environments serve, or stand in files of the repository."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from agent.artifacts import Champion
from agent.config.data_summary import DataSummary
from agent.config.supply_gates import BaseImageGate
from agent.errors import InputMissingError
from agent.pipeline.wiring import Wiring, wire_audit_image, wire_check_data
from pipeline_steps import audit_image, build_image, snapshot_data
from tests.unit.pipeline.configured import three_environments
from tests.unit.pipeline_steps.vouched import DATA, IMAGE, MODEL

if TYPE_CHECKING:
    from pipeline_steps import check_data


def wired(wiring: Wiring, *serving: str, **summaries: DataSummary) -> check_data.Inputs | None:
    """The inputs of the check of data where these environments serve a model."""
    champions = {name: Champion(environment=name, release=name[0] * 64, model=MODEL) for name in serving}
    results = {"snapshot_data": snapshot_data.Result(data=DATA, copied_files=0, copied_bytes=0)}
    configuration = three_environments(data_summaries=summaries, gates={})
    given = replace(wiring, configuration=configuration, champion_of=champions.get, results=results)
    return wire_check_data(given)


def test_data_are_summarized_beside_those_of_the_environment_nearest_to_production(wiring: Wiring) -> None:
    found = wired(wiring, "dev", "qa", training=DataSummary(header=True), evaluation=DataSummary(environment="dev"))
    assert found is not None
    assert found.summaries == {
        "training": DataSummary(environment="qa", header=True),
        "evaluation": DataSummary(environment="dev"),
    }
    assert (found.releases, found.data) == ({"dev": "d" * 64, "qa": "q" * 64}, DATA)


def test_where_nothing_is_deployed_data_are_summarized_alone(wiring: Wiring) -> None:
    found = wired(wiring, training=DataSummary())
    assert found is not None
    assert (found.summaries["training"].environment, found.releases) == (None, {})
    assert list(found.data) == ["training"]


def test_data_that_nobody_asks_about_are_not_fetched(wiring: Wiring) -> None:
    assert wired(wiring, "qa") is None


def test_keys_that_images_are_signed_by_are_given_by_what_is_in_their_files(wiring: Wiring) -> None:
    gates = {"base": BaseImageGate(kind="base-image", signed_by=("platform.pub",))}
    given = replace(
        wiring,
        configuration=three_environments(gates=gates),
        results={"build_image": build_image.Result(image=IMAGE)},
    )
    with pytest.raises(InputMissingError, match=r"platform\.pub cannot be read"):
        wire_audit_image(given)
    found = []
    for content in ("one", "another"):
        (wiring.folder / "platform.pub").write_text(content)
        inputs = wire_audit_image(given)
        assert inputs is not None
        assert inputs.keys == {"platform.pub": content}
        found.append(audit_image.STEP.key(inputs))
    assert found[0] != found[1]
