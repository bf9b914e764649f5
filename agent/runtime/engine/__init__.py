"""Containers of an engine that speaks Docker's API, where one is reachable on this machine."""
