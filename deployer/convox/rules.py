"""
What the words of an error mean: one table, top to bottom, first match wins.

All errors of the CLI exit 1 and differ only in words (convox-facts 2.0): those of the CLI, of Go's network code, of the
rack, of the cluster and the cloud below it, and of whatever stands in between. The words of a console that denies a
command are on no record, since a console is closed source (convox-facts 1.5). So a denial is known by what all of them
say in some way (not permitted, not authorised, a 401 or 403 as words, as JSON or as a page); what even that does not
catch is told in its own words as a refusal, and never taken for an answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from deployer.core.errors import (
    BuildFailed,
    BuildUnknown,
    CannotTell,
    Denied,
    DeployerError,
    Garbled,
    NotFound,
    RackBusy,
    RackUnreachable,
    RefusedByRack,
    ServerFault,
    Transport,
    Unauthorised,
)


class NoSuchConfig(NotFound):
    """The app is there, the config is not."""


class NoSuchPath(NotFound):
    """A 404 without a word of the rack's own: anybody in between may say so, also to hide what is not granted."""


class WrongAddress(RackUnreachable):
    """What was asked for is no rack's name or address. Trying again does not help."""

    is_transient = False


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
# In place of a request that the rack has made to its own cluster.
CLUSTER = "cluster: "

_LOGIN = "convox rack access --role write --duration-in-hours 8"
_FIND = "convox racks"
_REACH = "convox rack"

# On this machine, before or beside any rack.
_HERE = (
    _rule(
        r"^(open|l?stat|read|readlink|mkdir|chdir|getwd|fork/exec|exec|failed to read the file)\b.*: "
        r"(no such file|permission denied|not a directory|is a directory|read-only|too many open|no space|file name too"
        r"|executable file not found|exec format)|no such file or directory|\$HOME (is|are) (not )?defined",
        RefusedByRack,
        "a file is not there or cannot be used",
    ),
    _rule(
        r"unknown flag|args? (required|expected)|must specify|flag is required|usage:|^(time: )?invalid duration"
        r"|^strconv\.",
        RefusedByRack,
        "this convox does not know the command as deployer says it",
        "convox update",
    ),
)

# What the rack says of itself: its cluster, its cloud account. Never about the credential that asks.
_BELOW = (
    _rule(rf"^{CLUSTER}", ServerFault, "the rack has lost its cluster"),
    _rule(
        r"is not authorized to perform|AccessDenied(Exception)?:|ExpiredToken|security token included"
        r"|authorization token has expired|forbidden: User \"system:",
        ServerFault,
        "the rack is not allowed to do this by its own cloud or cluster",
    ),
    _rule(
        r"is forbidden: |exceeded quota|admission webhook .{0,200} denied|LimitExceeded|limit exceeded",
        RefusedByRack,
        "the rack's cluster refuses it",
    ),
    _rule(
        r"etcdserver|leader changed|object has been modified|rpc error|calling webhook|rate limiter|connection lost"
        r"|unable to (handle|return|connect)|could not find the requested resource|no space left"
        r"|not enough (memory|cpu)|insufficient (memory|cpu)|timeout starting|timed out waiting"
        r"|rate exceeded|throttl",
        ServerFault,
        "the rack is in trouble",
    ),
)

# convox-facts 2.6, 7: begins with these words, then holds names that may be any word below.
_MANIFEST = (
    _rule(
        r"^(validation errors:\s+)?required env: ",
        RefusedByRack,
        "env that convox.yml asks for is not set",
        "deployer ship --env-file FILE",
    ),
    _rule(r"^validation errors?:", RefusedByRack, "convox.yml is not valid", "deployer doctor --app {app}"),
)

