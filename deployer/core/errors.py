"""
Every error that leaves a layer of ours, as a tree. Each ends a run with one verdict.

    DeployerError                    what happened, why, what serves now, what to type next
    ├── Usage                        2   the command line or a setting is wrong
    ├── Refused                      10  preflight said no; holds every problem found
    ├── Busy                         11  somebody or something is at work on this app
    ├── EnvFailed                    13
    ├── BuildFailed                  14
    ├── BuildUnknown                 15
    ├── CommandFailed                16
    ├── NotPromoted                  17
    ├── Interrupted                  a signal; its verdict depends on where we were
    └── RackFailure                  the answer of the rack or its CLI; `is_transient` says if a read may be retried
        ├── Unauthorised             12  no or expired credential
        ├── Denied                   12  the credential may not do this
        ├── RackUnreachable          10  no such rack, no way there, or no CLI
        ├── NotFound                 10  app, release, build, process or config
        ├── RackBusy                 11  the app is being updated
        ├── RefusedByRack            10  with the rack's reason
        ├── ServerFault              10  5xx, an error page
        ├── Transport                10  dropped, reset, truncated
        ├── TimedOut                 10  our own deadline
        ├── Crashed                  10  the CLI panicked or was killed
        ├── Garbled                  10  an answer nobody can read
        └── CannotTell               10  a write whose effect could not be read back
"""

from __future__ import annotations

from dataclasses import dataclass
from signal import Signals
from typing import ClassVar

from deployer.core.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that preflight found: what, why, and the one command or change that mends it."""

    what: str
    hint: str = ""
    verdict: Verdict = Verdict.REFUSED


class DeployerError(Exception):
    """
    Something that a person must know: lower case, no full stop, real names, one command to try.

    `serving` is what answers users now, `None` when it was not looked at. No field ever holds a secret value.
    """

    verdict: Verdict = Verdict.INTERNAL_ERROR

    def __init__(self, what: str, *, why: str = "", serving: str | None = None, hint: str = "") -> None:
        super().__init__(f"{what}: {why}" if why else what)
        self.what = what
        self.why = why
        self.serving = serving
        self.hint = hint


class Usage(DeployerError):
    verdict = Verdict.USAGE


# Without a permission nothing that is mended elsewhere helps; what is busy helps itself.
_GRAVEST_FIRST = (Verdict.DENIED, Verdict.REFUSED, Verdict.BUSY)


class Refused(DeployerError):
    """Preflight said no. `problems` holds all of them; the gravest gives the verdict."""

    verdict = Verdict.REFUSED

    def __init__(self, problems: tuple[Problem, ...], *, serving: str | None = None) -> None:
        first = problems[0]
        super().__init__(first.what, serving=serving, hint=first.hint)
        self.problems = problems
        self.verdict = next(each for each in _GRAVEST_FIRST if each in {p.verdict for p in problems})


class Busy(DeployerError):
    verdict = Verdict.BUSY


class EnvFailed(DeployerError):
    verdict = Verdict.ENV_FAILED


class BuildFailed(DeployerError):
    verdict = Verdict.BUILD_FAILED


class BuildUnknown(DeployerError):
    verdict = Verdict.BUILD_UNKNOWN


class CommandFailed(DeployerError):
    """The release command said that it failed, or did not say that it succeeded."""

    verdict = Verdict.COMMAND_FAILED


class NotPromoted(DeployerError):
    verdict = Verdict.NOT_PROMOTED


class Interrupted(DeployerError):
    """A signal asked us to stop. Raised from waits only, never from inside a write."""

    def __init__(self, signum: int) -> None:
        super().__init__("interrupted", why=f"by {Signals(signum).name}")
        self.signum = signum


class RackFailure(DeployerError):
    verdict = Verdict.REFUSED
    is_transient: ClassVar[bool] = False


class Unauthorised(RackFailure):
    verdict = Verdict.DENIED


class Denied(RackFailure):
    verdict = Verdict.DENIED


class RackUnreachable(RackFailure):
    is_transient = True


class NotFound(RackFailure):
    pass


class RackBusy(RackFailure):
    verdict = Verdict.BUSY


class RefusedByRack(RackFailure):
    pass


class ServerFault(RackFailure):
    is_transient = True


class Transport(RackFailure):
    is_transient = True


class TimedOut(RackFailure):
    is_transient = True


class Crashed(RackFailure):
    is_transient = True


class Garbled(RackFailure):
    is_transient = True


class CannotTell(RackFailure):
    """A write went out, and no read could say whether it took effect. Never retried."""
