"""
Keep secrets and control characters out of everything that is shown, logged or written.

The first net is not to print a value at all; `Secret` makes that the default. `scrub` is for text that came from
outside: a rack, a build, a process (faults 4.1, 6.2).
"""

from __future__ import annotations

import base64
import json
import re
from typing import Never
from urllib.parse import quote

MASK = "••••"

# CSI and OSC sequences, then any other character that acts on what is read: controls, directions, tags, annotations,
# and halves of a surrogate, which cannot even be written. Tab and newline are left for the caller to judge.
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b.?")
_CONTROLS = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb"
    r"\U000e0000-\U000e007f]"
)
_USERINFO = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]{0,30}://)[^/@\s]+@", re.IGNORECASE)
# A tag, whole or cut off; with what stands between those that hold no words.
_TAGS = re.compile(r"<(?P<mute>style|script)\b[^<]*(?:</(?P=mute)>)?|<(?:!|/?[a-z])[^>]*(?:>|\Z)", re.IGNORECASE)


class Secret:
    """A value that cannot be shown by accident: `str`, `repr`, `format`, pickle and copies never give it away."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself. Callers are the child's stdin and a comparison, nobody else."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> Never:
        raise TypeError("a Secret is never pickled")


def scrub(text: str, *, limit: int = 2_000) -> str:
    """One harmless line or block: no escapes, no control characters, no credentials in URLs, at most `limit` long."""
    plain = text if text.isprintable() else _CONTROLS.sub("", _ESCAPES.sub("", text.replace("\r\n", "\n")))
    if "://" in plain:
        plain = _USERINFO.sub(rf"\g<scheme>{MASK}@", plain)
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"


def first_line(text: str, *, limit: int = 300) -> str:
    """The first line that says something, with HTML tags gone: what an error page or a rack's message boils down to."""
    bare = _TAGS.sub(" ", scrub(text, limit=20_000))
    line = next((" ".join(each.split()) for each in bare.splitlines() if each.strip()), "")
    return line if len(line) <= limit else line[: limit - 1] + "…"


# What the env of an app is full of and what a secret never is: `info`, `true`, `8000`. Masking it would blank the
# words that a failing process says why in.
_ORDINARY = re.compile(r"[a-z]{1,7}|[0-9]{1,5}")


class Redactor:
    """
    Replaces known secret values wherever they turn up in text, but for ordinary words and what is shorter than 4.

    Also as a URL, JSON and Base64 spell them: the CLI, a proxy or a process may repeat what they were given that way.
    """

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def learn(self, secret: Secret) -> None:
        value = secret.reveal()
        wanted = (each for each in (value, *value.splitlines()) if len(each) >= 4 and not _ORDINARY.fullmatch(each))
        fresh = {spelling for each in wanted for spelling in _spellings(each)} - self._values
        if fresh:
            self._values |= fresh
            longest_first = sorted(self._values, key=len, reverse=True)
            self._pattern = re.compile("|".join(re.escape(each) for each in longest_first))

    def redact(self, text: str) -> str:
        return self._pattern.sub(MASK, text) if self._pattern else text


def _spellings(value: str) -> set[str]:
    data = value.encode(errors="surrogatepass")
    return {value, quote(data, safe=""), quote(data), json.dumps(value)[1:-1], base64.b64encode(data).decode()}
