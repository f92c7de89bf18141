"""What an order of a fault says, and what it meets."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from deployer.localrack.faults import Fault, Faults, Order, read_orders
from deployer.rackmodel import ProcessKind, StartProcess
from deployer.rackmodel.ids import AppName, BuildId, ProcessId, ReleaseId, ServiceName


def a_start(process: str = "web-1", release: str = "RNEW", **other: Any) -> StartProcess:
    return StartProcess(
        app=AppName(other.get("app", "myapi")),
        process=ProcessId(process),
        kind=other.get("kind", ProcessKind.REPLICA),
        service=ServiceName(other.get("service", "web")),
        release=ReleaseId(release),
        build=BuildId("BNEW"),
        command="serve",
        port=8000,
        attempt=0,
        env={},
    )


def met(faults: Faults, *starts: StartProcess) -> list[bool]:
    return [bool(faults.on_start(start)) for start in starts]


@pytest.mark.parametrize("fault", list(Fault))
def test_every_fault_can_be_ordered_by_its_name_alone(fault: Fault) -> None:
    """What it takes has a default, and an order survives the way to the rack."""
    order = Order(fault)

    assert order == Order.read(json.loads(json.dumps(asdict(order))))


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"fault": "bang"}, "bang is no fault"),
        ({"fault": "hang=5s"}, "takes no value"),
        ({"fault": "delay="}, "needs a value"),
        ({"fault": "delay=soon"}, "takes a number or a duration"),
        ({"fault": "delay=25h"}, "a day at most"),
        ({"fault": "delay=" + "9" * 400}, "a day at most"),
        ({"fault": "status=200"}, "from 400 to 599"),
        ({"fault": "status=500ms"}, "from 400 to 599"),
        ({"fault": "status=503.5"}, "from 400 to 599"),
        ({"fault": "truncate=5m"}, "takes a number"),
        ({"fault": "truncate=-1"}, "takes a number"),
        ({"fault": "flap=0"}, "from 1 to"),
        ({"fault": "wrong-release=a\nb"}, "the id of a release"),
        ({"fault": "drop", "body": "x"}, "has no body"),
        ({"fault": "drop", "method": "get"}, "one of GET, POST"),
        ({"fault": "drop", "skip": -1}, "0 or more"),
        ({"fault": "drop", "skip": "2"}, 'skip takes a whole number, not "2"'),
        ({"fault": "drop", "times": "2"}, "times takes a whole number"),
        ({"fault": "drop", "times": True}, "whole number, not true"),
        ({"fault": "drop", "times": 1.5}, "whole number"),
        ({"fault": "drop", "path": 5}, "path takes text, not 5"),
        ({"fault": "drop", "path": None}, "path takes text, not null"),
        ({"fault": "status=503", "body": ["x"]}, "body takes text"),
        ({"fault": "crash", "release": 7}, "release takes text"),
        ({"fault": "status=500", "service": "web"}, "happens to requests"),
        ({"fault": "crash", "path": "/apps"}, "happens to processes"),
        ({"fault": "crash", "times": 0}, "never"),
        ({"fault": "drop", "path": "("}, "is no pattern"),
        ({"fault": "load=3", "path": "/apps"}, "not --on"),
        ({"fault": "load=3", "release": "any"}, "takes --app and --service only"),
        ({"fault": "at-cap", "times": 2}, "takes --app and --service only"),
        ({"fault": "at-cap", "service": "web"}, "takes --app, not --service"),
        ({"fault": "drop", "wat": 1}, "a fault has no wat"),
        ({"app": "myapi"}, "at least `fault`"),
        ([], "is an object"),
    ],
)
def test_an_order_that_makes_no_sense_says_why(words: Any, why: str) -> None:
    """At the door, and not when it should have happened."""
    with pytest.raises(ValueError, match=why):
        Order.read(words)


@pytest.mark.parametrize(("text", "seconds"), [("2", 2), ("500ms", 0.5), ("1.5s", 1.5), ("2m", 120), ("1h", 3600)])
def test_durations_are_seconds(text: str, seconds: float) -> None:
    """As everywhere else in deployer."""
    assert seconds == Order(f"delay={text}").amount


def test_a_file_of_orders_is_a_json_list(tmp_path: Path) -> None:
    """What `rack up --faults` reads."""
    file = tmp_path / "faults.json"
    file.write_text('[{"fault": "crash", "replicas": 1}]')

    assert [Order("crash", replicas=1)] == read_orders(file)
    file.write_text('{"fault": "crash"}')
    with pytest.raises(ValueError, match="not a list"):
        read_orders(file)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[{"fault": "crash"}, {"fault": "bang"}]', r"faults.json, fault 2: bang is no fault"),
        ("nonsense", r"faults.json is no JSON: Expecting value"),
        ("[" * 100_000, r"faults.json is no JSON"),
    ],
)
def test_a_file_of_orders_that_makes_no_sense_says_where(text: str, why: str, tmp_path: Path) -> None:
    """The file, and which of its faults."""
    file = tmp_path / "faults.json"
    file.write_text(text)

    with pytest.raises(ValueError, match=why):
        read_orders(file)
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        read_orders(tmp_path / "nothing")


def test_a_request_is_met_by_method_and_path_so_many_times() -> None:
    """After those that are let by."""
    faults = Faults()
    order = Order("status=500", method="GET", path="/apps/[^/]+$", skip=1, times=2)
    faults.add(order)

    answers = [faults.on_request("GET", "/apps/myapi") for _ in range(4)]

    assert [None, order, order, None] == answers
    assert None is faults.on_request("POST", "/apps/myapi")
    assert None is faults.on_request("GET", "/apps/myapi/processes")


def test_a_fault_without_a_release_waits_for_the_next_and_stays_with_it() -> None:
    """So that what is rolled back to is not met."""
    faults = Faults()
    faults.add(Order("crash"))

    assert [True, False, True] == met(faults, a_start("web-1", "RNEW"), a_start("web-2", "ROLD"), a_start("web-3"))
    assert "RNEW" == faults.standing[0].describe()["release"]


def test_any_release_is_any() -> None:
    """And a named one that one only."""
    anyone, named = Faults(), Faults()
    anyone.add(Order("crash", release="any"))
    named.add(Order("crash", release="ROLD"))
    starts = a_start("web-1", "RNEW"), a_start("web-2", "ROLD")

    assert [True, True] == met(anyone, *starts)
    assert [False, True] == met(named, *starts)


def test_one_replica_is_met_at_every_start_and_the_others_never() -> None:
    """A replica that crashes comes back under its own name."""
    faults = Faults()
    faults.add(Order("crash", replicas=1))

    assert [True, False, True] == met(faults, a_start("web-1"), a_start("web-2"), a_start("web-1"))


def test_two_starts_and_no_more() -> None:
    """It comes up in the third."""
    faults = Faults()
    faults.add(Order("crash", times=2))

    assert [True, True, False] == met(faults, a_start(), a_start(), a_start())


def test_other_apps_services_and_one_off_processes_are_not_met() -> None:
    """Only what was named, and only replicas."""
    faults = Faults()
    faults.add(Order("crash", app="myapi", service="web"))

    assert [False, False, False] == met(
        faults, a_start(app="other"), a_start(service="worker"), a_start(kind=ProcessKind.RUN)
    )


def test_flapping_is_so_many_good_probes_and_as_many_bad_ones() -> None:
    """Counted for each replica."""
    faults = Faults()
    faults.add(Order("flap=2"))
    faults.on_start(a_start())

    assert [False, False, True, True, False] == [faults.on_probe("web-1") for _ in range(5)]
    assert not faults.on_probe("web-2")


def test_orders_are_taken_back_one_by_one_or_all() -> None:
    """And their numbers are not used again."""
    faults = Faults()
    first, second = faults.add(Order("hang")), faults.add(Order("drop"))

    assert 1 == faults.clear(lambda standing: standing.id == first.id)
    assert (second,) == faults.standing
    assert 1 == faults.clear()
    assert 3 == faults.add(Order("hang")).id
