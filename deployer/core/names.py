"""The words of Convox as types, and what the shape of a process id gives away."""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from typing import NewType

RackName = NewType("RackName", str)
AppName = NewType("AppName", str)
ServiceName = NewType("ServiceName", str)
ReleaseId = NewType("ReleaseId", str)
BuildId = NewType("BuildId", str)
ProcessId = NewType("ProcessId", str)
ShipId = NewType("ShipId", str)

# Also what becomes part of a path in our state folder: no dots, no slashes, never a flag (faults 6.2).
_APP = re.compile(r"[a-z][a-z0-9-]{0,62}")
_RELEASE = re.compile(r"R[A-Z0-9]{1,32}")
_SHIP = re.compile(r"\d{8}-\d{6}-[0-9a-f]{6}")


def is_app_name(text: str) -> bool:
    return _APP.fullmatch(text) is not None


def is_release_id(text: str) -> bool:
    """Real ids are `R` and ten letters (convox-facts 3.2); recordings of the mock rack have digits too."""
    return _RELEASE.fullmatch(text) is not None


def is_ship_id(text: str) -> bool:
    return _SHIP.fullmatch(text) is not None


class Shape(Enum):
    """What a row of `ps` is, told by its id: rows of all four kinds may carry a service's name (convox-facts 3.3)."""

    REPLICA = "replica"
    RUN = "run"
    TIMER = "timer"
    BUILD = "build"


@lru_cache(maxsize=4096)  # asked of every row in every look, and the same each time
def shape_of(process: ProcessId, service: ServiceName, *, is_agent: bool = False) -> Shape:
    """
    Tell a replica from a `run`, timer or build row.

    A replica is `<service>-<template hash>-<5>`, a `run` pod `<service>-<5>`. An agent is a DaemonSet, whose pods
    have the shape of `run` pods; there the two cannot be told apart and count as replicas (faults 7).
    Source: convox-facts 3.2.
    """
    if service == "build" or re.fullmatch(r"build-[a-z0-9]{5}", process):
        return Shape.BUILD
    if process.startswith("timer-"):
        return Shape.TIMER
    rest = process.removeprefix(f"{service}-")
    if rest != process and re.fullmatch(r"[a-z0-9]{5}", rest):
        return Shape.REPLICA if is_agent else Shape.RUN
    return Shape.REPLICA
