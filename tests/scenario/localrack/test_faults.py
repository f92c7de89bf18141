"""Every fault that can be ordered, against real processes and real connections."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deployer.localrack import lifecycle, practice
from deployer.localrack.faults import Order
from deployer.localrack.options import RackOptions
from tests.scenario.localrack.conftest import options_in
from tests.scenario.localrack.harness import APP, Driver, read_all

pytestmark = pytest.mark.rack


class Faulty(Driver):
    """A rack on which faults are ordered."""

    def __init__(self, options: RackOptions) -> None:
        super().__init__(lifecycle.up(options))
        self.options = options

    def order(self, fault: str, **where: object) -> None:
        practice.order_fault(self.options, Order.read({"fault": fault, **where}))

    @property
    def met(self) -> int:
        return int(practice.list_faults(self.options)[-1]["met"])


@pytest.fixture(scope="module")
def one_rack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faulty]:
    chosen = options_in(tmp_path_factory.mktemp("faults"))
    faulty = Faulty(chosen)
    faulty.ship()
    yield faulty
    lifecycle.down(chosen)
    # a fault that was ordered is no fault of the rack's own
    assert "Traceback" not in faulty.info.log.read_text()


@pytest.fixture
def door(one_rack: Faulty) -> Iterator[Faulty]:
    """A rack that is shared, without the faults of the test before."""
    yield one_rack
    practice.clear_faults(one_rack.options)


@pytest.fixture
def faulty(door: Faulty) -> Faulty:
    """The same with an app that knows nothing yet."""
    door.http.delete(f"/apps/{APP}")
    door.wait_for(lambda: 404 == door.http.get(f"/apps/{APP}").status_code)
    door.post("/apps", name=APP)
    return door


# Requests


def test_a_status_and_its_text_so_many_times(door: Faulty) -> None:
    """Twice 503, then the answer."""
    door.order("status=503", method="GET", path=f"/apps/{APP}$", body="try later", times=2)

    answers = [door.http.get(f"/apps/{APP}") for _ in range(3)]

    assert [503, 503, 200] == [answer.status_code for answer in answers]
    assert "try later\n" == answers[0].text
    assert 2 == door.met


def test_a_late_answer(door: Faulty) -> None:
    """It comes, in its time."""
    door.order("delay=200ms", path="/system$")

    answer = door.http.get("/system")

    assert 200 == answer.status_code
    assert answer.elapsed.total_seconds() >= 0.2


def test_a_request_that_hangs(door: Faulty) -> None:
    """Nothing comes; others are answered meanwhile."""
    door.order("hang", path="/system$")

    with pytest.raises(httpx.ReadTimeout):
        door.http.get("/system", timeout=0.2)

    assert 200 == door.http.get("/apps").status_code


@pytest.mark.parametrize(("fault", "seen"), [("drop", httpx.RemoteProtocolError), ("reset", httpx.ReadError)])
def test_a_connection_that_is_cut(door: Faulty, fault: str, seen: type[Exception]) -> None:
    """Closed, or reset; the next one is well."""
    door.order(fault, path="/system$", times=1)

    with pytest.raises(seen):
        door.http.get("/system")

    assert 200 == door.http.get("/system").status_code


def test_an_answer_that_ends_midway(door: Faulty) -> None:
    """Its length was promised, and is not kept."""
    door.order("truncate=10", path="/system$")

    with pytest.raises(httpx.RemoteProtocolError, match="received 10 bytes"):
        door.http.get("/system")


def test_a_lost_reply_has_its_effect(door: Faulty) -> None:
    """The release is made, and nobody was told."""
    before = len(door.get(f"/apps/{APP}/releases"))
    door.order("lost-reply", method="POST", path="/releases$", times=1)

    with pytest.raises(httpx.RemoteProtocolError):
        door.http.post(f"/apps/{APP}/releases", data={"env": "A=1"})

    assert before + 1 == len(door.get(f"/apps/{APP}/releases"))


def test_a_socket_that_breaks_midway(door: Faulty) -> None:
    """What a `run` whose connection drops gets to see: a bit of output, and no exit code."""
    from websockets.exceptions import ConnectionClosedError

    door.order("truncate=5", path="/logs$")

    with door.socket(f"/apps/{APP}/services/web/logs", Follow="false") as socket:
        assert 5 == len(str(socket.recv(timeout=5)))
        with pytest.raises(ConnectionClosedError):
            socket.recv(timeout=5)


def test_a_socket_that_is_refused(door: Faulty) -> None:
    """Before the upgrade: the CLI's `websocket: bad handshake`."""
    from websockets.exceptions import InvalidStatus

    door.order("status=502", path="/logs$")

    with pytest.raises(InvalidStatus, match="502"):
        door.socket(f"/apps/{APP}/logs")


def test_a_rack_that_was_told_to_fail_everything_can_be_told_to_stop(door: Faulty) -> None:
    """The control route runs into no fault."""
    door.order("hang")

    practice.clear_faults(door.options)

    assert 200 == door.http.get("/system").status_code
    with pytest.raises(lifecycle.RackFailed, match="no such fault: 99"):
        practice.clear_faults(door.options, 99)


def test_an_order_without_sense_is_refused(door: Faulty) -> None:
    """With the same words as on the command line."""
    answer = door.http.post("/_local/faults", json={"fault": "bang"})

    assert 400 == answer.status_code
    assert answer.text.startswith("bang is no fault")


