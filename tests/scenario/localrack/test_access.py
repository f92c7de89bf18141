"""Being denied, and https: what a CLI meets at the door of a rack."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect

from deployer.localrack import lifecycle, practice
from deployer.localrack.access import Role
from deployer.localrack.options import RackOptions
from tests.scenario.localrack.conftest import options_in
from tests.scenario.localrack.harness import APP, Driver, read_all

pytestmark = pytest.mark.rack


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RackOptions]:
    chosen = replace(options_in(tmp_path_factory.mktemp("access")), tls=True)
    lifecycle.up(chosen)
    yield chosen
    lifecycle.down(chosen)


def trusting(options: RackOptions) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(options.home.certificate))


@pytest.mark.parametrize(("role", "reads", "writes"), [("read", 200, 401), ("write", 200, 200), ("deploy", 401, 200)])
def test_a_role_is_held_to_its_rights(place: RackOptions, role: str, reads: int, writes: int) -> None:
    """In the rack's words (convox-facts 1.5)."""
    url = practice.access_url(place, Role(role), for_s=60)

    with httpx.Client(verify=trusting(place), trust_env=False) as client:
        read = client.get(f"{url}/apps/{APP}/releases")
        written = client.post(f"{url}/apps/{APP}/releases", data={"env": "A=1"})

    assert (reads, writes) == (read.status_code, written.status_code)
    denied = {answer.text for answer in (read, written) if answer.status_code == 401}
    assert denied <= {"you are unauthorized to access this\n"}


def test_an_expired_credential_says_that_it_is(place: RackOptions) -> None:
    """And not that it is wrong."""
    url = practice.access_url(place, Role.WRITE, for_s=-1)

    answer = httpx.get(f"{url}/apps", verify=trusting(place), trust_env=False)

    assert (401, "invalid authentication: token is expired\n") == (answer.status_code, answer.text)


def test_a_socket_is_denied_in_band(place: RackOptions) -> None:
    """`exec` with a read-only credential (convox-facts 5.4), over https as well."""
    url = practice.access_url(place, Role.READ, for_s=60)
    credential, _, at = url.removeprefix("https://").partition("@")
    basic = base64.b64encode(credential.encode()).decode()

    with connect(
        f"wss://{at}/apps/{APP}/processes/web/exec",
        ssl=trusting(place),
        additional_headers={"Authorization": f"Basic {basic}"},
        proxy=None,
    ) as socket:
        assert "ERROR: you are unauthorized to access this\n" == read_all(socket)


def test_the_certificate_is_made_once_and_the_key_is_private(place: RackOptions) -> None:
    """A rack that comes back is the same to whoever trusts it."""
    before = place.home.certificate.read_text()

    lifecycle.down(place)
    lifecycle.up(place)

    assert before == place.home.certificate.read_text()
    assert 0o600 == place.home.key.stat().st_mode & 0o777


def test_nobody_else_is_believed(place: RackOptions) -> None:
    """It is self-signed: who does not know it refuses it."""
    url = practice.access_url(place, Role.READ, for_s=60)

    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{url}/apps", trust_env=False)


def test_a_rack_that_is_down_has_no_credentials(tmp_path: Path) -> None:
    """Said with what to do."""
    with pytest.raises(lifecycle.RackFailed, match="is not up"):
        practice.access_url(RackOptions(state_dir=tmp_path / "rack"), Role.READ, for_s=60)


def test_the_status_of_an_https_rack_can_be_asked(place: RackOptions) -> None:
    """`rack status` trusts the rack's own certificate."""
    report = lifecycle.status(place)

    assert report is not None
    assert [APP] == [app.name for app in report.apps]
    assert Driver(report.info).info.scheme == "https"
