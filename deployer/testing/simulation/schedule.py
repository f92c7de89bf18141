"""
One seed, one world: what is asked for, how the rack behaves, what goes wrong, and what others do meanwhile.

Swarm testing: each seed enables a random subset of the faults, so that rare pairs meet (faults 5.3). What the model
only assumes of a rack (lags, graces) is swept, not fixed.
"""

from __future__ import annotations

import random
import signal
from dataclasses import dataclass, field, replace
from enum import Enum

from deployer.core.policy import Policy
from deployer.rackmodel import Physics
from deployer.testing.simulation.layout import Layout, Part, Reach
from deployer.testing.simulation.weather import Fault, Kind


class Errand(Enum):
    """What a person asks of deployer."""

    SHIP = "ship a checkout"
    RELEASE = "promote a release that exists"
    AGAIN = "ship the release that is active already"
    ROLLBACK = "roll back to what was proven before"
    VERIFY = "verify what serves"


class Act(Enum):
    """What somebody else does, or what happens to the app; the rows of faults 3.6 that come to that."""

    PROMOTE = "F29 promotes a release of theirs"
    ON_CALL = "F28 takes the lock over and promotes a release of theirs"
    SHIPS_TOO = "F28 a second run of ours ships, while the first is at work"
    PROMOTES_TOO = "F28 a second run of ours promotes a release that exists, while the first is at work"
    ROLLS_BACK_TOO = "F28 a second run of ours rolls back, while the first is at work, and takes its lock over"
    ENV = "C5 sets env, not promoted"
    SCALE = "F36 scales a service, as an autoscaler does"
    CANCEL = "F30 cancels the rollout"
    RACK_ERROR = "F30 the rack's own check fails, and it goes back"
    STOP = "F36 stops a process (node churn)"
    CRASH = "F34 F46 a container exits once, and is restarted with the env that is there by then"
    RESTART = "F35 restarts a service: a rollout nobody promoted"
    RUN = "F37 leaves a console open"
    TAKE_LOCK = "F28 takes the lock over, and promotes nothing yet"
    TASK = "F37 runs a one-off process, of the newest release or the active one, that ends by itself"
    SPOIL = "P21 what the old release needs to start is gone"
    SLEEP = "F49 the laptop sleeps for 20 minutes"
    SET_CLOCK = "F18 the wall clock jumps by an hour"