# Replicas


def promote_broken(faulty: Faulty, fault: str, **where: object) -> tuple[str, str]:
    """A release that serves, and one after it that runs into the fault."""
    old = faulty.ship()
    faulty.order(fault, **where)
    new = faulty.set_env("B=1")
    faulty.promote(new)
    return old, new


def test_the_next_release_crashes_and_the_way_back_does_not(faulty: Faulty) -> None:
    """The practice of a failure: crashed rows, a cancel, and the old release serves as before."""
    old, new = promote_broken(faulty, "crash")
    faulty.wait_for(lambda: ["crashed", "crashed"] == faulty.statuses(new))

    faulty.post(f"/apps/{APP}/cancel")
    faulty.wait_for(lambda: ("running", old) == (faulty.status, faulty.active))

    assert ["running", "running"] == faulty.statuses(old)
    assert [] == faulty.statuses(new)


def test_a_release_for_which_there_is_no_room_stays_pending(faulty: Faulty) -> None:
    """It is never started; the old one serves on, and a cancel takes the rows away."""
    old, new = promote_broken(faulty, "pending")
    faulty.wait_for(lambda: ["pending", "pending"] == faulty.statuses(new) and "updating" == faulty.status)

    faulty.post(f"/apps/{APP}/cancel")
    faulty.wait_for(lambda: ("running", old) == (faulty.status, faulty.active))

    assert ["running", "running"] == faulty.statuses(old)
    assert [] == faulty.statuses(new)


def test_one_replica_of_two_never_gets_ready(faulty: Faulty) -> None:
    """The other serves."""
    _, new = promote_broken(faulty, "unhealthy", replicas=1)

    faulty.wait_for(lambda: ["running", "starting"] == sorted(faulty.statuses(new)))

    assert "updating" == faulty.status


def test_a_release_that_starts_slowly_starts(faulty: Faulty) -> None:
    """It reads `starting` while it does, and then it runs."""
    old, new = promote_broken(faulty, "slow-start=8s")
    faulty.wait_for(lambda: ["starting", "starting"] == faulty.statuses(new))
    assert ["running", "running"] == faulty.statuses(old)

    faulty.wait_for(lambda: ["running", "running"] == faulty.statuses(new) and "running" == faulty.status)


def test_a_release_that_says_it_is_another(faulty: Faulty) -> None:
    """`ps` has the one, `/health` the other."""
    _, new = promote_broken(faulty, "wrong-release=RELSEWHEREX")
    faulty.wait_for(lambda: ("running", new) == (faulty.status, faulty.active))

    assert {"RELSEWHEREX"} == {httpx.get(faulty.front_door, trust_env=False).json()["RELEASE"] for _ in range(4)}
    assert ["running", "running"] == faulty.statuses(new)


def test_a_running_replica_crashes_when_its_release_is_named(faulty: Faulty) -> None:
    """At once, and again whenever it is restarted."""
    release = faulty.ship()

    faulty.order("crash", release=release, replicas=1)
    faulty.wait_for(lambda: ["crashed", "running"] == sorted(faulty.statuses(release)))

    assert "running" == faulty.status


def test_a_running_replica_freezes_and_is_taken_out(faulty: Faulty) -> None:
    """It takes connections and does not answer; three probes later nobody is sent to it. It ends when it must."""
    release = faulty.ship()

    faulty.order("freeze", release=release, replicas=1)
    faulty.wait_for(lambda: ["running", "starting"] == sorted(faulty.statuses(release)))
    served = {httpx.get(faulty.front_door, trust_env=False).json()["HOSTNAME"] for _ in range(4)}

    assert 1 == len(served)
    (frozen,) = {row["id"] for row in faulty.rows()} - served
    faulty.http.delete(f"/apps/{APP}/processes/{frozen}")
    faulty.wait_for(lambda: frozen not in {row["id"] for row in faulty.rows()})


def test_a_replica_that_flaps_comes_and_goes(faulty: Faulty) -> None:
    """Ready, not ready, ready again."""
    release = faulty.ship()

    faulty.order("flap=4", release=release, replicas=1)

    for seen in (["running", "starting"], ["running", "running"], ["running", "starting"]):
        faulty.wait_for(lambda seen=seen: seen == sorted(faulty.statuses(release)))  # type: ignore[misc]


def test_faults_of_a_file_stand_from_the_start(options: RackOptions, tmp_path: Path) -> None:
    """On a rack that starts, and on one that is up."""
    from dataclasses import replace

    file = tmp_path / "faults.json"
    file.write_text('[{"fault": "status=500", "path": "/system$", "skip": 1, "times": 1}]')
    asked = replace(options, faults=file)

    lifecycle.up(asked)
    lifecycle.up(asked)

    assert ["status=500", "status=500"] == [each["fault"] for each in practice.list_faults(options)]
    file.write_text('[{"fault": "bang"}]')
    with pytest.raises(ValueError, match="bang is no fault"):
        lifecycle.up(asked)


def test_the_reason_is_in_the_log_of_the_replica(faulty: Faulty) -> None:
    """Nobody shall look for it in the service."""
    _, new = promote_broken(faulty, "crash")
    faulty.wait_for(lambda: "crashed" in faulty.statuses(new))

    with faulty.socket(f"/apps/{APP}/logs", Follow="false") as socket:
        assert "a fault was ordered: crash" in read_all(socket)
