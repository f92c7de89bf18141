"""What `doctor` finds: one row a subject, each with the way out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Level(Enum):
    """`FAIL`: a ship would be refused or could not be proven. `WARN`: it would go ahead."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Check:
    subject: str
    level: Level
    text: str
    hint: str = ""
