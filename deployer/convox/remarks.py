"""
What is odd in a convox.yml though Convox takes it: told by `doctor`, refused by nobody.

Convox passes over keys that it does not know (convox-facts 7), so a slip of the pen turns a health check or a limit
off without a word.
"""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from deployer.core.errors import Problem

# convox-facts 7.
_TOP = frozenset(
    "appSettings balancers budget configs environment labels params resources services timers".split()  # noqa: SIM905
)
_SERVICE = frozenset(
    """
    agent annotations build certificate command configMounts deployment disableHostUsers dnsConfig domain drain
    environment grpcHealthEnabled health liveness startupProbe image imagePullSecrets ingressAnnotations init
    initContainer internal internalRouter labels lifecycle nodeAffinityLabels nodeSelectorLabels port ports privileged
    resources scale securityContext singleton sticky termination test timeout tls volumes volumeOptions whitelist
    accessControl
    """.split()  # noqa: SIM905
)
_HEALTH = frozenset("path interval timeout grace port disable".split())  # noqa: SIM905
# The env that Convox sets for every process: an entry makes it the app's own to change (convox-facts 7.1).
_INJECTED = frozenset({"PORT", "RELEASE", "BUILD", "RACK", "APP", "SERVICE", "RACK_URL"})

Pair = tuple[yaml.ScalarNode, yaml.Node]


def remarks(text: str, name: str = "convox.yml") -> tuple[Problem, ...]:
    """Of a text that `read_manifest` accepts; anything else has none. Each names its line."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return ()
    return tuple(Problem(f"{name}:{line} {what}", hint) for line, what, hint in _odd(root))


def _odd(root: yaml.Node | None) -> Iterator[tuple[int, str, str]]:
    yield from _unknown(root, _TOP, "convox.yml")
    for key, node in _pairs(root):
        if key.value == "environment":
            yield from _injected(node)
        if key.value != "services":
            continue
        for service, spec in _pairs(node):
            yield from _unknown(spec, _SERVICE, f"service {service.value}")
            for part, inner in _pairs(spec):
                if part.value == "environment":
                    yield from _injected(inner)
                if part.value == "health":
                    yield from _unknown(inner, _HEALTH, f"health of {service.value}")


def _unknown(node: yaml.Node | None, known: frozenset[str], where: str) -> Iterator[tuple[int, str, str]]:
    for key, _ in _pairs(node):
        if key.value not in known:
            yield _line(key), f"{where} has no key {key.value[:60]!r}: Convox passes over it", "check its spelling"


def _injected(node: yaml.Node) -> Iterator[tuple[int, str, str]]:
    for entry in node.value if isinstance(node, yaml.SequenceNode) else ():
        key = str(entry.value).partition("=")[0].strip() if isinstance(entry, yaml.ScalarNode) else ""
        if key in _INJECTED:
            effect = "move the app off its probes" if key == "PORT" else "break the proof"
            yield _line(entry), f"{key} in environment lets `env set {key}` {effect}", "delete the line"


def _pairs(node: yaml.Node | None) -> tuple[Pair, ...]:
    if not isinstance(node, yaml.MappingNode):
        return ()
    return tuple((key, value) for key, value in node.value if isinstance(key, yaml.ScalarNode))


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
