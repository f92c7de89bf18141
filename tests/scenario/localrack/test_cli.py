"""The CLI on a local rack, where one app is well and where it is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.scenario.localrack.harness import APP, Driver

pytestmark = pytest.mark.rack


def convox(rack: Driver, *words: str) -> subprocess.CompletedProcess[str]:
    """The stand-in, or the CLI that `DEPLOYER_CONVOX` names."""
    named = os.environ.get("DEPLOYER_CONVOX")
    command = [named] if named else [sys.executable, "-m", "deployer.localrack.convox"]
    env = {"PATH": os.environ["PATH"], "HOME": str(rack.info.home), "RACK_URL": rack.info.url}
    return subprocess.run(
        [*command, *words], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30, check=False
    )


def test_deploy_debug_says_why_a_release_does_not_start(rack: Driver) -> None:
    """On a terminal, as a table and as JSON."""
    rack.ship()
    broken = rack.set_env("BREAK=1")
    rack.promote(broken)
    rack.wait_for(lambda: ["crashed", "crashed"] == rack.statuses(broken))

    told, table, report = (
        convox(rack, "deploy-debug", "-o", form, "-a", APP) for form in ("terminal", "summary", "json")
    )

    assert [0, 0, 0] == [told.returncode, table.returncode, report.returncode]
    assert "CrashLoopBackOff" in told.stdout
    assert "BREAK is set: I refuse to start" in told.stdout
    assert table.stdout.startswith("SERVICE  DESIRED  READY  STATUS\nweb      2        2      deploying\n")
    pods = json.loads(report.stdout)["pods"]
    assert 2 == sum("stateDetail" in pod for pod in pods)


def test_deploy_debug_of_an_app_that_is_not_there(shared: Driver) -> None:
    """As recorded (`deploy-debug-app-notfound`)."""
    asked = convox(shared, "deploy-debug", "-a", "nope")

    assert (1, "ERROR: app not found: nope\n") == (asked.returncode, asked.stderr)


def test_an_app_is_deleted_with_its_processes_unless_it_is_locked(rack: Driver) -> None:
    """`apps lock`, `apps unlock` and `apps delete` as they come over the API."""
    rack.ship()
    rack.http.put(f"/apps/{APP}", data={"lock": "true"})
    assert rack.get(f"/apps/{APP}")["locked"]
    assert 403 == rack.http.delete(f"/apps/{APP}").status_code

    rack.wait_for(lambda: "running" == rack.status)
    rack.http.put(f"/apps/{APP}", data={"lock": "false"})
    assert 200 == rack.http.delete(f"/apps/{APP}").status_code
    rack.wait_for(lambda: 404 == rack.http.get(f"/apps/{APP}").status_code)

    assert [] == rack.rows()
    assert 200 == rack.http.post("/apps", data={"name": APP}).status_code


@pytest.mark.parametrize("what", ["resources", "balancers", "budget", "configs"])
def test_the_lists_that_the_everyday_commands_ask_for_are_there(shared: Driver, what: str) -> None:
    """Over the CLI's own `api get`."""
    asked = convox(shared, "api", "get", f"/apps/{APP}/{what}")

    assert (0, "") == (asked.returncode, asked.stderr)
