"""
How a run can end: one name, one exit status, one sentence on what serves.

The tens digit says what a person must do; the table in docs/verdicts.md is made from this enum.
Source: design 2.4.
"""

from __future__ import annotations

from enum import Enum


class Verdict(Enum):
    """A name and its exit status. Two names may share a status; no status means two things."""

    SHIPPED = ("shipped", 0, "the release asked for, proven")
    RESTORED = ("restored", 0, "the release gone back to, proven")
    UNVERIFIED = ("unverified", 0, "the release asked for, not proven (`--no-verify`)")
    DONE = ("done", 0, "untouched: an env or a lock was changed by hand, as asked")
    USAGE = ("usage", 2, "untouched")
    REFUSED = ("refused", 10, "untouched: preflight said no")
    BUSY = ("busy", 11, "untouched: locked, mid-update, or another ship at work")
    DENIED = ("denied", 12, "untouched: credential or permission")
    ENV_FAILED = ("env-failed", 13, "untouched; an unpromoted release may exist, named")
    BUILD_FAILED = ("build-failed", 14, "untouched")
    BUILD_UNKNOWN = ("build-unknown", 15, "untouched; the build may still finish")
    COMMAND_FAILED = ("command-failed", 16, "untouched; the release command failed or left no proof")
    NOT_PROMOTED = ("not-promoted", 17, "the old release: the rack refused, or never started")
    FIRST_FAILED = ("first-failed", 18, "nothing, as before")
    ROLLED_BACK = ("rolled-back", 20, "the old release, proven again: we went back")
    REVERTED = ("reverted", 21, "the old release, proven again: the rack went back by itself")
    ROLLBACK_UNCONFIRMED = ("rollback-unconfirmed", 30, "unknown or broken")
    LEFT_BAD = ("left-bad", 31, "the new release, failing; going back is off, unsafe or impossible")
    SUPERSEDED = ("superseded", 40, "what somebody else put there; nothing was written over it")
    LOST_SIGHT = ("lost-sight", 41, "not observable; left alone")
    INTERRUPTED = ("interrupted", 42, "a rollout left under way; the journal has it")
    INTERNAL_ERROR = ("internal-error", 70, "untouched: a bug of ours before the promote")
    HUNG_UP = ("cancelled", 129, "untouched: SIGHUP before any promote")
    CANCELLED = ("cancelled", 130, "untouched: SIGINT before any promote")
    TERMINATED = ("cancelled", 143, "untouched: SIGTERM before any promote")

    def __init__(self, label: str, status: int, serves: str) -> None:
        self.label = label
        self.status = status
        self.serves = serves

    @property
    def is_success(self) -> bool:
        return self.status == 0

    @property
    def is_incident(self) -> bool:
        """A release went bad, or out of sight: people will want to know more than a line."""
        return self.status == Verdict.FIRST_FAILED.status or 20 <= self.status < Verdict.INTERRUPTED.status


def cancelled_by(signum: int) -> Verdict:
    """The verdict of a run that a signal ended before any promote: 128 + the signal's number."""
    by_status = {v.status: v for v in (Verdict.HUNG_UP, Verdict.CANCELLED, Verdict.TERMINATED)}
    return by_status.get(128 + signum, Verdict.CANCELLED)
