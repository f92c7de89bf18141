"""One round of health answers: what the engine asks for at each tick."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count, islice, zip_longest
from typing import TYPE_CHECKING

from deployer.core.errors import Usage
from deployer.core.models import Answer, HealthTarget
from deployer.core.policy import Policy
from deployer.core.redact import Secret
from deployer.probe.answers import Fields
from deployer.probe.freshness import Heard, with_repeats_marked

if TYPE_CHECKING:
    import ssl

    from deployer.probe.addresses import LookUp
    from deployer.probe.ask import Interruptions, Terms


class HttpProbe:
    """
    Implements the engine's `Probe` port: `policy.probe_s` is for the whole round, bodies included.

    Each answer comes over a connection of its own, since a kept connection stays with one replica (faults 3.5). Host
    names are resolved anew in each round. No proxy, `.netrc` or certificate setting of the environment is heeded.

    `headers` are sent with each request, and never shown. Loopback addresses are refused unless `allow_loopback`;
    link-local ones always are, so that a rack's data cannot make us ask a cloud's metadata service. `tls` replaces
    the default trust in certificates, `look_up` the system's resolver; `interruptions` cut a round short. `redact`
    masks known secrets in what a service says.
    Raises Usage for a header that cannot be sent.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        fields: Fields | None = None,
        headers: Mapping[str, Secret] | None = None,
        allow_loopback: bool = False,
        tls: ssl.SSLContext | None = None,
        look_up: LookUp | None = None,
        interruptions: Interruptions | None = None,
        redact: Callable[[str], str] = str,
    ) -> None:
        self._policy = policy
        self._fields = fields or Fields()
        self._headers = dict(headers or {})
        self._allow_loopback = allow_loopback
        self._tls = tls
        self._look_up = look_up
        self._interruptions = interruptions
        self._redact = redact
        self._rounds = count()
        self._last_round: tuple[Heard, ...] = ()
        _check_headers(self._headers)

    def round(self, targets: Sequence[HealthTarget]) -> tuple[Answer, ...]:
        """Ask all targets, turn and turn about, each as often as it wants and all within the policy. Never raises."""
        from deployer.probe.ask import hold_round  # httpx takes longer to import than `deployer --help` may take

        asked = list(islice(_in_turn(targets), self._policy.probes_a_round))
        heard = hold_round(asked, self._terms(), first_turn=next(self._rounds))
        self._last_round = with_repeats_marked(heard, self._last_round)
        return tuple(each.answer for each in self._last_round)

    def _terms(self) -> Terms:
        from deployer.probe.addresses import look_up
        from deployer.probe.ask import Terms, default_tls

        silence_loggers()
        self._tls = self._tls or default_tls()
        return Terms(
            total_s=self._policy.probe_s,
            at_once=self._policy.probes_at_once,
            fields=self._fields,
            headers=self._headers,
            allow_loopback=self._allow_loopback,
            tls=self._tls,
            look_up=self._look_up or look_up,
            interruptions=self._interruptions,
            redact=self._redact,
        )


def silence_loggers() -> None:
    """At INFO and DEBUG they print URLs with their query, and headers (faults 4.1)."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _in_turn(targets: Sequence[HealthTarget]) -> Iterator[HealthTarget]:
    """The first of each target, then the second of each: a service that hangs does not keep the others from theirs."""
    turns = zip_longest(*([each] * each.times for each in targets))
    return (each for turn in turns for each in turn if each is not None)


def _check_headers(headers: Mapping[str, Secret]) -> None:
    for name, secret in headers.items():
        value = secret.reveal()
        if not (name.isascii() and name.replace("-", "").isalnum()):
            raise Usage("a header for health checks has a name that HTTP does not allow", why=repr(name))
        if not (value.isascii() and value.isprintable()):
            raise Usage(f"the value of the header {name} cannot be sent", why="only printable ASCII can")
