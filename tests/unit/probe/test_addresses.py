"""Which addresses may be asked, and in which order."""

from __future__ import annotations

import pytest

from deployer.probe.addresses import look_up, refusal_of, rotated


@pytest.mark.parametrize("address", ["93.184.216.34", "10.0.0.8", "192.168.1.2", "2606:2800:220:1::1", "fd12:3456::1"])
def test_public_and_private_addresses_may_be_asked(address: str) -> None:
    """Racks live in private networks too."""
    assert "" == refusal_of(address, allow_loopback=False)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.170.2",
        "::ffff:169.254.169.254",
        "fe80::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "100.100.100.200",
        "168.63.129.16",
        "0.0.0.0",  # noqa: S104
        "::",
        "224.0.0.1",
        "255.255.255.255",
    ],
)
def test_others_are_never_asked(address: str) -> None:
    """Metadata services give credentials to whoever asks; the rest is nobody's address."""
    assert refusal_of(address, allow_loopback=True)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
def test_loopback_is_asked_only_when_allowed(address: str) -> None:
    """Allowed when the rack itself is on loopback."""
    assert refusal_of(address, allow_loopback=False)
    assert "" == refusal_of(address, allow_loopback=True)


def test_turns_begin_with_the_next_address() -> None:
    """So that the replicas behind each of a balancer's addresses are heard."""
    assert [("a", "b"), ("b", "a"), ("a", "b")] == [rotated(("a", "b"), turn) for turn in range(3)]


def test_a_name_that_cannot_be_looked_up_has_no_addresses() -> None:
    """Not even a name that the resolver chokes on is an error."""
    assert () == look_up("a" * 70 + ".example", 80)
    assert ("127.0.0.1",) == look_up("127.0.0.1", 80)
