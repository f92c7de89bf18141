"""
What went wrong, from what the CLI left behind: one table from its words to our errors.

All errors of the CLI exit 1 and differ only in words (convox-facts 2.0), so words decide: first rule that matches. The
rules are those of the CLI, of Go's network code and of the rack; what no rule knows is the rack's own reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from deployer.convox.parse import is_help
from deployer.convox.request import Completed, Request
from deployer.core.errors import (
    BuildFailed,
    BuildUnknown,
    CannotTell,
    Crashed,
    Denied,
    DeployerError,
    Garbled,
    NotFound,
    RackBusy,
    RackUnreachable,
    RefusedByRack,
    ServerFault,
    TimedOut,
    Transport,
    Unauthorised,
)
from deployer.core.redact import first_line, scrub


class NoSuchConfig(NotFound):
    """The app is there, the config is not."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Words of an error, what they mean, and what to type next."""

    words: re.Pattern[str]
    error: type[DeployerError]
    what: str
    hint: str = ""


def _rule(words: str, error: type[DeployerError], what: str, hint: str = "") -> Rule:
    return Rule(re.compile(words, re.IGNORECASE), error, what, hint)


# Characters of an error that are looked at: a rack may answer with a whole page.
LONGEST_ERROR = 4_000

_LOGIN = "convox rack access --role write --duration-in-hours 8"
_FIND = "convox racks"
_REACH = "convox rack"

# Each group is from convox-facts: 1.3 and 1.5 (who and where), 2.6 to 2.8, 3.4 and 7 (what the rack refuses), 8.1.
RULES = (
    # who we are
    _rule(r"token is expired|session (has )?expired", Unauthorised, "the rack credential has expired", _LOGIN),
    _rule(r"you are unauthorized", Denied, "the rack credential may not do this", _LOGIN),
    _rule(
        r"requires? (read|write|admin) access|^(forbidden|permission denied|access denied)|not (authorized|permitted)"
        r"|insufficient (permission|role)|response status 403",
        Denied,
        "the rack credential may not do this",
        _LOGIN,
    ),
    _rule(
        r"invalid (authentication|login|token)|authentication (failed|required)|unauthori[sz]ed|response status 401",
        Unauthorised,
        "the rack does not accept the credential",
        _LOGIN,
    ),
    # which rack
    _rule(
        r"could not find rack|unknown rack type|no such rack",
        RackUnreachable,
        "the rack was not found: wrong name, wrong credential or no way to the console",
        _FIND,
    ),
    _rule(r"ambiguous rack name", RackUnreachable, "the rack's name fits several racks", _FIND),
    _rule(r"no current rack|convox login", RackUnreachable, "no rack is chosen", "convox switch"),
    _rule(
        r"parse \"|unsupported protocol scheme|missing protocol scheme|invalid URL|no Host in request URL",
        RackUnreachable,
        "RACK_URL is not a URL that convox can use",
        "https://USER:PASSWORD@HOST",
    ),
    # is it there
    _rule(r"app config not found", NoSuchConfig, "the app has no such config"),
    _rule(r"app not found|no such app", NotFound, "there is no such app", "convox apps create {app}"),
    _rule(r"no releases to promote", NotFound, "the app has no release"),
    _rule(r"no build for release|no such build|builds\.convox\.com .* not found", NotFound, "there is no such build"),
    _rule(r"no such release|releases\.convox\.com .* not found", NotFound, "there is no such release"),
    _rule(
        r"no such process|pods? .* not found|process not found|no resources found", NotFound, "there is no such process"
    ),
    # is it at work
    _rule(
        r"is currently updating|app is not updating|not currently updating|update.in.progress",
        RackBusy,
        "the app is not in a state for this",
        "convox apps info -a {app}",
    ),
    # the network
    _rule(r"no such host|server misbehaving", RackUnreachable, "the rack's host has no address", _REACH),
    _rule(
        r"connection refused|no route to host|(network|host) is (unreachable|down)",
        RackUnreachable,
        "nobody listens at the rack's address",
        _REACH,
    ),
    _rule(r"dial tcp.*(i/o timeout|deadline exceeded)", RackUnreachable, "the rack's host does not answer", _REACH),
    _rule(r"\btls: |x509: |HTTP response to HTTPS client", RackUnreachable, "TLS to the rack does not work", _REACH),
    _rule(r"stopped after \d+ redirects", RackUnreachable, "the rack's address redirects in a circle", _REACH),
    _rule(
        r"\bEOF\b|connection reset|broken pipe|closed network connection|bad handshake|transport connection broken"
        r"|i/o timeout|deadline exceeded|request canceled|TLS handshake timeout|malformed HTTP|server closed",
        Transport,
        "the connection to the rack broke",
    ),
    # the answer
    _rule(
        r"unexpected end of JSON input|invalid character .* (looking for|after|in )|cannot unmarshal",
        Garbled,
        "the rack's answer is not readable",
    ),
    _rule(
        r"response status (5\d\d|429)|<html|<!doctype|etcdserver|bad gateway|(service (temporarily )?|is )unavailable"
        r"|internal (server )?error|gateway time-?out|too many requests|no space left|timed out waiting|leader changed",
        ServerFault,
        "the rack is in trouble",
    ),
    _rule(r"response status 404", NotFound, "the rack knows no such path", "RACK_URL must not end in a slash"),
    # what the rack refuses
    _rule(r"older release", RefusedByRack, "the release is older than the active one", "deployer rollback --app {app}"),
    _rule(r"empty manifest", RefusedByRack, "the release has no build", "deployer ship --app {app}"),
    _rule(r"required env: ", RefusedByRack, "env that convox.yml asks for is not set", "deployer ship --env-file FILE"),
    _rule(r"budget", RefusedByRack, "the app's budget is used up", "convox apps info -a {app}"),
    _rule(r"\blocked\b", RefusedByRack, "the app is locked", "convox apps unlock {app}"),
    _rule(r"token too long", RefusedByRack, "the app's env has a line that convox cannot read", "env set --replace"),
    _rule(
        r"unknown flag|args? (required|expected)|must specify|flag is required|usage:",
        RefusedByRack,
        "this convox does not know the command as deployer says it",
        "convox update",
    ),
    _rule(r"no such file or directory|failed to read the file", RefusedByRack, "a file is not there"),
    # anything else that is missing
    _rule(r"(env|service|resource|timer|instance|object|key) .*not found|not found$", NotFound, "it is not there"),
    # what became of it. All five realities of `rollback` look alike from here (faults 0.1)
    _rule(r"^rollback$", CannotTell, "convox saw a rollback, or another promote"),
    _rule(r"^timeout$", CannotTell, "convox stopped waiting"),
    _rule(r"^build failed$", BuildFailed, "the build failed"),
    _rule(r"unexpected build status|timed out after", BuildUnknown, "convox lost the build"),
)

