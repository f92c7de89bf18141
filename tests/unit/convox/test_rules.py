"""What the words of an error mean, verb by verb: those on record, and those that a rack, a proxy or Go may say too."""

from __future__ import annotations

import pytest

from deployer.convox.failures import Unforeseen, failure_of
from deployer.convox.request import Completed, Request
from deployer.convox.rules import RULES, NoSuchConfig, NoSuchPath, WrongAddress, rule_for
from deployer.core.errors import (
    BuildFailed,
    BuildUnknown,
    CannotTell,
    Denied,
    DeployerError,
    Garbled,
    NotFound,
    RackBusy,
    RackFailure,
    RackUnreachable,
    RefusedByRack,
    ServerFault,
    Transport,
    Unauthorised,
)

READS = (
    *("ps", "ps info", "apps", "apps info", "services", "scale", "releases", "releases info", "releases manifest"),
    *("env", "env get", "builds", "builds info", "builds logs", "config get", "configs", "rack", "racks", "version"),
    *("api get", "deploy-debug", "balancers", "resources", "certs", "instances"),
)
# What deployer calls to change something, and what a person may type.
WRITES = (
    *("env set", "env unset", "build", "deploy", "run", "exec", "releases promote", "releases rollback", "apps cancel"),
    *("releases create-from", "config set", "ps stop", "restart", "services restart", "scale", "apps create"),
    *("apps delete", "apps lock", "apps unlock", "switch"),
)

