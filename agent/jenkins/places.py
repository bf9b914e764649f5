"""Where things are on a controller: paths from names of jobs, folders, branches and views."""

from __future__ import annotations

from urllib.parse import quote


def job_path(name: str) -> str:
    """The path of a job by its full name, such as ``team/tumour/promote``."""
    return "".join(f"/job/{quote(part, safe='')}" for part in name.split("/") if part)


def branch_job(name: str) -> str:
    """The name of a branch's job in its multibranch job: encoded once, as the branch API does."""
    return quote(name, safe="")


def view_path(name: str) -> str:
    """The path of a view of the controller."""
    return f"/view/{quote(name, safe='')}"


def parent_and_leaf(name: str) -> tuple[str, str]:
    """The folder of a job and its own name in it."""
    parent, _, leaf = name.rpartition("/")
    return parent, leaf