ON_OUR_SIDE = frozenset({Act.SET_CLOCK})
SECOND = (Act.SHIPS_TOO, Act.PROMOTES_TOO, Act.ROLLS_BACK_TOO)


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL at an instant, or at the `write`-th write, before it goes out or after its effect."""

    at_s: float = 0.0
    write: int | None = None
    is_after: bool = False


@dataclass(frozen=True, slots=True)
class Back:
    """What comes once a way back has begun, in seconds from its first write: rare pairs would not meet by chance."""

    acts: tuple[tuple[float, Act], ...] = ()
    faults: tuple[Fault, ...] = ()
    kill_after_s: float | None = None

    @property
    def is_mild(self) -> bool:
        """Only a write or two fail, and what is tried again in time succeeds."""
        return not self.acts and self.kill_after_s is None


@dataclass(frozen=True, slots=True)
class Wishes:
    """What else was asked for."""

    no_verify: bool = False
    no_rollback: bool = False
    irreversible: bool = False
    command_ends: int | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """
    All that a run needs to be the same again. Seconds since the run began.

    `rolling` is the code of somebody's release that is being rolled out when a rollback begins. `build_s` is how long a
    build takes, `thinks_s` whoever is asked for a yes; `ps_lag_s` how old a process list is, where it is not of now.
    """

    seed: int
    errand: Errand
    program: str
    companion: str
    before: str | None
    layout: Layout
    layout_before: Layout
    physics: Physics
    policy: Policy
    wishes: Wishes
    faults: tuple[Fault, ...]
    acts: tuple[tuple[float, Act], ...]
    signals: tuple[tuple[float, int], ...]
    kills: tuple[Kill, ...] = ()
    resume_after_s: float = 60.0
    back: Back = Back()
    aborts: bool = False
    build_s: float = 5.0
    ps_lag_s: float = 0.0
    rolling: str | None = None
    second_program: str = "good"
    second_names: bool = False
    is_locked: bool = False
    is_known: bool = False
    thinks_s: float = 0.0
    kinds: frozenset[Act] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kinds", frozenset(act for _, act in self.acts))


NEW: tuple[str, ...] = ("good", "unstamped", "slow", "stumbles", "anonymous", "nameless")
BAD = ("crashes", "crashes-late", "never-ready", "errors", "errors-at-once", "lies", "half-mute", "half-dead")
# The rack calls these running before they are known to be bad: the way back is a copy then, else a cancel.
COMES_UP = ("crashes-late", "errors", "lies", "half-mute")
NEW += BAD
LONG_S = 120.0  # beyond it the world goes on during the soak
UNASKED = (Reach.PORTLESS, Reach.AGENT)
_SHARES = {"good": 40, "slow": 6, "unstamped": 4, "stumbles": 4, "nameless": 2, "lies": 4, "half-mute": 4}


def draw(seed: int) -> Schedule:
    """The world of a seed."""
    dice = random.Random(seed)  # noqa: S311 - not a secret
    program, physics = dice.choices(NEW, [_SHARES.get(name, 5) for name in NEW])[0], _physics(dice)
    if program == "stumbles":
        physics = replace(physics, backoff_first_s=1.0)  # so short that no two looks see it crashed
    errand = dice.choices(list(Errand), [72, 10, 3, 10, 5])[0]
    befores = ["before", "anonymous", "nameless", "turned-bad", "crashing", None]
    before = dice.choices(befores, [76, 5, 2, 7, 2, 8])[0]
    if errand not in (Errand.SHIP, Errand.RELEASE) and before is None:
        before = "before"
    layout = _layout(dice)
    is_glimpsed = layout.reach in UNASKED and dice.random() < 0.3
    if is_glimpsed:  # with the kubelet's own back-off, which no two looks of a soak can miss
        program, physics = "gasps", replace(physics, backoff_first_s=10.0)
    rolling = dice.choice([None, *BAD]) if errand is Errand.ROLLBACK else None
    back = (
        _back(program, dice, is_rollback=bool(rolling))
        if (program in BAD or rolling) and dice.random() < 0.45
        else Back()
    )
    # what comes of a write that fails on the way back is told best where nothing else goes wrong
    is_calm = dice.random() < (0.7 if back.faults else 0.15)
    signals, kills = ((), ()) if is_calm else _ends(dice)
    policy = _policy(dice, is_glimpsed=is_glimpsed)
    acts = () if is_calm else (*_acts(dice), *(_acts_in_a_soak(dice) if policy.soak_s > LONG_S else ()))
    build_s = _build_s([act for _, act in acts], dice)
    return Schedule(
        seed,
        errand,
        program=program,
        companion=before if before in ("anonymous", "nameless") and dice.random() < 0.5 else "good",
        before=before,
        layout=layout,
        layout_before=_layout_before(layout, dice),
        physics=physics,
        policy=policy,
        wishes=_wishes(dice),
        faults=() if is_calm else _faults(dice, build_s),
        acts=tuple(sorted(((_later(at_s, build_s, dice), act) for at_s, act in acts), key=lambda each: each[0])),
        signals=signals,
        kills=kills,
        resume_after_s=dice.choice([1.0, 10.0, 60.0, 60.0, 600.0, 2400.0]),
        back=back,
        aborts=dice.random() < 0.2,
        build_s=build_s,
        rolling=rolling,
        # less than the kubelet's back-off: a list that is older than that tells one crash as two
        ps_lag_s=dice.choice([1.0, 4.0, 7.0]),
        second_names=dice.random() < 0.5,
        second_program=dice.choices(["good", "crashes", "errors-at-once"], [70, 15, 15])[0],
        is_locked=dice.random() < 0.02,
        is_known=dice.random() < 0.5,
        thinks_s=dice.choice([0.0, 0.0, 20.0, 120.0]),
    )


def _physics(dice: random.Random) -> Physics:
    """
    What `Physics` calls an ASSUMPTION of the rack is swept, and so is what the facts only bound.

    Not so the kubelet's first restart, which is immediate: one crash alone is never shown as `crashed` for long.
    """
    return Physics(
        resync_s=dice.choice([2.0, 10.0, 30.0, 60.0]),
        resync_phase_s=dice.uniform(0, 30),
        mirror_lag_s=dice.choice([0.0, 0.2, 2.0, 10.0, 60.0]) * dice.random(),
        apply_s=dice.choices([1.0, 20.0, 120.0], [80, 15, 5])[0],
        # a real rack's 3000 s is beyond our own cap: a shorter one lets it meet us
        deadline_s=dice.choices([3000.0, 90.0], [85, 15])[0],
        rollback_linger_s=dice.choice([0.0, 12.0, 33.0]),
        empty_rollback_linger_s=dice.choice([0.0, 60.0, 180.0]),
        early_running=dice.random() < 0.3,
        secret_per_service=dice.random() < 0.8,
        schedule_s=dice.choice([0.5, 2.0, 20.0]),
        unready_reads=dice.choice(["starting", "starting", "unhealthy"]),
        backoff_first_s=dice.choice([1.0, 10.0]),
        backoff_reset_s=dice.choice([60.0, 600.0]),
    )


def _layout(dice: random.Random) -> Layout:
    api = Part("api", count=dice.choice([1, 2, 2, 3, 4]), most=dice.choice([None, None, 6]))
    worker = Part("worker", Reach.PORTLESS, count=dice.choice([1, 2, 3]))
    shapes = {
        "alone": (api,),
        "with a worker": (api, worker),
        "with an admin": (api, Part("admin", Reach.INTERNAL, count=1)),
        "two fronts": (api, Part("web", count=dice.choice([1, 3]))),
        "with an agent": (api, Part("agent", Reach.AGENT, count=1)),
        "with a sleeper": (api, Part("batch", Reach.PORTLESS, count=0)),
        "no front": (worker, Part("admin", Reach.INTERNAL, count=2)),
    }
    parts = shapes[dice.choices(list(shapes), [50, 12, 6, 10, 4, 6, 4])[0]]
    subjects = [each.name for each in parts if each.count]
    return Layout(
        parts,
        subject=dice.choices(subjects, [3, 1][: len(subjects)])[0],
        interval_s=dice.choice([2, 5, 10]),
        grace_s=dice.choice([2, 2, 2, 5, 20, 60]),
        minimum=dice.choice([50, 50, 100]),
        jobs=dice.choices([(), ("job",), ("long-job",), ("broken-job", "long-job")], [80, 8, 6, 6])[0],
    )


def _layout_before(layout: Layout, dice: random.Random) -> Layout:
    """Mostly the same; now and then a service is new in the release, or one that it has no more."""
    if len(layout.parts) > 1 and dice.random() < 0.1:
        kept = tuple(each for each in layout.parts if each.name == layout.subject)
        return replace(layout, parts=kept)
    if dice.random() < 0.12:
        return replace(layout, parts=(*layout.parts, Part("gone", Reach.PORTLESS, count=1)))
    return layout


def _policy(dice: random.Random, *, is_glimpsed: bool) -> Policy:
    """
    The defaults, mostly: what people may set is swept beside them. No jitter: the same seed must be the same run.

    `is_glimpsed`: a service that only the process list can speak for crashes over and over, which a soak would show.
    """
    return Policy(
        jitter=0.0,
        tick_s=dice.choices([2.0, 5.0], [60, 40])[0],
        soak_s=dice.choices([0.0, 5.0, 15.0, 30.0, 60.0, 450.0], [75 if is_glimpsed else 15, 15, 42, 14, 10, 4])[0],
        sampled_over=dice.choice([50, 50, 50, 1]),
        no_progress_s=dice.choices([600.0, 200.0], [10, 90])[0],
        blind_s=dice.choices([600.0, 120.0, 60.0], [10, 45, 45])[0],
        back_deadline_s=dice.choices([600.0, 200.0], [10, 90])[0],
    )


def _wishes(dice: random.Random) -> Wishes:
    wish = dice.choices(["", "no_verify", "no_rollback", "irreversible"], [90, 3, 4, 3])[0]
    wishes = Wishes(**{wish: True}) if wish else Wishes()
    return replace(wishes, command_ends=dice.choices([None, 0, 1], [90, 8, 2])[0])


def _build_s(acts: list[Act], dice: random.Random) -> float:
    """Most builds are short, and leave all the rest to the rollout; what others promote may be at rest before ours."""
    return dice.choices([5.0, 60.0, 240.0], [50, 25, 25] if Act.PROMOTE in acts else [92, 5, 3])[0]


def _later(at_s: float, build_s: float, dice: random.Random) -> float:
    """In a long build, or as long after it as it would have been after a short one."""
    return dice.uniform(0, build_s) if build_s > 5.0 and dice.random() < 0.4 else at_s + build_s - 5.0


def _faults(dice: random.Random, build_s: float) -> tuple[Fault, ...]:
    if dice.random() < 0.2:
        return ()
    enabled = [kind for kind in Kind if dice.random() < 0.15]
    return tuple(_fault(kind, build_s, dice) for kind in enabled for _ in range(dice.choice([1, 1, 2])))


def _fault(kind: Kind, build_s: float, dice: random.Random) -> Fault:
    from_s = _later(dice.choice([dice.uniform(0, 15), dice.uniform(0, 90)]), build_s, dice)
    # whether an empty list is taken for nothing that runs shows only where it lasts; one that is old now and then shows
    # by turns what was and what is
    is_empty = kind is Kind.EMPTY_PS
    shares = {Kind.EMPTY_PS: [0.3, 1.0, 1.0], Kind.PS_STALE: [0.3, 0.3, 1.0]}
    lasts_s = dice.choices([5.0, 20.0, 60.0, 300.0, 1e6], [1, 1, 2, 4, 4] if is_empty else [6, 6, 4, 2, 1])[0]
    return Fault(kind, from_s, from_s + lasts_s, dice.choice(shares.get(kind, [0.05, 0.3, 1.0])))


def _back(program: str, dice: random.Random, *, is_rollback: bool = False) -> Back:
    match dice.choice(["kill", "act", "fault"]):
        case "kill":
            return Back(kill_after_s=dice.choice([0.0, dice.uniform(0, 2), dice.uniform(0, 15)]))
        case "act":
            others = (Act.PROMOTE, Act.ON_CALL, Act.TAKE_LOCK, Act.CANCEL, Act.RACK_ERROR, Act.RACK_ERROR, Act.SPOIL)
            return Back(acts=((dice.uniform(0, 15), dice.choice(others)),))
        case _:
            if is_rollback:
                kind = dice.choice([Kind.READ_FAILS, Kind.RACK_DOWN, Kind.WRITE_FAILS, Kind.REPLY_LOST])
                return Back(faults=(Fault(kind, 0.01, dice.choice([8.0, 20.0, 60.0])),))
            first = Kind.PROMOTE_LOST if program in COMES_UP else Kind.WRITE_FAILS
            kind = dice.choice([first, first, Kind.WRITE_REFUSED, Kind.REPLY_LOST])
            return Back(faults=(Fault(kind, 0.0, dice.choice([1.0, 8.0, 20.0])),))


def _acts(dice: random.Random) -> list[tuple[float, Act]]:
    rates = {
        Act.PROMOTE: 0.08,
        Act.ON_CALL: 0.04,
        Act.TAKE_LOCK: 0.08,
        Act.ENV: 0.1,
        Act.SCALE: 0.1,
        Act.CANCEL: 0.03,
        Act.RACK_ERROR: 0.06,
        Act.STOP: 0.1,
        Act.CRASH: 0.08,
        Act.RESTART: 0.03,
        Act.RUN: 0.1,
        Act.TASK: 0.1,
        Act.SPOIL: 0.25,
        Act.SLEEP: 0.02,
        Act.SET_CLOCK: 0.05,
    }
    again = {Act.SCALE: 3, Act.TASK: 4}
    acts = [act for act, rate in rates.items() if dice.random() < rate for _ in range(again.get(act, 1))]
    acts += dice.choices([[], *([act] for act in SECOND)], [94, 2, 1, 3])[0]
    # the first seconds are the preparation, the gate and the promote
    return [(dice.choice([dice.uniform(0, 12), dice.uniform(8, 40), dice.uniform(0, 120)]), act) for act in acts]


def _acts_in_a_soak(dice: random.Random) -> list[tuple[float, Act]]:
    """Trifles, while a long one lasts."""
    trifles = (Act.STOP, Act.CRASH, Act.SCALE)
    return [(dice.uniform(100, 450), dice.choice(trifles)) for _ in range(dice.choice([0, 1, 2]))]


def _ends(dice: random.Random) -> tuple[tuple[tuple[float, int], ...], tuple[Kill, ...]]:
    """How CI or a person ends a run before its verdict, and whether that is done to `resume` as well."""
    at_s = dice.choice([dice.uniform(0, 12), dice.uniform(0, 90)])
    match dice.choices(["", "signal", "github", "kill", "kill at a write"], [82, 6, 4, 4, 4])[0]:
        case "signal":
            return ((at_s, dice.choice([signal.SIGINT, signal.SIGTERM, signal.SIGHUP])),), ()
        case "github":  # F27: INT, 7.5 s, TERM, 2.5 s, KILL
            return ((at_s, signal.SIGINT), (at_s + 7.5, signal.SIGTERM)), (Kill(at_s + 10.0),)
        case "kill":
            again = (Kill(dice.uniform(0, 60)),) if dice.random() < 0.3 else ()
            return (), (Kill(at_s), *again)
        case "kill at a write":
            first = Kill(write=dice.randint(1, 6), is_after=dice.random() < 0.5)
            again = (Kill(write=dice.randint(1, 3), is_after=dice.random() < 0.5),) if dice.random() < 0.3 else ()
            return (), (first, *again)
        case _:
            return (), ()
