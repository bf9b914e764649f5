"""Batch transform as a way to evaluate: the model's own serving code answers the rows, and no script is needed."""

from typing import Literal

from pydantic import Field

from agent.config.section import Section

MOST_MB = 100
"""Of all payloads that are under way at once (CreateTransformJob)."""


class BatchTransform(Section):
    """How SageMaker's batch transform asks the model: rows of CSV without a header, one prediction a line."""

    strategy: Literal["MultiRecord", "SingleRecord"] = Field(
        default="MultiRecord", description="Whether a request holds as many rows as fit, or one."
    )
    max_payload_mb: int = Field(default=6, ge=1, le=MOST_MB, description="Largest request, in MB.")
    max_concurrent: int = Field(
        default=1, ge=1, le=MOST_MB, description="Requests that each instance's container is asked at once."
    )
