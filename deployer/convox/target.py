"""Which app on which rack a child process may touch, and the environment it gets for it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from deployer.core.names import AppName, RackName
from deployer.core.redact import Secret

# What the CLI needs to run, to find its settings and to reach a rack; nothing else of ours is any business of a
# child (faults 4.1). TEST drops the git sha of a build and X_DEV_ALLOW_HTTP prints into stdout (convox-facts 1.2).
_PASSED = frozenset({"HOME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "TMPDIR", "TZ", "USER"})
_PASSED_PREFIXES = ("CONVOX_", "LC_", "SSL_CERT_", "XDG_")
_PROXIES = frozenset({"ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"})


@dataclass(frozen=True, slots=True)
class Peer:
    """The other end of the CLI's connections. `port` is `None` where the URL names none."""

    host: str
    port: int | None
    is_tls: bool


@dataclass(frozen=True, slots=True)
class Target:
    """
    One app on one rack. `rack_url` beats `rack`, as it does in the CLI (convox-facts 1.1).

    With neither, the CLI's own choice stands: CONVOX_RACK, `.convox/rack`, `convox switch`. `console` is CONVOX_HOST.
    `is_insecure`: a person has accepted that nobody knows who answers there.
    """

    app: AppName
    rack: RackName | None = None
    rack_url: Secret | None = None
    actor: str = ""
    is_insecure: bool = False
    console: str = ""

    @property
    def peer(self) -> Peer | None:
        """Whom the CLI sends its credential to, as far as we know: the rack, or the console that CONVOX_HOST names."""
        if self.rack_url is None:
            return _console(self.console) if self.console else None
        host, port, scheme = (_part(self.rack_url, name) for name in ("hostname", "port", "scheme"))
        return Peer(host, int(port) if port else None, is_tls=scheme == "https")

    @property
    def is_loopback(self) -> bool:
        """The rack is on this machine, as the local rack is."""
        host = _part(self.rack_url, "hostname") if self.rack_url else ""
        try:
            return host == "localhost" or ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What must never be shown: the rack's URL, and its password as written and as meant."""
        if self.rack_url is None:
            return ()
        password = _part(self.rack_url, "password")
        return (self.rack_url, Secret(password), Secret(unquote(password)))


def child_environment(parent: Mapping[str, str], target: Target) -> dict[str, str]:
    """What a `convox` child gets of our environment. RACK_URL only when it names the rack that is wanted."""
    passed = {key: value for key, value in parent.items() if _is_passed(key, target)}
    if target.actor:
        passed["CONVOX_ACTOR"] = target.actor
    if target.rack_url:
        passed["RACK_URL"] = target.rack_url.reveal()
    return passed


def credentials_in(environment: Mapping[str, str]) -> tuple[Secret, ...]:
    """What lets a child into a console, which it may repeat like anything else (convox-facts 1.2)."""
    return tuple(Secret(environment[key]) for key in ("CONVOX_PASSWORD", "CONVOX_TOKEN") if environment.get(key))


def _is_passed(key: str, target: Target) -> bool:
    if key.upper() in _PROXIES:
        return not target.is_loopback  # the CLI's sockets honour proxies, its requests do not (convox-facts 1.3)
    return key in _PASSED or key.startswith(_PASSED_PREFIXES)


def _console(host: str) -> Peer:
    """A host and maybe a port; the CLI speaks https to it (convox-facts 1.2)."""
    url = Secret(f"https://{host}")
    port = _part(url, "port")
    return Peer(_part(url, "hostname"), int(port) if port else None, is_tls=True)


def _part(url: Secret, name: str) -> str:
    try:
        return str(getattr(urlsplit(url.reveal()), name) or "")
    except ValueError:  # its text would quote the URL
        return ""
