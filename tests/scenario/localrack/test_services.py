"""An app of several services: one public, one internal, one that listens nowhere."""

from __future__ import annotations

import httpx
import pytest

from tests.scenario.localrack.harness import APP, MANIFEST, SOURCE, Driver
from tests.scenario.localrack.test_cli import convox

pytestmark = pytest.mark.rack

INTERNAL = MANIFEST.partition("\n")[2].replace("  web:", "  admin:") + "    internal: true\n"
WORKER = """\
  worker:
    build: .
    command: python -S worker.py
    termination: {grace: 20}
"""
# Asks the internal service where Kubernetes' service links say, until it answers; then waits for its end.
WORK = """\
import os, sys, time
from http.client import HTTPConnection

if os.environ.get("BREAK_WORKER"):
    sys.exit("the worker is broken")
while True:
    connection = HTTPConnection(os.environ["ADMIN_SERVICE_HOST"], int(os.environ["ADMIN_SERVICE_PORT"]), timeout=5)
    connection.request("GET", "/")
    answer = connection.getresponse()
    answer.read()
    if answer.status == 200:
        break
    time.sleep(0.05)
print("admin answers the worker", flush=True)
time.sleep(600)
"""
THREE = {**SOURCE, "worker.py": WORK, "convox.yml": MANIFEST + INTERNAL + WORKER}


def statuses(rack: Driver) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in rack.rows():
        found.setdefault(row["service"], set()).add(row["status"])
    return found


def test_every_service_runs_and_says_where_it_is_reached(rack: Driver) -> None:
    """A public one on loopback, an internal one under its internal name, the third nowhere (convox-facts 3.8)."""
    rack.ship(THREE)

    listed = convox(rack, "services", "-a", APP).stdout.splitlines()

    rows = {line.split()[0]: line.split() for line in listed[1:]}
    assert "127.0.0.1" == rows["web"][1]
    assert f"admin.{APP}.local.local" == rows["admin"][1]
    assert rows["admin"][2].endswith(":8000")
    assert {"web": {"running"}, "admin": {"running"}, "worker": {"running"}} == statuses(rack)


def test_a_service_finds_an_internal_one_by_its_service_link(rack: Driver) -> None:
    """As on Kubernetes, with the trap that comes with it: `ADMIN_PORT` is an address, and not a number."""
    rack.ship(THREE)

    worker = rack.rows(service="worker")[0]["id"]
    log = rack.info.home / "logs" / APP / f"{worker}.log"
    rack.wait_for(lambda: "admin answers the worker" in log.read_text())


def test_a_broken_worker_holds_up_the_promote_and_is_reverted_with_the_rest(rack: Driver) -> None:
    """A service without a port has no health check, but it has to stay up."""
    old = rack.ship(THREE)
    broken = rack.set_env("BREAK_WORKER=1")

    rack.promote(broken)
    rack.wait_for(lambda: ["running", "running"] == [r["status"] for r in rack.rows(service="web", release=broken)])
    rack.wait_for(lambda: "crashed" in [r["status"] for r in rack.rows(service="worker", release=broken)])
    assert "updating" == rack.status
    rack.post(f"/apps/{APP}/cancel")
    rack.wait_for(lambda: ("running", old) == (rack.status, rack.active))

    # rows that are going still show (3.3)
    rack.wait_for(lambda: {old} == {row["release"] for row in rack.rows()})
    assert {"web": {"running"}, "admin": {"running"}, "worker": {"running"}} == statuses(rack)


def test_a_service_that_a_release_no_longer_has_is_gone(rack: Driver) -> None:
    """Its processes and its front door; the others stay where they were."""
    rack.ship(THREE)
    doors = {row["name"]: row["ports"][0]["balancer"] for row in rack.get(f"/apps/{APP}/services") if row["ports"]}

    rack.ship(SOURCE)
    rack.wait_for(lambda: {"web"} == set(statuses(rack)))

    assert "web" == httpx.get(f"http://127.0.0.1:{doors['web']}/", trust_env=False).json()["SERVICE"]
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{doors['admin']}/", trust_env=False)
