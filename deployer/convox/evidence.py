"""
What a failing release says of itself, and what the rack says of it: read side by side, once, for people to read.

Of use only before its processes are taken away, so a slow rack is not waited for. A failure is no answer, and an answer
is no proof.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from deployer.convox import parse, wire
from deployer.convox.calls import Calls
from deployer.convox.children import Asked
from deployer.convox.logs import log_lines
from deployer.convox.request import Request
from deployer.core.environment import Environment
from deployer.core.errors import DeployerError, Interrupted
from deployer.core.names import ProcessId, ReleaseId, ServiceName
from deployer.core.redact import first_line
from deployer.core.why import Evidence, LogLine, Unwell

T = TypeVar("T")

LINES = 40
EVENTS = 10
LINE_CHARACTERS = 500


def evidence_of(calls: Calls, release: ReleaseId, service: ServiceName | None) -> Evidence:
    """
    Raises Interrupted only. Nothing is returned that could hold a secret which nobody knows for one: the env of the
    release must be readable, and lines of other releases are left out; so are those of nobody in particular, while one
    speaks whose env was not read.
    """
    commands = calls.commands
    env = None if calls.knows_environment(release) else _asked(calls, commands.environment(release), parse.environment)
    rows = _asked(calls, commands.processes(), parse.processes)
    log = _asked(calls, commands.logs(service), str) if service else None
    diagnosis = _asked(calls, commands.diagnosis(service), wire.diagnosis)
    children = [each for each in (env, rows, log, diagnosis) if each]
    try:
        found_env, found_rows = _answer(env), _answer(rows)
        told, pods = _answer(log), _answer(diagnosis)
    except BaseException:
        for each in children:
            each.kill()
        raise
    if found_rows is None or not _learn(calls, release, found_env):
        return Evidence()
    ours = {row.id for row in found_rows if row.release == release}
    speakers: set[ProcessId | None] = {*ours}
    if all(calls.knows_environment(row.release) for row in found_rows):
        speakers.add(None)
    return Evidence(_log(calls, told or "", speakers), _unwell(calls, pods or (), ours))


def _asked(calls: Calls, request: Request, read: Callable[[str], T]) -> Asked[T]:
    return Asked(calls, replace(request, deadline_s=calls.policy.evidence_s), read)


def _answer(asked: Asked[T] | None) -> T | None:
    """An error of the CLI may stand on stdout with status 0, like a line of the log: `answer` tells them apart."""
    if asked is not None:
        try:
            return asked.answer()
        except Interrupted:
            raise
        except DeployerError:
            pass
    return None


def _learn(calls: Calls, release: ReleaseId, env: Environment | None) -> bool:
    if env is not None:
        calls.learn_environment(release, env)
    return calls.knows_environment(release)


def _log(calls: Calls, text: str, speakers: set[ProcessId | None]) -> tuple[LogLine, ...]:
    lines = log_lines(calls.runner.redactor.redact(text))
    kept = [each for each in lines if each.process in speakers]
    return tuple(LogLine(each.process, _cut(each.text)) for each in kept[-LINES:])


def _unwell(calls: Calls, pods: tuple[Unwell, ...], ours: set[ProcessId]) -> tuple[Unwell, ...]:
    def harmless(texts: tuple[str, ...], limit: int) -> tuple[str, ...]:
        return tuple(_cut(calls.runner.redactor.redact(each)) for each in texts[-limit:])

    return tuple(
        replace(
            each,
            state=first_line(calls.runner.redactor.redact(each.state)),
            hint=first_line(calls.runner.redactor.redact(each.hint)),
            lines=harmless(each.lines, LINES),
            events=harmless(each.events, EVENTS),
        )
        for each in pods
        if each.process in ours
    )


def _cut(text: str) -> str:
    return first_line(text, limit=LINE_CHARACTERS)
