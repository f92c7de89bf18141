"""What is refused before anything is written: each problem named in the form of the house, with what to do about it."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenario.practice import App, PracticeRack
from tests.scenario.shell import Done, Shell
from tests.scenario.wrapped import wrapped_convox

pytestmark = pytest.mark.rack

CLOSED = "http://convox:not-a-secret@127.0.0.1:9"


@pytest.fixture(scope="module")
def app(practice: PracticeRack) -> App:
    [app] = practice.serving("untouched")
    return app


@pytest.fixture(autouse=True)
def nothing_is_written(app: App) -> Iterator[None]:
    """Whatever a test of this file does: what serves, and every release, stay as they are."""
    before = (app.active, app.releases)
    yield
    assert before == (app.active, app.releases)


def checkout_that_needs(folder: Path, source: Path, *keys: str) -> Path:
    """A checkout whose convox.yml requires these env keys."""
    checkout = Path(shutil.copytree(source, folder / "checkout"))
    manifest = (checkout / "convox.yml").read_text(encoding="utf-8")
    required = f"    environment: [{', '.join(keys)}]\n"
    (checkout / "convox.yml").write_text(manifest + required, encoding="utf-8")
    return checkout


def ship_of(app: App, checkout: Path, *words: str, shell: Shell | None = None) -> Done:
    return app.start("ship", str(checkout), *words, shell=shell).end()


def said(done: Done, verdict: str) -> str:
    """The message of a run that was refused, once its form is right: what and why, what serves, what to type."""
    head, _, message = done.err.rpartition(f"{verdict}: ")
    lines = message.splitlines()
    assert head == "" or head.endswith("\n"), done.err
    assert "Traceback" not in done.err
    assert "" == done.out
    assert not [line for line in lines if line.endswith((".", "!"))]
    assert all(line.startswith("  ") for line in lines[1:]), done.err
    assert any(line.lstrip().startswith("try: ") for line in lines), done.err
    return message


def test_an_app_that_is_not_there(practice: PracticeRack, app: App) -> None:
    """A wrong app name is refused: ship creates no app, and says how to."""
    done = App(practice, "untuched").ship()

    assert 10 == done.status
    assert "try: convox apps create untuched" in said(done, "refused")


def test_a_folder_without_a_manifest(app: App, tmp_path: Path) -> None:
    """Where there is no convox.yml, the folder is named."""
    done = ship_of(app, tmp_path)

    assert 10 == done.status
    assert f"{tmp_path} has no readable convox.yml" in said(done, "refused")


def test_required_keys_that_are_set_nowhere(app: App, checkout: Path, tmp_path: Path) -> None:
    """All env keys that convox.yml requires and nobody has set are named at once, each with the way to give it."""
    needy = checkout_that_needs(tmp_path, checkout, "ALPHA_KEY", "BETA_KEY", "GAMMA_KEY")

    done = ship_of(app, needy, "--set", "BETA_KEY=here")

    told = said(done, "refused")
    assert 10 == done.status
    assert ["ALPHA_KEY", "GAMMA_KEY"] == [line.split()[0] for line in told.splitlines() if "is required by" in line]
    assert f"still serving: {app.active}" in told
    assert "--env-from GAMMA_KEY" in told


def test_a_value_with_a_line_break(app: App, checkout: Path, tmp_path: Path) -> None:
    """A value of several lines would be cut by Convox: its key is named with a way out, the value is not shown."""
    lines = [secrets.token_urlsafe(24) for _ in range(3)]
    env_file = tmp_path / "prod.env"
    env_file.write_text('PRIVATE_KEY="{}"\n'.format("\n".join(lines)), encoding="utf-8")

    done = ship_of(app, checkout, "--env-file", str(env_file))

    told = said(done, "refused")
    assert 10 == done.status
    assert "PRIVATE_KEY has a line break" in told
    assert "base64" in told
    assert [] == [line for line in lines if line in done.err]


def test_a_local_rack_that_is_down(app: App, tmp_path: Path) -> None:
    """`--rack local` where none is up says how to bring it up."""
    elsewhere = app.rack.shell.with_env(XDG_STATE_HOME=str(tmp_path))

    done = ship_of(app, app.rack.checkout, shell=elsewhere)

    assert 10 == done.status
    assert "try: deployer rack up" in said(done, "refused")


def test_a_rack_that_nobody_answers_for(app: App, tmp_path: Path) -> None:
    """A RACK_URL behind which nothing listens is a refusal that says so, and hides the password."""
    elsewhere = app.rack.shell.with_env(RACK_URL=CLOSED)
    convox = wrapped_convox(tmp_path)

    done = elsewhere.deployer("ship", str(app.rack.checkout), "--app", app.name, "--convox", str(convox))

    assert 10 == done.status
    assert "nobody listens" in said(done, "refused")
    assert "not-a-secret" not in done.err


def test_a_machine_without_convox(app: App, tmp_path: Path) -> None:
    """For a rack elsewhere the real CLI is needed: without it there is a word about installing it."""
    bare = app.rack.shell.with_env(RACK_URL=CLOSED, DEPLOYER_CONVOX=None, PATH=str(tmp_path))

    done = bare.deployer("ship", str(app.rack.checkout), "--app", app.name)

    assert 10 == done.status
    assert "install the Convox CLI" in said(done, "refused")


def test_two_racks_at_once(app: App) -> None:
    """RACK_URL would silently beat another rack that is named: the two do not go together."""
    torn = app.rack.shell.with_env(RACK_URL=CLOSED)

    done = torn.deployer("ship", str(app.rack.checkout), "--app", app.name, "--rack", "production")

    assert 10 == done.status
    assert "try: unset RACK_URL" in said(done, "refused")


def test_every_wrong_flag_is_named(app: App) -> None:
    """Flags that make no sense are a usage error, all of them at once."""
    done = app.rack.shell.deployer("ship", "--app", "My_App", "--soak", "soon", "--output", "loud", "--staged", "maybe")

    told = said(done, "usage")
    assert 2 == done.status
    assert [] == [flag for flag in ("--app", "--soak", "--output", "--staged") if flag not in told]


def test_a_set_without_a_value(app: App) -> None:
    """`--set KEY` is a usage error that does not repeat what was typed: it may be a value."""
    done = app.ship("--set", "hunter2-and-more")

    assert 2 == done.status
    assert "--env-from" in said(done, "usage")
    assert "hunter2" not in done.err
