"""
What the real adapter makes of a `convox` in trouble: a real child process, scripted in sh, and real signals.

The answers come out of the port as the engine gets them, so that a cell may hold the engine against them in virtual
time. Words of the real CLI are those of its recorded runs.
"""

from __future__ import annotations

import shlex
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from deployer.convox.rack import ConvoxRack
from deployer.convox.runner import Runner
from deployer.convox.target import Target, child_environment
from deployer.core.environment import Environment
from deployer.core.errors import DeployerError, RackFailure
from deployer.core.models import Source
from deployer.core.names import AppName, ReleaseId, ShipId
from deployer.core.policy import Policy
from deployer.core.redact import Redactor, Secret
from deployer.engine.clock import SystemClock
from tests.matrix.cells import Step
from tests.matrix.struck import Strike
from tests.unit.convox.scripted import recorded

R0, R1, NEW = ReleaseId("RAAAAAAAAA0"), ReleaseId("RAAAAAAAAA1"), ReleaseId("RBBBBBBBBB1")
SHIP = ShipId("20261124-120000-000001")
DEADLINE_S = 0.3
PATIENCE_S = 10.0
LOOK_EVERY_S = 0.01

# Which command of the CLI a step depends on.
VERBS = {
    Step.PRE: "apps info",
    Step.ENV: "env set",
    Step.BLD: "build",
    Step.PRO: "releases promote",
    Step.PS: "ps|apps info|api get",
    Step.RBK: "releases create-from|apps cancel",
}
_BEFORE: str = recorded("releases")["stdout"]
_BUILDS = f"""\
ID           STATUS    RELEASE      STARTED  ELAPSED  DESCRIPTION
BBBBBBBBBB1  complete  RBBBBBBBBB1  now      1s       build it [ship {SHIP}]
"""
_ROLLING: str = recorded("apps-info-a")["stdout"].replace("running", "updating")
_BACK = _ROLLING.replace("updating", "rollback").replace(R1, R0)
_NO_BUILDS = "ID  STATUS  RELEASE  STARTED  ELAPSED  DESCRIPTION\n"


@dataclass(frozen=True, slots=True)
class Trouble:
    """
    What the struck command does: `lines` of sh, or `words` of the CLI's own error.

    `is_taken`: the rack took the request, and the CLI has printed so, by the time that it broke. `announces`:
    it has said which release it promotes. `is_there`: there is a CLI that can be run.
    """

    lines: str = ""
    words: str = ""
    hangs: bool = False
    is_taken: bool = True
    announces: bool = True
    is_there: bool = True

    @property
    def ends(self) -> str:
        return f"echo {shlex.quote(f'ERROR: {self.words}')} >&2; exit 1" if self.words else self.lines


class LeapingClock(SystemClock):
    """Waits for children as they are; what would only be slept away is leapt over."""

    def __init__(self) -> None:
        super().__init__()
        self._leapt_s = 0.0

    def now_s(self) -> float:
        return super().now_s() + self._leapt_s

    def sleep(self, seconds: float) -> None:
        self.check()
        self._leapt_s += seconds


_BEGINS = {
    Step.ENV: ("", "Setting MODE... "),
    Step.BLD: ("", "Packaging source... OK\nUploading source... OK\nStarting build... "),
    Step.PRO: (f"Promoting {R1}... \n", ""),
    Step.RBK: (f"Using build from release: {R0}\nUsing env from release: {R0}\n", ""),
}


def _script(folder: Path, trouble: Trouble, step: Step, *, has_effect: bool) -> str:
    out, err = _BEGINS.get(step, ("", ""))
    out = out if trouble.announces else ""
    err += "OK\n" if step is Step.BLD and trouble.is_taken else ""
    said = f"printf %s {shlex.quote(out)}; printf %s {shlex.quote(err)} >&2"
    after, builds = (_after(step), _BUILDS) if has_effect else (_BEFORE, _NO_BUILDS)
    app_after = _BACK if has_effect else _ROLLING
    struck = " | ".join(f'"{verb} "*' for verb in VERBS[step].split("|"))
    return f"""#!/bin/sh
case "$* " in
{struck}) touch {folder}/struck; {said}; {trouble.ends} ;;
"releases "*)
    if [ -e {folder}/struck ]; then printf %s {shlex.quote(after)}; else printf %s {shlex.quote(_BEFORE)}; fi ;;
"apps info "*)
    if [ -e {folder}/struck ]; then printf %s {shlex.quote(app_after)}; else printf %s {shlex.quote(_ROLLING)}; fi ;;
"builds "*) printf %s {shlex.quote(builds)} ;;
"env --release {NEW} "*) echo "BAR=2
{"MODE=new" if step is Step.ENV else ""}" ;;
"env "*) echo BAR=2 ;;
*) echo "unexpected: $*" >&2; exit 3 ;;
esac
"""


