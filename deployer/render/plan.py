"""The plan in words: what serves, what changes, how it will be proven, what happens when it is not."""

from __future__ import annotations

import json
from collections.abc import Iterator

from deployer.core.encode import encode
from deployer.core.events import Planned
from deployer.core.models import ProofMode, Source
from deployer.core.plan import Plan, ServicePlan
from deployer.render.words import Line, count, one_line, span

LABEL_WIDTH = 13


def plan_line(plan: Plan) -> Line:
    head = f"{plan.app} on {plan.rack.name} · {plan.rack.version} · as {plan.actor}"
    return Line("plan", one_line(head), tuple(one_line(each) for each in _rows(plan)))


def plan_text(plan: Plan) -> str:
    """For who asked for the plan alone."""
    told = plan_line(plan)
    return "\n".join([told.text, *(f"  {each}" for each in told.more)])


def plan_json(plan: Plan) -> str:
    """As the event of a ship has it."""
    return json.dumps(encode(Planned(plan)), indent=2)


def _rows(plan: Plan) -> Iterator[str]:
    yield _row("serves now", _serves(plan))
    if plan.release and plan.release != (plan.baseline.release if plan.baseline else None):
        word = "go back to" if plan.command == "rollback" else "release"
        yield _row(word, f"{plan.release}  {_title(plan.release_note)}")
    if plan.env or not plan.release or plan.command == "rollback":
        yield _row("changes back" if plan.command == "rollback" else "env", _env(plan))
    if plan.source:
        yield _row("build", f"{plan.source.title}, from {plan.source.path}{_uploaded(plan.source)}")
    if plan.release_command:
        command = plan.release_command
        yield _row("command", f"{command.line}, in {command.service}, once, before the promote")
    if plan.no_verify:
        yield _row("proof", "none: the rack's word is taken")
    for n, service in enumerate(() if plan.no_verify else plan.services):
        yield _row("" if n else "proof", f"{service.name}: {_proof(service)}")
    yield " · ".join(_promises(plan))
    yield from (_row("warning", each) for each in plan.warnings)


def _uploaded(source: Source) -> str:
    how_much = f"{count(source.files, 'file')}, {source.size_bytes / 1e6:.1f} MB" if source.files else ""
    dirty = "with uncommitted changes" if source.is_dirty else ""
    told = ", ".join(filter(None, (how_much, dirty)))
    return f"  ({told})" if told else ""


def _row(label: str, text: str) -> str:
    return f"{label:<{LABEL_WIDTH}}{text}".rstrip()


def _serves(plan: Plan) -> str:
    before = plan.baseline
    if before is None:
        return "nothing: this is the first deploy"
    text = f"{before.release}  {_title(before.description)}".rstrip()
    # a rollback does not wait to rehearse on what it is called to take away
    is_silent = not before.serves and plan.command != "rollback"
    note = ", ".join(each for each in (before.note, "does not answer with it" if is_silent else "") if each)
    return f"{text}  ({note})" if note else text


def _title(description: str) -> str:
    """A release's description without the ship's id at its end, which is for machines (`describe_build`)."""
    return description.partition(" [ship ")[0]


def _env(plan: Plan) -> str:
    env = plan.env
    if not env:
        return "nothing in env" if plan.command == "rollback" else f"unchanged ({count(env.unchanged, 'key')})"
    keeps = "; --keep-env keeps today's" if plan.command == "rollback" else ""
    return f"{env}  ({count(len(env.keys), 'key')}, {env.unchanged} unchanged{keeps})"


def _proof(service: ServicePlan) -> str:
    note = f" ({service.note})" if service.note else ""
    processes = count(service.desired, "process")
    match service.mode:
        case ProofMode.IDS:
            each = "its process" if service.desired == 1 else f"each of {processes}"
            return f"{each} answers for itself at {service.url}"
        case ProofMode.SAMPLED:
            return f"{processes}, sampled at {service.url}{note}"
        case ProofMode.PS:
            return f"{processes}, by the process list alone{note}"
        case None:
            return f"{processes}; its first answers decide how{note}"


def _promises(plan: Plan) -> Iterator[str]:
    policy = plan.policy
    yield f"soak {span(policy.soak_s)}"
    yield f"gives up after {span(policy.no_progress_s)} without progress, {span(plan.worst_case_s)} at worst"
    if plan.no_way_back:
        yield f"automatic rollback: off, {plan.no_way_back}"
    else:
        yield f"goes back to {plan.baseline.release if plan.baseline else 'nothing: first deploy'}"
