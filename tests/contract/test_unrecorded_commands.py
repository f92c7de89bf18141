"""Commands of the stand-in that no recording shows; what is expected stands in convox-facts 2.4, 2.9 and 2.11."""

from __future__ import annotations

import time

import pytest

from tests.contract.by_hand import Run
from tests.contract.scripted_rack import ScriptedRack

POSTGRES = {"name": "db", "type": "postgres", "url": "postgres://app:hidden@db:5432/app"}
BARE = {"name": "files", "type": "efs", "url": ""}
OLD_WARNING = "\nWarning: this rack version may not support env masking\n"


def test_deleting_an_app_waits_until_it_is_not_found(run: Run) -> None:
    """Five seconds of sleep, then two answers in a row that there is no such app."""
    before = time.monotonic()

    done = run("apps", "delete", "myapp")

    assert ("Deleting myapp... OK\n", "", 0) == (done.stdout, done.stderr, done.status)
    assert ["DELETE /apps/myapp", "GET /apps/myapp", "GET /apps/myapp"] == done.asked
    assert 15 <= time.monotonic() - before < 20


def test_deleting_an_app_that_is_not_there_fails_at_once(run: Run) -> None:
    """Nothing is waited for."""
    done = run("apps", "delete", "other")

    assert ("Deleting other... ", "ERROR: app not found: other\n", 1) == (done.stdout, done.stderr, done.status)


@pytest.mark.parametrize(("word", "said", "sent"), [("lock", "Locking", "true"), ("unlock", "Unlocking", "false")])
def test_a_lock_is_one_request(run: Run, racks: list[ScriptedRack], word: str, said: str, sent: str) -> None:
    """The app may be an argument or a flag, and nothing is waited for."""
    done = run("apps", word, "-a", "myapp")

    assert (f"{said} myapp... OK\n", 0) == (done.stdout, done.status)
    assert [("PUT", "/apps/myapp", {"form": {"lock": sent}})] == [
        (entry["method"], entry["path"], entry["body"]) for entry in racks[0].requests
    ]


def test_parameters_are_sorted(run: Run) -> None:
    """As an info block."""
    done = run("apps", "params", "myapp", scenario={"parameters": {"Version": "2", "A": "1"}})

    assert "A        1\nVersion  2\n" == done.stdout
    assert ["GET /system", "GET /apps/myapp"] == done.asked


def test_instances_say_how_much_of_them_is_used(run: Run) -> None:
    """A share already, or one of what there is to give; a column that is empty is spaces."""
    bare = {"id": "local", "status": "running", "processes": 3, "cpu": 0, "memory": 0.125, "private-ip": "127.0.0.1"}
    full = {**bare, "id": "i-1", "public-ip": "1.2.3.4", "cpu": 500, "cpu-allocatable": 2000, "memory": 1}
    full["memory-allocatable"] = 4

    done = run("instances", scenario={"instances": [bare, full]})

    assert (
        "ID     STATUS   STARTED  PS  CPU     MEM     PUBLIC   PRIVATE\n"
        "local  running           3   0.00%   12.50%           127.0.0.1\n"
        "i-1    running           3   25.00%  25.00%  1.2.3.4  127.0.0.1\n"
    ) == done.stdout
    assert ["GET /instances"] == done.asked


def test_what_an_app_is_given_is_listed(run: Run) -> None:
    """Resources with their URL, password and all; balancers; certificates, ready unless they say otherwise."""
    certificate = {"id": "c1", "domain": "a.example.org", "expiration": "0001-01-01T00:00:00Z"}
    balancer = {"name": "edge", "service": "web", "endpoint": "1.2.3.4"}
    scenario = {"resources": [POSTGRES], "balancers": [balancer], "certificates": [certificate]}

    resources = run("resources", "-a", "myapp", scenario=scenario)
    balancers = run("balancers", "-a", "myapp", scenario=scenario)
    certificates = run("certs", "--generated", scenario=scenario)

    assert "NAME  TYPE      URL\ndb    postgres  postgres://app:hidden@db:5432/app\n" == resources.stdout
    assert ["GET /system", "GET /apps/myapp/resources"] == resources.asked
    assert "BALANCER  SERVICE  ENDPOINT\nedge      web      1.2.3.4\n" == balancers.stdout
    assert "ID  DOMAIN         EXPIRES  Status\nc1  a.example.org           Ready\n" == certificates.stdout


