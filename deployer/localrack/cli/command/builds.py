"""`build`, `deploy` and `builds` (convox-facts 2.5, 2.11)."""

from __future__ import annotations

import hashlib
import os
import subprocess
import time

from deployer.localrack.cli.command import releases
from deployer.localrack.cli.errors import CommandError
from deployer.localrack.cli.rack import text
from deployer.localrack.cli.streams import copy_text
from deployer.localrack.cli.table import print_info, print_table
from deployer.localrack.cli.ticker import Ticker
from deployer.localrack.cli.times import ago, duration
from deployer.localrack.cli.writer import STDOUT, put

TYPE_CHECKING = False
if TYPE_CHECKING:
    from deployer.localrack.cli.client import Json
    from deployer.localrack.cli.context import Context

POLL_S = 1
TIMEOUT_S = 60 * 60
BUILDING = ("created", "running")
OPTIONS = ("build-args", "development", "external", "manifest", "no-cache", "wildcard-domain")


def listing(context: Context) -> None:
    rows = [
        (
            text(build, "id"),
            text(build, "status"),
            text(build, "release"),
            ago(text(build, "started")),
            duration(text(build, "started"), text(build, "ended")),
            text(build, "description"),
        )
        for build in context.rack.builds(context.app, context.flags.option("limit"))
    ]
    print_table(context.writer, ("ID", "STATUS", "RELEASE", "STARTED", "ELAPSED", "DESCRIPTION"), rows)


def info(context: Context) -> None:
    build = context.rack.build(context.app, context.arg(0))
    pairs = [
        ("Id", text(build, "id")),
        ("Status", text(build, "status")),
        ("Release", text(build, "release")),
        ("Description", text(build, "description")),
        ("Started", ago(text(build, "started"))),
        ("Elapsed", duration(text(build, "started"), text(build, "ended"))),
    ]
    print_info(context.writer, pairs)


def logs(context: Context) -> None:
    copy_text(context.writer, context.rack.build_logs(context.app, context.arg(0)).chunks())


def build(context: Context) -> None:
    """With `--id` the *release's* id is all that stdout gets."""
    if context.flags.is_set("id"):
        context.writer.texts_to_stderr()
    built = _build(context)
    context.writer.writef("Build:   <build>%s</build>\n", text(built, "id"))
    context.writer.writef("Release: <release>%s</release>\n", text(built, "release"))
    if context.flags.is_set("id"):
        put(STDOUT, text(built, "release"))


def deploy(context: Context) -> None:
    """Prints no `Build:` and `Release:` lines, and no id unless the promote succeeds."""
    if context.flags.is_set("id"):
        context.writer.texts_to_stderr()
    release = text(_build(context), "release")
    releases.promote_release(context, release, force=context.flags.is_set("force"))
    if context.flags.is_set("id"):
        put(STDOUT, release)


def _build(context: Context) -> Json:
    """Raises CommandError unless the build completes; one poll that fails is enough."""
    folder = context.arg(0) or "."
    options = _options(context, folder)
    if options["external"] == "true":
        raise CommandError("the stand-in convox does not build with a local Docker")
    started = _start(context, folder, options)
    stream = context.rack.build_logs(context.app, text(started, "id"))
    copied, trouble = copy_text(context.writer, stream.chunks())
    if trouble:
        context.writer.writef("warning: build log stream interrupted: %s\n", trouble)
    try:
        return _finished(context, started)
    finally:
        _print_rest_of_logs(context, started, copied)


def _options(context: Context, folder: str) -> dict[str, str | None]:
    options = {name: context.flags.option(name) for name in OPTIONS}
    description = context.flags.option("description")
    options["description"] = _describe() if description is None else description
    sha = _git("-C", folder, "rev-parse", "HEAD")
    options["git-sha"] = None if os.environ.get("TEST") == "true" else sha
    return options


def _describe() -> str | None:
    """The last commit, unless the working tree has changes that are not staged."""
    if _git("diff", "--quiet") is None:
        return None
    commit = _git("log", "-n", "1", "--pretty=%h %s", "--abbrev=10")
    return None if commit is None else f"build {commit}"


def _git(*args: str) -> str | None:
    """What git prints; None when it fails or is not there."""
    try:
        done = subprocess.run(["git", *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True)  # noqa: S607
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.decode("utf-8", "surrogateescape").strip()


def _start(context: Context, folder: str, options: dict[str, str | None]) -> Json:
    from deployer.localrack.cli.tarball import pack  # `builds` needs none of it

    context.writer.start("Packaging source")
    data = pack(folder)
    context.writer.ok()
    context.rack.system()  # asked for the version, to tell racks that want another call
    context.writer.start("Uploading source")
    key = f"tmp/{hashlib.sha256(os.urandom(1024)).hexdigest()[:30]}.tgz"
    url = context.rack.store(context.app, key, data)
    context.writer.ok()
    context.writer.start("Starting build")
    started = context.rack.create_build(context.app, {**options, "url": url})
    context.writer.ok()
    return started


def _finished(context: Context, started: Json) -> Json:
    ticker = Ticker(POLL_S)
    give_up_at = time.monotonic() + TIMEOUT_S
    ident = text(started, "id")
    current = started
    while True:
        ticker.wait()
        if time.monotonic() > give_up_at:
            status = text(current, "status")
            advice = f"(status: {status}). Check: convox builds info {ident}"
            raise CommandError(f"build {ident} timed out after 60 minutes {advice}")
        current = context.rack.build(context.app, ident)
        status = text(current, "status")
        if status == "complete":
            return current
        if status == "failed":
            raise CommandError("build failed")
        if status not in BUILDING:
            raise CommandError(f"unexpected build status: {status}")


def _print_rest_of_logs(context: Context, started: Json, copied: int) -> None:
    """
    Fetch the log again and print what lies beyond the bytes printed so far.

    Where colours were dropped that is a little too much, for less was printed than read (`build-id-log-ansi-many`).
    """
    try:
        build = context.rack.build(text(started, "app"), text(started, "id"))
        if text(build, "status") in BUILDING:
            return
        data = b"".join(context.rack.build_logs(text(build, "app"), text(build, "id")).chunks())
    except CommandError:
        return
    if len(data) > copied:
        context.writer.stream(data[copied:])