def _after(step: Step) -> str:
    """The list of releases with the one on top that the write has made; a copy has the build it was made from."""
    build = "BAAAAAAAAA0" if step is Step.RBK else "BAAAAAAAAA1"
    return _BEFORE.replace(f"{R1}  active", f"{NEW}          {build}  now          ours\n{R1}  active", 1)


@contextmanager
def _rack(folder: Path, trouble: Trouble, step: Step, *, has_effect: bool) -> Iterator[ConvoxRack]:
    path = folder / "convox"
    path.write_text(_script(folder, trouble, step, has_effect=has_effect), encoding="utf-8")
    path.chmod(0o755 if trouble.is_there else 0o644)
    target = Target(AppName("myapp"), rack_url=Secret("http://convox:password@127.0.0.1:1"), actor="tester")
    environment = child_environment({"PATH": "/usr/bin:/bin"}, target)
    runner = Runner(LeapingClock(), environment, Redactor(), (str(path),))
    try:
        yield ConvoxRack(runner, target, _policy(trouble, step))
    finally:
        runner.close()


def _policy(trouble: Trouble, step: Step) -> Policy:
    policy = Policy()
    if not trouble.hangs:
        return policy
    if step in (Step.PRE, Step.PS):
        return replace(policy, read_s=DEADLINE_S)
    return replace(policy, build_s=DEADLINE_S) if step is Step.BLD else replace(policy, write_s=DEADLINE_S)


@cache
def met(trouble: Trouble, step: Step, *, has_effect: bool = False) -> Strike:
    """What the port gives when the command of this step is in trouble; whether its effect is there all the same."""
    with tempfile.TemporaryDirectory() as folder, _rack(Path(folder), trouble, step, has_effect=has_effect) as rack:
        match step:
            case Step.ENV:
                return _tried(lambda: rack.set_env(Environment.of(MODE="new"), replace=False), has_effect=has_effect)
            case Step.BLD:
                source = Source(folder, "0123456789", "it")
                return _tried(lambda: rack.build(source, SHIP, lambda _: None), has_effect=has_effect)
            case Step.PRO:
                return _promoted(rack, trouble, has_effect=has_effect)
            case Step.PS:
                return Strike(reads=rack.start_reads().collect())
            case Step.RBK:
                return _tried(lambda: rack.copy(R0, R0), has_effect=has_effect)
            case _:
                return _tried(rack.app)


@cache
def met_by_a_cancel(trouble: Trouble, *, has_effect: bool) -> Strike:
    """The same for the other write of a way back."""
    with tempfile.TemporaryDirectory() as name, _rack(Path(name), trouble, Step.RBK, has_effect=has_effect) as rack:
        return _tried(rack.cancel, has_effect=has_effect)


def _promoted(rack: ConvoxRack, trouble: Trouble, *, has_effect: bool) -> Strike:
    """The child's last word; of one that hangs, what it has shown by the time that others have ended."""
    try:
        child = rack.promote(R1)
    except RackFailure as error:
        return Strike(error)
    until_s = time.monotonic() + (DEADLINE_S if trouble.hangs else PATIENCE_S)
    while not (state := child.state()).is_over and time.monotonic() < until_s:
        time.sleep(LOOK_EVERY_S)
    return Strike(promote=state, has_effect=has_effect)


def _tried(do: Callable[[], object], *, has_effect: bool = False) -> Strike:
    try:
        do()
    except DeployerError as error:
        return Strike(error, has_effect=has_effect)
    return Strike(has_effect=has_effect)
