"""``Search``: the resources of an account that satisfy an expression, of every kind that this cloud has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.cloud.sagemaker.listing import paged
from agent.cloud.sagemaker.operation import Operation
from agent.cloud.sagemaker.search_expression import parse
from agent.cloud.sagemaker.search_property import comparable, property_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from botocore.model import ServiceModel, Shape

    from agent.cloud.identity import Call
    from agent.cloud.sagemaker.operation import Members
    from agent.cloud.sagemaker.search_property import Property
    from agent.cloud.sagemaker.tags import Tags

    Documents = Callable[[str, str], Iterable[Members]]

_ARNS: Mapping[str, str] = {
    "TrainingJob": "TrainingJobArn",
    "HyperParameterTuningJob": "HyperParameterTuningJobArn",
    "Endpoint": "EndpointArn",
    "Model": "ModelArn",
    "ModelPackage": "ModelPackageArn",
    "ModelPackageGroup": "ModelPackageGroupArn",
}


class Search:
    """``sources`` gives, for a kind of resource, those of an account and region as Describe answers them."""

    def __init__(self, model: ServiceModel, tags: Tags, sources: Mapping[str, Documents]) -> None:
        self._tags = tags
        self._sources = sources
        self._records: Mapping[str, Shape] = model.shape_for("SearchRecord").members

    def operations(self) -> Mapping[str, Operation]:
        """What this room serves."""
        return {"Search": Operation(run=self.search, conditions=_conditions)}

    async def resume(self) -> None:
        """Nothing runs here."""

    async def search(self, call: Call, request: Members) -> Members:
        """``Search``; a kind that this cloud does not serve has no resources."""
        kind = request["Resource"]
        record = self._records.get(kind)
        if record is None or kind not in self._sources or request.get("CrossAccountFilterOption") == "CrossAccount":
            return {"Results": []}
        found = self._matching(call, request, kind, record)
        answer = paged(_sorted(found, request, record), request, answer="Results")
        return {**answer, "Results": [{kind: document} for document in answer["Results"]]}

    def _matching(self, call: Call, request: Members, kind: str, record: Shape) -> list[Members]:
        conditions = [parse(_visible(request), record)] if request.get("VisibilityConditions") else []
        if "SearchExpression" in request:
            conditions.append(parse(request["SearchExpression"], record))
        documents = (self._document(kind, record, each) for each in self._sources[kind](call.account, call.region))
        return [document for document in documents if all(holds(document) for holds in conditions)]

    def _document(self, kind: str, record: Shape, described: Members) -> Members:
        tags = [{"Key": key, "Value": value} for key, value in self._tags.of(described[_ARNS[kind]]).items()]
        return {member: described[member] for member in record.members if member in described} | {"Tags": tags}


def _visible(request: Members) -> Members:
    conditions = request["VisibilityConditions"]
    return {"Filters": [{"Name": each.get("Key", ""), "Value": each.get("Value", "")} for each in conditions]}


def _conditions(request: Members) -> Mapping[str, Any]:
    """The condition keys of SageMaker's service authorization reference for searching."""
    return {
        f"sagemaker:SearchVisibilityCondition/{each['Key']}": each.get("Value", "")
        for each in request.get("VisibilityConditions", [])
        if "Key" in each
    }


def _sorted(documents: list[Members], request: Members, record: Shape) -> list[Members]:
    """In the order asked for; resources without the property come last."""
    by = property_of(record, request["SortBy"]) if "SortBy" in request else _usual_order(record)
    having = [document for document in documents if by.values(document)]
    lacking = [document for document in documents if not by.values(document)]
    having.sort(key=lambda document: _sort_key(by, document), reverse=request.get("SortOrder") != "Ascending")
    return having + lacking


def _usual_order(record: Shape) -> Property:
    return property_of(record, "LastModifiedTime" if "LastModifiedTime" in record.members else "CreationTime")


def _sort_key(by: Property, document: Members) -> Any:
    value = comparable(by.kind, by.values(document)[0])
    return str(value) if isinstance(value, (str, list, dict)) else value
