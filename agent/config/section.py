"""What every section has in common: unknown keys and wrong types are errors, and nothing changes once read."""

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from agent.config.field_types import InstanceType


def one_of(*keys: str) -> ConfigDict:
    """The demand, for the JSON Schema, that exactly one of some keys is written."""
    return ConfigDict(json_schema_extra={"oneOf": [{"required": [key]} for key in keys]})


class Section(BaseModel):
    """A mapping of the configuration file, frozen once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class NamedSection(Section):
    """An entry of a mapping whose key is its name, such as an environment."""

    _name: str = PrivateAttr(default="")

    @property
    def name(self) -> str:
        """The key under which the entry is written."""
        return self._name


class Resources(Section):
    """The machines of a job."""

    instance_type: InstanceType = Field(description="Type of the instances.")
    instance_count: int = Field(default=1, ge=1, description="Number of instances.")
    volume_gb: int = Field(default=30, ge=1, le=16384, description="Size of each instance's volume, in GiB.")
