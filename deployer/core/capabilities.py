"""
What a credential may do on a rack, found out without changing anything: yes, no or unknown, command by command.

Convox grants in two ways. A rack's own credential is good for everything (its password) or by role (a token of
`convox rack access`: read, write, admin). A console credential is granted by command, and only trying tells
(convox-facts 1.5).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

# What a look at the app needs, and what the steps of a ship do to it. `config set` is for the ledger, which falls back
# on local files; BACK is what it takes to leave a bad release.
READS = ("apps info", "releases", "env", "ps", "services", "releases manifest")
BACK = ("apps cancel", "releases create-from", "releases promote")
WRITES = ("env set", "build", "run", *BACK, "config set")

TOKEN_HINT = "convox rack access --role write --duration-in-hours 2"  # noqa: S105 - a command, not a token


class May(Enum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Kind(Enum):
    """What a person calls the credential."""

    PASSWORD = "the rack's password"  # noqa: S105
    TOKEN = "a rack token"  # noqa: S105
    CONSOLE = "a console credential"


@dataclass(frozen=True, slots=True)
class Credential:
    """`role` is read, write or admin, and "" where that is not known; so is `expires`. Nothing here is verified."""

    kind: Kind
    role: str = ""
    expires: datetime | None = None

    def __str__(self) -> str:
        return f"a {self.role} token" if self.role else self.kind.value


@dataclass(frozen=True, slots=True)
class Capabilities:
    """`commands` by their words, such as `releases promote`; `lacks` are those that this convox does not have."""

    credential: Credential
    commands: Mapping[str, May] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()

    def may(self, command: str) -> May:
        return May.NO if command in self.lacks else self.commands.get(command, May.UNKNOWN)

    def denied(self, needed: Iterable[str]) -> tuple[str, ...]:
        """Those that the credential is known not to have; what the CLI lacks is another matter."""
        return tuple(each for each in needed if self.commands.get(each) is May.NO and each not in self.lacks)

    def unknown(self, needed: Iterable[str]) -> tuple[str, ...]:
        return tuple(each for each in needed if self.may(each) is May.UNKNOWN)

    def left_s(self, now: datetime) -> float | None:
        """Seconds until the credential expires, `None` where it does not or nobody can tell."""
        expires = self.credential.expires
        return (expires - now).total_seconds() if expires else None
