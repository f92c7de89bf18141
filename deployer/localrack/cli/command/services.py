"""`services`, `scale`, `restart` (convox-facts 2.9, 2.12)."""

from __future__ import annotations

import re
from collections import Counter

from deployer.localrack.cli import waits
from deployer.localrack.cli.budget import cap_of, is_autoscaled
from deployer.localrack.cli.errors import CommandError
from deployer.localrack.cli.gofmt import quote
from deployer.localrack.cli.rack import number, text
from deployer.localrack.cli.table import print_table

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from deployer.localrack.cli.budget import Cap
    from deployer.localrack.cli.client import Json, Options
    from deployer.localrack.cli.context import Context

    Column = tuple[str, Callable[[Json], str]]

SCALE_OPTIONS = ("count", "cpu", "gpu", "gpu-vendor", "memory", "min", "max")
RANGES_SINCE = (3, 24, 6)
NO_WAY_BACK = (
    "--min 0 would terminate pods with no wake-up mechanism. "
    "Set scale.autoscale.* in convox.yml and promote a release first, or use --min 1+"
)
TRIGGERS = (
    ("cpu", "cpu-threshold"),
    ("mem", "mem-threshold"),
    ("gpu-util", "gpu-threshold"),
    ("queue", "queue-threshold"),
)


def listing(context: Context) -> None:
    """Columns that no service needs are left out."""
    services = context.rack.services(context.app)
    cap = cap_of(context.rack, context.app, services)
    columns: list[Column] = [("SERVICE", _name), ("DOMAIN", lambda s: text(s, "domain")), ("PORTS", _ports)]
    if any(service["nlb"] for service in services):
        columns.append(("NLB PORTS", lambda s: " ".join(_nlb_port(port) for port in s["nlb"] or [])))
    if any(service[end] is not None for service in services for end in ("min", "max")):
        columns.append(("SCALE", _range))
    if any(is_autoscaled(service) for service in services):
        columns.append(("AUTOSCALE", _triggers))
    if any(service["cold-start"] for service in services):
        columns.append(("COLD", lambda s: "yes" if s["cold-start"] else "-"))
    if cap.at_cap:
        columns.append(("BUDGET", lambda s: cap.token(_name(s))))
    _print(context, columns, services)


def scale(context: Context) -> None:
    """Reads, or with flags changes one service and waits: for the app's status, which scaling does not change."""
    changes = {name: context.flags.option(name) for name in SCALE_OPTIONS}
    if not any(value is not None for value in changes.values()):
        return _print_scale(context)
    _check(context)
    return _change(context, "Scaling", changes)


def update(context: Context) -> None:
    """As `scale` with flags, without its checks."""
    _change(context, "Updating", {name: context.flags.option(name) for name in SCALE_OPTIONS})


def _change(context: Context, verb: str, changes: Options) -> None:
    service = context.arg(0)
    context.writer.start(f"{verb} <service>%s</service>", service)
    context.rack.update_service(context.app, service, changes)
    context.writer.writef("\n")
    waits.app_running_with_logs(context, context.app)
    context.writer.ok()


def restart_all(context: Context) -> None:
    for service in sorted(context.rack.services(context.app), key=_name):
        _restart(context, _name(service))


def restart(context: Context) -> None:
    _restart(context, context.arg(0))


def _restart(context: Context, service: str) -> None:
    """Returns at once; nothing is waited for."""
    context.writer.start("Restarting <service>%s</service>", service)
    context.rack.restart_service(context.app, service)
    context.writer.ok()


def _print_scale(context: Context) -> None:
    wanted = context.arg(0)
    if wanted and wanted not in [_name(service) for service in context.rack.services(context.app)]:
        raise CommandError(f"service {quote(wanted)} not found in app {context.app}")
    services = [s for s in context.rack.services(context.app) if not wanted or _name(s) == wanted]
    running = Counter(text(process, "name") for process in context.rack.processes(context.app))
    cap = cap_of(context.rack, context.app, services)
    columns: list[Column] = [
        ("SERVICE", _name),
        ("DESIRED", lambda s: str(number(s, "count"))),
        ("RUNNING", lambda s: str(running[_name(s)])),
        ("CPU", lambda s: str(number(s, "cpu"))),
        ("MEMORY", lambda s: str(number(s, "memory"))),
        ("GPU", lambda s: str(number(s, "gpu")) if number(s, "gpu") > 0 else "-"),
        ("MIN", lambda s: _cell(s["min"])),
        ("MAX", lambda s: _cell(s["max"])),
    ]
    if any(is_autoscaled(service) for service in services):
        columns.append(("AUTOSCALE", _triggers))
    columns.append(("STATUS", lambda s: _scale_status(s, cap)))
    _print(context, columns, sorted(services, key=_name))


