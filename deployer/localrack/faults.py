"""Faults to order: what shall go wrong on a local rack, so that it can be practised before it happens.

An `Order` says what, where and how often; `Faults` keeps the orders that stand and says which of them a request, a
start or a probe runs into. What a fault then does is in `faulty_door` (requests) and `faulty_start` (processes).
Standard library only: `rack up --faults FILE` reads orders before a rack runs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

from deployer.rackmodel import Budget, ProcessKind, StartProcess

ANY_RELEASE = "any"
METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD")
LONGEST_S = 24 * 3600
_NUMBER = re.compile(r"(\d{1,9}(?:\.\d+)?)(ms|s|m|h)?")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}


class Fault(StrEnum):
    """What can go wrong. The first seven happen to requests, the last two to apps, the others to replicas."""

    STATUS = "status"
    DELAY = "delay"
    HANG = "hang"
    DROP = "drop"
    RESET = "reset"
    TRUNCATE = "truncate"
    LOST_REPLY = "lost-reply"
    PENDING = "pending"
    CRASH = "crash"
    SLOW_START = "slow-start"
    UNHEALTHY = "unhealthy"
    FREEZE = "freeze"
    WRONG_RELEASE = "wrong-release"
    FLAP = "flap"
    LOAD = "load"
    AT_CAP = "at-cap"


# What each takes after `=` when nothing is said; None: it takes nothing. Durations are seconds.
VALUES: Mapping[Fault, str | None] = {
    Fault.STATUS: "500",
    Fault.DELAY: "5s",
    Fault.HANG: None,
    Fault.DROP: None,
    Fault.RESET: None,
    Fault.TRUNCATE: "20",
    Fault.LOST_REPLY: None,
    Fault.PENDING: None,
    Fault.CRASH: "0s",
    Fault.SLOW_START: "30s",
    Fault.UNHEALTHY: None,
    Fault.FREEZE: "0s",
    Fault.WRONG_RELEASE: "RNOTTHISONE",
    Fault.FLAP: "3",
    Fault.LOAD: "10",
    Fault.AT_CAP: "50",
}
_OF_REQUESTS = frozenset(list(Fault)[:7])
_OF_APPS = frozenset({Fault.LOAD, Fault.AT_CAP})
# Which numbers make sense of those that are counted, and not seconds.
_COUNTS: Mapping[Fault, range] = {
    Fault.STATUS: range(400, 600),
    Fault.TRUNCATE: range(10**9),
    Fault.FLAP: range(1, 10**9),
    Fault.LOAD: range(10**9),
    Fault.AT_CAP: range(1, 10**9),
}


@dataclass(frozen=True, slots=True)
class Order:
    """One fault, as it was ordered. Raises ValueError if it makes no sense.

    `fault` is a word of `Fault`, with `=VALUE` if it takes one. A request is met by `method` (none: all) and `path`,
    a pattern looked for in its path; `skip` lets so many go by first. A replica is met by `app`, `service` and
    `release`: an id, `any`, or nothing for the next release that starts a process. `replicas` bounds how many
    replicas are met, `times` how many requests or starts; None is no bound. An app is met by `app` and, for a load,
    `service`; the order holds until it is taken back.
    """

    fault: str
    method: str = ""
    path: str = ""
    skip: int = 0
    body: str = ""
    app: str = ""
    service: str = ""
    release: str = ""
    replicas: int | None = None
    times: int | None = None

    def __post_init__(self) -> None:
        word, equals, value = self.fault.partition("=")
        if word not in VALUES:
            raise ValueError(f"{word} is no fault; there are {', '.join(Fault)}")
        if equals and VALUES[self.kind] is None:
            raise ValueError(f"{word} takes no value")
        if not value and equals:
            raise ValueError(f"{word}= needs a value")
        self._check_value()
        self._check_scope()
        self._check_bounds()

    def _check_value(self) -> None:
        kind, value = self.kind, self.value
        if kind is Fault.WRONG_RELEASE:
            if not re.fullmatch(r"[\w.-]+", value):
                raise ValueError(f"{kind} takes the id of a release, not {value!r}")
        elif counts := _COUNTS.get(kind):
            if not value.isdecimal() or int(value) not in counts:
                raise ValueError(f"{kind} takes a number from {counts[0]} to {counts[-1]}, not {value!r}")
        elif VALUES[kind] is not None and (not _NUMBER.fullmatch(value) or self.amount > LONGEST_S):
            raise ValueError(f"{kind} takes a number or a duration such as 5s, a day at most, not {value!r}")

    def _check_scope(self) -> None:
        of_process = self.app or self.service or self.release or self.replicas is not None
        if self.of_requests and of_process:
            raise ValueError(f"{self.kind} happens to requests: it takes --on, not an app's service or release")
        if not self.of_requests and (self.method or self.path or self.skip or self.body):
            raise ValueError(f"{self.kind} happens to processes: it takes --app, --service, --release, not --on")
        if self.of_apps and (self.release or self.replicas is not None or self.times is not None):
            raise ValueError(f"{self.kind} holds until it is cleared: it takes --app and --service only")
        if self.kind is Fault.AT_CAP and self.service:
            raise ValueError("a budget is an app's: at-cap takes --app, not --service")
        if self.body and self.kind is not Fault.STATUS:
            raise ValueError(f"{self.kind} has no body: that is for status")
        if self.method and self.method not in METHODS:
            raise ValueError(f"a method is one of {', '.join(METHODS)}, not {self.method!r}")
        try:
            re.compile(self.path)
        except re.error as exc:
            raise ValueError(f"{self.path} is no pattern: {exc}") from None

    def _check_bounds(self) -> None:
        if any(bound is not None and bound < 1 for bound in (self.replicas, self.times)):
            raise ValueError("replicas and times begin at 1: less is never")
        if self.skip < 0:
            raise ValueError("skip takes 0 or more")

    @classmethod
    def read(cls, document: Any) -> Order:
        """The order that a JSON object writes down. Raises ValueError."""
        if not isinstance(document, Mapping) or not isinstance(document.get("fault"), str):
            raise ValueError("a fault is an object with at least `fault`")
        kinds = {each.name: str(each.type) for each in fields(cls)}
        for name, value in document.items():
            if name not in kinds:
                raise ValueError(f"a fault has no {name}; it has {', '.join(kinds)}")
            wanted = (str, "text") if kinds[name] == "str" else (int, "a whole number")
            is_absent = value is None and "None" in kinds[name]
            if not is_absent and (not isinstance(value, wanted[0]) or isinstance(value, bool)):
                raise ValueError(f"{name} takes {wanted[1]}, not {json.dumps(value)}")
        return cls(**document)

    @property
    def kind(self) -> Fault:
        return Fault(self.fault.partition("=")[0])

    @property
    def value(self) -> str:
        return self.fault.partition("=")[2] or VALUES[self.kind] or ""

    @property
    def amount(self) -> float:
        """The value as a number; a duration in seconds."""
        found = _NUMBER.fullmatch(self.value)
        return float(found[1]) * _UNIT_S[found[2]] if found else 0.0

    @property
    def of_requests(self) -> bool:
        return self.kind in _OF_REQUESTS

    @property
    def of_apps(self) -> bool:
        return self.kind in _OF_APPS


def read_orders(path: Path) -> list[Order]:
    """The orders of a `--faults` file: a JSON list of objects. Raises ValueError, saying where."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise ValueError(f"{path} cannot be read: {exc.strerror}") from exc
    except (ValueError, RecursionError) as exc:
        raise ValueError(f"{path} is no JSON: {exc}") from exc
    if not isinstance(document, list):
        raise ValueError(f"{path} is not a list of faults")
    return [_read_entry(path, number, entry) for number, entry in enumerate(document, start=1)]


