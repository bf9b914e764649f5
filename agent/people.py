"""Whether two names are of one person, as far as logins and commits tell (docs/decisions/0023)."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_BETWEEN_WORDS = re.compile(r"[\s._-]+")


def is_one_of(login: str, names: Iterable[str], git_names: Mapping[str, Sequence[str]]) -> bool:
    """Whether a login is of somebody among these names, which are logins, or names of commits' authors.

    A name is compared with the login itself (``alice.liddell`` reads as *Alice Liddell*) and with the ``git_names``
    that are given for that login.
    """
    own = [name for known, given in git_names.items() if same_person(known, login) for name in given]
    return any(same_person(mine, name) for name in names for mine in (login, *own))


def same_person(one: str, other: str) -> bool:
    """Whether two names read alike; nobody is the same as no name."""
    return bool(one) and _folded(one) == _folded(other)


def _folded(name: str) -> str:
    return _BETWEEN_WORDS.sub("", unicodedata.normalize("NFKC", name)).casefold()
