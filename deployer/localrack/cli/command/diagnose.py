"""`deploy-debug`: the rack's diagnosis of an app as text, table or JSON (convox-facts 2.10)."""

from __future__ import annotations

from deployer.localrack.cli import gojson
from deployer.localrack.cli.gotypes import marshalled
from deployer.localrack.cli.rack import number, text
from deployer.localrack.cli.table import print_table
from deployer.localrack.cli.times import rfc3339, seconds_since, short_age

TYPE_CHECKING = False
if TYPE_CHECKING:
    from deployer.localrack.cli.client import Json
    from deployer.localrack.cli.context import Context
    from deployer.localrack.cli.writer import Writer

MAX_EVENTS = 15
MAX_LOG_LINES = 50
MAX_HINT = 60
SERVICE_MARKS = {
    "running": ("<ok>●</ok>", "<ok>RUNNING</ok>"),
    "stalled": ("<fail>●</fail>", "<fail>STALLED</fail>"),
    "deploying": ("<service>●</service>", "<service>DEPLOYING</service>"),
    "scaled-down": ("<h2>○</h2>", "<h2>SCALED DOWN</h2>"),
}
POD_TAGS = {"unhealthy": "fail", "not-ready": "service", "new": "process", "healthy": "ok"}
LEGEND = (
    "\n<h2>Legend:</h2> <fail>●</fail> unhealthy  <service>●</service> not-ready  <process>●</process> new  "
    "<ok>●</ok> healthy\n"
)


def deploy_debug(context: Context) -> None:
    flags = context.flags
    options = {
        "checks": flags.option("checks"),
        "services": flags.option("service"),
        "age": flags.option("age"),
        "all": flags.option("all"),
        "lines": flags.option("lines"),
        "events": "false" if flags.is_set("no-events") else None,
        "previous": "false" if flags.is_set("no-previous") else None,
    }
    report = context.rack.diagnose(context.app, options)
    match flags.text("output"):
        case "json":
            context.writer.writef("%s\n", gojson.dumps(marshalled("structs.AppDiagnosticReport", report)))
        case "summary":
            _print_summary(context.writer, report)
        case _:
            _print_report(context.writer, report)


def _print_summary(writer: Writer, report: Json) -> None:
    overview = report["overview"]
    services = overview["services"] if overview else None
    if services:
        rows = [
            (
                text(s, "name"),
                str(number(s, "desiredReplicas")),
                str(number(s, "readyReplicas")),
                f"{text(s, 'status')} *" if text(s, "stallReason") else text(s, "status"),
            )
            for s in services
        ]
        print_table(writer, ("SERVICE", "DESIRED", "READY", "STATUS"), rows)
        writer.writef("\n")
    pods, summary = report["pods"], report["summary"]
    if pods:
        headers = ("PROCESS", "SERVICE", "STATUS", "READY", "RESTARTS", "AGE", "HINT")
        return print_table(writer, headers, [_summary_row(pod) for pod in pods])
    if summary and not number(summary, "unhealthy") and not number(summary, "notReady"):
        return writer.writef("All %d processes healthy.\n", number(summary, "total"))
    return writer.writef("No processes found.\n")


def _summary_row(pod: Json) -> tuple[str, ...]:
    hint = text(pod, "hint")
    return (
        text(pod, "name"),
        text(pod, "service"),
        text(pod, "stateDetail") or text(pod, "phase"),
        text(pod, "ready"),
        str(number(pod, "restarts")),
        short_age(number(pod, "ageSeconds")),
        hint if len(hint.encode()) <= MAX_HINT else hint.encode()[: MAX_HINT - 3].decode(errors="replace") + "...",
    )


def _print_report(writer: Writer, report: Json) -> None:
    writer.writef("\n")
    writer.writef(
        "<h1>Deploy Diagnostics:</h1> <app>%s</app> on <rack>%s</rack>\n", text(report, "app"), text(report, "rack")
    )
    writer.writef("<h2>Namespace:</h2> %s\n", text(report, "namespace"))
    writer.writef("<h2>Time:</h2>      %s\n\n", rfc3339(text(report, "timestamp")))
    if report["overview"]:
        _print_overview(writer, report["overview"])
    if report["initPods"]:
        _print_init_pods(writer, report["initPods"])
    _print_pods(writer, report)
    if report["summary"]:
        writer.writef("\n")
        _print_counts(writer, report["summary"])
    writer.writef(LEGEND)
    writer.writef("\n")


def _print_overview(writer: Writer, overview: Json) -> None:
    writer.writef("<h1>--- Service Status ---</h1>\n")
    if not overview["services"]:
        writer.writef("  No services found.\n")
    for service in overview["services"] or []:
        _print_service(writer, service)
    events = overview["events"] or []
    if events:
        writer.writef("\n  <h1>Warning Events:</h1>\n")
    for event in events[:MAX_EVENTS]:
        where = text(event, "reason"), text(event, "object"), text(event, "message")
        writer.writef("    [%s ago] %s on %s: %s\n", _age(event), *where)
        if text(event, "hint"):
            writer.writef("             <h2>%s</h2>\n", text(event, "hint"))
    if len(events) > MAX_EVENTS:
        writer.writef("    ... and %d more events\n", len(events) - MAX_EVENTS)
    writer.writef("\n")


