"""The builder `layers`: base image, dependency layer and code layer become an image, without daemon or privileges."""
