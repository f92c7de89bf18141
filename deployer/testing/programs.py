"""What a simulated process does once it is started."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Program:
    """
    The code of a build, as far as a rollout can tell. Seconds count from the start of the process.

    `exits_after_s`: it ends with `exit_code` then, and again after each restart. `fails_from_s`: its health answers
    are 500 from then on. `says_release`: it reports this release instead of the one that it was given. `names_stamp`:
    it reports the ship whose id is in the description of its build. The halves are told by the process's id.
    """

    ready_after_s: float = 2.0
    exits_after_s: float | None = None
    exit_code: int = 1
    exits_on: int | None = None  # only its first attempts exit; then it stays
    health_code: int = 200
    fails_from_s: float | None = None
    says_release: str | None = None
    names_process: bool = True
    names_release: bool = True
    names_stamp: bool = False
    is_silent: bool = False
    is_half_mute: bool = False  # about half of its processes are ready and never answer us
    is_half_dead: bool = False  # about half of its processes never become ready
    last_words: str = ""

    def is_mute(self, process: str) -> bool:
        return self.is_half_mute and _is_even(process)

    def is_dead(self, process: str) -> bool:
        return self.is_half_dead and _is_even(process)

    def is_up(self, age_s: float) -> bool:
        """It listens, and answers its readiness probe with success."""
        return age_s >= self.ready_after_s and self.code(age_s) < 400 and not self.is_silent

    def code(self, age_s: float) -> int:
        return 500 if self.fails_from_s is not None and age_s >= self.fails_from_s else self.health_code


def _is_even(process: str) -> bool:
    return sum(map(ord, process)) % 2 == 0


GOOD = Program()
CRASHES = Program(ready_after_s=60.0, exits_after_s=1.0, exit_code=3, last_words="fatal: MODE must be set")
NEVER_READY = Program(ready_after_s=1e9)
CRASHES_LATE = Program(exits_after_s=20.0)
ERRORS = Program(fails_from_s=8.0)
"""Ready at first, then 500 for every health answer, so that readiness fails too."""
LIES = Program(says_release="ROTHERCODE")

BUILT_IN = {
    "good": GOOD,
    "better": GOOD,
    "crashes": CRASHES,
    "never-ready": NEVER_READY,
    "crashes-late": CRASHES_LATE,
    "errors": ERRORS,
    "lies": LIES,
}
