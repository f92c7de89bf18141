"""One case: a run is struck, looked at, taken up again; and what the rack itself shows afterwards."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deployer.ledger.past import read
from tests.crash.lines import Blow, name_of
from tests.crash.scenes import TOKEN, Scene
from tests.scenario.practice import PROMOTE, App, PracticeRack
from tests.scenario.shell import Done, Shell, wait_for

ROOT = Path(__file__).parents[2]
SOAK = "0.3s"
GREETING = "canary-33e0a18b54"  # given to a ship by the name of its variable


@dataclass(frozen=True, slots=True)
class Case:
    """`line` is counted: `looked watch#2`."""

    scene: Scene
    blow: Blow
    line: str

    @property
    def id(self) -> str:
        return f"{self.scene.name}-{self.blow}-{self.line}".replace(" ", "_")


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
    """`promised` is how often each release was meant to be promoted, by all runs together."""

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
    promised: Counter[str]
    journals: str

    @property
    def told(self) -> str:
        parts = (("struck", self.struck), ("status", self.status), ("resumed", self.resumed), ("again", self.again))
        return "\n".join(f"--- {name}: {done.status}\n{done.err}{done.out}" for name, done in parts)

    @property
    def verdict(self) -> int:
        """Of the run that was struck, if it came to one; else of the one that took it up."""
        is_last_word = self.ended is not None and self.ended["verdict"]["status"] != 42
        return int(self.ended["verdict"]["status"]) if self.ended and is_last_word else self.resumed.status


def strike(case: Case, name: str, rack: PracticeRack) -> Aftermath:
    """Play it through, on an app of its own that is gone afterwards."""
    prepared = case.scene.prepare(rack, name)
    app, kept = prepared.app, _content(prepared.app, prepared.before)
    # a delay of nothing changes nothing, and counts the requests that it meets
    order = {"fault": "delay=0s", "method": "POST", "path": f"/apps/{name}/releases/[^/]+/promote$"}
    counted = rack.post_json("/_local/faults", order)
    shell = _struck(rack.shell, case)
    words = (sys.executable, "-m", "tests.crash.struck", *prepared.words, "--rack", "local", "--app", name)
    struck = shell.start(*words, "--soak", SOAK).end()
    journal = app.journal()
    ended = next((line for line in journal if line["event"] == "ended"), None)
    status = app.start("status").end()
    resumed, again = app.start("resume", "--soak", SOAK).end(), app.start("resume", "--soak", SOAK).end()
    texts = list(_journals(rack, name))
    aftermath = Aftermath(
        case, prepared.before, kept, _content(app, prepared.staged), struck, frozenset(map(name_of, journal)), ended,
        status, resumed, again,
        truth=_truth(app, int(counted["id"])), promised=_promised(texts), journals="".join(texts),
    )  # fmt: skip
    rack.delete(f"/apps/{name}")
    return aftermath


def _struck(shell: Shell, case: Case) -> Shell:
    return shell.with_env(PYTHONPATH=str(ROOT), STRIKE=f"{case.blow} at {case.line}", GREETING=GREETING)


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
    rows = app.rows
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


def _promised(texts: list[str]) -> Counter[str]:
    whole = (line for text in texts for line in text.rpartition("\n")[0].splitlines())
    events = (json.loads(line) for line in whole)
    return Counter(each["release"] for each in events if (each["event"], each.get("write")) == ("intended", PROMOTE))


SECRETS = (TOKEN, GREETING)
