"""A local rack to practise on, brought up and down with `deployer rack`, and the apps on it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from tests.scenario.shell import DEPLOYER, Done, Running, Shell, convox_words, wait_for

TIME_SCALE = 0.1
SOAK = "0.5s"
ANSWER_S = 5.0
PROMOTE = "releases promote"
_WITHOUT_PROXY = build_opener(ProxyHandler({}))


def ask(url: str) -> dict[str, Any]:
    """One health answer, on a connection of its own. Raises OSError for none, and for one that is not 2xx."""
    found: dict[str, Any] = json.loads(_read(Request(url)))  # noqa: S310 - a loopback URL of our own
    return found


def _read(request: Request) -> str:
    with _WITHOUT_PROXY.open(request, timeout=ANSWER_S) as answer:
        text: bytes = answer.read()
        return text.decode()


def seal(value: str) -> str:
    """What the service shows of a value in its env."""
    return hashlib.sha256(value.encode()).hexdigest()


class PracticeRack:
    """The rack that `deployer rack up` starts in this shell. What it knows is asked over its own API."""

    def __init__(self, shell: Shell, checkout: Path, time_scale: float = TIME_SCALE) -> None:
        self.shell = shell
        self.checkout = checkout
        exported = shell.deployer("rack", "up", "--time-scale", str(time_scale), "--export")
        assert 0 == exported.status, exported.err
        self.url = exported.out.split("'")[1]

    def down(self) -> Done:
        return self.shell.deployer("rack", "down")

    def get(self, path: str) -> Any:
        return json.loads(self._api(path))

    def post(self, path: str, **form: str) -> str:
        return self._api(path, urlencode(form).encode())

    def post_json(self, path: str, document: object) -> Any:
        return json.loads(self._api(path, json.dumps(document).encode()))

    def delete(self, path: str) -> str:
        return self._api(path, method="DELETE")

    def _api(self, path: str, body: bytes | None = None, method: str | None = None) -> str:
        """As the rack's own HTTP API has it (convox-facts 5)."""
        parts = urlsplit(self.url)
        user = base64.b64encode(f"{parts.username}:{parts.password}".encode()).decode()
        url = f"http://{parts.hostname}:{parts.port}{path}"
        return _read(Request(url, body, {"Authorization": f"Basic {user}"}, method=method))

    def start_convox(self, *words: str) -> Running:
        """The CLI, used by hand."""
        return self.shell.with_env(RACK_URL=self.url).start(*convox_words(), *words)

    def app(self, name: str) -> App:
        """A new app, nothing on it yet."""
        self.post("/apps", name=name)
        return App(self, name)

    def serving(self, *names: str) -> list[App]:
        """New apps that somebody has deployed to without deployer, one for each name."""
        apps = [self.app(name) for name in names]
        builds = [self.start_convox("build", str(self.checkout), "--app", name, "--id") for name in names]
        for app, build in zip(apps, builds, strict=True):
            built = build.end()
            assert 0 == built.status, built.err
            self.promote(app, built.out.strip())
        return apps

    def promote(self, app: App, release: str) -> None:
        self.post(f"/apps/{app.name}/releases/{release}/promote", force="false")
        assert wait_for(lambda: (release, "running") == (app.active, app.status)), app.rows


class App:
    def __init__(self, rack: PracticeRack, name: str) -> None:
        self.rack = rack
        self.name = name

    # What a person types

    def start(self, command: str, *words: str, shell: Shell | None = None) -> Running:
        target = ("--rack", "local", "--app", self.name)
        return (shell or self.rack.shell).start(DEPLOYER, command, *words, *target)

    def start_ship(self, *words: str, **env: str | None) -> Running:
        words = (str(self.rack.checkout), *words, "--soak", SOAK)
        return self.start("ship", *words, shell=self.rack.shell.with_env(**env))

    def ship(self, *words: str, **env: str | None) -> Done:
        return self.start_ship(*words, **env).end()

    def rollback(self, *words: str) -> Done:
        return self.start("rollback", *words, "--soak", SOAK).end()

    def start_resume(self, *words: str) -> Running:
        return self.start("resume", *words, "--soak", SOAK)

    def set_env(self, **env: str) -> None:
        """By hand, and promoted."""
        lines = "\n".join(f"{key}={value}" for key, value in env.items())
        release = json.loads(self.rack.post(f"/apps/{self.name}/releases", env=lines))["id"]
        self.rack.promote(self, release)

    # What can be seen of it

    @property
    def _about(self) -> dict[str, str]:
        about: dict[str, str] = self.rack.get(f"/apps/{self.name}")
        return about

    @property
    def active(self) -> str:
        return self._about["release"]

    @property
    def status(self) -> str:
        return self._about["status"]

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """Process, status and release, as `ps` lists them."""
        rows = self.rack.get(f"/apps/{self.name}/processes")
        return [(row["id"], row["status"], row["release"]) for row in rows if row["service"] != "build"]

    @property
    def releases(self) -> list[str]:
        """Newest first."""
        return [row["id"] for row in self.rack.get(f"/apps/{self.name}/releases")]

    def env(self, release: str) -> set[str]:
        """The `KEY=value` lines of a release."""
        text: str = self.rack.get(f"/apps/{self.name}/releases/{release}")["env"]
        return set(text.split())

    @property
    def url(self) -> str:
        [service] = self.rack.get(f"/apps/{self.name}/services")
        return f"http://{service['domain']}:{service['ports'][0]['balancer']}/health"

    def answers(self) -> list[dict[str, Any]]:
        """Enough of them, each on a fresh connection, for every process to have its turn."""
        url = self.url
        return [ask(url) for _ in range(4 * len(self.rows))]

    @property
    def lock(self) -> object:
        """The note of whoever is at work, as it stands in the ledger on the rack; `None` if nobody is."""
        ledgers = [each["value"] for each in self.rack.get(f"/apps/{self.name}/configs") if each["name"] == "deployer"]
        return json.loads(ledgers[0]).get("lock") if ledgers else None

    def journal(self) -> list[dict[str, Any]]:
        """The events of its newest run, as far as it has come."""
        folder = self.rack.shell.home / "state" / "deployer" / "journal" / "local" / self.name
        whole, _, _ = max(folder.glob("*.jsonl")).read_text(encoding="utf-8").rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    def until_promoted(self) -> None:
        """Until the run at work has seen the rack take its promote."""
        assert wait_for(lambda: any(events(self.journal(), "wrote", write=PROMOTE, outcome="done"))), self.journal()


def events(journal: list[dict[str, Any]], kind: str, **fields: object) -> Iterator[dict[str, Any]]:
    """Those of one kind, with these fields."""
    return (each for each in journal if each["event"] == kind and fields.items() <= each.items())
