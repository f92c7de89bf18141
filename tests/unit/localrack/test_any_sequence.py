"""A thousand random sequences of API calls, with crashes, restarts and SIGKILLs in between (convox-facts 3, 5).

What holds after each call of each of them: every answer is the rack's own; every release that was acknowledged is
there, with its build and env, in order, and after a kill too; no service has more replicas than its deployment allows.
"""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
from pathlib import Path

import pytest
from starlette.routing import BaseRoute, Match, Route, WebSocketRoute

from deployer.localrack.files import read_json
from deployer.rackmodel.ids import NO_RELEASE
from tests.unit.localrack.paper import Answer, PaperRack

SEQUENCES, PARTS = 1000, 8
CALLS = 11
APPS = ("one", "two")
SERVICES = ("web", "worker", "admin")
WEB = (
    "{command: serve, port: 8000, scale: %d, health: {interval: 2, grace: 1}, deployment: {minimum: %d, maximum: 150}}"
)
MANIFESTS = (
    "services: {web: %s}" % (WEB % (2, 50)),
    "services: {web: %s}" % (WEB % (3, 100)),
    "services: {web: %s, worker: {command: work}, admin: {command: a, port: 9, internal: true}}" % (WEB % (2, 100)),
    "services: {web: {command: serve, port: 8000, scale: {count: 1-4, targets: {cpu: 70}}, resources: [db]}}\n"
    "resources: {db: {type: postgres}}\n"
    "timers: {tidy: {schedule: '* * * * *', command: tidy, service: web, concurrency: Forbid, parallelCount: 2}}",
    "services: {web: {command: serve, scale: {count: 1-3, autoscale: {cpu: {threshold: 60}}}}}",
    "services: {web: {command: serve}}\ntimers: {bad: {schedule: hourly, service: web}}",
    "services: {worker: {command: work, scale: 2, deployment: {minimum: 50, maximum: 150}}}",
    "services: {web: {command: serve, port: 8000, environment: [NEEDED], deployment: {minimum: 50, maximum: 150}}}",
    "services: {web: {command: serve, port: 8000, deployment: {minimum: 500}}}",
    "services: [this, is, no, table]",
    "{",
)
ENVS = ("", "A=1", "DB_URL=postgres://", "A=2\nB=x", "NEEDED=1", "not a pair", "bad key=1", "B=" + "x" * 70_000)
READS = (
    "/apps", "/system", "/apps/{app}", "/apps/{app}/services", "/apps/{app}/processes", "/apps/{app}/builds?limit=3",
    "/apps/{app}/diagnose?all=true", "/apps/{app}/configs", "/apps/{app}/budget", "/apps/{app}/releases?limit=-1",
    "/apps/{app}/releases/{release}", "/apps/{app}/processes/{process}", "/_local/faults", "/apps/%00/releases/..",
    "/apps/{app}/diagnose?lines=many", "/apps/{app}/services/web/nothing", "/auth", "/racks", "/machines", "/instances",
    "/certificates", "/registries", "/system/processes", "/system/releases", "/apps/{app}/configs/c",
    "/apps/{app}/budget/shutdown-state", "/apps/{app}/balancers", "/apps/{app}/resources", "/apps/{app}/resources/db",
    "/apps/{app}/objects/tmp/b.tgz", "/apps/{app}/releases", "/apps/{app}/builds/BNOTTHERENO",
)  # fmt: skip
SOCKETS = (
    "/apps/{app}/logs", "/apps/{app}/services/web/logs", "/apps/{app}/processes/{process}/logs", "/system/logs",
    "/apps/{app}/processes/{process}/exec", "/apps/{app}/processes/web/exec", "/apps/{app}/builds/BNOTTHERENO/logs",
)  # fmt: skip
ORDERS: tuple[object, ...] = (
    {"fault": "load=3"}, {"fault": "load=9", "app": "one", "service": "web"}, {"fault": "at-cap=9", "app": "two"},
    {"fault": "crash", "times": 2}, {"fault": "unhealthy", "release": "any"}, {"fault": "nonsense"}, [],
)  # fmt: skip


