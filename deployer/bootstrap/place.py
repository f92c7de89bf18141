"""Where a run goes: the rack that is meant, the CLI that reaches it, and who we are."""

from __future__ import annotations

import getpass
import os
import re
import shutil
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from deployer.bootstrap.options import Options
from deployer.core.errors import Problem, RackUnreachable, Refused
from deployer.core.names import RackName
from deployer.core.redact import Secret
from deployer.localrack import lifecycle
from deployer.localrack.options import RackOptions

STAND_IN = (sys.executable, "-m", "deployer.localrack.convox")
LOCAL = "local"


@dataclass(frozen=True, slots=True)
class Place:
    """The rack that is meant: by name, by URL, or the CLI's own choice. `label` names it in our state folder."""

    rack: RackName | None
    url: Secret | None
    label: RackName
    time_scale: float = 1.0
    is_local: bool = False


def place_of(options: Options, environ: Mapping[str, str]) -> Place:
    """Raises Refused where RACK_URL is no URL, or would silently beat the rack asked for (convox-facts 1.1)."""
    url = environ.get("RACK_URL", "").strip()
    local = _local_rack(options.rack or LOCAL)
    if local and (options.rack or _is_same_door(url, local.url)):
        name, door = RackName(options.rack or LOCAL), local.url if options.rack else url
        return Place(None, Secret(door), name, local.time_scale, is_local=True)
    if options.rack == LOCAL:
        raise RackUnreachable("the local rack is not up", hint="deployer rack up")
    if options.rack and url:
        problem = Problem(f"RACK_URL is set, and would silently beat --rack {options.rack}", "unset RACK_URL")
        raise Refused((problem,))
    if url:
        return Place(None, Secret(url), RackName(re.sub(r"[^A-Za-z0-9_-]", "-", _host(Secret(url)))))
    asked = options.rack or environ.get("CONVOX_RACK", "").strip()
    return Place(RackName(asked) if asked else None, None, RackName(asked or "current"))


def _host(url: Secret) -> str:
    """Looked at before the CLI is, which would quote the URL with its password (convox-facts 1.3)."""
    with suppress(ValueError):  # its text would quote the URL
        parts = urlsplit(url.reveal())
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return parts.hostname
    raise Refused((Problem("RACK_URL is not a URL that convox can use", "https://USER:PASSWORD@HOST"),))


def _is_same_door(url: str, local: str) -> bool:
    """The same rack, with whatever credential: `rack access` hands out lesser ones, to practise being denied."""
    try:
        asked, ours = urlsplit(url), urlsplit(local)
        return (asked.hostname, asked.port) == (ours.hostname, ours.port)
    except ValueError:  # its text would quote the URL
        return False


def _local_rack(name: str) -> lifecycle.RackInfo | None:
    """The local rack of that name, if it is up; a name that no local rack can have is another rack's."""
    try:
        return lifecycle.info(RackOptions(name))
    except ValueError:
        return None


def convox_words(options: Options, where: Place) -> tuple[str, ...]:
    """The CLI to run: the one named, the one on PATH, or against the local rack our stand-in (design 4)."""
    if options.convox:
        return (str(options.convox),)
    found = shutil.which("convox")
    return (found,) if found else STAND_IN if where.is_local else ("convox",)


def actor(environ: Mapping[str, str]) -> str:
    """Who is at work, for the lock, the ledger and the rack's own audit trail."""
    if run_id := environ.get("GITHUB_RUN_ID"):
        return f"gha:{run_id}"
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = str(os.getuid())
    return f"{name}@{socket.gethostname()}"


def run_url(environ: Mapping[str, str]) -> str:
    server, repository, run_id = (environ.get(f"GITHUB_{k}", "") for k in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    return f"{server}/{repository}/actions/runs/{run_id}" if server and repository and run_id else ""
