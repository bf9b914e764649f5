"""The model registry with the SDK: ``ModelPackageGroup``, and ``ModelPackage`` as far as 3.27 knows versions.

It cannot create versioned packages (it looks for a ModelPackageName in an answer that has none on AWS either), and once
it has read one it asks for it by the name of its group
(https://github.com/aws/sagemaker-python-sdk/issues/5606 is the same mistake in ``get_all``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sagemaker.core.resources import ModelPackage, ModelPackageGroup

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.workbench import Workbench


def test_a_group_and_its_approved_version(workbench: Workbench, unique: Callable[[str], str]) -> None:
    name = unique("sdk")
    group = ModelPackageGroup.create(model_package_group_name=name, model_package_group_description="of the SDK")
    assert group.model_package_group_status == "Completed"
    assert [found.model_package_group_name for found in ModelPackageGroup.get_all(name_contains=name)] == [name]
    arn = workbench.package(name, ModelApprovalStatus="PendingManualApproval")
    assert ModelPackage.get(model_package_name=arn).model_approval_status == "PendingManualApproval"
    workbench.sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    package = ModelPackage.get(model_package_name=arn)
    assert (package.model_package_version, package.model_approval_status) == (1, "Approved")
    workbench.sagemaker.delete_model_package(ModelPackageName=arn)
    group.delete()
    assert list(ModelPackageGroup.get_all(name_contains=name)) == []
