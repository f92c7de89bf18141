from __future__ import annotations

from pathlib import Path

import pytest

from deployer.bootstrap import place
from deployer.bootstrap.options import Options
from deployer.core.errors import RackUnreachable, Refused
from deployer.core.names import AppName
from deployer.localrack.report import RackInfo

LOCAL_URL = "http://convox:admin@127.0.0.1:4040"


def options(rack: str | None = None) -> Options:
    return Options(app=AppName("demo"), rack=rack)


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> None:
    """A local rack is up, at a fifth of the real times."""
    running = RackInfo("local", 1, 4040, 0.2, 2.0, Path("/nowhere"), LOCAL_URL, "admin")
    monkeypatch.setattr(place, "_local_rack", lambda name: running if name == "local" else None)


@pytest.fixture
def no_local(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "_local_rack", lambda _: None)


@pytest.mark.usefixtures("local")
def test_the_local_rack_by_name() -> None:
    """`--rack local` is the embedded one: its URL, its pace, and our stand-in where there is no CLI."""
    found = place.place_of(options("local"), {})

    assert found.is_local
    assert found.url is not None
    assert (LOCAL_URL, 0.2) == (found.url.reveal(), found.time_scale)


@pytest.mark.usefixtures("local")
@pytest.mark.parametrize("url", [LOCAL_URL, "http://jwt:read-only@127.0.0.1:4040"])
def test_the_local_rack_by_url(url: str) -> None:
    """RACK_URL of the local rack is enough, also with a lesser credential, which is then the one that is used."""
    found = place.place_of(options(), {"RACK_URL": url})

    assert found.is_local
    assert found.url is not None
    assert url == found.url.reveal()


@pytest.mark.usefixtures("no_local")
def test_the_local_rack_is_down() -> None:
    """Say so, and how to start it."""
    with pytest.raises(RackUnreachable) as error:
        place.place_of(options("local"), {})

    assert "deployer rack up" == error.value.hint


@pytest.mark.usefixtures("local")
def test_a_rack_url_never_beats_a_name_in_silence() -> None:
    """The CLI would take RACK_URL and ignore `--rack` (convox-facts 1.1)."""
    with pytest.raises(Refused):
        place.place_of(options("acme/production"), {"RACK_URL": "https://convox:x@elsewhere.test"})


@pytest.mark.usefixtures("no_local")
@pytest.mark.parametrize(
    "url", ["http://[::1", "https://u:s3cret@[bad]/", "::", "u:s3cret@host", "10.0.0.1:5000", "https://u:s3cret@h:port"]
)
def test_a_rack_url_that_is_none_is_refused(url: str) -> None:
    """Before the CLI gets it, which would quote it with its password."""
    with pytest.raises(Refused, match="RACK_URL is not a URL") as error:
        place.place_of(options(), {"RACK_URL": url})

    assert (None, None) == (error.value.__cause__, error.value.__context__)


@pytest.mark.usefixtures("no_local")
@pytest.mark.parametrize(
    ("rack", "environ", "label"),
    [
        ("acme/production", {}, "acme/production"),
        (None, {"CONVOX_RACK": "acme/staging"}, "acme/staging"),
        (None, {"RACK_URL": "https://jwt:x@api.acme.test"}, "api-acme-test"),
        (None, {}, "current"),
    ],
)
def test_every_place_has_a_name_for_our_folders(rack: str | None, environ: dict[str, str], label: str) -> None:
    """Journals are kept by rack, and the name never holds a credential."""
    assert label == place.place_of(options(rack), environ).label
