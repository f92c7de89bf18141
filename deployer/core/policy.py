"""
Every number of the judge and the engine, once. Seconds unless the name says otherwise.

Each is a setting too (`cli/settings.py`), and a row of docs/policy.md. Source: design 2.5, where each has its reason.
"""

from __future__ import annotations

from dataclasses import Field, dataclass, field, fields, replace
from typing import Any

# Deadlines of single calls and plain counts do not shrink with a rack that runs fast.
_UNSCALED = frozenset({"read_s", "write_s", "build_s", "command_s", "probe_s", "evidence_s", "count_s"})


def _number(default: float, meaning: str, *, setting: str = "", may_be_zero: bool = False) -> Any:
    """`setting` is what people call it, where that is not its name without the unit."""
    return field(default=default, metadata={"meaning": meaning, "setting": setting, "may_be_zero": may_be_zero})


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How patient, how strict, how often. Defaults are the design's."""

    # how fast the rack's own times pass, those of a manifest included
    time_scale: float = 1.0

    tick_s: float = _number(2.0, "from one look to the next")
    quiet_tick_s: float = _number(5.0, "the same while something is looked for that may be late")
    settle_tick_s: float = _number(0.75, "the same once all is proven, and only the rack's `running` is missing")
    jitter: float = _number(
        0.2, "share by which a tick varies, so that deployers do not march in step", may_be_zero=True
    )
    soak_s: float = _number(15.0, "how long a release must stay proven", may_be_zero=True)
    unasked_s: float = _number(5.0, "how long at least, where only the process list can speak for a service")
    wait_busy_s: float = _number(60.0, "how long an app that is being updated is waited for", may_be_zero=True)

    start_margin_s: float = _number(
        60.0,
        "how long a process may take to become ready, beyond its health grace and three intervals",
        setting="start_timeout",
    )
    pending_s: float = _number(300.0, "how long a process may be `pending`, for want of room or of its image")
    all_crashed_s: float = _number(5.0, "how long all processes of a service may be `crashed`, after they ran")
    crash_patience_s: float = _number(15.0, "how long one process of several may stay `crashed`")
    crash_again_s: float = _number(
        8.0, "how soon it cannot be `crashed` again: the kubelet waits 10 s before it restarts"
    )
    no_progress_s: float = _number(600.0, "given up after this long in which no further process ran or was proven")
    cap_s: float = _number(33 * 60.0, "given up after this long in all", setting="timeout")
    drain_margin_s: float = _number(15.0, "what old processes get beyond their termination grace")
    gap_s: float = _number(30.0, "a longer gap between two good looks restarts the soak")
    blind_s: float = _number(600.0, "without an answer for this long, sight of the release is lost")

    failing_answers: int = _number(20, "health answers before `failing` is judged at all")
    failing_s: float = _number(15.0, "and how long they must have been failing")
    relapses: int = _number(3, "or how often they, or a process that went down, come back after having been well")
    failing_share: float = _number(0.10, "share of failing answers that is tolerated", may_be_zero=True)
    wrong_rounds: int = _number(3, "rounds in which a process answers for another release before it dooms")
    denied_reads: int = _number(3, "denied reads in a row after which sight is lost")
    stale_chance: float = _number(0.01, "chance of an unheard old process that `sampled` accepts")
    sampled_over: int = _number(50, "more processes than this are sampled, not asked one by one")
    count_s: float = _number(2.0, "for a count of restarts: no look waits for it any longer, or what it saw grows old")
    counted_up_to: int = _number(50, "more processes than this are not asked how often they were restarted")

    look_gap_s: float = _number(2.0, "between the two looks that must agree before going back")
    proven_back_s: float = _number(5.0, "how long the old release must stay proven again", may_be_zero=True)
    back_deadline_s: float = _number(600.0, "for the whole way back")
    cancel_retry_s: float = _number(5.0, "between two tries to cancel")
    evidence_s: float = _number(5.0, "for what a failing release says of itself, before it is taken back")
    promote_start_s: float = _number(30.0, "within which a promote must announce itself")
    promote_silence_s: float = _number(120.0, "how long the rack may take to show a release that was promoted")
    heartbeat_s: float = _number(30.0, "after a silence this long, what is being waited for is said")
    services_every: int = _number(5, "ticks between two looks at desired counts and addresses")

    read_s: float = _number(10.0, "for one read", setting="read_timeout")
    write_s: float = _number(30.0, "for one write", setting="write_timeout")
    build_s: float = _number(3600.0, "for a build", setting="build_timeout")
    command_s: float = _number(900.0, "for a release command", setting="command_timeout")
    probe_s: float = _number(5.0, "for one round of health answers", setting="probe_timeout")
    probes_at_once: int = _number(16, "health questions at the same time")
    probes_a_round: int = _number(64, "health questions in one round")

    @property
    def longest_look_s(self) -> float:
        """From one look to the next, if each of its reads took its whole deadline: beyond that the machine slept."""
        return self.gap_s + 4 * self.read_s

    @property
    def roll_s(self) -> float:
        """The longest a roll can take before it has a verdict: the judge's cap, then the way back."""
        return self.cap_s + self.blind_s + self.back_deadline_s

    @property
    def worst_cases(self) -> tuple[tuple[str, float], ...]:
        """What follows from the numbers: how long each part of a ship can take at most."""
        return (
            ("the app is busy", self.wait_busy_s),
            ("the build", self.build_s),
            ("the release command", self.command_s),
            ("a promote that never starts", self.promote_start_s),
            ("a crash loop, from its first sight to the doom", self.crash_patience_s),
            ("a rollout without progress, to its end", self.no_progress_s),
            ("any rollout, to its end", self.cap_s),
            ("time in which the rack does not answer, on top", self.blind_s),
            ("the way back", self.back_deadline_s),
            ("all of it", self.wait_busy_s + self.build_s + self.command_s + self.roll_s),
        )

    def scaled(self, factor: float) -> Policy:
        """The same policy against a rack whose own times run at `factor` (the local rack's `--time-scale`)."""
        shorter = {
            each.name: getattr(self, each.name) * factor
            for each in numbers()
            if each.name.endswith("_s") and each.name not in _UNSCALED
        }
        return replace(self, time_scale=self.time_scale * factor, **shorter)


def numbers() -> tuple[Field[Any], ...]:
    """The fields of a policy that are somebody's to choose."""
    return tuple(each for each in fields(Policy) if "meaning" in each.metadata)


def setting_of(number: Field[Any]) -> str:
    """What people call it: `no_progress_s` is set as `no_progress`, to a duration that has its unit with it."""
    return str(number.metadata["setting"]) or number.name.removesuffix("_s")


def contradictions(policy: Policy) -> tuple[tuple[str, str, str], ...]:
    """Numbers that cannot go together: a setting, what would come of it, and the setting that it must be less than."""
    pairs = (
        ("soak_s", "cap_s", "would never be over"),
        ("tick_s", "gap_s", "would restart the soak each time"),
    )
    names = {each.name: setting_of(each) for each in numbers()}
    return tuple(
        (names[small], f"of {getattr(policy, small):g} s {why}", names[large])
        for small, large, why in pairs
        if getattr(policy, small) >= getattr(policy, large)
    )
