"""What a new release inherits (convox-facts 3.1)."""

from __future__ import annotations

from dataclasses import replace

from deployer.rackmodel import env as env_text
from deployer.rackmodel.app import App
from deployer.rackmodel.ids import NO_BUILD, ReleaseId
from deployer.rackmodel.records import Release

# `created` is strictly increasing, or "newest" and "older" would mean nothing (convox-facts 5.5)
_TICK_S = 0.001


def fork(
    app: App,
    release: ReleaseId,
    now_s: float,
    *,
    build: str | None = None,
    env: str | None = None,
    parent: str | None = None,
) -> Release:
    """Make a release from `parent`, or from the newest one. None inherits, an empty string is a value.

    Raises Refused if the build or the parent is not there, or a line of the env is 64 KiB or longer.
    """
    base = app.release(parent) if parent else app.newest
    base_env, base_build = (base.env, base.build) if base else ("", NO_BUILD)
    new_env = base_env if env is None else env
    change = env_text.describe_change(base_env, new_env)
    new_build = app.build(build) if build else None
    if build is None and base_build:
        new_build = app.build(base_build)
    return Release(
        id=release,
        app=app.name,
        build=new_build.id if new_build else NO_BUILD,
        env=new_env,
        manifest=new_build.manifest if new_build else "",
        description=change or (new_build.description if new_build else ""),
        created_s=max(now_s, app.releases[-1].created_s + _TICK_S) if app.releases else now_s,
    )


def describe(release: Release, description: str) -> Release:
    """The caller's own words in place of the rack's."""
    return replace(release, description=description)
