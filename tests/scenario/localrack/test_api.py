"""The HTTP API as the real CLI meets it: password, paths, errors, lists (convox-facts 1.3, 5)."""

from __future__ import annotations

import base64

import httpx
import pytest

from tests.scenario.localrack.harness import APP, Driver, read_all

pytestmark = pytest.mark.rack


def test_the_rack_says_what_it_is(shared: Driver) -> None:
    """A version that starts with 3 decides which API the CLI speaks (5.2)."""
    answer = shared.get("/system")

    assert ("local", "local", "running", "3.24.9") == tuple(
        answer[key] for key in ("name", "provider", "status", "version")
    )


@pytest.mark.parametrize("auth", [None, ("convox", "wrong"), ("convox", "")])
def test_no_password_no_answer(shared: Driver, auth: tuple[str, str] | None) -> None:
    """401, the realm and the rack's words (5.1)."""
    answer = httpx.get(f"http://127.0.0.1:{shared.info.port}/apps", auth=auth, trust_env=False)

    assert (401, "invalid authentication\n") == (answer.status_code, answer.text)
    assert 'Basic realm="convox"' == answer.headers["WWW-Authenticate"]


def test_the_user_does_not_matter_and_the_password_may_be_percent_encoded(shared: Driver) -> None:
    """The CLI sends the password as it stands in the URL (1.3)."""
    encoded = "".join(f"%{ord(char):02X}" for char in shared.info.password)
    basic = base64.b64encode(f"anybody:{encoded}".encode()).decode()

    answer = httpx.get(
        f"http://127.0.0.1:{shared.info.port}/auth", headers={"Authorization": f"Basic {basic}"}, trust_env=False
    )

    assert 200 == answer.status_code


def test_on_a_socket_a_wrong_password_is_said_in_band(shared: Driver) -> None:
    """Even a 401 comes as text after the upgrade (5.4)."""
    wrong = base64.b64encode(b"convox:wrong").decode()

    with shared.socket(f"/apps/{APP}/logs", Authorization=f"Basic {wrong}") as socket:
        assert "ERROR: invalid authentication\n" == read_all(socket)


@pytest.mark.parametrize("path", ["//system", "/system/", "/system?", "//apps//myapi/"])
def test_slips_in_a_rack_url_do_no_harm(shared: Driver, path: str) -> None:
    """A slash too many and the CLI's lone `?` are read over."""
    assert 200 == shared.http.get(f"http://127.0.0.1:{shared.info.port}{path}").status_code


def test_an_unknown_route_has_an_empty_404(shared: Driver) -> None:
    """The CLI then prints `response status 404` (recorded: api-get-404)."""
    answer = shared.http.get("/nope")

    assert (404, "") == (answer.status_code, answer.text)


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/apps/nope", 404, "app not found: nope"),
        ("GET", "/apps/nope/budget", 404, "app not found: nope"),
        ("GET", "/apps/nope/resources", 404, "app not found: nope"),
        ("GET", "/apps/nope/balancers", 404, "app not found: nope"),
        ("GET", f"/apps/{APP}/resources/db", 500, "resource not found: db"),
        ("POST", "/apps/nope/releases", 404, "app not found: nope"),
        ("POST", "/apps/nope/builds", 404, "app not found: nope"),
        ("GET", f"/apps/{APP}/releases/RNOPE", 500, 'releases.convox.com "rnope" not found'),
        ("POST", f"/apps/{APP}/releases/RNOPE/promote", 500, 'releases.convox.com "rnope" not found'),
        ("GET", f"/apps/{APP}/builds/BNOPE", 500, 'builds.convox.com "bnope" not found'),
        ("GET", f"/apps/{APP}/processes/web-nope", 500, 'pods "web-nope" not found'),
        ("GET", f"/apps/{APP}/configs/nope", 404, "app config not found: nope"),
        ("POST", f"/apps/{APP}/cancel", 403, "app is not updating"),
        ("GET", f"/apps/{APP}/releases?limit=many", 500, 'strconv.Atoi: parsing "many": invalid syntax'),
    ],
)
def test_refusals_carry_the_racks_words(shared: Driver, method: str, path: str, status: int, text: str) -> None:
    """Plain text and a newline (5.1)."""
    answer = shared.http.request(method, path)

    assert (status, f"{text}\n") == (answer.status_code, answer.text)