def _print_service(writer: Writer, service: Json) -> None:
    # The marks are arguments, so their tags stay visible on every output (`deploy-debug`).
    status = text(service, "status")
    icon, label = SERVICE_MARKS.get(status, ("<h2>●</h2>", status))
    desired = number(service, "desiredReplicas")
    writer.writef(
        "  %s <service>%s</service>%s  %d/%d %s ready  %s\n",
        icon,
        text(service, "name"),
        " <h2>(agent)</h2>" if service["agent"] else "",
        number(service, "readyReplicas"),
        desired,
        "process" if desired == 1 else "processes",
        label,
    )
    if text(service, "stallReason"):
        writer.writef("      <fail>%s</fail>\n", text(service, "stallReason"))


def _print_init_pods(writer: Writer, pods: list[Json]) -> None:
    writer.writef("<h1>--- Init Containers ---</h1>\n")
    for pod in pods:
        names = text(pod, "name"), text(pod, "service")
        writer.writef("  <fail>●</fail> <process>%s</process> (service: <service>%s</service>)\n", *names)
        for container in pod["initContainers"] or []:
            writer.writef("    init-container/%s: %s\n", text(container, "name"), text(container, "state"))
            _print_logs(writer, "Init Container Logs", text(container, "logs"), 6)
    writer.writef("\n")


def _print_pods(writer: Writer, report: Json) -> None:
    writer.writef("<h1>--- Processes ---</h1>\n")
    total = number(report["summary"], "total") if report["summary"] else 0
    if not report["pods"]:
        if total > 0:
            return writer.writef("  All %d processes healthy -- no issues detected.\n", total)
        return writer.writef("  No processes found.\n")
    for pod in report["pods"]:
        _print_pod(writer, pod)
    return None


def _print_pod(writer: Writer, pod: Json) -> None:
    kind = text(pod, "classification")
    tag = POD_TAGS.get(kind, "")
    writer.writef("\n  %s <service>%s</service>  %s\n", _tagged(tag, "●"), text(pod, "service"), _tagged(tag, kind))
    writer.writef("    <h2>process:</h2> <process>%s</process>\n", text(pod, "name"))
    writer.writef(
        "    <h2>state:</h2> %s    <h2>ready:</h2> %s    <h2>age:</h2> %s    <h2>restarts:</h2> %d\n",
        text(pod, "phase"),
        text(pod, "ready"),
        short_age(number(pod, "ageSeconds")),
        number(pod, "restarts"),
    )
    detail = text(pod, "stateDetail")
    if detail:
        writer.writef("    <h2>detail:</h2>  %s\n", _tagged(tag if tag in ("fail", "service") else "", detail))
    if text(pod, "hint"):
        writer.writef("    <h1>hint:</h1>    %s\n", text(pod, "hint"))
    logs = text(pod, "logs")
    _print_logs(writer, f"Current Logs (last {len(_lines(logs))} lines)", logs, 4)
    _print_logs(writer, "Previous Container Logs", text(pod, "previousLogs"), 4)
    if pod["events"]:
        writer.writef("\n    <h1>--- Events ---</h1>\n")
    for event in pod["events"] or []:
        what = text(event, "type"), text(event, "reason"), text(event, "message")
        writer.writef("    %s ago  %-8s %-20s %s\n", _age(event), *what)


def _print_logs(writer: Writer, title: str, logs: str, indent: int) -> None:
    if not logs:
        return
    prefix = " " * indent
    writer.writef("\n%s<h2>--- %s ---</h2>\n", prefix, title)
    lines = _lines(logs)
    if len(lines) > MAX_LOG_LINES:
        writer.writef("%s<h2>... (%d lines truncated) ...</h2>\n", prefix, len(lines) - MAX_LOG_LINES)
    for line in lines[-MAX_LOG_LINES:]:
        writer.writef("%s%s\n", prefix, line)


def _print_counts(writer: Writer, summary: Json) -> None:
    writer.writef("<h1>Summary:</h1> %d total", number(summary, "total"))
    for kind, key in (("unhealthy", "unhealthy"), ("not-ready", "notReady"), ("new", "new"), ("healthy", "healthy")):
        if number(summary, key) > 0:
            tag = POD_TAGS[kind]
            writer.writef(f"  <{tag}>%d {kind}</{tag}>", number(summary, key))
    writer.writef("\n")


def _tagged(tag: str, words: str) -> str:
    return f"<{tag}>{words}</{tag}>" if tag else words


def _age(event: Json) -> str:
    return short_age(seconds_since(text(event, "timestamp")))


def _lines(logs: str) -> list[str]:
    return logs.rstrip("\n").split("\n")
