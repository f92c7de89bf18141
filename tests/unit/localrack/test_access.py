"""Who may do what on a rack (convox-facts 1.5)."""

from __future__ import annotations

import pytest

from deployer.localrack.access import NotAdmitted, Role, make_token, may, read_role

PASSWORD = "swordfish"
APP = "/apps/myapi"


@pytest.mark.parametrize("role", list(Role))
def test_a_token_is_its_role_until_it_expires(role: Role) -> None:
    """From then on the rack says so."""
    token = make_token(PASSWORD, role, expires_s=100)

    assert role is read_role(PASSWORD, token, now_s=99)
    with pytest.raises(NotAdmitted, match="token is expired"):
        read_role(PASSWORD, token, now_s=100)


@pytest.mark.parametrize("given", ["", "guess", "admin.999.", "read.x.y", "..", make_token("other", Role.READ, 999)])
def test_what_was_not_signed_here_is_not_admitted(given: str) -> None:
    """Whatever it claims."""
    with pytest.raises(NotAdmitted, match=r"^invalid authentication$"):
        read_role(PASSWORD, given, now_s=0)


def test_a_token_cannot_be_talked_up() -> None:
    """The role is signed."""
    token = make_token(PASSWORD, Role.READ, expires_s=100)

    with pytest.raises(NotAdmitted):
        read_role(PASSWORD, token.replace("read", "admin"), now_s=0)


READS = [("GET", "/apps"), ("GET", f"{APP}/processes"), ("GET", f"{APP}/logs"), ("GET", f"{APP}/releases")]
WRITES = [("POST", f"{APP}/releases/R/promote"), ("POST", f"{APP}/cancel"), ("DELETE", f"{APP}/processes/web-1")]
EXEC = ("GET", f"{APP}/processes/web-1/exec")
FAULTS = ("POST", "/_local/faults")


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        (Role.READ, READS),
        (Role.WRITE, [*READS, *WRITES, EXEC]),
        (Role.ADMIN, [*READS, *WRITES, EXEC, FAULTS]),
        # facts 12: no ps, no releases, no rollback; but logs, run and a promote by id
        (Role.DEPLOY, [READS[2], WRITES[0], WRITES[2], EXEC]),
    ],
)
def test_a_role_may_do_its_own_and_nothing_more(role: Role, allowed: list[tuple[str, str]]) -> None:
    """A socket's method is that of its upgrade: GET."""
    every = [*READS, *WRITES, EXEC, FAULTS]

    assert allowed == [(method, path) for method, path in every if may(role, method, path)]
