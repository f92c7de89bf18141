"""
What the credential in use may do, from what it says of itself and from what it was denied.

A token is decoded, not verified: the rack does that, and a forged one gets nowhere. Source: convox-facts 1.5; the
claims are `user`, `role` (r, rw, rwa) and `expiresAt` (seconds), as the rack's own token manager writes them.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from deployer.convox.calls import Calls
from deployer.convox.parse import is_help
from deployer.convox.request import Request
from deployer.convox.target import Target
from deployer.core.capabilities import READS, WRITES, Capabilities, Credential, Kind, May
from deployer.core.errors import RackFailure
from deployer.core.redact import Secret

COPY = "releases create-from"
# Any config will do: one that is not there was looked for, and so may be read.
ANY_CONFIG = "deployer"
_ROLES = {"r": "read", "rw": "write", "rwa": "admin"}


def capabilities_of(calls: Calls, target: Target) -> Capabilities:
    """
    What the calls made so far have shown, and the reads that were not tried yet.

    After a ship's own look it is one call more: is there `create-from` in this CLI, which it says without asking the
    rack. Raises nothing but Interrupted: what cannot be found out is unknown.
    """
    credential = credential_of(target.rack_url)
    _try_reads(calls)
    seen = {verb: May.YES if allowed else May.NO for verb, allowed in calls.allowed.items()}
    may_read = seen.get("services", seen.get("api get", May.UNKNOWN))
    commands = {**_granted(credential), **seen, "services": may_read}
    return Capabilities(credential, commands, (COPY,) if _lacks_copy(calls) else ())


def credential_of(url: Secret | None) -> Credential:
    """A console's where there is no RACK_URL: key, role or person cannot be told apart from here."""
    if url is None:
        return Credential(Kind.CONSOLE)
    try:
        parts = urlsplit(url.reveal())
        user, password = parts.username, unquote(parts.password or "")
    except ValueError:  # its text would quote the URL
        return Credential(Kind.PASSWORD)
    return _token(password) if user == "jwt" else Credential(Kind.PASSWORD)


def _token(text: str) -> Credential:
    claims = _claims(text)
    return Credential(Kind.TOKEN, _ROLES.get(str(claims.get("role")), ""), _when(claims.get("expiresAt")))


def _claims(token: str) -> Mapping[str, Any]:
    try:
        _, payload, _ = token.split(".")
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _when(seconds: object) -> datetime | None:
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _granted(credential: Credential) -> dict[str, May]:
    """What the kind of credential settles by itself."""
    if credential.kind is Kind.PASSWORD or credential.role in ("write", "admin"):
        return dict.fromkeys((*READS, *WRITES), May.YES)
    if credential.role == "read":
        return dict.fromkeys(WRITES, May.NO)
    return {}


def _try_reads(calls: Calls) -> None:
    """Ask what was not asked yet. An answer with any other failure than a denial leaves it unknown."""
    commands = calls.commands
    wanted = [commands.app(), commands.releases(1), commands.processes(), commands.config_get(ANY_CONFIG)]
    if not calls.allowed.get("api get"):
        wanted.append(commands.services())
    for request in wanted:
        _try(calls, request)
    if "env" not in calls.allowed or "releases manifest" not in calls.allowed:
        _try_release(calls)


def _try_release(calls: Calls) -> None:
    """`env` and `releases manifest` are asked of a release by its name."""
    with suppress(RackFailure):
        for release in calls.releases(1)[:1]:
            _try(calls, calls.commands.environment(release.id))
            _try(calls, calls.commands.manifest(release.id))


def _try(calls: Calls, request: Request) -> None:
    if request.verb not in calls.allowed:
        with suppress(RackFailure):
            calls.failure(calls.runner.run(request))


def _lacks_copy(calls: Calls) -> bool:
    """
    An older CLI takes `create-from` for an argument of `releases`, or prints its help.

    Without its flags the command is refused by the CLI itself, which asks the rack nothing (case
    create-from-no-flags).
    """
    try:
        told = calls.runner.run(calls.commands.copy_of_nothing())
    except RackFailure:
        return False
    return is_help(told.stdout) or "args required" in told.stderr
