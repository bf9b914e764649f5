"""Processing with the SDK: the resource ``ProcessingJob`` and the ``Processor`` over it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sagemaker.core.processing import Processor
from sagemaker.core.resources import ProcessingJob
from sagemaker.core.shapes import ProcessingInput, ProcessingOutput, ProcessingS3Input, ProcessingS3Output

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.contract.workbench import Workbench


def test_the_processor_copies_its_input_to_its_output(
    workbench: Workbench, sdk_session: Any, client: Callable[..., Any], unique: Callable[[str], str]
) -> None:
    prefix = unique("sdk-processing")
    client("s3").put_object(Bucket=workbench.bucket, Key=f"{prefix}/in/rows.csv", Body=b"1,2\n")
    processor = Processor(
        role=workbench.role,
        image_uri=workbench.image,
        entrypoint=["process"],
        instance_count=1,
        instance_type="ml.m5.large",
        volume_size_in_gb=1,
        env={"DO_COPY": "yes", "DO_PRINT": "copying"},
        sagemaker_session=sdk_session,
    )
    processor.run(
        job_name=prefix,
        inputs=[
            ProcessingInput(
                input_name="rows",
                s3_input=ProcessingS3Input(
                    s3_uri=f"s3://{workbench.bucket}/{prefix}/in",
                    local_path="/opt/ml/processing/input/rows",
                    s3_data_type="S3Prefix",
                    s3_input_mode="File",
                ),
            )
        ],
        outputs=[
            ProcessingOutput(
                output_name="copy",
                s3_output=ProcessingS3Output(
                    s3_uri=f"s3://{workbench.bucket}/{prefix}/out",
                    local_path="/opt/ml/processing/output",
                    s3_upload_mode="EndOfJob",
                ),
            )
        ],
        wait=True,
        logs=True,
    )
    written = client("s3").get_object(Bucket=workbench.bucket, Key=f"{prefix}/out/rows/rows.csv")
    assert written["Body"].read() == b"1,2\n"


def test_a_failed_processing_job_says_why(workbench: Workbench, unique: Callable[[str], str]) -> None:
    name = unique("sdk")
    workbench.process(name, {"exit": "3"})
    job = ProcessingJob.get(processing_job_name=name)
    with pytest.raises(Exception, match="Failed"):
        job.wait(poll=1)
    assert job.processing_job_status == "Failed"
