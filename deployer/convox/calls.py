"""A call of the CLI that became an answer or a named error. Reads are tried again, writes never."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from tenacity import Retrying, retry_if_exception, stop_after_attempt, stop_after_delay, wait_random_exponential

from deployer.convox import parse
from deployer.convox.commands import Commands
from deployer.convox.failures import failure_of
from deployer.convox.request import Completed, Request
from deployer.convox.rules import NoSuchPath
from deployer.convox.runner import Runner
from deployer.convox.target import Target
from deployer.core.environment import Environment
from deployer.core.errors import Denied, DeployerError, Garbled, NotFound, RackFailure
from deployer.core.models import Release
from deployer.core.names import ReleaseId
from deployer.core.policy import Policy

T = TypeVar("T")

ATTEMPTS = 4
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 2.0
# How far back releases are looked for: the rack's own list ends at ten (convox-facts 2.11).
LISTED = 50


class Calls:
    """What one target answers."""

    def __init__(self, runner: Runner, target: Target, policy: Policy) -> None:
        self.runner = runner
        self.clock = runner.clock
        self.policy = policy
        self.app = target.app
        self.commands = Commands(target, policy)
        self.allowed: dict[str, bool] = {}  # by the command's words: what the credential was seen to do, or denied
        self._environments: dict[ReleaseId, Environment] = {}
        for secret in target.secrets:
            runner.redactor.learn(secret)

    def ask(self, request: Request, read: Callable[[str], T], *, is_fresh: bool = False) -> T:
        """
        Read, and read again after a transient failure, for about `read_s` in all. Raises RackFailure, Interrupted.

        `is_fresh`: it was made a moment ago, and may be not found for up to half a minute (faults C20).
        """
        budget_s = self.policy.write_s if is_fresh else self.policy.read_s
        attempts = Retrying(
            retry=retry_if_exception(lambda error: _is_worth_another_try(error, is_fresh=is_fresh)),
            stop=stop_after_delay(budget_s) if is_fresh else stop_after_delay(budget_s) | stop_after_attempt(ATTEMPTS),
            wait=wait_random_exponential(multiplier=FIRST_PAUSE_S, max=LONGEST_PAUSE_S),
            sleep=self.clock.sleep,
            reraise=True,
        )
        return attempts(lambda: self.answer(self.runner.run(request), read))

    def answer(self, completed: Completed, read: Callable[[str], T]) -> T:
        """What a child's stdout says, or the error that its end amounts to."""
        failure = self.failure(completed)
        if failure:
            raise failure
        with suppress(Garbled):
            return read(completed.stdout)
        # out here, since an exception keeps the one it was raised under, and that one quotes raw text
        raise self._garbled(completed, read)

    def _garbled(self, completed: Completed, read: Callable[[str], T]) -> Garbled:
        """
        Why it cannot be read, from the text with secrets masked.

        An error quotes the beginning of its text: of a secret that is cut short there the half would be shown.
        """
        what = f"convox {completed.request.verb}: "
        try:
            read(self.runner.redactor.redact(completed.stdout))
        except Garbled as error:
            return Garbled(what + error.what, why=self.runner.harmless(error.why), hint=error.hint)
        return Garbled(f"{what}the answer is not readable")

    def failure(self, completed: Completed) -> DeployerError | None:
        failure = failure_of(completed, self.app, self.runner.harmless)
        if failure is None or (isinstance(failure, NotFound) and not isinstance(failure, NoSuchPath)):
            self.allowed[completed.request.verb] = True
        elif isinstance(failure, Denied):
            self.allowed[completed.request.verb] = False
        return failure

    def releases(self, limit: int = LISTED) -> tuple[Release, ...]:
        return self.ask(self.commands.releases(limit), parse.releases)

    def release(self, release: ReleaseId) -> Release:
        """One that was made a moment ago."""

        def pick(text: str) -> Release:
            found = next((each for each in parse.releases(text) if each.id == release), None)
            if found is None:
                raise NotFound(f"{release} is not in the list of releases")
            return found

        return self.ask(self.commands.releases(LISTED), pick, is_fresh=True)

    def environment(self, release: ReleaseId, *, is_fresh: bool = False) -> Environment:
        """A release never changes, so its env is read once. Its values are never shown from now on."""
        if release not in self._environments:
            found = self.ask(self.commands.environment(release), parse.environment, is_fresh=is_fresh)
            self.learn_environment(release, found)
        return self._environments[release]

    def learn_environment(self, release: ReleaseId, found: Environment) -> None:
        for secret in found.values():
            self.runner.redactor.learn(secret)
        self._environments[release] = found

    def knows_environment(self, release: ReleaseId) -> bool:
        """It was read, and so its values are masked in whatever is shown."""
        return release in self._environments


def _is_worth_another_try(error: BaseException, *, is_fresh: bool) -> bool:
    return isinstance(error, RackFailure) and (error.is_transient or (is_fresh and isinstance(error, NotFound)))
