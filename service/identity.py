"""Who is answering: the release, the process and the build that `/health` reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Identity:
    """
    Fixed when the process starts; `build` is empty when the image carries no stamp.

    `release` comes from the environment that the rack gives, so a process of an
    old image that restarts in the middle of a rollout reports the new release
    (convox-facts 3.7). `build` comes from the image, and tells the truth as long as
    nobody sets DEPLOYER_STAMP in the app's environment, which would win.
    """

    release: str
    process: str
    build: str

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Identity:
        """Read RELEASE and HOSTNAME, which the rack sets, and DEPLOYER_STAMP, which the image sets."""
        return cls(
            release=environ.get("RELEASE") or UNKNOWN,
            process=environ.get("HOSTNAME") or UNKNOWN,
            build=environ.get("DEPLOYER_STAMP", ""),
        )