@pytest.mark.parametrize(
    "path",
    [
        *("/machines", "/certificates", "/registries", "/system/processes", "/system/releases"),
        *(f"/apps/{APP}/resources", f"/apps/{APP}/balancers"),
    ],
)
def test_what_a_practice_rack_has_none_of_is_an_empty_list(shared: Driver, path: str) -> None:
    """A list and not null: both are read, one is clearer."""
    assert [] == shared.get(path)


def test_this_machine_is_the_racks_one_instance(shared: Driver) -> None:
    """The one that a process says it runs on."""
    (instance,) = shared.get("/instances")

    assert ("local", "running", "127.0.0.1") == tuple(instance[key] for key in ("id", "status", "private-ip"))
    assert instance["started"].startswith("20")


def test_without_a_budget_there_is_none(shared: Driver) -> None:
    """Two nulls, and no shutdown."""
    assert {"config": None, "state": None} == shared.get(f"/apps/{APP}/budget")
    assert None is shared.get(f"/apps/{APP}/budget/shutdown-state")


def test_processes_of_an_unknown_app_are_an_empty_list(shared: Driver) -> None:
    """`ps -a typo` is an empty table (2.9)."""
    assert [] == shared.get("/apps/nope/processes")


def test_an_app_is_created_and_listed(shared: Driver) -> None:
    """A new app runs, on no release."""
    made = shared.post("/apps", name="other").json()

    assert ("other", "running", "", "3") == tuple(made[key] for key in ("name", "status", "release", "generation"))
    assert "other" in [app["name"] for app in shared.get("/apps")]


@pytest.mark.parametrize("name", ["", "../x", "A", "a/b", "a" * 64])
def test_an_apps_name_is_no_path(shared: Driver, name: str) -> None:
    """Names become folders here, so they are checked at the door."""
    answer = shared.http.post("/apps", data={"name": name})

    assert 400 == answer.status_code


def test_configs_are_stored_as_they_come(shared: Driver) -> None:
    """base64 in, text out (2.12)."""
    text = '{"holder": "ci"}\n'

    shared.http.put(f"/apps/{APP}/configs/deployer", data={"value": base64.b64encode(text.encode()).decode()})

    assert {"name": "deployer", "value": text} == shared.get(f"/apps/{APP}/configs/deployer")
    assert {"name": "deployer", "value": text} in shared.get(f"/apps/{APP}/configs")
    assert 500 == shared.http.put(f"/apps/{APP}/configs/bad", data={"value": "%%%"}).status_code


def test_an_absent_env_is_not_an_empty_one(shared: Driver) -> None:
    """Form fields that are missing inherit (5.3)."""
    shared.set_env("A=1")

    kept = shared.post(f"/apps/{APP}/releases").json()
    cleared = shared.http.post(f"/apps/{APP}/releases", content=b"env=").json()

    assert ("A=1", "") == (kept["env"], cleared["env"])
    assert "env remove:A" == cleared["description"]


def test_times_are_rfc3339(shared: Driver) -> None:
    """Go reads them, and an unset one is the year 1 (5.1)."""
    release = shared.post(f"/apps/{APP}/releases", env="B=1").json()
    build = shared.get(f"/apps/{APP}/builds/{shared.start_build({})}")

    assert release["created"].startswith("20")
    assert release["created"].endswith("Z")
    assert build["ended"] == "0001-01-01T00:00:00Z" or build["ended"].startswith("20")


def test_an_object_can_be_put_got_and_deleted(shared: Driver) -> None:
    """What `builds export` and other builders use."""
    path = f"/apps/{APP}/objects/tmp/some/key.bin"

    url = shared.http.post(path, content=b"bytes").json()["Url"]

    assert f"object://{APP}/tmp/some/key.bin" == url
    assert b"bytes" == shared.http.get(path).content
    assert 200 == shared.http.head(path).status_code
    assert 200 == shared.http.delete(path).status_code
    assert 404 == shared.http.get(path).status_code