class Sequence:
    """One sequence, and what a client of it has been told."""

    def __init__(self, seed: int, home: Path) -> None:
        self.rng = random.Random(seed)
        self.home = home
        self.rack = PaperRack(home, self.rng)
        self.told: dict[str, list[tuple[str, str, str]]] = {}
        self.asked: set[str] = set()

    async def run(self) -> None:
        await self.create()
        for _ in range(CALLS):
            call = self.rng.choice(self.CALLS)
            await call(self)
            await self.check()
        await self.kill()
        await self.check()
        await self.rack.machine.stop(0)

    async def check(self) -> None:
        for app, releases in self.told.items():
            answer = await self.ask("GET", f"/apps/{app}/releases?limit=1000")
            assert [*reversed(releases)] == [(row["id"], row["build"], row["env"]) for row in answer.json()]
        for held in self.rack.machine.rack.held():
            known = {release.id for release in held.releases} | {NO_RELEASE}
            assert {pod.release for pod in held.pods.values()} <= known
            assert {held.mirror.release, held.atom.release} <= known
            for name, deployment in held.deployments.items():
                replicas = [pod for pod in held.pods.values() if pod.service == name and pod.template and pod.is_active]
                assert len(replicas) <= deployment.desired + deployment.service.max_surge(deployment.desired)

    async def ask(self, method: str, path: str, form: dict[str, str] | bytes | None = None, **headers: str) -> Answer:
        answer = await self.rack.ask(method, path, form, **headers)
        self.note("http", method, path)
        assert answer.status in (200, 400, 401, 403, 404, 405, 409, 413, 500), answer
        # a 500 is Kubernetes' own word for what is not there, and never ours for a fault
        assert answer.status != 500 or answer.text.strip() not in ("", "Internal Server Error")
        return answer

    def note(self, kind: str, method: str, path: str) -> None:
        """Which route that was."""
        scope = {"type": kind, "method": method, "path": path.partition("?")[0], "root_path": ""}
        for route in self.rack.routes:
            if route.matches(scope)[0] is Match.FULL:
                self.asked.add(name_of(route, method))
                break

    # What there is to choose from

    @property
    def app(self) -> str:
        known = [*self.told] or [*APPS]
        return self.rng.choice(known) if self.rng.random() < 0.9 else self.rng.choice([*APPS, "nope"])

    def release(self, app: str) -> str:
        newest = [told[0] for told in self.told.get(app, [])][-3:]
        return self.rng.choice(newest) if newest and self.rng.random() < 0.9 else "RNOTTHERENO"

    def process(self, app: str) -> str:
        return self.rng.choice([*(row.id for row in self.rack.machine.rack.processes(app)), "web-nope"])

    # Calls

    async def create(self) -> None:
        app = self.rng.choice(APPS)
        if (await self.ask("POST", "/apps", {"name": app})).status == 200:
            self.told[app] = []

    async def env(self) -> None:
        app = self.app
        form = {"env": self.rng.choice(ENVS)} if self.rng.random() < 0.9 else {}
        if self.rng.random() < 0.2:
            form["parent-release"] = self.release(app)
        before = self.told.get(app, [])
        answer = await self.ask("POST", f"/apps/{app}/releases", form)
        if answer.status == 200:
            row = answer.json()
            if before and "parent-release" not in form:
                # a release forks from the newest one, active or not (3.1)
                assert (before[-1][1], form.get("env", before[-1][2])) == (row["build"], row["env"])
            self.told[app].append((row["id"], row["build"], row["env"]))

    async def build(self, app: str = "") -> None:
        app = app or self.app
        ended = await self.rack.build(app, self.rng.choice(MANIFESTS))
        self.note("http", "POST", f"/apps/{app}/builds")
        if ended.status == 200 and ended.json()["status"] == "complete":
            before, row = self.told[app], ended.json()
            self.told[app].append((row["release"], row["id"], before[-1][2] if before else ""))

    async def promote(self, app: str = "") -> None:
        app = app or self.app
        release = self.release(app)
        active = self.rack.machine.rack.app(app).release if app in self.told else ""
        form = {"force": self.rng.choice(["true", "false", "yes"]), "timeout": self.rng.choice(["", "", "30", "soon"])}
        answer = await self.ask("POST", f"/apps/{app}/releases/{release}/promote", form)
        if answer.status == 200:
            order = [told[0] for told in self.told[app]]
            # never one that is older than the active one (2.6)
            assert not active or order.index(release) >= order.index(active)
            atom = self.rack.machine.rack.truth(app)
            # the new one is in charge from now on, unless Kubernetes refused it and the rack reverts already (3.4)
            assert atom.release == release

    async def ship(self) -> None:
        """What every sequence should get to: a release that is promoted, and time for it; or not so much time."""
        app = self.app
        await self.build(app)
        await self.promote(app)
        await self.wait()
        if self.rng.random() < 0.3:
            await self.promote(app)
            await self.rack.wait(self.rng.choice([1.3, 2, 3]))
            await self.cancel(app)

    async def cancel(self, app: str = "") -> None:
        await self.ask("POST", f"/apps/{app or self.app}/cancel")

    async def scale(self) -> None:
        numbers = ["", "0", "1", "5", "5", "-3", "99999", "x"]
        form = {field: self.rng.choice(numbers) for field in ("count", "min", "max", "cpu", "memory")}
        asked = dict(self.rng.sample([*form.items()], self.rng.choice([1, 1, 2, 5])))
        await self.ask("PUT", f"/apps/{self.app}/services/{self.rng.choice(SERVICES)}", asked)

    async def restart(self) -> None:
        await self.ask("POST", f"/apps/{self.app}/services/{self.rng.choice(SERVICES)}/restart")

    async def stop(self) -> None:
        app = self.app
        await self.ask("DELETE", f"/apps/{app}/processes/{self.process(app)}")

    async def run_process(self) -> None:
        app = self.app
        path = f"/apps/{app}/services/{self.rng.choice(SERVICES)}/processes"
        if self.rng.random() < 0.5:
            await self.ask("POST", path, command="sleep 60", release=self.release(app))
        else:
            await self.ask("POST", path, command="sleep 60")

    async def lock(self) -> None:
        await self.ask("PUT", f"/apps/{self.app}", {"lock": self.rng.choice(["true", "false"])})

    async def delete(self) -> None:
        app = self.app
        if (await self.ask("DELETE", f"/apps/{app}")).status == 200:
            # its name may be taken again as soon as its processes are gone, and then it knows nothing
            del self.told[app]
            await self.wait()
            assert 404 == (await self.ask("GET", f"/apps/{app}")).status

    async def config(self) -> None:
        value = self.rng.choice(["aGVsbG8=", "%%%", "", "/w=="])
        await self.ask("PUT", f"/apps/{self.app}/configs/c", {"value": value})

    async def read(self) -> None:
        app = self.app
        for path in self.rng.sample(READS, 4):
            of_app = path.replace("{app}", app).replace("{release}", self.release(app))
            await self.ask("GET", of_app.replace("{process}", self.process(app)))

    async def listen(self) -> None:
        app = self.app
        path = self.rng.choice(SOCKETS).replace("{app}", app).replace("{process}", self.process(app))
        options = {"follow": ["true", "false"], "since": ["", "5s", "soon"], "tail": ["", "2", "x"], "prefix": ["true"]}
        headers = {name: self.rng.choice(values) for name, values in options.items() if self.rng.random() < 0.5}
        await self.rack.listen(path, **headers)
        self.note("websocket", "GET", path)

    async def order(self) -> None:
        if self.rng.random() < 0.6:
            await self.ask("POST", "/_local/faults", json.dumps(self.rng.choice(ORDERS)).encode())
        else:
            number = self.rng.choice(["", "/1", "/7"])
            await self.ask("DELETE", f"/_local/faults{number}")

    async def upload(self) -> None:
        path = f"/apps/{self.app}/objects/tmp/b.tgz"
        await self.ask("POST", path, b"bytes")
        await self.ask(self.rng.choice(["GET", "HEAD", "DELETE"]), path)

    async def event(self) -> None:
        await self.ask("POST", "/events", {"action": "build"})

    async def nonsense(self) -> None:
        body = self.rng.randbytes(self.rng.randrange(200))
        method = self.rng.choice(["POST", "PUT", "DELETE", "PATCH", "GET"])
        ends = ("", "/releases", "/builds", "/services/web", "/releases/R/promote", "/objects/../../etc", "/configs/..")
        path = self.rng.choice([*(f"/apps/nope{end}" for end in ends), "/_local/faults", "/apps"])
        await self.ask(method, path, body)

    async def crash(self) -> None:
        for child in list(self.rack.children.alive):
            if self.rng.random() < 0.5:
                child.exit(self.rng.choice([0, 1, 137]))
        await asyncio.sleep(0)

    async def wait(self) -> None:
        await self.rack.wait(self.rng.choice([0.3, 2, 10, 40]))

    async def kill(self) -> None:
        """SIGKILL, perhaps in the midst of writing; what comes back has the folder and nothing else."""
        home = self.rack.machine.home
        if self.rng.random() < 0.5:
            text = home.state_file.read_text()
            home.state_file.with_name("state.json.new").write_text(text[: self.rng.randrange(len(text))])
        before = read_json(home.state_file)
        await self.rack.machine.stop(0)
        assert before == read_json(home.state_file)
        self.rack = PaperRack(self.home, self.rng, self.rack.now_s + self.rng.choice([0, 1, 3600]))

    CALLS = (
        create, env, env, build, ship, ship, ship, ship, promote, promote, cancel, scale, scale, restart, stop,
        run_process, lock, delete, config, read, read, read, listen, listen, order, upload, event, nonsense, crash,
        crash, wait, kill,
    )  # fmt: skip


