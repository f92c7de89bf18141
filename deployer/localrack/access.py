"""Who may do what: credentials with less than all rights, so that being denied can be practised (convox-facts 1.5).

A token is `<role>.<expiry>.<signature>`, signed with the rack's password: the rack keeps no list of them, and all of
them end with that password. Standard library only.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from enum import StrEnum

USER = "jwt"
"""The user in the URL of such a credential, as `convox rack access` prints it."""

UNAUTHORIZED = "you are unauthorized to access this"
EXPIRED = "invalid authentication: token is expired"
INVALID = "invalid authentication"


class Role(StrEnum):
    """`read` may only look, `write` may deploy, `deploy` is a console deploy key, `admin` is the rack's password."""

    READ = "read"
    WRITE = "write"
    DEPLOY = "deploy"
    ADMIN = "admin"

    @classmethod
    def _missing_(cls, value: object) -> Role:
        raise ValueError(f"{value} is no role; there are {', '.join(cls)}")


# ASSUMPTION: a console judges by command, and its source is closed. These are the calls that the commands of its
# default list make (facts 12); `ps`, `env`, `releases`, `releases rollback`, `apps cancel` and `api get` need others.
_DEPLOY_KEY = [
    (method, re.compile(path))
    for method, path in (
        ("GET", r"/system|/racks|/machines|/auth|/system/logs"),
        ("GET", r"/apps/[^/]+"),
        ("POST", r"/apps/[^/]+/objects/.+"),
        ("GET", r"/apps/[^/]+/builds(/[^/]+(/logs)?)?"),
        ("POST", r"/apps/[^/]+/builds"),
        ("POST", r"/apps/[^/]+/releases"),
        ("POST", r"/apps/[^/]+/releases/[^/]+/promote"),
        ("GET", r"/apps/[^/]+/(services/[^/]+/|processes/[^/]+/)?logs"),
        ("POST", r"/apps/[^/]+/services/[^/]+/processes"),
        ("GET", r"/apps/[^/]+/processes/[^/]+(/exec)?"),
        ("DELETE", r"/apps/[^/]+/processes/[^/]+"),
    )
]


class NotAdmitted(Exception):
    """The credential is none of this rack's, or is no longer; the message is the rack's."""


def make_token(password: str, role: Role, expires_s: float) -> str:
    """A credential of that role until `expires_s`, in seconds since the epoch."""
    claim = f"{role}.{int(expires_s)}"
    return f"{claim}.{_sign(password, claim)}"


def read_role(password: str, given: str, now_s: float) -> Role:
    """What this credential may do. Raises NotAdmitted."""
    if hmac.compare_digest(given.encode(), password.encode()):
        return Role.ADMIN
    claim, _, signature = given.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _sign(password, claim).encode()):
        raise NotAdmitted(INVALID)
    role, _, expires_s = claim.partition(".")
    if now_s >= int(expires_s):
        raise NotAdmitted(EXPIRED)
    return Role(role)


def may(role: Role, method: str, path: str) -> bool:
    """May a request pass; a socket's method is GET, as its upgrade's."""
    match role:
        case Role.ADMIN:
            return True
        case _ if path.startswith("/_local/"):
            return False
        case Role.WRITE:
            return True
        case Role.READ:
            return method in ("GET", "HEAD") and not path.endswith("/exec")
        case Role.DEPLOY:
            return any(method == allowed and pattern.fullmatch(path) for allowed, pattern in _DEPLOY_KEY)


def _sign(password: str, claim: str) -> str:
    return hmac.new(password.encode(), claim.encode(), hashlib.sha256).hexdigest()