WORDS: dict[type[DeployerError], str] = {
    Unauthorised: """
        invalid authentication
        invalid authentication: token is expired
        invalid authentication: token has invalid claims: token is expired
        invalid authentication: signature is invalid
        token is malformed: token contains an invalid number of segments
        invalid login
        authentication failed
        authentication required
        your CLI token has expired, please login again
        session expired
        your session has expired
        Unauthorized
        {"message":"Unauthorized"}
        {"message":"Missing Authentication Token"}
        <html><head><title>401 Authorization Required</title></head></html>
        response status 401
    """,
    Denied: """
        you are unauthorized to access this
        app create requires admin access
        process exec requires write access
        permission denied
        access denied
        Forbidden
        {"message":"Forbidden"}
        403 Forbidden
        <html><body><h1>403 Forbidden</h1></body></html>
        you are not authorized to perform this action
        deploy key cannot run this command
        this deploy key is not permitted to run ps
        user does not have permission to releases:promote on app myapp
        you do not have the required role
        insufficient permissions
        command not allowed: you are not allowed to run env
        response status 403
    """,
    RackUnreachable: r"""
        could not find rack: acme/prod
        no such console rack: acme/prod
        Get "https://h/system?": dial tcp 10.0.0.1:443: i/o timeout
        Get "https://h/system?": dial tcp 10.0.0.1:443: connect: connection refused
        Get "https://h/system?": dial tcp 10.0.0.1:443: connect: no route to host
        Get "https://h/system?": dial tcp 10.0.0.1:443: connect: network is unreachable
        Get "https://h/system?": dial tcp 10.0.0.1:443: connect: connection timed out
        Get "https://h/system?": dial tcp 10.0.0.1:443: connect: operation timed out
        Get "https://h/system?": dial tcp 10.0.0.1:443: connect: operation not permitted
        Get "https://h/system?": dial tcp 10.0.0.1:443: connect: permission denied
        Get "https://h/system?": dial tcp: lookup h on 1.1.1.1:53: no such host
        Get "https://h/system?": dial tcp: lookup h on 1.1.1.1:53: server misbehaving
        Get "https://h/system?": dial tcp: lookup h on 1.1.1.1:53: read udp 2.2.2.2:1->1.1.1.1:53: i/o timeout
        Get "https://h/system?": dial tcp: lookup h: Temporary failure in name resolution
        Get "https://h/system?": dial tcp: address 99999: invalid port
        dial tcp 127.0.0.1:1: connect: connection refused
        proxyconnect tcp: dial tcp 10.0.0.1:3128: connect: connection refused
        Proxy Authentication Required
    """,
    WrongAddress: r"""
        ambiguous rack name: prod
        no current rack, use `convox racks` to list and `convox switch <name>` to select
        unknown rack type:
        parse "https://convox:se%zzcret@h": invalid URL escape "%zz"
        parse "10.0.0.1:5000": first path segment in URL cannot contain colon
        Get "http:///system?": http: no Host in request URL
        Get "h/system?": unsupported protocol scheme ""
        Get "https://h/system?": x509: certificate signed by unknown authority
        Get "https://h/system?": tls: failed to verify certificate: x509: certificate has expired or is not yet valid
        Get "https://h/system?": tls: first record does not look like a TLS handshake
        Get "https://h/system?": remote error: tls: handshake failure
        Get "https://h/system?": http: server gave HTTP response to HTTPS client
        Client sent an HTTP request to an HTTPS server.
        Get "https://h/x?": failed to parse Location header "::": parse "::": missing protocol scheme
        Get "ftp://h/system?": unsupported protocol scheme "ftp"
        Get "https://h/system?": stopped after 10 redirects
    """,
    NoSuchConfig: "app config not found: deployer",
    NotFound: """
        app not found: x
        no such app: x
        namespaces "rack-x" not found
        ValidationError: Stack with id convox-x does not exist
        no releases to promote
        no release for app: myapp
        no build for release: RAAAAAAAAA1
        builds.convox.com "bnope" not found
        no such release: RAAAAAAAAA1
        releases.convox.com "rnope" not found
        pods "web-nope" not found
        no such process: web-1
        no resources found in lab-myapp namespace
        env not found: FOO
        service not found: web
        deployments.apps "web" not found
        secrets "env-web" not found
        object not found: tmp/x.tgz
    """,
    NoSuchPath: """
        404 page not found
        <html><head><title>404 Not Found</title></head></html>
        response status 404
    """,
    RackBusy: """
        app is currently updating
        app is not updating
        not currently updating
        Stack:arn:aws:cloudformation:x is in UPDATE_IN_PROGRESS state and can not be updated.
        Stack:arn:aws:cloudformation:x is in UPDATE_ROLLBACK_IN_PROGRESS state and can not be updated.
        app is already being deleted
    """,
    RefusedByRack: """
        can not promote an older release, try rollback
        can not promote a release with an empty manifest
        required env: A, B
        manifest: required env: A
        required env: EOF, LOCKED, TOKEN, FORBIDDEN
        validation errors: service eof deployment minimum can not be greater than 100
        validation errors: service key requires admin access, references a resource that does not exist: forbidden
        bad manifest: 50% wrong
        yaml: line 3: mapping values are not allowed in this context
        app is locked
        budget cap reached: 100% of $50.00 used; new deploys are blocked
        bufio.Scanner: token too long
        app already exists: myapp
        app name is reserved
        reserved label key 'app' is not allowed
        balancer resource is disabled
        please enable the rack's internal router first: convox rack params set internal_router=true
        certificate preflight: domain x.example.org has no DNS record
        unimplemented
        this is not supported by this rack
        pods "web-1" is forbidden: exceeded quota: compute
        admission webhook "policy.example.org" denied the request: privileged
        unknown flag: --id
        1 arg required
        2 args required
        at least 1 arg required
        no more than 1 arg expected
        must specify either --build-from or --use-active-release-build
        --file or --value flag is required
        time: invalid duration "x"
        strconv.Atoi: parsing "x": invalid syntax
        lstat DIR/nosuchdir: no such file or directory
        open /src/secret.key: permission denied
        exec: "docker": executable file not found in $PATH
        failed to read the file: open nope.json: no such file or directory
        neither $XDG_CONFIG_HOME nor $HOME are defined
        open /root/.config/convox/auth: permission denied
        http: request body too large
        413 Request Entity Too Large
        response status 400
        response status 409
        response status 422
        response status 501
    """,
    Transport: r"""
        Get "https://h/system?": EOF
        Post "https://h/apps/eof/releases?": unexpected EOF
        unexpected EOF
        Get "https://h/system?": net/http: TLS handshake timeout
        Get "https://h/system?": read tcp 1.1.1.1:1->2.2.2.2:2: read: connection reset by peer
        Get "https://h/system?": read tcp 1.1.1.1:1->2.2.2.2:2: i/o timeout
        Post "https://h/apps/a/releases?": write tcp 1.1.1.1:1->2.2.2.2:2: write: broken pipe
        Post "https://h/apps/a/releases?": http: server closed idle connection
        Post "https://h/apps/a/releases?": http2: server sent GOAWAY and closed the connection
        Post "https://h/a?": net/http: HTTP/1.x transport connection broken: malformed HTTP status code "x"
        Get "https://h/a?": context deadline exceeded (Client.Timeout exceeded while awaiting headers)
        Get "https://h/a?": net/http: request canceled
        Get "https://h/a?": local error: tls: bad record MAC
        Get "https://h/a?": remote error: tls: internal error
        stream error: stream ID 1; INTERNAL_ERROR
        write tcp 1.1.1.1:1->2.2.2.2:2: use of closed network connection
        context canceled
        context deadline exceeded
        websocket: bad handshake
        websocket: close 1006 (abnormal closure): unexpected EOF
        websocket: close 1012 (service restart)
        malformed chunked encoding
        invalid byte in chunk length
        Get "https://h/a?": net/http: server response headers exceeded 10485760 bytes; aborted
        Get "https://h/a?": net/http: HTTP/1.x transport connection broken: malformed HTTP response "x"
        request timed out, try again
    """,
    ServerFault: r"""
        Internal Server Error
        internal error
        Bad Gateway
        Service Unavailable
        <html><body><h1>503 Service Temporarily Unavailable</h1></body></html>
        <!DOCTYPE html><title>Bad Gateway</title>
        <!doctype html><p>we will be right back
        504 Gateway Time-out
        Too Many Requests
        no healthy upstream
        error code: 521
        default backend - 404
        etcdserver: request timed out
        etcdserver: leader changed
        Operation cannot be fulfilled on atoms.atom.convox.com "app": the object has been modified
        the server is currently unable to handle the request
        Unable to connect to the server: dial tcp 10.0.0.1:443: connect: connection refused
        Get "https://10.100.0.1:443/api/v1/namespaces/lab-myapp?": dial tcp 10.100.0.1:443: connect: connection refused
        Put "https://10.100.0.1:443/apis/convox.com/v1/namespaces/lab-myapp/releases/r1?": EOF
        rpc error: code = Unavailable desc = connection error
        Internal error occurred: failed calling webhook "x": context deadline exceeded
        User: arn:aws:sts::1:assumed-role/rack is not authorized to perform: ecr:CreateRepository
        ExpiredToken: The security token included in the request is expired
        pods is forbidden: User "system:serviceaccount:lab:api" cannot list resource "pods"
        Throttling: Rate exceeded
        timeout starting process
        not enough memory available to start process
        no space left on device
        response status 408
        response status 429
        response status 500
        response status 502
        response status 503
        response status 504
    """,
    Garbled: """
        unexpected end of JSON input
        invalid character '<' looking for beginning of value
        invalid character '}' after top-level value
        json: invalid number literal, trying to unmarshal "x" into Number
        gzip: invalid header
        invalid character 'h' in literal true (expecting 'r')
        json: cannot unmarshal string into Go value of type structs.Apps
        parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"
    """,
    CannotTell: """
        rollback
        timeout
    """,
    BuildFailed: "build failed",
    BuildUnknown: """
        unexpected build status: weird
        build BAAAAAAAAAA timed out after 60 minutes
    """,
}
TABLE = [(line.strip(), kind) for kind, lines in WORDS.items() for line in lines.strip().splitlines()]

