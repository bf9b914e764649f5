"""The builder `engine`: a Dockerfile, built and pushed by a Docker engine or by podman's socket."""
