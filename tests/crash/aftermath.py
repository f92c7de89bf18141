"""One case: a run is struck, looked at, taken up again; and what the rack itself shows afterwards."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deployer.ledger.past import read
from tests.crash.lines import BY_CHILD, INTENT, Blow, counted, name_of
from tests.crash.scenes import TOKEN, Scene
from tests.scenario.practice import PROMOTE, App, PracticeRack
from tests.scenario.shell import DEPLOYER, Done, Running, Shell, wait_for
from tests.scenario.wrapped import fatal_convox

ROOT = Path(__file__).parents[2]
SOAK = "0.3s"
KILLED, INTERRUPTED, NOTHING_TO_DO, SUPERSEDED = -9, 42, 10, 40
# Nothing was promoted, or the rack never took it: what served is untouched.
BEFORE_PROMOTE = (10, 16, 17, 129, 130, 143)
# Taken back because a person said so, or found back; a first release leaves nothing.
TAKEN_BACK = (0, 18, 20, 21)
GREETING = "canary-33e0a18b54"  # given to a ship by the name of its variable


@dataclass(frozen=True, slots=True)
class Case:
    """`line` is counted: `looked watch#2`. Who takes it up may want it taken back (`abort`)."""

    scene: Scene
    blow: Blow
    line: str
    abort: bool = False

    @property
    def id(self) -> str:
        then = "abort" if self.abort else "resume"
        return f"{self.scene.name}-{self.blow}-{self.line}-{then}".replace(" ", "_")

    @property
    def write(self) -> tuple[str, int]:
        """The command of the CLI that makes the write of this line, and how many of them come before and with it."""
        command = _command(self.line.partition("#")[0])
        so_far = itertools.takewhile(lambda line: line != self.line, counted(self.scene.lines))
        return command, 1 + sum(_command(line.partition("#")[0]) == command for line in so_far)


def _command(line: str) -> str:
    """`config set (ledger)` is `config set`; `create-from` alone is also what is asked for its options."""
    words = line.removeprefix(INTENT).partition(" (")[0] if line.startswith(INTENT) else ""
    return f"{words} --build-from" if words.endswith("create-from") else words


@dataclass(frozen=True, slots=True)
class Content:
    """What a release is made of, whatever its id."""

    build: str
    env: frozenset[str]


@dataclass(frozen=True, slots=True)
class Truth:
    """What the rack shows when all is over. `newest` is what the next build or env edit would begin with."""

    active: str
    serves: Content | None
    newest: Content | None
    rows: frozenset[tuple[str, str]]
    answers: frozenset[str]
    lock: object
    promotes: int


@dataclass(frozen=True, slots=True)
class Aftermath:
    """`promised` are the releases that were meant to be promoted, by all runs together."""

    case: Case
    before: str
    kept: Content | None
    aimed: Content | None
    struck: Done
    lines: frozenset[str]
    ended: dict[str, Any] | None
    status: Done
    resumed: Done
    again: Done
    truth: Truth
    promised: frozenset[str]
    journals: str

    @property
    def told(self) -> str:
        parts = (("struck", self.struck), ("status", self.status), ("resumed", self.resumed), ("again", self.again))
        return "\n".join(f"--- {name}: {done.status}\n{done.err}{done.out}" for name, done in parts)

    @property
    def is_over(self) -> bool:
        """The run that was struck came to a verdict all the same, and nobody who took it up had to do anything."""
        if self.ended:
            return bool(self.ended["verdict"]["status"] != INTERRUPTED)
        # A verdict that was told and is not in the journal, which was lost: what it has promoted in the lost part is
        # to whoever takes it up somebody else's.
        is_left = self.resumed.status in (NOTHING_TO_DO, SUPERSEDED)
        return self.struck.status not in (KILLED, INTERRUPTED) and is_left

    @property
    def verdict(self) -> int:
        """Of the run that was struck, if it came to one; else of the one that took it up."""
        if not self.is_over:
            return self.resumed.status
        return int(self.ended["verdict"]["status"]) if self.ended else self.struck.status

    @property
    def is_taken_back(self) -> bool:
        return self.verdict not in BEFORE_PROMOTE and (self.case.scene.keeps or (self.case.abort and not self.is_over))

    @property
    def keeps(self) -> bool:
        """What served before is to serve in the end."""
        return self.verdict in BEFORE_PROMOTE or self.is_taken_back


def strike(case: Case, name: str, rack: PracticeRack) -> Aftermath:
    """Play it through, on an app of its own that is gone afterwards."""
    prepared = case.scene.prepare(rack, name)
    app, kept = prepared.app, _content(prepared.app, prepared.before)
    # a delay of nothing changes nothing, and counts the requests that it meets
    order = {"fault": "delay=0s", "method": "POST", "path": f"/apps/{name}/releases/[^/]+/promote$"}
    counted = rack.post_json("/_local/faults", order)
    words = (*prepared.words, "--rack", "local", "--app", name, "--soak", SOAK)
    struck = _start(case, words, rack.shell, rack.shell.home / name).end()
    journal = app.journal()
    ended = next((line for line in journal if line["event"] == "ended"), None)
    status = app.start("status").end()
    taken_up = ("resume", *(["--abort"] if case.abort else []), "--soak", SOAK)
    resumed, again = app.start(*taken_up).end(), app.start(*taken_up).end()
    texts = list(_journals(rack, name))
    aftermath = Aftermath(
        case, prepared.before, kept, _content(app, prepared.staged), struck, frozenset(map(name_of, journal)), ended,
        status, resumed, again,
        truth=_truth(app, int(counted["id"])), promised=_promised(texts), journals="".join(texts),
    )  # fmt: skip
    rack.delete(f"/apps/{name}")
    return aftermath


def _start(case: Case, words: tuple[str, ...], shell: Shell, folder: Path) -> Running:
    if case.blow in BY_CHILD:
        folder.mkdir()
        convox = fatal_convox(folder, *case.write, is_heard=case.blow is Blow.ORPHAN)
        return shell.with_env(GREETING=GREETING).start(DEPLOYER, *words, "--convox", str(convox))
    env = {"PYTHONPATH": str(ROOT), "STRIKE": f"{case.blow} at {case.line}", "GREETING": GREETING}
    return shell.with_env(**env).start(sys.executable, "-m", "tests.crash.struck", *words)


def _content(app: App, release: str) -> Content | None:
    if not release:
        return None
    about = app.rack.get(f"/apps/{app.name}/releases/{release}")
    return Content(about["build"], frozenset(about["env"].split()))


def _truth(app: App, counter: int) -> Truth:
    """Once the rack is at rest, or has had a minute to come to it."""
    wait_for(lambda: app.status == "running" and all(row[1:] == ("running", app.active) for row in app.rows), 15)
    active = app.active
    standing = {row["id"]: row["met"] for row in app.rack.get("/_local/faults")}
    rows = [row for row in app.rows if row[0].count("-") > 1]  # replicas: a release command has a shorter name
    return Truth(
        active,
        _content(app, active),
        _content(app, app.releases[0]),
        frozenset((status, release) for _, status, release in rows),
        frozenset(each["version"] for each in app.answers()) if rows else frozenset(),
        app.lock,
        standing[counter],
    )


def _journals(rack: PracticeRack, name: str) -> Iterator[str]:
    """All that its runs have left behind, each of which can be read. Raises Refused if one cannot."""
    for path in sorted((rack.shell.home / "state" / "deployer" / "journal" / "local" / name).glob("*.jsonl")):
        read(path)
        yield path.read_text(encoding="utf-8")


def _promised(texts: list[str]) -> frozenset[str]:
    whole = (line for text in texts for line in text.rpartition("\n")[0].splitlines())
    events = (json.loads(line) for line in whole)
    return frozenset(each["release"] for each in events if (each["event"], each.get("write")) == ("intended", PROMOTE))


SECRETS = (TOKEN, GREETING)