TRANSIENT = {RackUnreachable, Transport, ServerFault, Garbled}


def failure(words: str, verb: str, *, is_write: bool) -> DeployerError | None:
    request = Request(verb, tuple(verb.split()), 10.0, is_write=is_write)
    return failure_of(Completed(request, 1, "", f"Doing something... ERROR: {words}\n"), "myapp")


@pytest.mark.parametrize(("words", "kind"), TABLE, ids=[words[:60] for words, _ in TABLE])
def test_words_decide(words: str, kind: type[DeployerError]) -> None:
    """Whichever command they answer."""
    told = {type(failure(words, verb, is_write=verb in WRITES)) for verb in (*READS, *WRITES)}

    assert {kind} == told


def test_every_rule_decides_something() -> None:
    """None is hidden behind those before it, and none is left over."""
    used = {rule_for(words) for words, _ in TABLE}

    assert [] == [rule.words.pattern for rule in RULES if rule not in used]


@pytest.mark.parametrize("kind", WORDS, ids=lambda kind: kind.__name__)
def test_class_says_whether_a_read_is_worth_another_try(kind: type[DeployerError]) -> None:
    """What is not transient would be the same in a second."""
    assert (kind in TRANSIENT) == (issubclass(kind, RackFailure) and kind.is_transient)


