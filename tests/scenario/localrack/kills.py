"""A rack that is killed again and again while a client calls it, and the client's memory of what was acknowledged."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from deployer.localrack import lifecycle
from deployer.localrack.files import read_json
from deployer.localrack.options import RackOptions
from deployer.localrack.sweep import leftovers
from tests.scenario.localrack.doomed import Doom, Nursery
from tests.scenario.localrack.harness import pack

APPS = ("one", "two")
SERVICE = "worker"
# The second has a front door, whose port is noted on disk, and needs no server behind it to be well.
MANIFESTS = (
    "services: {worker: {build: ., command: sleep 600, scale: %d}}",
    "services: {worker: {build: ., command: sleep 600, scale: %d, port: 80, health: {disable: true}}}",
)
CALLS = 14
DEEDS_AT_MOST = 160
BYTES_AT_MOST = 9000
LIFE_AT_MOST_S = 0.5
SETTLED_WITHIN_S = 15.0


class Dead(Exception):
    """The rack did not answer any more: what was asked of it may have happened, or not."""


@dataclass
class Known:
    """What a client has been told of an app. `releases` are id, build and env; `counts` of a scaled service."""

    releases: list[tuple[str, str, str]] = field(default_factory=list)
    builds: dict[str, str] = field(default_factory=dict)
    configs: dict[str, str] = field(default_factory=dict)
    active: str = ""
    locked: bool = False
    count: int | None = None


class Mourner:
    """Makes calls until the rack is dead, brings it back, and compares. `doubt` is the call that was not answered."""

    def __init__(self, seed: int, home: Path, nursery: Nursery) -> None:
        self.rng = random.Random(seed)
        self.options = RackOptions(state_dir=home)
        self.home = self.options.home
        self.nursery = nursery
        self.known: dict[str, Known] = {}
        self.doubt: tuple[str, str, str] = ("", "", "")
        self.pid = 0
        self._port, self._password = 0, ""

    # Lives

    def live(self, doom: Doom, life_s: float | None) -> int:
        """One life of the rack: compare, call, die. The signal it died of; 0 if it was not even dead at the end."""
        self.pid = self.nursery.bear(self.home.root, doom)
        with contextlib.suppress(Dead):
            self._wait_until_up()
            self.check()
            self._call_until(time.monotonic() + (life_s or 60))
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        return self.nursery.bury()

    def settle(self) -> None:
        """One more life, in peace: what should run runs, nothing else does, and when it ends nothing is left."""
        self.pid = self.nursery.bear(self.home.root, Doom())
        try:
            self._wait_until_up()
            self.check()
            for app in self.known:
                _wait(partial(self._runs_as_it_should, app), app)
            self._check_processes()
        finally:
            os.kill(self.pid, signal.SIGTERM)
            assert 0 == self.nursery.bury(), self.home.server_log.read_text()
        assert [] == list(leftovers(self.home.root))

    def _wait_until_up(self) -> None:
        def is_up() -> bool:
            if not _is_alive(self.pid):
                raise Dead
            running = lifecycle.info(self.options)
            if running is None or running.pid != self.pid:
                return False
            self._port, self._password = running.port, running.password
            return True

        _wait(is_up, "the rack")
        self.ask("GET", "/system")

    def _call_until(self, end_s: float) -> None:
        for _ in range(CALLS):
            if time.monotonic() > end_s:
                return
            call = self.rng.choice(self.WAYS)
            call(self, self.rng.choice(APPS))

    # Comparison

    def check(self) -> None:
        """All that was acknowledged is there; of what was in doubt, all or nothing. From now on that is known."""
        kind, in_doubt, value = self.doubt
        self.doubt = ("", "", "")
        there = {app["name"]: app for app in self.get("/apps") if app["status"] != "deleting"}
        missing = self.known.keys() - there.keys()
        assert missing <= ({in_doubt} if kind == "delete" else set())
        assert there.keys() - self.known.keys() <= ({in_doubt} if kind == "create" else set())
        self.known = {name: self.known.get(name, Known()) for name in there}
        for name, known in self.known.items():
            self._check_app(name, known, there[name], kind if name == in_doubt else "", value)
        self._check_folder()
        self._check_processes()

    def _check_app(self, name: str, known: Known, row: dict[str, Any], kind: str, value: str) -> None:
        releases = [(r["id"], r["build"], r["env"]) for r in reversed(self.get(f"/apps/{name}/releases?limit=1000"))]
        more = releases[len(known.releases) :]
        assert known.releases == releases[: len(known.releases)]
        assert len(more) <= (kind in ("env", "build"))
        assert [value] == [env for _, _, env in more] or not more or kind == "build"

        builds = {b["id"]: b["release"] for b in self.get(f"/apps/{name}/builds?limit=1000")}
        states = {b["id"]: b["status"] for b in self.get(f"/apps/{name}/builds?limit=1000")}
        assert known.builds.items() <= builds.items() or (kind == "build" and known.builds.keys() <= builds.keys())
        assert len(builds) - len(known.builds) <= (kind == "build")
        assert set(states.values()) <= {"complete", "failed"}
        assert {build for _, build, _ in releases} - {""} == {b for b, state in states.items() if state == "complete"}

        configs = {c["name"]: c["value"] for c in self.get(f"/apps/{name}/configs")}
        assert {**known.configs, **({"c": value} if kind == "config" else {})} == configs or known.configs == configs
        assert row["release"] in (known.active, value if kind == "promote" else known.active)
        assert row["locked"] == known.locked or kind == "lock"
        known.releases, known.builds, known.configs = releases, builds, configs
        known.active, known.locked = row["release"], row["locked"]
        counts = [service["count"] for service in self.get(f"/apps/{name}/services")]
        if known.count is not None and counts:
            assert [known.count] == counts or kind in ("scale", "promote", "lock"), (name, known.count, counts, kind)
        known.count = counts[0] if counts else None

    def _check_folder(self) -> None:
        """Every file is whole, and of what was cut off nothing is left."""
        for path in (self.home.state_file, self.home.ports_file, self.home.rack_file):
            assert path.exists() is (read_json(path) is not None)
        assert [] == list(self.home.objects.iterdir())
        built = {build for known in self.known.values() for build, release in known.builds.items() if release}
        sources = {folder.name for folder in self.home.sources.iterdir()}
        assert sources <= built, "the source of a build that was cut off"
        assert [] == list(self.home.sources.glob("*/*.new"))

    def _check_processes(self) -> None:
        """Whatever carries the rack's mark is a child of the rack that lives."""
        parents = {process.pid: process.ppid() for process in leftovers(self.home.root)}
        assert all(parent == self.pid or parent in parents for parent in parents.values()), parents

    def _runs_as_it_should(self, app: str) -> bool:
        known, row = self.known[app], self.get(f"/apps/{app}")
        rows = [(r["status"], r["release"]) for r in self.get(f"/apps/{app}/processes")]
        wanted = [("running", known.active)] * (known.count or 0)
        return (row["status"], row["release"], rows) == ("running", known.active, wanted)

    # Calls

    def create(self, app: str) -> None:
        if app not in self.known and self.change("create", app, "", "POST", "/apps", name=app):
            self.known[app] = Known()

    def env(self, app: str) -> None:
        text = "\n".join(f"{key}={'x' * self.rng.randrange(200)}" for key in self.rng.sample("ABCDE", 2))
        made = self.change("env", app, text, "POST", f"/apps/{app}/releases", env=text)
        if made:
            self.known[app].releases.append((made["id"], made["build"], made["env"]))
            assert text == made["env"]

    def build(self, app: str) -> None:
        archive = pack({"convox.yml": self._manifest(), "data": "x" * self.rng.randrange(5000)})
        url = self.ask("POST", f"/apps/{app}/objects/tmp/a.tgz", archive)["Url"]
        made = self.change("build", app, "", "POST", f"/apps/{app}/builds", url=url)
        if not made:
            return
        self.known[app].builds[made["id"]] = ""
        self.doubt = ("build", app, "")
        _wait(lambda: self.get(f"/apps/{app}/builds/{made['id']}")["status"] != "running", "the build")
        ended = self.get(f"/apps/{app}/builds/{made['id']}")
        assert "complete" == ended["status"], ended
        self.known[app].builds[made["id"]] = ended["release"]
        before = self.known[app].releases
        before.append((ended["release"], made["id"], before[-1][2] if before else ""))
        self.doubt = ("", "", "")

    def _manifest(self) -> str:
        return self.rng.choice(MANIFESTS) % self.rng.randint(1, 3)

    def promote(self, app: str) -> None:
        known = self.known.get(app)
        release = known.releases[-1][0] if known and known.releases else "RNOTTHERENO"
        path = f"/apps/{app}/releases/{release}/promote"
        if self.change("promote", app, release, "POST", path, force=self.rng.choice(["true", "false"])):
            assert known is not None
            known.active = release
            # how many replicas there are is a matter of its manifest, unless there were some before
            known.count = None

    def config(self, app: str) -> None:
        value = f"v{self.rng.random()}"
        encoded = base64.b64encode(value.encode()).decode()
        if self.change("config", app, value, "PUT", f"/apps/{app}/configs/c", value=encoded):
            self.known[app].configs["c"] = value

    def lock(self, app: str) -> None:
        wanted = self.rng.random() < 0.3
        if self.change("lock", app, "", "PUT", f"/apps/{app}", lock=str(wanted).lower()):
            self.known[app].locked = wanted
            self.known[app].count = None  # it promotes again, and a count of 0 does not outlive that (convox-facts 3.8)

    def scale(self, app: str) -> None:
        count = self.rng.randint(0, 3)
        if self.change("scale", app, "", "PUT", f"/apps/{app}/services/{SERVICE}", count=str(count)):
            self.known[app].count = count

    def delete(self, app: str) -> None:
        if self.rng.random() < 0.3 and self.change("delete", app, "", "DELETE", f"/apps/{app}"):
            self.known.pop(app, None)  # one that is being deleted may be deleted again

    WAYS: tuple[Callable[[Mourner, str], None], ...] = (
        create, create, env, env, build, build, promote, promote, promote, config, lock, scale, delete,
    )  # fmt: skip

    # HTTP

    def change(self, kind: str, app: str, value: str, method: str, path: str, /, **form: str) -> Any:
        """The answer, true if it was acknowledged; None if it was refused. Raises Dead, and then it is in doubt."""
        self.doubt = (kind, app, value)
        answer = self.ask(method, path, urlencode(form).encode(), or_refused=True)
        self.doubt = ("", "", "")
        return answer

    def get(self, path: str) -> Any:
        return self.ask("GET", path)

    def ask(self, method: str, path: str, body: bytes = b"", *, or_refused: bool = False) -> Any:
        """Raises Dead unless there is a whole answer."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=10)
        auth = base64.b64encode(f"convox:{self._password}".encode()).decode()
        try:
            connection.request(method, path, body, {"Authorization": f"Basic {auth}"})
            answer = connection.getresponse()
            text = answer.read().decode()
        except (OSError, HTTPException) as exc:
            raise Dead(path) from exc
        finally:
            connection.close()
        if or_refused and answer.status in (400, 403, 404, 409, 500):
            assert text.strip() not in ("", "Internal Server Error"), path
            return None
        assert 200 == answer.status, f"{path}: {answer.status} {text}"
        return True if text == "ok\n" else json.loads(text)


def a_doom(rng: random.Random) -> tuple[Doom, float | None]:
    """Most often between two deeds, now and then in the midst of a file, or just at some time."""
    match rng.choice(["deed", "deed", "deed", "byte", "time"]):
        case "deed":
            return Doom(deed=rng.randint(1, DEEDS_AT_MOST)), None
        case "byte":
            return Doom(byte=rng.randint(1, BYTES_AT_MOST)), None
        case _:
            return Doom(), rng.random() * LIFE_AT_MOST_S


def kill_again_and_again(seed: int, kills: int, home: Path) -> dict[int, int]:
    """So many lives of one rack, each ended by a kill, and one to see what is left; how often which signal came."""
    deaths: dict[int, int] = {}
    with Nursery() as nursery:
        mourner = Mourner(seed, home, nursery)
        for life in range(kills):
            try:
                death = mourner.live(*a_doom(mourner.rng))
                deaths[death] = deaths.get(death, 0) + 1
            except BaseException as exc:
                exc.add_note(f"seed {seed}, life {life}: {home}")
                raise
        mourner.settle()
    return deaths


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _wait(done: Callable[[], bool], what: str) -> None:
    end_s = time.monotonic() + SETTLED_WITHIN_S
    while not done():
        assert time.monotonic() < end_s, f"waited in vain for {what}"
        time.sleep(0.005)
