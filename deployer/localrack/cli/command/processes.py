"""`ps`, and running commands in processes (convox-facts 2.9)."""

from __future__ import annotations

import os
from contextlib import suppress

from deployer.localrack.cli import waits
from deployer.localrack.cli.budget import cap_of
from deployer.localrack.cli.context import stdin_chunks, stdin_is_terminal
from deployer.localrack.cli.errors import CommandError, Exit
from deployer.localrack.cli.rack import text
from deployer.localrack.cli.streams import copy_until_exit
from deployer.localrack.cli.table import print_info, print_table
from deployer.localrack.cli.terminal import raw_terminal
from deployer.localrack.cli.times import ago

TYPE_CHECKING = False
if TYPE_CHECKING:
    from deployer.localrack.cli.context import Context
    from deployer.localrack.cli.sockets import Socket

CHUNK = 1024  # bytes of stdin sent at a time
SLEEP_S = 3600  # how long the process lives that `run` executes its command in
RUN_OPTIONS = (
    "cpu", "cpu-limit", "gpu", "gpu-vendor", "memory", "memory-limit", "release", "use-service-volume", "node-labels",
    "system-critical",
)  # fmt: skip


def listing(context: Context) -> None:
    flags = context.flags
    processes = context.rack.processes(context.app, service=flags.option("service"), release=flags.option("release"))
    cap = cap_of(context.rack, context.app)
    rows = [
        (
            text(process, "id"),
            text(process, "name"),
            cap.decorate(text(process, "status"), text(process, "name")),
            text(process, "release"),
            ago(text(process, "started")),
            text(process, "command"),
        )
        for process in processes
    ]
    print_table(context.writer, ("ID", "SERVICE", "STATUS", "RELEASE", "STARTED", "COMMAND"), rows)


def info(context: Context) -> None:
    process = context.rack.process(context.app, context.arg(0))
    pairs = [
        ("Id", text(process, "id")),
        ("App", text(process, "app")),
        ("Command", text(process, "command")),
        ("Instance", text(process, "instance")),
        ("Release", text(process, "release")),
        ("Service", text(process, "name")),
        ("Started", ago(text(process, "started"))),
        ("Status", text(process, "status")),
    ]
    print_info(context.writer, pairs)


def stop(context: Context) -> None:
    context.writer.start("Stopping <process>%s</process>", context.arg(0))
    context.rack.stop_process(context.app, context.arg(0))
    context.writer.ok()


def exec_command(context: Context) -> None:
    """In a running process, or in one of a service's. Raises Exit with the remote status, or a made-up 0."""
    headers = {"Command": " ".join(context.args[1:]), "Tty": None if stdin_is_terminal() else "false", **_size()}
    with raw_terminal(context.writer):
        code = _attach(context, context.rack.exec(context.app, context.arg(0), headers))
    raise Exit(code)


def run(context: Context) -> None:
    """A new process that sleeps, the command executed in it, and the process removed (unless we are killed)."""
    flags, service = context.flags, context.arg(0)
    command = " ".join(context.args[1:])
    headers = {"-".join(word.capitalize() for word in name.split("-")): flags.option(name) for name in RUN_OPTIONS}
    headers.update(_size())
    with raw_terminal(context.writer):
        if not flags.is_set("detach"):
            raise Exit(_run_attached(context, service, command, headers))
        context.writer.start("Running detached process")
        context.writer.ok(text(context.rack.run(context.app, service, {**headers, "Command": command}), "id"))


def _run_attached(context: Context, service: str, command: str, headers: dict[str, str | None]) -> int:
    rack, app = context.rack, context.app
    sleep_s = context.flags.number("timeout")
    sleep_s = sleep_s if sleep_s > 0 else SLEEP_S
    process = text(rack.run(app, service, {**headers, "Command": f"sleep {sleep_s}"}), "id")
    try:
        waits.process_running(rack, app, process)
        return _attach(context, rack.exec(app, process, _exec_headers(context, command)))
    finally:
        with suppress(CommandError):
            rack.stop_process(app, process)


def _exec_headers(context: Context, command: str) -> dict[str, str | None]:
    entrypoint = context.flags.is_set("entrypoint", default=True)
    return {
        "Command": command,
        "Entrypoint": "true" if entrypoint else "false",
        "Tty": None if stdin_is_terminal() else "false",
        **_size(),
    }


def _size() -> dict[str, str | None]:
    try:
        size = os.get_terminal_size(1)
    except OSError:
        return {}
    return {"Height": str(size.lines), "Width": str(size.columns)}


def _attach(context: Context, stream: Socket) -> int:
    """The remote exit code. Our stdin goes to the process until it or the process ends."""
    from threading import Thread  # only commands that attach need it

    Thread(target=_forward_stdin, args=(stream,), daemon=True).start()
    return copy_until_exit(context.writer, stream.chunks())


def _forward_stdin(stream: Socket) -> None:
    for data in stdin_chunks(CHUNK):
        stream.send_text(data)
    stream.send_end()