PAGES = {
    401: ("Authorization Required", Unauthorised),
    403: ("Forbidden", Denied),
    404: ("Not Found", NotFound),
    405: ("Not Allowed", RefusedByRack),
    408: ("Request Time-out", ServerFault),
    409: ("Conflict", RefusedByRack),
    413: ("Request Entity Too Large", RefusedByRack),
    422: ("Unprocessable Entity", RefusedByRack),
    429: ("Too Many Requests", ServerFault),
    500: ("Internal Server Error", ServerFault),
    501: ("Not Implemented", RefusedByRack),
    502: ("Bad Gateway", ServerFault),
    503: ("Service Temporarily Unavailable", ServerFault),
    504: ("Gateway Time-out", ServerFault),
}
# Where Go's own words for a status are others than nginx's.
PLAIN = {401: "Unauthorized", 405: "Method Not Allowed", 408: "Request Timeout", 504: "Gateway Timeout"}
FORMS = {
    "empty": "response status {status}",
    "text": "{text}",
    "json": '{{"message":"{text}","status":{status}}}',
    "nginx": "<html>\r\n<head><title>{status} {text}</title></head>\r\n<body>\r\n<h1>{status} {text}</h1>\r\n</body>",
    "page": "<!DOCTYPE html>\n<!--[if IE]> <i> <![endif]-->\n<style>\nbody {{ a: b }}</style><h1>{status} {text}",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("status", PAGES)
def test_status_is_known_by_its_page(status: int, form: str) -> None:
    """The CLI prints the body that came with it, or the bare number: the same for every command."""
    text, kind = PAGES[status]
    text = text if form in ("nginx", "page") else PLAIN.get(status, text)
    words = FORMS[form].format(status=status, text=text)

    failures = [failure(words, verb, is_write=verb in WRITES) for verb in (*READS, *WRITES)]

    assert all(isinstance(each, kind) for each in failures), failures
    for each in failures:
        assert each
        assert not any(mark in each.why for mark in ("<", ">", "body {", "\r", "\n"))
        assert text in each.why or form == "empty"


@pytest.mark.parametrize("words", ["the moon is in the wrong place", "line one\nline two", "bad <info>value</info>"])
def test_words_that_no_rule_knows_are_the_racks_reason(words: str) -> None:
    """A write was refused, as far as can be told; a read may be tried again. Never is it an answer."""
    refused, odd = failure(words, "env set", is_write=True), failure(words, "env", is_write=False)

    assert (Unforeseen, ServerFault) == (type(refused), type(odd))
    assert refused
    assert isinstance(refused, RefusedByRack)
    assert words.split("<")[0].split("\n")[0].strip() in refused.why


def test_reason_goes_on_behind_a_colon() -> None:
    """`validation errors:` alone would tell nobody what to mend (convox-facts 10.1)."""
    told = failure(
        "validation errors:\nservice web: scale.max must be >= scale.min\nrequired env: A", "build", is_write=True
    )

    assert told
    assert "validation errors: service web: scale.max must be >= scale.min required env: A" == told.why


@pytest.mark.parametrize("app", ["locked", "budget", "eof", "timeout", "rollback", "forbidden", "api", "token"])
def test_name_of_an_app_is_not_a_word_of_the_error(app: str) -> None:
    """It stands in the request's URL."""
    words = f'Get "http://h/apps/{app}?": dial tcp 1.1.1.1:1: connect: connection refused'

    assert RackUnreachable is type(failure(words, "ps", is_write=False))