# The rack was never reached: whatever was to be done is not done (convox-facts 1.3).
_UNREACHED = (
    _rule(
        r"no such host|server misbehaving|\blookup \S+( on \S+)?: ",
        RackUnreachable,
        "the rack's host has no address",
        _REACH,
    ),
    _rule(
        r"connection refused|no route to host|(network|host) is (unreachable|down)",
        RackUnreachable,
        "nobody listens at the rack's address",
        _REACH,
    ),
    _rule(
        r"proxyconnect|proxy authentication required|response status 407",
        RackUnreachable,
        "a proxy stands between here and the rack",
        "unset HTTPS_PROXY, or add the rack to NO_PROXY",
    ),
    _rule(r"\bdial (tcp|udp|unix)\b", RackUnreachable, "the rack's host does not answer", _REACH),
    _rule(
        r"x509: |HTTP response to HTTPS client|HTTP request (was sent )?to (an )?HTTPS"
        r"|\btls: (first record|handshake failure|protocol version|(bad|unknown|expired) cert|unrecognized name"
        r"|oversized|failed to verify)",
        WrongAddress,
        "TLS to the rack does not work",
        _REACH,
    ),
    _rule(
        r"stopped after \d+ redirects|missing location header",
        WrongAddress,
        "the rack's address redirects to nowhere",
        _REACH,
    ),
    _rule(
        r"(^|: )parse \"|unsupported protocol scheme|missing protocol scheme|invalid URL|no Host in request URL",
        WrongAddress,
        "RACK_URL is not a URL that convox can use",
        "https://USER:PASSWORD@HOST",
    ),
)

# convox-facts 1.1.
_WHICH = (
    _rule(
        r"could not find rack|no such (console )?rack|\brack .{0,100}not found",
        RackUnreachable,
        "the rack was not found: wrong name, wrong credential or no way to the console",
        _FIND,
    ),
    _rule(r"ambiguous rack name", WrongAddress, "the rack's name fits several racks", _FIND),
    _rule(r"unknown rack type", WrongAddress, "the rack that was switched to cannot be used", "convox switch"),
    _rule(r"no current rack|convox login", WrongAddress, "no rack is chosen", "convox switch"),
)

# convox-facts 1.5.
_WHO = (
    _rule(
        r"(token|session|credential|password|\bkey|login)\b[^\n]{0,60} expired",
        Unauthorised,
        "the rack credential has expired",
        _LOGIN,
    ),
    _rule(
        r"you are unauthorized|requires? (read|write|admin) access|\bforbidden\b|(permission|access) denied"
        r"|not (authori[sz]ed|permitted|allowed to)\b|response status 403"
        r"|insufficient (permission|privilege|role|scope)|not have (the )?(\w+ )?(permission|access|role)"
        r"|(key|role|user|token) (can ?not|may not|is not allowed)|no (permission|access)\b",
        Denied,
        "the rack credential may not do this",
        _LOGIN,
    ),
    _rule(
        r"(invalid|wrong|bad|missing) (authentication|authorization|login|token|credentials?|password|(api|deploy) key)"
        r"|authentication (failed|required|error)|\bunauthori[sz]ed\b|not (authenticated|logged in)"
        r"|token (is (malformed|unverifiable|not valid)|signature|contains|has invalid)|signature is invalid"
        r"|authorization required|response status 401",
        Unauthorised,
        "the rack does not accept the credential",
        _LOGIN,
    ),
)

_THERE = (
    _rule(r"app config not found", NoSuchConfig, "the app has no such config"),
    _rule(
        r"app not found|no such app|namespaces? .{0,200}not found|stack .{0,200}does not exist",
        NotFound,
        "there is no such app",
        "convox apps create {app}",
    ),
    _rule(r"no releases to promote|no release for app", NotFound, "the app has no release"),
    _rule(
        r"no build for release|no such build|builds\.convox\.com .{0,200}not found|build not found",
        NotFound,
        "there is no such build",
    ),
    _rule(
        r"no such release|releases\.convox\.com .{0,200}not found|release not found",
        NotFound,
        "there is no such release",
    ),
    _rule(
        r"no such process|pods? .{0,300}not found|process not found|no resources found",
        NotFound,
        "there is no such process",
    ),
)

_AT_WORK = (
    _rule(
        r"(is|are) (currently|already) (updating|rolling back|deleting|creating|being)|not (currently )?updating"
        r"|(update|rollback|create|delete|cleanup).in.progress",
        RackBusy,
        "the app is not in a state for this",
        "convox apps info -a {app}",
    ),
)

# The request may have arrived, and may have been carried out.
_BROKE = (
    _rule(
        r"(?-i:\bEOF\b)|connection reset|broken pipe|closed network connection|websocket: |transport connection broken"
        r"|i/o timeout|deadline exceeded|(context|request) canceled|tls handshake timeout|malformed (HTTP|chunked)"
        r"|server closed|stream error|GOAWAY|http2: |\btls: |awaiting (response )?headers|ContentLength="
        r"|invalid byte in chunk|headers exceeded",
        Transport,
        "the connection to the rack broke",
    ),
)