def test_one_resource_is_told_with_its_url_or_without(run: Run) -> None:
    """`resources url` of one that has none is an error."""
    scenario = {"resources": [POSTGRES, BARE]}

    told = [run("resources", "info", name, "-a", "myapp", scenario=scenario).stdout for name in ("db", "files")]
    url = run("resources", "url", "db", "-a", "myapp", scenario=scenario)
    none = run("resources", "url", "files", "-a", "myapp", scenario=scenario)

    assert [f"Name  db\nType  postgres\nURL   {POSTGRES['url']}\n", "Name  files\nType  efs\n"] == told
    assert f"{POSTGRES['url']}\n" == url.stdout
    assert ("", "ERROR: no url for resource: files\n", 1) == (none.stdout, none.stderr, none.status)


def test_masks_are_kept_in_a_config_and_read_back(run: Run, racks: list[ScriptedRack]) -> None:
    """The keys are named with their tags, which are an argument and so stay."""
    scenario = {"configs": {"cli-env-mask": "OLD"}}

    done = run("env", "mask", "set", "B", "A", "B", "-a", "myapp", scenario=scenario)
    listed = run("env", "mask", "-a", "myapp", scenario={"configs": dict(racks[0].state.configs)})
    unset = run("env", "mask", "unset", "OLD", "-a", "myapp", scenario=scenario)

    assert "Setting masked env keys <info>A</info>, <info>B</info>... OK\n" == done.stdout
    assert "A\nB\nOLD\n" == listed.stdout
    assert "Unsetting masked env keys <info>OLD</info>... OK\n" == unset.stdout
    assert [f"{method} /apps/myapp/configs/cli-env-mask" for method in ("GET", "PUT", "GET")] == done.asked


@pytest.mark.parametrize(
    ("key", "complaint"),
    [
        ("A=1", "use `convox env set KEY=VALUE` to set env values. `convox env mask set` takes key names only"),
        ("A B", "invalid env key name: \"A B\" (must not contain whitespace or '=')"),
        ("A\x1b[1m", 'invalid env key name: "A\\x1b[1m" (must not contain control characters)'),
    ],
)
def test_only_key_names_are_masked(run: Run, key: str, complaint: str) -> None:
    """Nothing is asked of the rack for any other."""
    done = run("env", "mask", "set", key, "-a", "myapp")

    assert ("", f"ERROR: {complaint}\n", 1, []) == (done.stdout, done.stderr, done.status, done.asked)


def test_a_rack_without_configs_is_warned_of_and_that_succeeds(run: Run) -> None:
    """On stdout, with status 0 (convox-facts 8.1)."""
    rule = {"p": "/configs/", "status": 404}

    done = run("env", "mask", "set", "A", "-a", "myapp", scenario={"faults": [rule]})

    assert (f"Setting masked env keys <info>A</info>... {OLD_WARNING}", "", 0) == (
        done.stdout,
        done.stderr,
        done.status,
    )


@pytest.mark.parametrize(
    ("version", "bounds", "complaint"),
    [
        (
            "3.24.5",
            ("--min", "1"),
            '--min / --max range scale requires rack version 3.24.6 or later; rack reports "3.24.5"',
        ),
        ("dev", ("--max", "3"), '--min / --max range scale requires rack version 3.24.6 or later; rack reports "dev"'),
        ("v3.24.6-rc1", ("--min", "0"), "service web has no autoscale configured; --min 0 would terminate pods"),
    ],
)
def test_a_range_needs_a_rack_that_knows_ranges(
    run: Run, version: str, bounds: tuple[str, str], complaint: str
) -> None:
    """Asked before anything is changed (convox-facts 5.2)."""
    rack = {"version": version, "name": "lab"}

    done = run("scale", "web", *bounds, "-a", "myapp", scenario={"rack": rack, "services": [{"name": "web"}]})

    assert ("", 1, True) == (done.stdout, done.status, done.stderr.startswith(f"ERROR: {complaint}"))
    assert not [asked for asked in done.asked if asked.startswith("PUT")]


def test_updating_a_service_waits_for_the_app(run: Run) -> None:
    """As `scale` does: for a status that does not change."""
    done = run("services", "update", "web", "--count", "2", "-a", "myapp")

    assert done.stdout.startswith("Updating web... \n")
    assert done.stdout.endswith("OK\n")
    assert "PUT /apps/myapp/services/web" == done.asked[0]
