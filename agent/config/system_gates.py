"""Gates on what a model is to the machines that serve it; how fast it answers is a check of its endpoint."""

from typing import Literal

from pydantic import Field

from agent.config.judging_section import JudgingSection


class ModelSizeGate(JudgingSection):
    """The model's artifact is no larger than an endpoint should fetch when it starts or grows."""

    kind: Literal["model-size"] = Field(description="Weighs the model's artifact.")
    most_mb: float = Field(gt=0, description="Largest size of `model.tar.gz`, in MB (10⁶ bytes).", examples=[50])

    @property
    def brief(self) -> str:
        """What passes, in a few words."""
        return f"≤ {self.most_mb:g} MB"
