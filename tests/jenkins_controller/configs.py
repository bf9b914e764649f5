"""How a controller keeps the XML that it is given: with versions of plugins, defaults, and parts of its own."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

_MULTIBRANCH = "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject"
_FOLDER = "com.cloudbees.hudson.plugins.folder.Folder"
_PLUGINS = {
    _MULTIBRANCH: "workflow-multibranch@821.vc3b_4ea_780798",
    _FOLDER: "cloudbees-folder@6.1053.vd62fb_b_f7367b_",
    "flow-definition": "workflow-job@1571.vb_423c255d6d9",
    "definition": "workflow-cps@4263.vd2edf31c1db_0",
    "sources": "branch-api@2.1280.v0d4e5b_b_460ef",
    "source": "git@5.10.1",
    "orphanedItemStrategy": "cloudbees-folder@6.1053.vd62fb_b_f7367b_",
}
_DEFAULTS = {
    _FOLDER: "<x><actions/><folderViews class='com.cloudbees.hudson.plugins.folder.views.DefaultFolderViewHolder'>"
    "<views><hudson.model.AllView><owner class='com.cloudbees.hudson.plugins.folder.Folder' "
    "reference='../../../..'/><name>All</name></hudson.model.AllView></views></folderViews><healthMetrics/>"
    "<icon class='com.cloudbees.hudson.plugins.folder.icons.StockFolderIcon'/></x>",
    _MULTIBRANCH: "<x><actions/><healthMetrics/><disabled>false</disabled>"
    f"<icon class='jenkins.branch.MetadataActionFolderIcon'><owner class='{_MULTIBRANCH}' reference='../..'/></icon>"
    "</x>",
    "flow-definition": "<x><actions/><triggers/><disabled>false</disabled></x>",
    "hudson.model.ListView": "<x><filterExecutors>false</filterExecutors><jobFilters/></x>",
}


def kept(xml: bytes) -> str:
    """What ``config.xml`` answers after an XML was posted. Raises ParseError for one that is none."""
    root = ET.fromstring(xml)
    for one in root.iter():
        if one.tag in _PLUGINS:
            one.set("plugin", _PLUGINS[one.tag])
    for default in reversed(list(ET.fromstring(_DEFAULTS.get(root.tag, "<x/>")))):
        if root.find(default.tag) is None:
            root.insert(0, default)
    ET.indent(root)
    # Jenkins writes an empty text and none alike.
    text = ET.tostring(root, encoding="unicode").replace(" />", "/>")
    return f"<?xml version='1.1' encoding='UTF-8'?>\n{text}"


def class_of(xml: str) -> str:
    """The class that the API tells of a job or a view."""
    tag = root_of(xml).tag
    return "org.jenkinsci.plugins.workflow.job.WorkflowJob" if tag == "flow-definition" else tag


def root_of(xml: str) -> ET.Element:
    return ET.fromstring(xml.partition("?>")[2])


def parameters(xml: str) -> list[dict[str, Any]]:
    """The parameter definitions as the API tells them."""
    found = root_of(xml).find("properties/hudson.model.ParametersDefinitionProperty/parameterDefinitions")
    return [] if found is None else [definition(one) for one in found]


def definition(one: ET.Element) -> dict[str, Any]:
    kind = one.tag.rpartition(".")[2]
    choices = [choice.text or "" for choice in one.iterfind("choices//string")]
    default = choices[0] if choices else one.findtext("defaultValue") or ""
    value = {"_class": "hudson.model.StringParameterValue", "name": one.findtext("name"), "value": default}
    answer = {
        "_class": one.tag,
        "name": one.findtext("name"),
        "type": kind,
        "description": one.findtext("description") or "",
        "defaultParameterValue": value,
    }
    return answer | ({"choices": choices} if choices else {})
