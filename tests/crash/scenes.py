"""What is under way when the blow falls: each scene prepares an app and names the command, and how it may end."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from tests.scenario.practice import App, PracticeRack

TOKEN = "canary-6b1f9c27d0"  # a secret of every app here: to be seen nowhere
_ORDINARY = ("started", "planned", "intended config set (lock)", "wrote config set (lock)")
_LEDGER = ("intended config set (ledger)", "wrote config set (ledger)")
_ROLL = ("intended releases promote", "said promote", "looked watch", "wrote releases promote")
_DOOM = ("judged doomed", "gathered")
_PROVEN = ("judged proven", "judged settled")
_COPY = ("intended releases create-from", "wrote releases create-from")


@dataclass(frozen=True, slots=True)
class Prepared:
    """An app before the blow: what serves, what is about to, and the command."""

    app: App
    before: str
    staged: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """
    `lines` are those of a run that nothing strikes, each by name; one that comes again is named again.

    `ends`: the statuses of a run that is brought to its end after a promote. `keeps`: what served before serves then.
    """

    name: str
    prepare: Callable[[PracticeRack, str], Prepared]
    lines: tuple[str, ...]
    ends: tuple[int, ...]
    keeps: bool


def _serving(rack: PracticeRack, name: str) -> App:
    app = rack.app(name)
    _staged(app)
    rack.promote(app, _built(app))
    return app


def _built(app: App) -> str:
    """A release with a build, and the env of the newest before it."""
    built = app.rack.start_convox("build", str(app.rack.checkout), "--app", app.name, "--id").end()
    assert 0 == built.status, built.err
    return built.out.strip()


def _staged(app: App, **env: str) -> str:
    """A release with this env that is there and was not promoted."""
    lines = "\n".join(f"{key}={value}" for key, value in ({"TOKEN": TOKEN} | env).items())
    made: str = json.loads(app.rack.post(f"/apps/{app.name}/releases", env=lines))["id"]
    return made


def _ship(rack: PracticeRack, name: str) -> Prepared:
    app = _serving(rack, name)
    words = ("ship", str(rack.checkout), "--env-from", "GREETING")
    return Prepared(app, app.active, "", words)


def _promote(*words: str, **env: str) -> Callable[[PracticeRack, str], Prepared]:
    def prepare(rack: PracticeRack, name: str) -> Prepared:
        app = _serving(rack, name)
        staged = _staged(app, **env)
        return Prepared(app, app.active, staged, ("promote", staged, *words))

    return prepare


def _rollback(rack: PracticeRack, name: str) -> Prepared:
    app = _serving(rack, name)
    good = app.active
    app.set_env(TOKEN=TOKEN, GREETING="two")
    return Prepared(app, app.active, good, ("rollback", good, "--yes"))


def _first(rack: PracticeRack, name: str) -> Prepared:
    app = rack.app(name)
    _staged(app, MOOD="crash")
    staged = _built(app)
    return Prepared(app, "", staged, ("promote", staged))


SCENES = (
    Scene(
        "ship",
        _ship,
        (*_ORDINARY, *_LEDGER, "intended env set", "wrote env set", "said env", "said build", "intended build",
         "wrote build", "said build", *_ROLL, *_PROVEN, *_LEDGER, "ended"),
        ends=(0,),
        keeps=False,
    ),
    Scene(
        "command",
        _promote("--release-command", "echo migrated", GREETING="hi"),
        (*_ORDINARY, *_LEDGER, "intended run", "wrote run", "said command", *_ROLL, *_PROVEN, *_LEDGER, "ended"),
        ends=(0,),
        keeps=False,
    ),
    Scene(
        "crash",
        _promote(MOOD="crash"),
        (*_ORDINARY, *_LEDGER, *_ROLL, *_DOOM, "said why", "intended apps cancel", "wrote apps cancel", "said back",
         "looked back", *_PROVEN, "said back", *_COPY, "said heal", "ended"),
        ends=(20, 21),
        keeps=True,
    ),
    Scene(
        "ill",
        _promote(MOOD="ill"),
        (*_ORDINARY, *_LEDGER, *_ROLL, *_DOOM, *_COPY, *_ROLL, *_PROVEN, "said back", "ended"),
        ends=(20, 21),
        keeps=True,
    ),
    Scene(
        "rollback",
        _rollback,
        (*_ORDINARY, *_COPY, "said back", *_ROLL, *_PROVEN, *_LEDGER, "ended"),
        ends=(0,),
        keeps=False,
    ),
    Scene(
        "first",
        _first,
        (*_ORDINARY, *_ROLL, *_DOOM, "said why", "intended apps cancel", "wrote apps cancel", "said back",
         "said back", "said heal", "ended"),
        ends=(18,),
        keeps=True,
    ),
)  # fmt: skip
