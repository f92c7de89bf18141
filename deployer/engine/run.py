"""One run, whatever happens in it: it ends with exactly one verdict, on the stream and in the exit status (I2)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

from deployer.core.errors import DeployerError, Interrupted, RackFailure, Refused
from deployer.core.events import Ended, Event, Hearing, Sink, Started
from deployer.core.hearing import listen
from deployer.core.summary import Summary
from deployer.core.verdict import Verdict, cancelled_by
from deployer.engine.ports import Ports

T = TypeVar("T")


class Recorder:
    """Passes every event on, and keeps what they come to: how far the run got, and what users may have seen of it."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._heard: Hearing | None = None
        self.summary = Summary()

    def record(self, event: Event) -> None:
        self.summary = self.summary.after(event)
        self._heard = listen(self._heard, event)
        self._sink.record(event)

    @property
    def heard(self) -> Hearing | None:
        """`None` where nothing was promoted, or nothing served before: then nobody was to be served."""
        return self._heard if self.summary.plan and self.summary.plan.baseline else None


@dataclass(frozen=True, slots=True)
class Bug:
    """An exception of ours that nobody expected, for the face to show; the verdict is on the stream already."""

    error: Exception


def run(started: Started, body: Callable[[Ports], Ended], ports: Ports, recorder: Recorder) -> tuple[Ended, Bug | None]:
    """Carry out `body` between a `Started` and an `Ended` event. Never raises, but for what is not an Exception."""
    began_s = ports.clock.now_s()
    recorder.record(started)
    bug = None
    try:
        ended = body(replace(ports, sink=recorder))
    except DeployerError as error:
        ended = _ended_by(error, recorder.summary, ports)
    except Exception as error:  # a bug: said plainly, never a rollback (design 2.4)
        bug = Bug(error)
        ended = _ended_by_bug(error, recorder.summary, ports)
    _leave_lock(ended, recorder.summary, ports)
    seconds = ports.clock.now_s() - began_s
    ended = replace(ended, why=_why(ended, recorder.summary), seconds=seconds, heard=recorder.heard)
    if ended.verdict.is_incident:
        ended = replace(ended, evidence=ports.incidents.keep(ended))
    recorder.record(ended)
    return ended, bug


def by_hand(started: Started, body: Callable[[Ports], T], ports: Ports, recorder: Recorder) -> T:
    """
    Carry out what a person does to an env or a lock: no ship, but on the stream from `Started` to `Ended` like one.

    Raises what `body` raises, once it is told.
    """
    began_s = ports.clock.now_s()

    def end(ended: Ended) -> None:
        recorder.record(replace(ended, seconds=ports.clock.now_s() - began_s))

    recorder.record(started)
    try:
        result = body(replace(ports, sink=recorder))
    except DeployerError as error:
        end(_ended_by(error, recorder.summary, ports))
        raise
    except Exception as error:
        end(_ended_by_bug(error, recorder.summary, ports))
        raise
    end(Ended(Verdict.DONE, None, ""))
    return result


def _why(ended: Ended, summary: Summary) -> str:
    """The release command is part of every end but a good one: nothing takes back what it has done."""
    if ended.verdict.is_success or summary.command_told.partition(":")[0] in ended.why:
        return ended.why
    return "; ".join(filter(None, (ended.why, summary.command_told)))


def _leave_lock(ended: Ended, summary: Summary, ports: Ports) -> None:
    """Give the lock back, but for a rollout left under way: that is still ours, and `resume` finishes it."""
    if summary.is_locked and summary.owner and ended.verdict is not Verdict.INTERRUPTED:
        with suppress(DeployerError):  # a lock that stays behind expires; it never changes a verdict (I14)
            try:
                ports.ledger.release_lock(summary.owner)
            except Interrupted:  # heard once: the verdict is known, and only this is left to do
                ports.ledger.release_lock(summary.owner)


def _ended_by(error: DeployerError, summary: Summary, ports: Ports) -> Ended:
    if summary.is_under_way:
        return _left_under_way(error.why or error.what, summary, ports)
    if summary.is_cancelled:
        return _left_cancelled(f"{error.what}: {error.why}" if error.why else error.what, ports)
    serving = summary.serving if summary.plan else error.serving or ""
    if isinstance(error, Interrupted):
        return Ended(cancelled_by(error.signum), None, serving, why=_unpromoted(summary))
    problems = tuple((p.what, p.hint) for p in error.problems) if isinstance(error, Refused) else ()
    told = f"{error.what}: {error.why}" if error.why else error.what
    why = "; ".join(filter(None, (told, _unpromoted(summary))))
    return Ended(error.verdict, None, serving, why=why, hints=_hints(error), problems=problems)


def _ended_by_bug(error: Exception, summary: Summary, ports: Ports) -> Ended:
    # The text of a foreign exception may hold anything; its type is enough to say that it is ours to mend.
    why = f"{type(error).__name__}, a bug of deployer"
    if summary.is_under_way:
        return _left_under_way(f"{Verdict.INTERNAL_ERROR.label}: {why}", summary, ports)
    if summary.is_cancelled:
        return _left_cancelled(f"{Verdict.INTERNAL_ERROR.label}: {why}", ports)
    return Ended(Verdict.INTERNAL_ERROR, None, summary.serving if summary.plan else "", why=why)


def _left_under_way(why: str, summary: Summary, ports: Ports) -> Ended:
    """After the promote a run is never simply over: say what is rolling out, from what, and how to go on."""
    release = summary.promoting
    told = f"{release} is rolling out, and the rack goes on with it"
    if summary.is_promote_unknown:
        told = f"whether the rack took the promote of {release} is not known"
    return Ended(
        Verdict.INTERRUPTED,
        release,
        f"{summary.serving} or {release}: {told}",
        why=why,
        hints=(ports.command("resume", "--ship", str(summary.ship)), ports.command("rollback")),
    )


def _left_cancelled(why: str, ports: Ports) -> Ended:
    """A rollback that stopped somebody's rollout and promoted nothing: what came back by then nobody has looked at."""
    hints = (ports.command("rollback"), f"convox ps -a {ports.app}")
    text = f"{why}; a rollout had been cancelled by then"
    return Ended(Verdict.ROLLBACK_UNCONFIRMED, None, "unknown", why=text, hints=hints)


def _unpromoted(summary: Summary) -> str:
    made = ", ".join(summary.created)
    return f"made but not promoted: {made}" if made else ""


def _hints(error: DeployerError) -> tuple[str, ...]:
    return (error.hint,) if error.hint else ()


def rack_words(error: RackFailure) -> str:
    """The one line of a rack's failure that goes into a sentence of ours."""
    return f"{error.what}: {error.why}" if error.why else error.what
