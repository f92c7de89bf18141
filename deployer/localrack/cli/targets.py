"""
Which rack a command is for (convox-facts 1.1).

Not here: what terraform says of racks that it installed on this machine, and signing in to a console.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from urllib.parse import quote_plus

from deployer.localrack.cli import settings
from deployer.localrack.cli.client import Client
from deployer.localrack.cli.errors import CommandError, Panic
from deployer.localrack.cli.rack import Rack, text
from deployer.localrack.cli.urls import parse_endpoint
from deployer.localrack.cli.writer import STDOUT, put

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

    from deployer.localrack.cli.flags import Flags

NO_RACK = "no current rack, use `convox racks` to list and `convox switch <name>` to select"
META_FRESH_S = 30 * 60


class Target:
    """A rack that can be chosen by name."""

    def __init__(self, name: str, provider: str, status: str, client: Client) -> None:
        self.name, self.provider, self.status, self.client = name, provider, status, client

    def chosen(self) -> Rack:
        return Rack(self.client)

    def current(self) -> dict[str, str]:
        """What `switch` writes down."""
        return {}

    def after_success(self) -> None:
        """What the CLI does on its own after a command that worked."""


class FileTarget(Target):
    """A rack whose URL stands in a file of the settings directory."""

    def after_success(self) -> None:
        """Refresh what is remembered of it, at most every 30 minutes."""
        name = f"rack-meta/{self.name}.json"
        meta = settings.directory() / name
        if meta.exists() and time.time() - meta.stat().st_mtime < META_FRESH_S:
            return
        with suppress(CommandError, Panic):
            system = Rack(self.client).system()
            settings.write(name, json.dumps({key: text(system, key) for key in ("name", "provider", "status")}))


class ConsoleTarget(Target):
    """A rack behind a console, which passes requests on to it."""

    def chosen(self) -> Rack:
        return Rack(_console_client(self.client.endpoint.host, self.name))

    def current(self) -> dict[str, str]:
        return {"name": self.name, "type": "console"}


def current(flags: Flags) -> Target:
    """RACK_URL beats everything, `--rack` included. Raises CommandError when no rack is chosen or found."""
    url = os.environ.get("RACK_URL", "")
    if url.strip():
        return Target("direct", "", "", Client(parse_endpoint(url)))
    name = flags.text("rack") or os.environ.get("CONVOX_RACK") or settings.read_local("rack") or settings.read("rack")
    if name:
        return match(name)
    if not settings.read("current"):
        raise CommandError(NO_RACK)
    chosen = settings.read_object("current")
    if chosen.get("type") == "terraform":
        raise CommandError(_of_terraform(settings.directory() / "racks" / chosen.get("name", "")))
    if chosen.get("type") != "console":
        raise CommandError(f"unknown rack type: {chosen.get('type', '')}")
    found = next((target for target in _consoles() if target.name == chosen.get("name")), None)
    if found is None:
        raise CommandError(f"no such console rack: {chosen.get('name', '')}")
    return found


def match(name: str) -> Target:
    """The rack of that name, else the only one whose name contains it."""
    found = []
    for target in every():
        if target.name == name:
            return target
        if name in target.name:
            found.append(target)
    if len(found) == 1:
        return found[0]
    raise CommandError(f"{'ambiguous rack name' if found else 'could not find rack'}: {name}")


def every() -> list[Target]:
    """All racks that are known, by name."""
    return sorted([*_files(), *_consoles()], key=lambda target: target.name)


def _files() -> list[Target]:
    folder = settings.directory() / "racks"
    if not folder.is_dir():
        return []
    entries = sorted(folder.iterdir())
    for entry in entries:
        if entry.is_dir():  # said where a parser of the output meets it, and passed over (convox-facts 1.1)
            put(STDOUT, f"err: {_of_terraform(entry)}\n")
    return [_file(entry.name) for entry in entries if not entry.is_dir()]


def _of_terraform(folder: Path) -> str:
    """Why nothing is known of a rack that terraform made."""
    from shutil import which  # for those who have such racks

    if not (folder / "main.tf").exists():
        return f"no such terraform rack: {folder.name}"
    if which("terraform") is None:
        return 'exec: "terraform": executable file not found in $PATH'
    return "the stand-in convox does not ask terraform"


def _file(name: str) -> Target:
    client = Client(parse_endpoint(settings.read(f"racks/{name}")))
    known = settings.read_object(f"rack-meta/{name}.json")
    return FileTarget(name, known.get("provider", "unknown"), known.get("status", "unknown"), client)


def _consoles() -> list[Target]:
    """A console that does not answer, or refuses, has no racks: `could not find rack` may mean a wrong password."""
    host = os.environ.get("CONVOX_HOST") or settings.read("console")
    if not host:
        return []
    client = _console_client(host, "")
    try:
        racks = client.read_list("[]console.Rack", "/racks")
    except (CommandError, Panic):
        return []
    return [
        ConsoleTarget(
            f"{text(rack['organization'], 'name')}/{text(rack, 'name')}",
            text(rack, "provider") or "unknown",
            text(rack, "status"),
            client,
        )
        for rack in racks
    ]


def _console_client(host: str, rack: str) -> Client:
    password = os.environ.get("CONVOX_PASSWORD") or settings.read_key("auth", host)
    scheme = "https"
    if os.environ.get("X_DEV_ALLOW_HTTP") == "true":
        put(STDOUT, "waring: using http inscure mode\n")  # the CLI's own spelling (`console-http-dev`)
        scheme = "http"
    endpoint = parse_endpoint(f"{scheme}://convox:{quote_plus(password)}@{host}")
    return Client(endpoint, rack=rack, session=settings.read_key("session", host))
