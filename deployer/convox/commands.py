"""
Every call of the Convox CLI that deployer makes, as a value: pure, tested as "this call is this command line".

Flags come after the command words, or the CLI prints its help and exits 0 (convox-facts 2.0). `-a` is always said,
since without it the CLI takes the name of the current folder for the app (1.2).
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from unicodedata import category

from deployer.convox.request import Request
from deployer.convox.target import Target
from deployer.core.environment import Environment
from deployer.core.errors import Usage
from deployer.core.models import ReleaseCommand
from deployer.core.names import BuildId, ProcessId, ReleaseId, ServiceName
from deployer.core.policy import Policy
from deployer.core.redact import Secret

# The CLI waits 35 minutes for a promote (convox-facts 3.6); the engine ends the child long before.
PROMOTE_S = 36 * 60.0


@dataclass(frozen=True, slots=True)
class Commands:
    """The calls for one target. Raises Usage for a value that the CLI could take for a flag."""

    target: Target
    policy: Policy

    def rack(self) -> Request:
        return self._ask("rack", *self._rack())

    def version(self) -> Request:
        """Unlike `convox version` it asks nobody and sends no credential (convox-facts 1.4)."""
        return Request("--version", ("--version",), self.policy.read_s)

    def app(self) -> Request:
        return self._ask("apps info", self._app(), *self._flags())

    def processes(self) -> Request:
        return self._ask("ps", *self._flags())

    def services(self) -> Request:
        return self._ask("services", *self._flags())

    def scale(self) -> Request:
        return self._ask("scale", *self._flags())

    def api_get(self, what: str) -> Request:
        """`what` is a list of this app: `services`, `processes`."""
        return self._ask("api get", f"/apps/{self._app()}/{_value(what)}", *self._rack())

    def releases(self, limit: int) -> Request:
        return self._ask("releases", "--limit", str(limit), *self._flags())

    def environment(self, release: ReleaseId) -> Request:
        """Names the release: without it the CLI shows the newest, not the active one (convox-facts 2.2)."""
        return self._ask("env", "--release", _value(release), *self._flags())

    def manifest(self, release: ReleaseId) -> Request:
        return self._ask("releases manifest", _value(release), *self._flags())

    def builds(self, limit: int) -> Request:
        return self._ask("builds", "--limit", str(limit), *self._flags())

    def build_info(self, build: BuildId) -> Request:
        return self._ask("builds info", _value(build), *self._flags())

    def logs(self, service: ServiceName) -> Request:
        """Names the service: without it the log is empty on some racks (convox-facts 10.1)."""
        return self._ask("logs", "--no-follow", "--since", "5m", "--tail", "100", "-s", _value(service), *self._flags())

    def diagnosis(self, service: ServiceName | None) -> Request:
        """Needs a rack of 3.24.0 (convox-facts 2.9); an older one has no such path, an older CLI no such command."""
        which = ("-s", _value(service)) if service else ()
        return self._ask("deploy-debug", "-o", "json", "--lines", "40", *which, *self._flags())

    def restarts(self) -> Request:
        """How often each process was restarted, with as little of its log as can be asked for."""
        brief = ("--all", "--lines", "1", "--no-events", "--no-previous")
        words = ("-o", "json", *brief, *self._flags())
        return replace(self._ask("deploy-debug", *words), deadline_s=self.policy.count_s)

    def config_get(self, name: str) -> Request:
        return self._ask("config get", _value(name), *self._flags())

    def set_env(self, wanted: Environment, *, replace: bool) -> Request:
        """Values travel on stdin, one `KEY=value` a line: argv can be read by everybody (faults 4.1)."""
        lines = "".join(_line(key, secret.reveal()) for key, secret in wanted.items())
        how = ("--replace",) if replace else ()
        return self._tell("env set", "--id", *how, *self._flags(), stdin=Secret(lines))

    def unset_env(self, keys: Sequence[str]) -> Request:
        """Names only: the CLI reads the newest env, takes them out, and posts the rest (convox-facts 2.3)."""
        return self._tell("env unset", *map(_value, keys), "--id", *self._flags())

    def build(self, path: str, description: str, stamp: str = "") -> Request:
        """`stamp` goes to the Dockerfile's `ARG DEPLOYER_STAMP`; build args are no place for secrets."""
        args = ("--build-args", f"DEPLOYER_STAMP={stamp}") if stamp else ()
        words = (_value(path), "--id", "-d", _value(description), *args, *self._flags())
        return self._tell("build", *words, deadline_s=self.policy.build_s)

    def run(self, command: ReleaseCommand, release: ReleaseId, mark: str) -> Request:
        """
        With `[mark STATUS]` behind its output, whatever the command does: the status of the CLI is not its own.

        One word, which the rack splits as a shell would, so that the CLI finds no flags in it; errors go to stdout,
        since stderr gets lost (convox-facts 2.9, 10.1). `--timeout` is how long the process stays if nobody removes it.
        """
        script = f'sh -c "$0" 2>&1; echo "[{mark} $?]"'
        line = shlex.join(("sh", "-c", script, command.line))
        seconds = f"{self.policy.command_s:.0f}"
        what = (_value(command.service), _value(line), "--release", _value(release), "--timeout", seconds)
        words = ("run", *what, *self._flags())
        return Request("run", words, self.policy.command_s, is_write=True, told_on="stdout")

    def promote(self, release: ReleaseId) -> Request:
        """`--wait` is for a CLI built for v2, which returns at once without it (convox-facts 2.0, 6)."""
        return self._tell("releases promote", _value(release), "--wait", *self._flags(), deadline_s=PROMOTE_S)

    def cancel(self) -> Request:
        return self._tell("apps cancel", self._app(), *self._flags())

    def stop(self, process: ProcessId) -> Request:
        return self._tell("ps stop", _value(process), *self._flags())

    def copy(self, build_from: ReleaseId, env_from: ReleaseId) -> Request:
        both = ("--build-from", _value(build_from), "--env-from", _value(env_from))
        return self._tell("releases create-from", *both, *self._flags())

    def copy_of_nothing(self) -> Request:
        """Asks the CLI, not the rack, whether it has the command at all: without its flags it says so and ends."""
        return self._ask("releases create-from", *self._flags())

    def config_set(self, name: str, text: str) -> Request:
        """`--value -`, or the CLI stores its stdin in place of the value (convox-facts 2.12)."""
        return self._tell("config set", _value(name), "--value", "-", *self._flags(), stdin=Secret(text))

    def _ask(self, verb: str, *words: str) -> Request:
        return Request(verb, (*verb.split(), *words), self.policy.read_s)

    def _tell(self, verb: str, *words: str, stdin: Secret | None = None, deadline_s: float = 0) -> Request:
        deadline_s = deadline_s or self.policy.write_s
        return Request(verb, (*verb.split(), *words), deadline_s, stdin=stdin, is_write=True)

    def _app(self) -> str:
        return _value(self.target.app)

    def _flags(self) -> tuple[str, ...]:
        return ("-a", self._app(), *self._rack())

    def _rack(self) -> tuple[str, ...]:
        """RACK_URL beats `-r` without a word (convox-facts 1.1), so the two are never said together."""
        if self.target.rack_url or not self.target.rack:
            return ()
        return ("-r", _value(self.target.rack))


def _line(key: str, value: str) -> str:
    """What the CLI reads as this pair and no other: preflight refuses the rest by name, with what to do about it."""
    line = f"{key}={value}\n"
    if not key or "=" in key or any(mark in line[:-1] for mark in "\r\n\0"):
        raise Usage("an env cannot be passed to convox", why="a name or value would be read as another")
    return line


def _value(text: str) -> str:
    """A word that can only be read as a value: not a flag, and without control characters or lone surrogates."""
    if not text or text.startswith("-") or any(category(each) in ("Cc", "Cs") for each in text):
        raise Usage(f"{text!r} cannot be passed to convox", why="it is empty, looks like a flag or is not plain text")
    return text
