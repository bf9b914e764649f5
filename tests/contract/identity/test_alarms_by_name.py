"""Which alarms an identity may change: those that its policy names, every one of a request's.

Page: Service Authorization Reference, "Actions defined by Amazon CloudWatch".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.identity.stage import ALLOWED, allow, answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.contract.identity.stage import Stage

DENIALS = {"AccessDenied", "AccessDeniedException"}


def delete(stage: Stage, names: Sequence[str]) -> str:
    """What someone is answered who may delete the alarms that begin with ``own-``."""
    region, account = stage.region, stage.account()
    own = f"arn:aws:cloudwatch:{region}:{account}:alarm:{stage.name('own')}-*"
    cloudwatch = stage.of(stage.user("keeper", allow("cloudwatch:DeleteAlarms", own)), "cloudwatch")
    stage.settle()
    return answer(lambda: cloudwatch.delete_alarms(AlarmNames=list(names)))


@pytest.mark.parametrize("ends", [("a",), ("a", "b"), ("alike-1", "alike-2")])
def test_alarms_of_ones_own_may_be_deleted(stage: Stage, ends: Sequence[str]) -> None:
    assert delete(stage, [f"{stage.name('own')}-{end}" for end in ends]) == ALLOWED


def test_an_alarm_of_someone_else_may_not_be_deleted(stage: Stage) -> None:
    assert delete(stage, [f"{stage.name('other')}-a"]) in DENIALS


def test_an_alarm_of_someone_else_may_not_be_deleted_together_with_ones_own(stage: Stage) -> None:
    assert delete(stage, [f"{stage.name('own')}-a", f"{stage.name('other')}-a"]) in DENIALS
