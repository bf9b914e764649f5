"""What the report says of the data: which data sets are summarized, and whose they are compared with."""

from pydantic import Field

from agent.config.data_gates import ColumnName
from agent.config.field_types import EnvironmentName
from agent.config.section import Section


class DataSummary(Section):
    """A data set whose columns the report describes: files named `.csv` or `.parquet`."""

    environment: EnvironmentName | None = Field(
        default=None,
        description="Environment whose deployed model's data set is compared with; without it, the one nearest to "
        "production that serves a model.",
    )
    header: bool = Field(
        default=False, description="Whether the first line of a CSV file names the columns; without it `columns` does."
    )
    columns: tuple[ColumnName, ...] = Field(
        default=(), description="Names of the columns of a CSV file without a header, in its order.", examples=[["age"]]
    )
    largest_gb: int = Field(
        default=2, ge=1, le=1000, description="How much data the agent may fetch in order to summarize it, in GB."
    )
