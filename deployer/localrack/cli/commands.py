"""
The commands: which words, flags and arguments they take, and where their code is.

Flags and argument counts: convox-facts 2.1. `commands.tsv` lists every command
of the real CLI, because its help shows them and because the longest match wins:
`certs delete` is not `certs` with an argument, even where the stand-in has neither.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from deployer.localrack.cli.errors import CommandError
from deployer.localrack.cli.flags import Flag
from deployer.localrack.cli.gofmt import sprintf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from deployer.localrack.cli.context import Context
    from deployer.localrack.cli.flags import Flags
    from deployer.localrack.cli.writer import Writer

APP, RACK, WATCH, LIMIT = Flag("app", "a"), Flag("rack", "r"), Flag("watch"), Flag("limit", "l", "int")
RELEASE, PROMOTE = Flag("release"), Flag("promote", "p", "bool")
ID, FORCE = Flag("id", kind="bool"), Flag("force", kind="bool")
# Accepted by every command, without any effect (`deploy-wait-flag`), and not shown by --help.
WAIT = Flag("wait", "w", "bool")
BUILD = (
    Flag("build-args", kind="strings"), Flag("description", "d"), Flag("development", kind="bool"),
    Flag("external", kind="bool"), Flag("manifest", "m"), Flag("no-cache", kind="bool"),
    Flag("wildcard-domain", kind="bool"), APP, RACK, ID,
)  # fmt: skip
LOGS = (
    Flag("filter"), Flag("max-log-requests", kind="int"), Flag("since", kind="duration"),
    Flag("allow-previous", kind="bool"), Flag("tail", kind="int"),
)  # fmt: skip
RUN = (
    Flag("cpu", kind="int"), Flag("cpu-limit", kind="int"), Flag("gpu", kind="int"), Flag("gpu-vendor"),
    Flag("memory", kind="int"), Flag("memory-limit", kind="int"), RELEASE, Flag("use-service-volume", kind="bool"),
    Flag("node-labels"), Flag("system-critical", kind="bool"), RACK, APP, Flag("detach", "d", "bool"),
    Flag("timeout", "t", "int"), Flag("entrypoint", "e", "bool"),
)  # fmt: skip
SCALE = (
    Flag("count", kind="int"), Flag("cpu", kind="int"), Flag("gpu", kind="int"), Flag("gpu-vendor"),
    Flag("memory", kind="int"), Flag("min", kind="int"), Flag("max", kind="int"),
)  # fmt: skip
DIAGNOSE = (
    Flag("checks", "c"), Flag("service", "s"), Flag("age", "A", "int"), Flag("all", kind="bool"),
    Flag("lines", "n", "int"), APP, RACK, WATCH, Flag("output", "o"), Flag("no-events", kind="bool"),
    Flag("no-previous", kind="bool"),
)  # fmt: skip
CREATE_FROM = (
    Flag("build-from"), Flag("use-active-release-build", kind="bool"), Flag("env-from"),
    Flag("use-active-release-env", kind="bool"), Flag("promote", kind="bool"), RACK, APP,
)  # fmt: skip


class Command:
    """
    One command.

    `code` is `module:function` in the package `command`. `least` and `most`
    bound the number of arguments, None for no bound. `on_rack` commands find
    their rack before anything else, so that a missing one is the first error.
    """

    __slots__ = ("code", "flags", "least", "most", "on_rack", "usage", "words")

    def __init__(
        self,
        code: str,
        flags: Sequence[Flag],
        *,
        args: tuple[int | None, int | None] = (0, 0),
        usage: str = "",
        on_rack: bool = True,
    ) -> None:
        self.code, self.flags, self.usage, self.on_rack = code, [*flags, WAIT], usage, on_rack
        self.least, self.most = args
        self.words = ""

    def check(self, args: Sequence[str], flags: Flags) -> None:
        """Raises CommandError on too few or too many arguments."""
        least, most = self.least, self.most
        if self.code == "services:scale" and any(flags.given(flag.name) for flag in SCALE):
            if not args:
                raise CommandError("service name required")
            least, most = 1, 1
        if least is not None and least == most and len(args) != least:
            raise CommandError(f"{_plural(least)} required")
        if least is not None and len(args) < least:
            raise CommandError(f"at least {_plural(least)} required")
        if most is not None and len(args) > most:
            raise CommandError(f"no more than {_plural(most)} expected")

    def handler(self) -> Callable[[Context], None]:
        module, _, function = self.code.partition(":")
        found: Callable[[Context], None] = getattr(import_module(f"{__package__}.command.{module}"), function)
        return found


COMMANDS = {
    "api get": Command("api:get", [RACK], args=(1, 1), usage="<path>"),
    "apps": Command("apps:listing", [RACK, WATCH]),
    "apps cancel": Command("apps:cancel", [RACK, APP], args=(None, 1), usage="[app]"),
    "apps create": Command(
        "apps:create", [Flag("generation", "g"), Flag("timeout", kind="int"), RACK], args=(None, 1), usage="[name]"
    ),
    "apps delete": Command("apps:delete", [RACK], args=(1, 1), usage="<app>"),
    "apps info": Command("apps:info", [APP, RACK], args=(None, 1), usage="[app]"),
    "apps lock": Command("apps:lock", [APP, RACK], args=(None, 1), usage="[app]"),
    "apps params": Command("apps:params", [APP, RACK], args=(None, 1), usage="[app]"),
    "apps unlock": Command("apps:unlock", [APP, RACK], args=(None, 1), usage="[app]"),
    "balancers": Command("attached:balancers", [APP, RACK]),
    "build": Command("builds:build", BUILD, args=(None, 1), usage="[dir]"),
    "builds": Command("builds:listing", [LIMIT, RACK, APP, WATCH]),
    "builds info": Command("builds:info", [RACK, APP], args=(1, 1), usage="<build>"),
    "builds logs": Command("builds:logs", [RACK, APP], args=(1, 1), usage="<build>"),
    "certs": Command("attached:certificates", [Flag("generated", kind="bool"), RACK, WATCH]),
    "config get": Command("configs:get", [RACK, APP], args=(1, 1), usage="<name>"),
    "config set": Command(
        "configs:set_config",
        [APP, RACK, Flag("file", "f"), Flag("value"), Flag("restart", kind="bool")],
        args=(1, 1),
        usage="<name>",
    ),
    "configs": Command("configs:listing", [RACK, APP, WATCH]),
    "deploy": Command("builds:deploy", [*BUILD, FORCE], args=(None, 1), usage="[dir]"),
    "deploy-debug": Command("diagnose:deploy_debug", DIAGNOSE),
    "env": Command("env:listing", [RACK, APP, WATCH, RELEASE, Flag("reveal", kind="bool")]),
    "env get": Command("env:get", [RACK, APP, RELEASE], args=(1, 1), usage="<var>"),
    "env mask": Command("masks:listing", [RACK, APP]),
    "env mask set": Command("masks:mask", [RACK, APP], args=(1, None), usage="<key> [key]..."),
    "env mask unset": Command("masks:unmask", [RACK, APP], args=(1, None), usage="<key> [key]..."),
    "env set": Command(
        "env:set_env",
        [APP, ID, RACK, Flag("replace", kind="bool"), PROMOTE, RELEASE],
        args=(None, None),
        usage="<key=value> [key=value]...",
    ),
    "env unset": Command("env:unset", [APP, ID, RACK, PROMOTE, RELEASE], args=(1, None), usage="<key> [key]..."),
    "exec": Command("processes:exec_command", [RACK, APP], args=(2, None), usage="<pid> <command>"),
    "help": Command("info:commands", [], args=(None, None), on_rack=False),
    "instances": Command("info:instances", [RACK]),
    "logs": Command("logs:logs", [*LOGS, APP, Flag("no-follow", kind="bool"), RACK, Flag("service", "s")]),
    "ps": Command("processes:listing", [RELEASE, Flag("service", "s"), APP, RACK, WATCH]),
    "ps info": Command("processes:info", [APP, RACK], args=(1, 1)),
    "ps stop": Command("processes:stop", [APP, RACK], args=(1, 1)),
    "rack": Command("info:rack", [RACK]),
    "racks": Command("info:racks", [WATCH], on_rack=False),
    "registries": Command("info:registries", [RACK]),
    "releases": Command("releases:listing", [LIMIT, RACK, APP, WATCH]),
    "releases create-from": Command("releases:create_from", CREATE_FROM),
    "releases info": Command("releases:info", [APP, RACK, Flag("reveal", kind="bool")], args=(1, 1)),
    "releases manifest": Command("releases:manifest", [APP, RACK], args=(1, 1)),
    "releases promote": Command("releases:promote", [APP, RACK, FORCE], args=(None, 1)),
    "releases rollback": Command("releases:rollback", [APP, ID, RACK, FORCE], args=(1, 1)),
    "resources": Command("attached:resources", [RACK, APP, WATCH]),
    "resources info": Command("attached:resource", [RACK, APP], args=(1, 1), usage="<resource>"),
    "resources url": Command("attached:resource_url", [RACK, APP], args=(1, 1), usage="<resource>"),
    "restart": Command("services:restart_all", [APP, RACK]),
    "run": Command("processes:run", RUN, args=(2, None), usage="<service> <command>"),
    "scale": Command("services:scale", [*SCALE, APP, RACK, WATCH], args=(None, 1), usage="[<service>]"),
    "services": Command("services:listing", [APP, RACK, WATCH]),
    "services restart": Command("services:restart", [APP, RACK], args=(1, 1)),
    "services update": Command("services:update", [*SCALE, APP, RACK], args=(1, 1), usage="<service>"),
    "switch": Command("info:switch", [], args=(None, 1), on_rack=False),
    "version": Command("info:version", [RACK], on_rack=False),
}
for _words, _command in COMMANDS.items():
    _command.words = _words


def find(argv: Sequence[str]) -> str:
    """The command whose words lead the arguments, the longest of them; empty when none does."""
    known = descriptions()
    words: list[str] = []
    found = ""
    for arg in argv:
        words.append(arg)
        if " " not in arg and " ".join(words) in known:
            found = " ".join(words)
    return found


def descriptions() -> dict[str, str]:
    """Every command of the real CLI, and what its help says of it."""
    listed = Path(__file__).with_name("commands.tsv").read_text(encoding="utf-8")
    return dict(line.split("\t", 1) for line in listed.splitlines())


def print_list(writer: Writer) -> None:
    known = descriptions()
    width = max(len(f"convox {words}") for words in known)
    for words, description in sorted(known.items()):
        line = sprintf(f"<h1>%-{width}s</h1>  <value>%s</value>\n", f"convox {words}", description)
        writer.writef(line)


def print_usage(writer: Writer, command: Command) -> None:
    writer.writef("<h2>USAGE</h2>\n  <value>%s</value> <info>%s</info>\n\n", f"convox {command.words}", command.usage)
    writer.writef("<h2>DESCRIPTION</h2>\n  <value>%s</value>\n\n", descriptions()[command.words])
    writer.writef("<h2>OPTIONS</h2>\n")
    shown = sorted((flag for flag in command.flags if flag is not WAIT), key=lambda flag: flag.name)
    rows = [(_option(flag, f"--{flag.name}"), _option(flag, f"-{flag.short}") if flag.short else "") for flag in shown]
    long, short = (max((len(row[i]) for row in rows), default=0) for i in (0, 1))
    for row in rows:
        writer.writef(sprintf(f"  %-{long}s  %-{short}s\n", *row))


def _option(flag: Flag, spelled: str) -> str:
    return f"{spelled} <u><info>{'' if flag.kind == 'bool' else flag.name}</info></u>"


def _plural(count: int) -> str:
    return f"{count} arg" if count == 1 else f"{count} args"
