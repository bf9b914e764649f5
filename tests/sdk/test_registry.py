"""The model registry with the SDK: ``ModelPackageGroup`` and ``ModelPackage``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sagemaker.core.resources import ModelPackage, ModelPackageGroup
from sagemaker.core.shapes import InferenceSpecification, ModelPackageContainerDefinition

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.workbench import Workbench


def test_versions_of_a_group_are_approved_and_listed(workbench: Workbench, unique: Callable[[str], str]) -> None:
    name = unique("sdk")
    group = ModelPackageGroup.create(model_package_group_name=name)
    specification = InferenceSpecification(
        containers=[ModelPackageContainerDefinition(image=workbench.image)],
        supported_content_types=["text/csv"],
        supported_response_mime_types=["text/csv"],
    )
    packages = [
        ModelPackage.create(
            model_package_group_name=name,
            inference_specification=specification,
            model_approval_status="PendingManualApproval",
        )
        for _ in range(2)
    ]
    assert [package.model_package_version for package in packages] == [1, 2]
    packages[1].update(model_approval_status="Approved", approval_description="better than version 1")
    approved = ModelPackage.get_all(model_package_group_name=name, model_approval_status="Approved")
    assert [package.model_package_version for package in approved] == [2]
    assert ModelPackage.get(model_package_name=packages[1].model_package_arn).approval_description == (
        "better than version 1"
    )
    for package in packages:
        package.delete()
    group.delete()
