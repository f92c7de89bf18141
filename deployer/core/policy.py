"""
Every number of the judge and the engine, once. Seconds unless the name says otherwise.

Source: design 2.5, where each has its reason.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

# Deadlines of single calls and plain counts do not shrink with a rack that runs fast.
_UNSCALED = frozenset({"read_s", "write_s", "build_s", "command_s", "probe_s"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How patient, how strict, how often. Defaults are the design's."""

    # how fast the rack's own times pass, those of a manifest included
    time_scale: float = 1.0

    tick_s: float = 2.0
    quiet_tick_s: float = 5.0
    jitter: float = 0.2
    soak_s: float = 15.0
    wait_busy_s: float = 60.0

    start_margin_s: float = 60.0
    pending_s: float = 300.0
    crash_patience_s: float = 20.0
    no_progress_s: float = 600.0
    cap_s: float = 33 * 60.0
    drain_margin_s: float = 15.0
    gap_s: float = 30.0
    blind_s: float = 600.0

    failing_answers: int = 20
    failing_s: float = 15.0
    failing_share: float = 0.10
    wrong_rounds: int = 3
    denied_reads: int = 3
    stale_chance: float = 0.01
    sampled_over: int = 50

    look_gap_s: float = 2.0
    proven_back_s: float = 5.0
    back_deadline_s: float = 600.0
    cancel_retry_s: float = 5.0
    promote_start_s: float = 30.0
    promote_silence_s: float = 120.0
    heartbeat_s: float = 30.0
    services_every: int = 5

    read_s: float = 10.0
    write_s: float = 30.0
    build_s: float = 3600.0
    command_s: float = 900.0
    probe_s: float = 5.0
    probes_at_once: int = 16
    probes_a_round: int = 64

    @property
    def roll_s(self) -> float:
        """The longest a roll can take before it has a verdict: the judge's cap, then the way back."""
        return self.cap_s + self.blind_s + self.back_deadline_s

    def scaled(self, factor: float) -> Policy:
        """The same policy against a rack whose own times run at `factor` (the local rack's `--time-scale`)."""
        shorter = {
            each.name: getattr(self, each.name) * factor
            for each in fields(self)
            if each.name.endswith("_s") and each.name not in _UNSCALED
        }
        return replace(self, time_scale=self.time_scale * factor, **shorter)
