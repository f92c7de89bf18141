"""
The environment of an app: names that may be shown, values that may not, and what Convox would damage.

Convox stores one text of `KEY=value` lines, split at the first `=`, without quoting (convox-facts 4).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from deployer.core.redact import Secret

# Convox injects these, and the image the stamp; an app's own value would win and break identity or probes
# (convox-facts 3.7).
RESERVED = frozenset({"APP", "BUILD", "DEPLOYER_STAMP", "PORT", "RACK", "RACK_URL", "RELEASE", "SERVICE"})
# A longer line is dropped with everything after it, status 0 (convox-facts 4, case env-set-stdin-long-line).
LINE_LIMIT_BYTES = 65_536

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Environment(Mapping[str, Secret]):
    """Names and secret values of one release. Never shows a value."""

    def __init__(self, values: Mapping[str, Secret]) -> None:
        self._values = dict(sorted(values.items()))

    @classmethod
    def of(cls, **values: str) -> Environment:
        return cls({key: Secret(value) for key, value in values.items()})

    def __getitem__(self, key: str) -> Secret:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Environment) and other._values == self._values

    def __hash__(self) -> int:
        return hash(tuple(self._values))

    def __repr__(self) -> str:
        return f"Environment({', '.join(self)})"

    def overlaid(self, changes: Environment) -> Environment:
        return Environment({**self._values, **changes._values})


@dataclass(frozen=True, slots=True)
class EnvDiff:
    """Key names that differ between two environments, sorted."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: int = 0

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)

    @property
    def keys(self) -> tuple[str, ...]:
        return (*self.added, *self.changed, *self.removed)

    def __str__(self) -> str:
        """As a person reads it: `+ NEW  ~ CHANGED  - GONE`."""
        marked = [("+", self.added), ("~", self.changed), ("-", self.removed)]
        return "  ".join(f"{mark} {key}" for mark, keys in marked for key in keys)


def diff(old: Environment, new: Environment) -> EnvDiff:
    kept = old.keys() & new.keys()
    changed = tuple(sorted(key for key in kept if old[key] != new[key]))
    return EnvDiff(
        added=tuple(sorted(new.keys() - old.keys())),
        changed=changed,
        removed=tuple(sorted(old.keys() - new.keys())),
        unchanged=len(kept) - len(changed),
    )


@dataclass(frozen=True, slots=True)
class EnvProblem:
    """A key that must not be sent, why, and what to do instead. Never holds the value."""

    key: str
    why: str
    hint: str = ""


def problems_of(wanted: Environment) -> tuple[EnvProblem, ...]:
    """What Convox would damage or what would break the proof, found before anything is sent (design 2.1 step 3)."""
    found = (_problem_of(key, secret.reveal()) for key, secret in wanted.items())
    return tuple(problem for problem in found if problem)


def _problem_of(key: str, value: str) -> EnvProblem | None:
    if not _KEY.fullmatch(key):
        return EnvProblem(_shown(key), "is not a name that Kubernetes accepts (letters, digits, _)", "rename it")
    if key in RESERVED:
        return EnvProblem(key, "is set for every process already; yours would break health checks or the proof")
    if any(mark in value for mark in "\r\n"):
        return EnvProblem(key, "has a line break, which Convox would cut off", "base64 it and decode it in the app")
    if not _is_text(value):
        return EnvProblem(key, "is not UTF-8 text, which the rack would replace", "base64 it and decode it in the app")
    if "\0" in value:
        return EnvProblem(key, "has a NUL character", "base64 it and decode it in the app")
    if len(f"{key}={value}".encode()) >= LINE_LIMIT_BYTES:
        return EnvProblem(key, "is 64 KiB or more, which Convox would drop without a word", "keep it in a file store")
    return None


def _is_text(value: str) -> bool:
    """No half of a surrogate, which is how Python holds bytes of its own environment that are no UTF-8."""
    return not any("\ud800" <= each <= "\udfff" for each in value)


def _shown(key: str) -> str:
    """An odd key may be a piece of a value (a line of a PEM body): show its shape, not its text (faults C8)."""
    return f"{key[:2]}… ({len(key)} characters)" if len(key) > 2 else "a key of " + str(len(key)) + " characters"