# The CLI's own error comes last, after whatever a build or a promote has printed, and may go on for lines.
_ERROR = re.compile(r"(?:^|\.\.\. ?)ERROR: ?", re.MULTILINE)
# The request that a network error begins with: an app's name in it must not be read as words of the error.
_REQUEST = re.compile(r'^(Get|Post|Put|Head|Delete) "[^"]*": ')
# What Go's format call makes of a `%` in the rack's text (convox-facts 2.0).
_MANGLED = re.compile(r"%!([a-zA-Z])\(MISSING\)|%!\(NOVERB\)|%!\(EXTRA [^)%]{0,200}\)")
# `ps` of an app that is not there is an empty table and this line on stderr, status 0 (case ps-app-notfound).
_BUDGET_NOISE = re.compile(r'^ns=cli_budget .*err="(?P<error>(?:app not found|no such app)[^"]*)"', re.MULTILINE)
# Their output is a process's own, and their status is its status.
_RELAYING = frozenset({"run", "exec"})
# Their errors come on stdout with status 0, as the only line (convox-facts 2.9).
_STREAMING = frozenset({"run", "exec", "logs"})


def failure_of(completed: Completed, app: str, harmless: Callable[[str], str] = scrub) -> DeployerError | None:
    """
    The error that a child's end amounts to, or `None` when it says that all went well.

    `None` for a write means that the CLI said so, no more: its effect is still to be read back.
    """
    verb = completed.request.verb
    if completed.is_late:
        why = f"no end after {completed.request.deadline_s:g} s"
        return TimedOut(f"convox {verb} did not finish in time", why=why)
    if completed.status is None:
        return Crashed(
            f"convox {verb} was ended by a signal", why=f"signal {completed.signum}" if completed.signum else ""
        )
    text = _error_text(completed)
    if text:
        return _by_rule(text, completed.request, app, harmless)
    if completed.status == 0:
        return _quiet_failure(completed)
    return _wordless(completed, harmless)


def _error_text(completed: Completed) -> str:
    """The text after the last `ERROR: `, all of its lines; "" if there is none."""
    if completed.status == 0:
        noise = _BUDGET_NOISE.search(completed.stderr)
        if noise:
            return noise["error"]
        is_it = completed.request.verb in _STREAMING and re.fullmatch(r"ERROR: .*\n", completed.stdout)
        return _after_error(completed.stdout) if is_it else ""
    return _after_error(completed.stderr)


def _after_error(text: str) -> str:
    found = list(_ERROR.finditer(text))
    return text[found[-1].end() :].strip() if found else ""


def _by_rule(text: str, request: Request, app: str, harmless: Callable[[str], str]) -> DeployerError:
    verb = request.verb
    # masked before it is cut short: the half of a secret is not known for one any more
    why = first_line(harmless(_MANGLED.sub(lambda found: f"%{found[1] or ''}", text)))
    words = _REQUEST.sub("", text[:LONGEST_ERROR])
    for rule in RULES:
        if rule.words.search(words):
            return rule.error(f"convox {verb}: {rule.what}", why=why, hint=rule.hint.format(app=app))
    if request.is_write:
        return RefusedByRack(f"convox {verb}: the rack refused", why=why)
    return ServerFault(f"convox {verb}: the rack answered with an error", why=why)


def _quiet_failure(completed: Completed) -> DeployerError | None:
    verb = completed.request.verb
    if is_help(completed.stdout):
        return Garbled(f"this convox does not know `{verb}`", why="it printed its help", hint="convox update")
    if completed.dropped:
        return Garbled(f"convox {verb} printed too much", why=f"{completed.dropped} bytes more than deployer keeps")
    return None


def _wordless(completed: Completed, harmless: Callable[[str], str]) -> DeployerError | None:
    verb, status = completed.request.verb, completed.status
    if status == 2 and re.search(r"^(panic:|goroutine \d+)", completed.stderr, re.MULTILINE):
        return Crashed(f"convox {verb} crashed", why=first_line(harmless(completed.stderr)))
    if verb in _RELAYING:
        return None
    said = first_line(harmless(completed.stderr)) or "it said nothing"
    return Garbled(f"convox {verb} ended with status {status}", why=said)