def _check(context: Context) -> None:
    flags = context.flags
    low, high = flags.given("min"), flags.given("max")
    if flags.given("count") and (low or high):
        raise CommandError("--min/--max and --count are mutually exclusive")
    if low and flags.number("min") < 0:
        raise CommandError("--min must be >= 0")
    if high and flags.number("max") < 1:
        raise CommandError("--max must be >= 1")
    if low and high and flags.number("max") < flags.number("min"):
        raise CommandError("--max must be >= --min")
    if low or high:
        _check_rack(context)
    if low and not flags.number("min"):
        _check_wakes_up(context, context.arg(0))


def _check_rack(context: Context) -> None:
    """Older racks pass a range over in silence (convox-facts 5.2)."""
    version = text(context.rack.system(), "version")
    if not _is_at_least(version, RANGES_SINCE):
        needed = ".".join(map(str, RANGES_SINCE))
        range_words = f"--min / --max range scale requires rack version {needed} or later"
        raise CommandError(f"{range_words}; rack reports {quote(version)}")


def _is_at_least(version: str, wanted: tuple[int, ...]) -> bool:
    """False for a version that is not three numbers, whatever follows a `-` or `+`."""
    numbers = re.split("[-+]", version.removeprefix("v"), maxsplit=1)[0].split(".")[:3]
    if len(numbers) < 3 or not all(re.fullmatch("[+-]?[0-9]+", number) for number in numbers):
        return False
    return tuple(map(int, numbers)) >= wanted


def _check_wakes_up(context: Context, wanted: str) -> None:
    """Nothing brings a service back from zero but an autoscaler."""
    service = next((s for s in context.rack.services(context.app) if _name(s) == wanted), None)
    if service is None:
        raise CommandError(f"service {wanted} not found in app {context.app}")
    if not is_autoscaled(service):
        raise CommandError(f"service {wanted} has no autoscale configured; {NO_WAY_BACK}")


def _print(context: Context, columns: Sequence[Column], services: Sequence[Json]) -> None:
    rows = [[cell(service) for _, cell in columns] for service in services]
    print_table(context.writer, [header for header, _ in columns], rows)


def _name(service: Json) -> str:
    return text(service, "name")


def _ports(service: Json) -> str:
    return " ".join(_port(port) for port in service["ports"] or [])


def _port(port: Json) -> str:
    balancer, container = number(port, "balancer"), number(port, "container")
    return f"{balancer}:{container}" if balancer else str(container)


def _nlb_port(port: Json) -> str:
    attributes = []
    if port["cross-zone"] is not None:
        attributes.append(f"cz={str(port['cross-zone']).lower()}")
    if port["allow-cidr"]:
        attributes.append(f"allow={len(port['allow-cidr'])}")
    if port["preserve-client-ip"] is not None:
        attributes.append(f"pcip={str(port['preserve-client-ip']).lower()}")
    protocol = "/tls" if text(port, "protocol") == "tls" else ""
    scheme = "(internal)" if text(port, "scheme") == "internal" else ""
    suffix = f"[{' '.join(attributes)}]" if attributes else ""
    return f"{number(port, 'port')}:{number(port, 'container-port')}{protocol}{scheme}{suffix}"


def _range(service: Json) -> str:
    low, high = service["min"], service["max"]
    if low is None and high is None:
        return "-"
    return str(low) if low == high else f"{'' if low is None else low}-{'' if high is None else high}"


def _triggers(service: Json) -> str:
    if not is_autoscaled(service):
        return "-"
    state = service["autoscale"]
    shown = [f"{name}>{state[key]}" for name, key in TRIGGERS if state[key] is not None]
    if number(state, "custom-triggers") > 0:
        shown.append(f"custom={number(state, 'custom-triggers')}")
    return " ".join(shown) or "-"


def _scale_status(service: Json, cap: Cap) -> str:
    return cap.decorate("COLD (~2-5m first req)" if service["cold-start"] else "", _name(service))


def _cell(value: Any) -> str:
    return "-" if value is None else str(value)
