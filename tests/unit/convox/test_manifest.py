"""convox.yml with Convox's own defaults."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployer.convox.manifest import read_manifest
from deployer.core.errors import Refused
from deployer.core.models import ServiceSpec
from deployer.core.names import ServiceName

WEB = ServiceName("web")


def spec(text: str) -> ServiceSpec:
    found = read_manifest(f"services:\n  web:\n    {text}\n").service(WEB)
    assert found
    return found


def test_everything_has_a_default() -> None:
    """A service may be nothing but its name (convox-facts 3.8)."""
    manifest = read_manifest("services:\n  web:\n")

    assert (ServiceSpec(WEB, port=None),) == manifest.services
    assert ("/", 5.0, 5.0, 30.0, 1) == (
        manifest.services[0].health_path,
        manifest.services[0].health_interval_s,
        manifest.services[0].health_grace_s,
        manifest.services[0].termination_grace_s,
        manifest.services[0].count,
    )


@pytest.mark.parametrize(
    ("text", "path", "interval_s", "grace_s"),
    [
        ("health: /check", "/check", 5, 5),
        ("health: {path: /check, interval: 10}", "/check", 10, 10),
        ("health: {interval: 10, grace: 30}", "/", 10, 30),
        ('health: {interval: "10"}', "/", 5, 5),
        ("health: {disable: true}", "/", 5, 5),
        ("health: check", "/check", 5, 5),
    ],
)
def test_health_is_a_path_or_a_mapping(text: str, path: str, interval_s: float, grace_s: float) -> None:
    """Grace defaults to the interval; what is no whole number is passed over, as Convox does."""
    found = spec(text)

    assert (path, interval_s, grace_s) == (found.health_path, found.health_interval_s, found.health_grace_s)


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("port: 8000", 8000),
        ('port: "8000"', 8000),
        ("port: https:8443", 8443),
        ("port: {port: 8443, scheme: https}", 8443),
        ("port: ${WEB_PORT}", 0),
        ("image: x", None),
    ],
)
def test_port_has_several_forms(text: str, port: int | None) -> None:
    """None: nothing listens. 0: only the rack knows."""
    assert port == spec(text).port


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("scale: 3", 3),
        ("scale: 2-10", 2),
        ("scale: {count: 2-10}", 2),
        ("scale: {count: 4}", 4),
        ("scale: {min: 2, max: 9}", 2),
        ("scale: {cpu: 512}", 1),
        ("scale: {count: 0}", 0),
        ("scale: ${N}", 1),
    ],
)
def test_scale_has_several_forms(text: str, count: int) -> None:
    """The lowest of a range is where a service starts."""
    assert count == spec(text).count


@pytest.mark.parametrize(
    ("text", "is_internal", "is_agent"),
    [
        ("internal: true", True, False),
        ("internalRouter: true", True, False),
        ("agent: true", False, True),
        ("x: 1", False, False),
    ],
)
def test_what_cannot_be_asked_from_outside_is_known(text: str, is_internal: bool, is_agent: bool) -> None:
    """Such services are proven by the rack's process list."""
    found = spec(text)

    assert (is_internal, is_agent) == (found.is_internal, found.is_agent)


def test_termination_grace_is_read() -> None:
    """It says how long old rows may still read `running`."""
    assert 90.0 == spec("termination: {grace: 90}").termination_grace_s


def test_names_without_a_value_are_required() -> None:
    """From the app and from each service; a default, also an empty one, is none."""
    text = "environment: [A, B=1]\nservices:\n  web:\n    environment:\n      - C\n      - D=\n      - '*'\n"

    assert {"A", "C"} == read_manifest(text).required


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not a mapping"),
        ("- a", "not a mapping"),
        ("a: [", "not YAML: line"),
        ("environment: []\n", "no services"),
        ("services: []\n", "no services"),
        ("services:\n  Web: {}\n", "service name 'Web'"),
        ("services:\n  web: 3\n", "service web is not a mapping"),
        ("services:\n  web:\n    environment: A\n", "environment of service web"),
        ("services:\n  web:\n    environment:\n      - A: 1\n", "environment of service web"),
        ("at: 2024-99-99\n", "not YAML"),
    ],
)
def test_what_is_wrong_is_said_with_the_files_name(text: str, why: str) -> None:
    """A problem that preflight can list beside others."""
    with pytest.raises(Refused) as caught:
        read_manifest(text, "app/convox.yml")

    assert caught.value.what.startswith("app/convox.yml is not readable: ")
    assert why in caught.value.what


@given(
    text=st.one_of(
        st.text(),
        st.lists(st.sampled_from(["services:", "\n", "  web:", " ", "port: 1", "[", "{", "&a", "*a", ": ", "- "])).map(
            "".join
        ),
    )
)
def test_no_text_breaks_the_reader(text: str) -> None:
    """Read, or Refused."""
    try:
        read_manifest(text)
    except Refused as error:
        assert "\n" not in error.what  # noqa: PT017
