"""A Jenkins controller in this process: its REST answers, pages and refusals in the shapes of Jenkins 2.5xx."""

from tests.jenkins_controller.serving import serving
from tests.jenkins_controller.state import Controller, Plan, User

__all__ = ["Controller", "Plan", "User", "serving"]
