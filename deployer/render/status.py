"""What serves now, for a person and for a machine."""

from __future__ import annotations

import json

from deployer.core.plan import Rehearsal
from deployer.core.redact import scrub
from deployer.engine.status import Status
from deployer.render.words import table


def status_text(seen: Status) -> str:
    """A header, then a row a process."""
    app, active = seen.app, seen.active
    head = [f"{app.name} on {seen.rack.name} · {app.status}"]
    if app.release is None:
        return f"{head[0]}\nnothing was ever promoted"
    proven = f"proven {seen.proven.at} by {seen.proven.by}" if seen.proven else "not proven by deployer"
    head.append(f"serves  {app.release}  {scrub(active.description) if active else ''}  ({proven})")
    if seen.lock:
        promote = f", promotes {seen.lock.promoting}" if seen.lock.promoting else ""
        head.append(f"lock    {seen.lock.by} ({seen.lock.what} since {seen.lock.since}{promote})")
    rows = [("PROCESS", "SERVICE", "STATUS", "RELEASE", "ANSWERS FOR")]
    rows += [(row.id, row.service, row.status, row.release, _said(seen.services, row.id)) for row in seen.processes]
    return scrub("\n".join([*head, "", table(rows)]), limit=100_000)


def status_json(seen: Status) -> str:
    """One object: what a script asks of `status`."""
    services = {
        each.spec.name: {
            "url": each.url,
            "serves": each.serves if each.url else None,
            "desired": each.desired,
            "answered": sorted({a.process for a in each.answers if a.process and a.is_ok}),
        }
        for each in seen.services
    }
    return json.dumps(
        {
            "v": 1,
            "app": seen.app.name,
            "rack": seen.rack.name,
            "status": seen.app.status,
            "release": seen.app.release,
            "proven": seen.proven is not None,
            "verdict": seen.verdict.label,
            "lock": seen.lock.by if seen.lock else None,
            "services": services,
            "processes": [
                {"id": row.id, "service": row.service, "status": row.status, "release": row.release}
                for row in seen.processes
            ],
        },
        indent=2,
    )


def _said(services: tuple[Rehearsal, ...], process: str) -> str:
    answers = [a for each in services for a in each.answers if a.process == process]
    return next((str(a.release) for a in answers if a.is_ok), f"HTTP {answers[0].status_code}" if answers else "–")