_ANSWER = (
    _rule(
        r"unexpected end of JSON input|invalid character .{0,20} (looking for|after|in )|cannot unmarshal"
        r"|^parsing time|illegal base64|gzip: invalid|^json: ",
        Garbled,
        "the rack's answer is not readable",
    ),
    _rule(
        r"response status 404|\b404 (page )?not found",
        NoSuchPath,
        "the rack knows no such path",
        "RACK_URL must not end in a slash",
    ),
    _rule(
        r"response status 413|(entity|payload|content|body) too large",
        RefusedByRack,
        "what was sent is too large for the rack",
    ),
    _rule(
        r"response status 501|\bunimplemented\b|not (implemented|supported|available on this)|\bunsupported\b",
        RefusedByRack,
        "this rack does not have that",
        "convox rack",
    ),
    _rule(
        r"response status (5\d\d|408|425|429)|too many requests|bad gateway|unavailable|internal (server )?error"
        r"|gateway time-?out|request time-?out|default backend|\bupstream\b|error code: 5\d\d",
        ServerFault,
        "the rack is in trouble",
    ),
    _rule(
        r"response status 4\d\d|\bbad request\b|405 not allowed|method not allowed|\bconflict\b|unprocessable entity",
        RefusedByRack,
        "the rack refused the request",
    ),
    _rule(r"<html|<!doctype", ServerFault, "a page came in place of an answer"),
)

# convox-facts 2.6 to 2.8.
_REFUSED = (
    _rule(r"older release", RefusedByRack, "the release is older than the active one", "deployer rollback --app {app}"),
    _rule(r"empty manifest", RefusedByRack, "the release has no build", "deployer ship --app {app}"),
    _rule(r"required env: ", RefusedByRack, "env that convox.yml asks for is not set", "deployer ship --env-file FILE"),
    _rule(r"budget", RefusedByRack, "the app's budget is used up", "convox apps info -a {app}"),
    _rule(r"\blocked\b", RefusedByRack, "the app is locked", "convox apps unlock {app}"),
    _rule(r"token too long", RefusedByRack, "the app's env has a line that convox cannot read", "env set --replace"),
    _rule(
        r"(env|service|resource|timer|instance|object|certificate|secrets?|key)\b.{0,200}not found|not found(\"|$)",
        NotFound,
        "it is not there",
    ),
    _rule(
        r"\bmanifest\b|convox\.yml|^yaml: |^template: |\bcan ?not be\b|\bcan not\b|\bmust (be|have|not)\b|\binvalid\b"
        r"|is (not allowed|reserved|disabled|required)|already exists|^please |preflight|does(n't| not) exist",
        RefusedByRack,
        "the rack refused",
    ),
)

# All five realities of `rollback` look alike from here (faults 0.1).
_OUTCOME = (
    _rule(r"^rollback$", CannotTell, "convox saw a rollback, or another promote"),
    _rule(r"^timeout$", CannotTell, "convox stopped waiting"),
    _rule(r"^build failed$", BuildFailed, "the build failed"),
    _rule(r"unexpected build status|build .{0,60}timed out|timed out after", BuildUnknown, "convox lost the build"),
)

_LAST = (_rule(r"tim(e|ed)[ -]?out", Transport, "the rack did not answer in time"),)

RULES = (
    *(*_OUTCOME, *_MANIFEST, *_HERE, *_BELOW, *_UNREACHED, *_WHICH),
    *(*_WHO, *_THERE, *_AT_WORK, *_BROKE, *_ANSWER, *_REFUSED, *_LAST),
)

# The request that a network error begins with: an app's name in it must not be read as words of the error.
_REQUEST = re.compile(r'^(?:Get|Post|Put|Patch|Head|Delete) "(?P<url>[^"]*)": ')
# Where Kubernetes answers, and no rack does: the rack tells its own trouble in the words of Go's network code, too.
_KUBERNETES = re.compile(r"https?://[^/]+/(api|apis|containerLogs)/")


def rule_for(text: str) -> Rule | None:
    words = _REQUEST.sub(_without_url, text[:LONGEST_ERROR])
    return next((rule for rule in RULES if rule.words.search(words)), None)


def _without_url(request: re.Match[str]) -> str:
    return CLUSTER if _KUBERNETES.match(request["url"]) else ""
