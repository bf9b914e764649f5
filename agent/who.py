"""Who is at the keyboard, by the machine's own account rather than by a variable that anybody sets."""

from __future__ import annotations

import getpass
import os
import pwd


def login() -> str:
    """The name of the account; a container's user id often has none, and then variables are asked."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return _told_login()


def _told_login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