def _read_entry(path: Path, number: int, entry: Any) -> Order:
    try:
        return Order.read(entry)
    except ValueError as exc:
        raise ValueError(f"{path}, fault {number}: {exc}") from exc


@dataclass(slots=True)
class Standing:
    """An order that stands, and what has come of it: how many it has `met`, and which replicas."""

    id: int
    order: Order
    seen: int = 0
    met: int = 0
    release: str = ""
    probes: dict[str, int] = field(default_factory=dict)

    @property
    def is_spent(self) -> bool:
        return self.order.times is not None and self.met >= self.order.times

    def describe(self) -> dict[str, Any]:
        """As `GET /_local/faults` lists it."""
        return {"id": self.id, **asdict(self.order), "met": self.met, "release": self.release or self.order.release}

    def meets_request(self, method: str, path: str) -> bool:
        order = self.order
        if not order.of_requests or self.is_spent or order.method not in ("", method):
            return False
        if not re.search(order.path, path):
            return False
        self.seen += 1
        self.met += self.seen > order.skip
        return self.seen > order.skip

    def meets_process(self, process: StartProcess) -> bool:
        """A replica that was met before is met again when it is restarted."""
        if self.order.of_requests or self.order.of_apps or self.is_spent or not self._names(process):
            return False
        if process.process not in self.probes and len(self.probes) == self.order.replicas:
            return False
        self.release = self.release or process.release
        self.probes.setdefault(process.process, 0)
        self.met += 1
        return True

    def _names(self, process: StartProcess) -> bool:
        order = self.order
        wanted = self.release if order.release == "" else order.release
        return (
            process.kind is ProcessKind.REPLICA
            and order.app in ("", process.app)
            and order.service in ("", process.service)
            and wanted in ("", ANY_RELEASE, process.release)
        )

    def fails_probe(self, process: str) -> bool:
        """`flap=3` lets three probes be, fails the next three, and so on."""
        if process not in self.probes:
            return False
        self.probes[process] += 1
        match self.order.kind:
            case Fault.UNHEALTHY:
                return True
            case Fault.FLAP:
                return (self.probes[process] - 1) // int(self.order.amount) % 2 == 1
            case _:
                return False


