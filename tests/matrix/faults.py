"""
The faults F1 to F50 as small injectors: each arms a stage, so that the fault comes at its step.

`for_s` says how long it lasts; `None` is for good. For a write it says whether the effect is there although the reply
is lost (`None`: it is not).
"""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

from deployer.core.models import Answer
from deployer.core.names import ReleaseId
from tests.matrix import child, health
from tests.matrix import faults_ourselves as ours
from tests.matrix import faults_world as world
from tests.matrix.cells import Step
from tests.matrix.child import Trouble
from tests.matrix.stage import Arm, Stage
from tests.matrix.struck import CALLS

# A step whose command is that of another.
_SAME = {Step.SOK: Step.PS, Step.NTF: Step.PRE}


def cli(trouble: Trouble) -> Arm:
    """The CLI's process, and what it says of the rack, as a real child has shown it to the real adapter."""

    def arm(stage: Stage, step: Step, for_s: float | None) -> None:
        name, met_at = CALLS[step], _SAME.get(step, step)
        is_write = name not in ("read", "tick")
        strike = child.met(trouble, met_at, has_effect=is_write and for_s is not None)
        strikes = stage.rack.strikes
        stage.during(step, for_s, lambda: strikes.update({name: strike}), strikes.clear)

    return arm


def ill(fault: str) -> Arm:
    """What the health address of whoever serves at the step answers, as a real server told it to the real probe."""

    def arm(stage: Stage, step: Step, for_s: float | None) -> None:
        found = health.heard(fault)

        def hears(honest: Answer) -> Answer:
            if step in (Step.HLT, Step.SOK) and honest.release == stage.before:
                return honest
            release = ReleaseId(stage.before) if found.release else None
            return replace(found, service=honest.service, release=release)

        probe = stage.probe
        stage.during(step, for_s, lambda: probe.listens(hears), probe.listens)
        if step is Step.PRE:
            stage.sink.hooks[Step.ENV] = probe.listens
        if step in (Step.HLT, Step.SOK):
            stage.sink.hooks[Step.RBK] = probe.listens

    return arm


HTML = "<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>"
TRICKLES = Trouble("while :; do printf .; sleep 0.05; done", hangs=True)

TROUBLES: dict[str, Trouble] = {
    "F1": Trouble(words="something is wrong", is_taken=False),
    "F2": Trouble("sleep 60", hangs=True, announces=False),
    "F3": Trouble("kill -9 $$"),
    "F4": Trouble(is_there=False),
    "F5": Trouble("echo 'gar bage'"),
    "F6": Trouble("exit 0"),
    "F7": Trouble(words="invalid authentication"),
    "F8": Trouble(words="process exec requires write access", is_taken=False),
    "F9": Trouble(words="app not found: myapp"),
    "F10": Trouble(words="app is currently updating", is_taken=False),
    "F11": Trouble(words="response status 429"),
    "F12": Trouble(words=HTML),
    "F13": TRICKLES,
    "F14": Trouble(words="unexpected EOF"),
    "F15": Trouble(words="read tcp 10.0.0.1:52744->10.0.0.2:443: read: connection reset by peer"),
    "F16": Trouble(words="dial tcp: lookup rack.example on 10.0.0.53:53: no such host", announces=False),
    "F17": Trouble(
        words="tls: failed to verify certificate: x509: certificate has expired", is_taken=False, announces=False
    ),
    "F31": Trouble(words="dial tcp 10.0.0.2:443: connect: connection refused", announces=False),
}
# Rows of health answers, in which the process list may be ill too.
LISTS: dict[str, Trouble] = {
    "F43": Trouble("echo '[{]'"),
    "F44": Trouble("head -c 1200000 /dev/zero | tr '\\0' x"),
    "F45": TRICKLES,
}
WORLD: dict[str, Arm] = {
    "F18": world.wall_clock_jumps,
    "F20": ours.closed_stream,
    "F22": ours.hears_signal(signal.SIGINT),
    "F24": ours.hears_signal(signal.SIGTERM),
    "F25": ours.hears_signal(signal.SIGHUP),
    "F28": world.another_ship,
    "F29": world.somebody_promotes,
    "F30": world.rack_goes_back,
    "F32": world.stuck,
    "F33": world.empty_list,
    "F34": world.crash_loop,
    "F35": world.mixed,
    "F36": world.autoscale,
    "F37": world.others_in_ps,
    "F46": world.old_row,
    "F47": ours.broken_display,
    "F48": ours.bug,
    "F49": world.machine_sleeps,
    "F50": ours.other_alphabet,
}


def arm(fault: str, folder: Path) -> Arm:
    """The injector of a fault. Where it may be the CLI's as well as a health address's, the step decides."""

    def armed(stage: Stage, step: Step, for_s: float | None) -> None:
        _chosen(fault, step, folder)(stage, step, for_s)

    return armed


def _chosen(fault: str, step: Step, folder: Path) -> Arm:
    if fault == "F21":
        return ours.full_disk(folder)
    if step is Step.PS and fault in LISTS:
        return cli(LISTS[fault])
    if fault in TROUBLES and step is not Step.HLT:
        return cli(TROUBLES[fault])
    return ill(fault) if fault in health.ILL else WORLD[fault]
