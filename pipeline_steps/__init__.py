"""The steps of the pipeline, one file each; adding a file adds a step."""
