"""`releases` and what can be done with one; promoting (convox-facts 2.6, 2.7, 2.11, 2.12)."""

from __future__ import annotations

from deployer.localrack.cli import environment, waits
from deployer.localrack.cli.errors import CommandError
from deployer.localrack.cli.rack import text
from deployer.localrack.cli.table import print_info, print_table
from deployer.localrack.cli.ticker import Ticker
from deployer.localrack.cli.times import ago, rfc3339
from deployer.localrack.cli.writer import STDOUT, put

TYPE_CHECKING = False
if TYPE_CHECKING:
    from deployer.localrack.cli.context import Context
    from deployer.localrack.cli.flags import Flags

STILL_PROMOTING_S = 15


def listing(context: Context) -> None:
    active = text(context.rack.app(context.app), "release")
    rows = [
        (
            text(release, "id"),
            "active" if text(release, "id") == active else "",
            text(release, "build"),
            ago(text(release, "created")),
            text(release, "description"),
        )
        for release in context.rack.releases(context.app, context.flags.option("limit"))
    ]
    print_table(context.writer, ("ID", "STATUS", "BUILD", "CREATED", "DESCRIPTION"), rows)


def info(context: Context) -> None:
    release = context.rack.release(context.app, context.arg(0))
    pairs = [
        ("Id", text(release, "id")),
        ("Build", text(release, "build")),
        ("Created", rfc3339(text(release, "created"))),
        ("Description", text(release, "description")),
        ("Env", _shown_env(context, text(release, "env"))),
    ]
    print_info(context.writer, pairs)


def manifest(context: Context) -> None:
    wanted = context.arg(0)
    build = text(context.rack.release(context.app, wanted), "build")
    if not build:
        raise CommandError(f"no build for release: {wanted}")
    kept = text(context.rack.build(context.app, build), "manifest").strip()
    context.writer.stream(f"{kept}\n".encode("utf-8", "surrogateescape"))


def create_from(context: Context) -> None:
    """Nothing is asked of the rack before the flags are right; `Using …` is printed before the rack may refuse."""
    _one_of(context.flags, "build-from", "use-active-release-build")
    _one_of(context.flags, "env-from", "use-active-release-env")
    app = context.app
    active = text(context.rack.app(app), "release")
    build_from = context.rack.release(app, context.flags.option("build-from") or active)
    env_from = context.rack.release(app, context.flags.option("env-from") or active)
    sources = text(build_from, "id"), text(env_from, "id")
    context.writer.writef("Using build from release: %s\n", sources[0])
    context.writer.writef("Using env from release: %s\n", sources[1])
    options = {
        "build": text(build_from, "build"),
        "env": text(env_from, "env"),
        "description": "Created from build release: {} and environment release: {}".format(*sources),
    }
    created = text(context.rack.create_release(app, options), "id")
    context.writer.writef("Created release: %s\n", created)
    if context.flags.is_set("promote"):
        return promote_release(context, created)
    return context.writer.ok()


def promote(context: Context) -> None:
    """Without an id: the newest release, whatever it is."""
    release = context.arg(0)
    if not release:
        newest = context.rack.releases(context.app, "1")
        if not newest:
            raise CommandError("no releases to promote")
        release = text(newest[0], "id")
    promote_release(context, release, force=context.flags.is_set("force"))


def rollback(context: Context) -> None:
    """Copies build and env of the old release into a new one and promotes that, without waiting for a busy app."""
    if context.flags.is_set("id"):
        context.writer.texts_to_stderr()
    wanted, app = context.arg(0), context.app
    context.writer.start("Rolling back to <release>%s</release>", wanted)
    old = context.rack.release(app, wanted)
    copy = context.rack.create_release(app, {"build": text(old, "build"), "env": text(old, "env")})
    new = text(copy, "id")
    context.writer.ok(new)
    context.writer.start("Promoting <release>%s</release>", new)
    context.rack.promote(app, new, force=context.flags.is_set("force"))
    context.writer.writef("\n")
    _await(context, new)
    if context.flags.is_set("id"):
        put(STDOUT, new)
    context.writer.ok()


def promote_release(context: Context, release: str, *, force: bool = False) -> None:
    """Wait until the app is ready unless forced, promote, and wait until it runs."""
    if not release:
        raise CommandError("no release to promote")
    app, writer = context.app, context.writer
    if text(context.rack.app(app), "status") != "running" and not force:
        writer.start("Waiting for app to be ready")
        waits.app_running(context.rack, app)
        writer.ok()
    writer.start("Promoting <release>%s</release>", release)
    writer.writef("\n")
    _post(context, release, force=force)
    _await(context, release)
    writer.ok()


def _post(context: Context, release: str, *, force: bool) -> None:
    """Says every 15 s that the rack has not answered yet."""
    from threading import Event, Thread  # few commands wait

    answered = Event()

    def reassure() -> None:
        ticker = Ticker(STILL_PROMOTING_S)
        while not answered.is_set():
            ticker.wait(answered.wait)
            if not answered.is_set():
                context.writer.writef("Promoting still in progress...\n")

    Thread(target=reassure, daemon=True).start()
    try:
        context.rack.promote(context.app, release, force=force)
    finally:
        answered.set()


def _await(context: Context, release: str) -> None:
    waits.app_running_with_logs(context, context.app)
    if text(context.rack.app(context.app), "release") != release:
        raise CommandError("rollback")


def _shown_env(context: Context, stored: str) -> str:
    masked = environment.masked_keys(context)
    return environment.dump_masked(environment.load(stored), masked) if masked else stored


def _one_of(flags: Flags, named: str, active: str) -> None:
    if flags.given(named) == flags.given(active):
        raise CommandError(f"must specify either --{named} or --{active}")
