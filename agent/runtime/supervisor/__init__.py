"""Holds one container's processes together, so that they end together: a program of its own beside modelyard's.

It knows nothing but the standard library, because it must be small, start in milliseconds, and outlive nothing: its
stdin is a pipe whose other end is modelyard, and the end of that pipe, for whatever reason, is the end of the
container. Under namespaces it is process 1 of the container, so the kernel kills every other process with it; without,
it adopts orphans (as a subreaper) and kills its descendants itself.

- stdin: one line of JSON (:class:`agent.runtime.launch.Launch`), then signals for the program, a number a line.
- stdout: the program's stdout and stderr.
- stderr: JSON lines ``{"started": true}``, ``{"failed": …, "errno": …, "program": …}`` and
  ``{"exit": code, "signal": number, "out_of_memory": bool}``; anything else is a complaint.
"""
