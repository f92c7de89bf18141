"""What a child gets of our environment, and what it does not."""

from __future__ import annotations

import pytest

from deployer.convox.target import Target, child_environment
from deployer.core.names import AppName
from deployer.core.redact import Secret

APP = AppName("myapp")


def test_only_what_the_cli_needs_is_passed() -> None:
    """Secrets of ours are no business of a child (faults 4.1)."""
    ours = {
        "PATH": "/bin",
        "HOME": "/home/x",
        "LC_ALL": "C",
        "XDG_CONFIG_HOME": "/x",
        "CONVOX_HOST": "console",
        "SSL_CERT_FILE": "/ca",
        "OPENAI_API_KEY": "sk-1",
        "AWS_SECRET_ACCESS_KEY": "s",
        "TEST": "true",
        "X_DEV_ALLOW_HTTP": "true",
        "PYTHONPATH": "/evil",
        "LD_PRELOAD": "/evil.so",
    }

    passed = child_environment(ours, Target(APP))

    assert {"PATH", "HOME", "LC_ALL", "XDG_CONFIG_HOME", "CONVOX_HOST", "SSL_CERT_FILE"} == passed.keys()


def test_rack_url_of_our_environment_is_not_passed() -> None:
    """It would beat the rack that was asked for (convox-facts 1.1)."""
    passed = child_environment({"RACK_URL": "https://u:p@other"}, Target(APP))

    assert {} == passed


def test_wanted_rack_and_actor_are_set() -> None:
    """The URL travels in the environment, which only we and root can read; the actor is for the rack's audit trail."""
    target = Target(APP, rack_url=Secret("https://u:p@host"), actor="gha:42")

    passed = child_environment({"RACK_URL": "https://u:p@other", "CONVOX_ACTOR": "somebody"}, target)

    assert {"RACK_URL": "https://u:p@host", "CONVOX_ACTOR": "gha:42"} == passed


@pytest.mark.parametrize(
    ("url", "is_passed"),
    [("http://u:p@127.0.0.1:5000", False), ("http://localhost", False), ("http://[::1]:1", False), ("https://h", True)],
)
def test_proxies_are_not_for_a_rack_on_this_machine(url: str, is_passed: bool) -> None:
    """The CLI's sockets would go through them (convox-facts 1.3)."""
    passed = child_environment({"https_proxy": "http://proxy", "NO_PROXY": "x"}, Target(APP, rack_url=Secret(url)))

    assert is_passed == ("https_proxy" in passed)


@pytest.mark.parametrize("url", ["https://convox:se%zzcret@h", "http://[::1", "::", "127.0.0.1:1"])
def test_malformed_urls_are_no_trouble_here(url: str) -> None:
    """The CLI says what is wrong with them; we only must not show them."""
    target = Target(APP, rack_url=Secret(url))

    assert not target.is_loopback
    assert url not in repr(target)
    assert target.secrets[0].reveal() == url


def test_password_is_known_in_both_spellings() -> None:
    """As it stands in the URL, and as it is meant."""
    target = Target(APP, rack_url=Secret("https://convox:p%40ss@h"))

    assert ["https://convox:p%40ss@h", "p%40ss", "p@ss"] == [secret.reveal() for secret in target.secrets]
