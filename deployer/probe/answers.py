"""
What a reply says about the process that gave it. Pure; everything in a reply is a stranger's text.

Source: design 2.2, the `/health` contract.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from deployer.core.models import Answer
from deployer.core.names import ProcessId, ReleaseId, ServiceName, is_release_id, is_ship_id
from deployer.core.redact import first_line

BODY_LIMIT_BYTES = 65_536
SAID_CHARACTERS = 200

_PROCESS = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}")


class NoAnswer(Exception):
    """There is no answer to judge, and why: a short phrase, fit to be shown."""


@dataclass(frozen=True, slots=True)
class Fields:
    """Under which names a health answer says what we look for. The first that names a release counts."""

    release: tuple[str, ...] = ("version", "release")
    process: str = "process"
    stamp: str = "build"
    timestamp: str = "timestamp"


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP response, its body cut just past the limit. Monotonic seconds: asked, and all of it here."""

    status_code: int
    body: bytes
    sent_s: float
    received_s: float
    content_type: str = ""
    location: str = ""
    age: str = ""

    @property
    def is_ok(self) -> bool:
        return 200 <= self.status_code < 300


def read(
    service: ServiceName,
    reply: Reply,
    document: Mapping[str, object],
    fields: Fields,
    redact: Callable[[str], str] = str,
) -> Answer:
    """
    The answer in a reply. Fields of the wrong type or shape are as good as missing. `redact` masks known secrets.

    A `version` like `1.4.2` is the app's own and no release of a rack. A stamp that is no ship's id is not ours
    either: an app's own `build` field must not doom it.
    """
    texts = [document.get(name) for name in fields.release]
    process, stamp = document.get(fields.process), document.get(fields.stamp)
    return Answer(
        service,
        status_code=reply.status_code,
        release=next((ReleaseId(text) for text in texts if isinstance(text, str) and is_release_id(text)), None),
        process=ProcessId(process) if isinstance(process, str) and _PROCESS.fullmatch(process) else None,
        stamp=stamp if isinstance(stamp, str) and is_ship_id(stamp) else "",
        elapsed_s=reply.received_s - reply.sent_s,
        is_cached=_has_age(reply.age),
        # masked before it is cut short: the half of a secret is not known for one any more
        said="" if reply.is_ok else first_line(redact(reply.body.decode(errors="replace")), limit=SAID_CHARACTERS),
    )


def document_of(reply: Reply) -> Mapping[str, object]:
    """
    The JSON object in the reply; empty where it holds something else, such as a plain `ok` or an error page.

    Raises NoAnswer if a 2xx is too large, or calls itself JSON and is not: then nothing is known. With any other
    status the status itself is the answer.
    """
    if len(reply.body) > BODY_LIMIT_BYTES:
        return _unreadable(reply, "answer too large")
    try:
        document = json.loads(reply.body)
    except (ValueError, RecursionError):
        return _unreadable(reply, "not JSON") if "json" in reply.content_type.lower() else {}
    return document if isinstance(document, dict) else {}


def _unreadable(reply: Reply, why: str) -> Mapping[str, object]:
    if reply.is_ok:
        raise NoAnswer(why) from None
    return {}


def _has_age(age: str) -> bool:
    """`Age` is how long a shared cache has held the answer; ours are asked for with `no-cache` (RFC 9111, 5.1)."""
    return age.isdecimal() and age.strip("0") != ""