class Faults:
    """The orders that stand. They live as long as the rack's process."""

    def __init__(self) -> None:
        self._standing: list[Standing] = []
        self._last_id = 0

    def add(self, order: Order) -> Standing:
        self._last_id += 1
        standing = Standing(self._last_id, order)
        self._standing.append(standing)
        return standing

    @property
    def standing(self) -> tuple[Standing, ...]:
        return tuple(self._standing)

    def clear(self, wanted: Callable[[Standing], bool] = lambda _: True) -> int:
        """Take orders back; how many they were. What a process has suffered already is not undone."""
        before = len(self._standing)
        self._standing = [standing for standing in self._standing if not wanted(standing)]
        return before - len(self._standing)

    def on_request(self, method: str, path: str) -> Order | None:
        """The oldest order that meets this request."""
        return next((each.order for each in self._standing if each.meets_request(method, path)), None)

    def load_on(self, app: str, service: str) -> int | None:
        """How many replicas would be just right for a service; None if nobody ordered a load."""
        found = self._last(Fault.LOAD, app, service)
        return None if found is None else int(found.amount)

    def budget_of(self, app: str) -> Budget | None:
        """A budget that is used up, if that is ordered."""
        found = self._last(Fault.AT_CAP, app, "")
        return None if found is None else Budget(cap_usd=found.amount, spent_usd=found.amount)

    def _last(self, kind: Fault, app: str, service: str) -> Order | None:
        """The newest order of a kind that means this app and service."""
        orders = (each.order for each in reversed(self._standing))
        return next(
            (each for each in orders if each.kind is kind and each.app in ("", app) and each.service in ("", service)),
            None,
        )

    def on_start(self, process: StartProcess) -> list[Order]:
        """All orders that meet this start of a process."""
        return [each.order for each in self._standing if each.meets_process(process)]

    def on_probe(self, process: str) -> bool:
        """Is this probe to fail."""
        return any(each.fails_probe(process) for each in self._standing)
