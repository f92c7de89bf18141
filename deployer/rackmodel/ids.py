"""Names the rack hands out, and their shapes (convox-facts 3.2)."""

from __future__ import annotations

import hashlib
import string
from typing import TYPE_CHECKING, NewType

if TYPE_CHECKING:
    import random

AppName = NewType("AppName", str)
ServiceName = NewType("ServiceName", str)
ReleaseId = NewType("ReleaseId", str)
BuildId = NewType("BuildId", str)
ProcessId = NewType("ProcessId", str)

NO_RELEASE = ReleaseId("")
NO_BUILD = BuildId("")

# Kubernetes' own alphabet for generated names: no vowels, so no words.
_POD_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


class Ids:
    """Draws ids from a generator that the caller owns: the same seed gives the same rack."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def release(self) -> ReleaseId:
        return ReleaseId("R" + self._letters(string.ascii_uppercase, 10))

    def build(self) -> BuildId:
        return BuildId("B" + self._letters(string.ascii_uppercase, 10))

    def process(self, prefix: str) -> ProcessId:
        """`<prefix>-<5>`; the prefix is `<svc>-<hash>`, `<svc>`, `build` or `timer-<timer>-<digits>`."""
        return ProcessId(f"{prefix}-{self._letters(_POD_ALPHABET, 5)}")

    def _letters(self, alphabet: str, count: int) -> str:
        return "".join(self._rng.choices(alphabet, k=count))


def template_hash(*parts: object) -> str:
    """Ten characters that are the same for the same pod template, as a ReplicaSet's name has them."""
    digest = hashlib.sha256(repr(parts).encode()).digest()
    return "".join(_POD_ALPHABET[byte % len(_POD_ALPHABET)] for byte in digest[:10])
