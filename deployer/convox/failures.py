"""
What went wrong, from what the CLI left behind: an exit status or a signal, and words. `rules` says what the words mean.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from deployer.convox.parse import is_help
from deployer.convox.request import Completed, Request
from deployer.convox.rules import rule_for
from deployer.core.errors import Crashed, DeployerError, Garbled, RefusedByRack, ServerFault, TimedOut
from deployer.core.redact import first_line, scrub


class Unforeseen(RefusedByRack):
    """The rack's own words about a write, which no rule knows: most likely a refusal, so what it did is looked up."""


# The CLI's own error comes last, after whatever a build or a promote has printed, and may go on for lines.
_ERROR = re.compile(r"(?:^|\.\.\. ?)ERROR: ?", re.MULTILINE)
# Behind a log that ended without a newline.
_ERROR_ANYWHERE = re.compile(r"ERROR: ")
_PANIC = re.compile(r"^(panic:|fatal error:|goroutine \d+)", re.MULTILINE)
# What Go's format call makes of a `%` in the rack's text (convox-facts 2.0).
_MANGLED = re.compile(r"%!(.?)\((?:MISSING|NOVERB|BADWIDTH|BADPREC|BADINDEX)\)|%!\(EXTRA [^)%]{0,200}\)")
# `ps` of an app that is not there is an empty table and this line on stderr, status 0 (case ps-app-notfound).
_BUDGET_NOISE = re.compile(r'^ns=cli_budget .*err="(?P<error>(?:app not found|no such app)[^"]*)"', re.MULTILINE)
# Their output is a process's own, and their status is its status.
_RELAYING = frozenset({"run", "exec"})
# Above it, a shell says which signal ended its child.
_BY_SIGNAL = 128


def failure_of(completed: Completed, app: str, harmless: Callable[[str], str] = scrub) -> DeployerError | None:
    """
    The error that a child's end amounts to, or `None` when it says that all went well.

    `None` for a write means that the CLI said so, no more: its effect is still to be read back.
    """
    verb = completed.request.verb
    if completed.is_late:
        why = f"no end after {completed.request.deadline_s:g} s"
        return TimedOut(f"convox {verb} did not finish in time", why=why)
    if _crashed(completed):
        return Crashed(f"convox {verb} crashed", why=first_line(harmless(_last_words(completed.stderr))))
    if _was_killed(completed):
        return Crashed(f"convox {verb} was ended by a signal", why=_signal_words(completed))
    text = _error_text(completed)
    if text:
        return _by_rule(text, completed.request, app, harmless)
    if completed.status == 0:
        return _quiet_failure(completed)
    return _wordless(completed, harmless)


def _crashed(completed: Completed) -> bool:
    """Status 2 and a Go stack (convox-facts 2.0). A remote command may end with 2 as well, and tells on stdout."""
    return completed.status == 2 and _PANIC.search(completed.stderr) is not None


def _last_words(stderr: str) -> str:
    found = _PANIC.search(stderr)
    return stderr[found.start() :] if found else ""


def _was_killed(completed: Completed) -> bool:
    status = completed.status
    if completed.request.verb in _RELAYING:
        return status is None or status < 0
    return status is None or status < 0 or status > _BY_SIGNAL


def _signal_words(completed: Completed) -> str:
    signum = completed.signum or abs(completed.status or 0) % _BY_SIGNAL
    return f"signal {signum}" if signum else ""


def _error_text(completed: Completed) -> str:
    """The text after the last `ERROR: `, all of its lines; "" if there is none."""
    if completed.status == 0:
        noise = _BUDGET_NOISE.search(completed.stderr)
        if noise:
            return noise["error"]
        return _after_error(completed.stdout) if _is_error_of_stream(completed) else ""
    said = _after_error(completed.stderr)
    if said or completed.request.verb in _RELAYING:
        return said
    # both streams in one, as a wrapper may do; values of an env are no place to look for words
    return _after_error(completed.stdout) if completed.stdout.startswith("ERROR: ") else ""


def _is_error_of_stream(completed: Completed) -> bool:
    """
    The rack's own error in place of a stream: on stdout, with status 0 (convox-facts 2.9).

    A line of a log begins with where it is from; a process may print anything, so its must be all there is.
    """
    if completed.request.verb == "logs":
        return completed.stdout.startswith("ERROR: ")
    return completed.request.verb in _RELAYING and re.fullmatch(r"ERROR: .*\n?", completed.stdout) is not None


def _after_error(text: str) -> str:
    found = list(_ERROR.finditer(text)) or list(_ERROR_ANYWHERE.finditer(text))
    return text[found[-1].end() :].strip() if found else ""


def _by_rule(text: str, request: Request, app: str, harmless: Callable[[str], str]) -> DeployerError:
    verb, why = request.verb, _reason(text, harmless)
    rule = rule_for(text)
    if rule:
        return rule.error(f"convox {verb}: {rule.what}", why=why, hint=rule.hint.format(app=app))
    if request.is_write:
        return Unforeseen(f"convox {verb}: the rack refused", why=why)
    return ServerFault(f"convox {verb}: the rack answered with an error", why=why)


def _reason(text: str, harmless: Callable[[str], str]) -> str:
    """One line, masked before it is cut short: the half of a secret is not known for one any more."""
    plain = harmless(_MANGLED.sub(lambda found: f"%{found[1] or ''}", text))
    goes_on = plain.partition("\n")[0].rstrip().endswith(":")  # `validation errors:` (convox-facts 10.1)
    return first_line(plain.replace("\n", " ") if goes_on else plain)


def _quiet_failure(completed: Completed) -> DeployerError | None:
    verb = completed.request.verb
    if is_help(completed.stdout):
        return Garbled(f"this convox does not know `{verb}`", why="it printed its help", hint="convox update")
    if completed.dropped:
        return Garbled(f"convox {verb} printed too much", why=f"{completed.dropped} bytes more than deployer keeps")
    return None


def _wordless(completed: Completed, harmless: Callable[[str], str]) -> DeployerError | None:
    verb, status = completed.request.verb, completed.status
    if verb in _RELAYING:
        return None
    said = first_line(harmless(completed.stderr)) or "it said nothing"
    return Garbled(f"convox {verb} ended with status {status}", why=said)
