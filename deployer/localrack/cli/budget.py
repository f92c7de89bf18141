"""The mark of an app over its budget, shown by `ps`, `services` and `scale` (convox-facts 2.9, 5.3)."""

from __future__ import annotations

from deployer.localrack.cli.errors import CommandError
from deployer.localrack.cli.gofmt import quote
from deployer.localrack.cli.rack import number, text
from deployer.localrack.cli.times import parse_time, seconds_since
from deployer.localrack.cli.writer import STDERR, put

TYPE_CHECKING = False
if TYPE_CHECKING:
    from deployer.localrack.cli.client import Json
    from deployer.localrack.cli.rack import Rack

NOTIFY_MINUTES = 30


class Cap:
    """What holds for an app's services. Without a breached cap nothing is marked."""

    __slots__ = ("armed_minutes", "at_cap", "autoscaled", "shuts_down")

    def __init__(self, *, at_cap: bool = False, shuts_down: bool = False) -> None:
        self.at_cap, self.shuts_down = at_cap, shuts_down
        self.armed_minutes = 0
        self.autoscaled: frozenset[str] = frozenset()

    def token(self, service: str) -> str:
        if self.armed_minutes > 0:
            return f"armed-{self.armed_minutes}m"
        if service in self.autoscaled:
            return "at-cap-keda"
        return "at-cap-auto" if self.shuts_down else "at-cap"

    def decorate(self, status: str, service: str) -> str:
        return f"{status} {self.token(service)}".strip() if self.at_cap else status


def cap_of(rack: Rack, app: str, services: list[Json] | None = None) -> Cap:
    """Never fails: what goes wrong is a line on stderr (`ps-budget-404`). Services are read only if they matter."""
    cap = _read(rack, app)
    if cap.at_cap:
        cap.autoscaled = frozenset(text(s, "name") for s in _services(rack, app, services) if is_autoscaled(s))
    return cap


def is_autoscaled(service: Json) -> bool:
    autoscale = service["autoscale"]
    return bool(autoscale and autoscale["enabled"])


def _read(rack: Rack, app: str) -> Cap:
    try:
        budget = rack.budget(app)
    except CommandError as exc:
        _complain("fetch-error", exc)
        return Cap()
    config, state = budget["config"], budget["state"]
    if not config or not state or not state["circuit-breaker-tripped"]:
        return Cap()
    action = text(config, "at-cap-action")
    cap = Cap(at_cap=action in ("block-new-deploys", "auto-shutdown"), shuts_down=action == "auto-shutdown")
    if cap.shuts_down:
        cap.armed_minutes = _armed_minutes(rack, app)
    return cap


def _armed_minutes(rack: Rack, app: str) -> int:
    try:
        state = rack.budget_shutdown(app)
    except CommandError as exc:
        _complain("shutdown-state-fetch-error", exc)
        return 0
    if not state or not parse_time(text(state, "armedAt")) or parse_time(text(state, "shutdownAt")):
        return 0
    notice = number(state, "notifyBeforeMinutes")
    left_s = (notice if notice > 0 else NOTIFY_MINUTES) * 60 - seconds_since(text(state, "armedAt"))
    return max(1, left_s // 60)


def _services(rack: Rack, app: str, known: list[Json] | None) -> list[Json]:
    if known is not None:
        return known
    try:
        return rack.services(app)
    except CommandError as exc:
        _complain("service-list-error", exc)
        return []


def _complain(where: str, error: CommandError) -> None:
    put(STDERR, f"ns=cli_budget at={where} err={quote(str(error))}\n")