@pytest.mark.parametrize("part", range(PARTS))
def test_no_sequence_of_calls_loses_a_release_or_breaks_a_rule(part: int) -> None:
    """Whatever is called, and whenever the rack is killed; and there is no route that is not."""
    asked: set[str] = set()
    for seed in range(part, SEQUENCES, PARTS):
        with tempfile.TemporaryDirectory(dir=_quick_folder()) as folder:
            try:
                asked |= asyncio.run(play(seed, Path(folder)))
            except BaseException as exc:
                exc.add_note(f"sequence {seed}")
                raise
    with tempfile.TemporaryDirectory(dir=_quick_folder()) as folder:
        assert set() == every_route(Path(folder)) - asked


async def play(seed: int, home: Path) -> set[str]:
    """One sequence; the routes that it has met."""
    went_wrong: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: went_wrong.append(context))
    sequence = Sequence(seed, home)
    await sequence.run()
    assert [] == went_wrong
    return sequence.asked


def name_of(route: BaseRoute, method: str) -> str:
    assert isinstance(route, Route | WebSocketRoute)
    return f"{method if isinstance(route, Route) else 'WS'} {route.path}"


def every_route(home: Path) -> set[str]:
    """All that a rack answers, by method."""

    async def table() -> list[BaseRoute]:
        return PaperRack(home, random.Random(1)).routes

    routes = asyncio.run(table())
    return {name_of(route, method) for route in routes for method in getattr(route, "methods", {"WS"}) - {"HEAD"}}


def _quick_folder() -> str | None:
    """In memory where there is such a thing: each call waits for the disk."""
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() else None
