"""The secrets that tests make up for the services that they stand in for; what is named here is looked for."""

from __future__ import annotations

CODE_HOST_TOKEN = "s3cret-t0ken"
"""What lets one write comments."""
JENKINS_TOKEN = "11f0c0ffee"
"""The API token of the test controller's user."""

MADE_UP = (CODE_HOST_TOKEN, JENKINS_TOKEN)
