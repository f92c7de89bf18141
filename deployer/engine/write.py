"""Every write of ours goes through here: its intent on the stream before, its outcome after (faults 3.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from deployer.core.errors import BuildUnknown, CannotTell, DeployerError, Interrupted
from deployer.core.events import Intended, Wrote
from deployer.core.names import ReleaseId
from deployer.core.summary import CANNOT_TELL, DONE, NOT_DONE
from deployer.engine.ports import Ports

T = TypeVar("T")


def write(
    ports: Ports,
    words: str,
    do: Callable[[], T],
    *,
    about: str = "",
    release: ReleaseId | None = None,
    made: Callable[[T], ReleaseId | None] = lambda _: None,
) -> T:
    """
    Make one write, once. `made` names the release that it created, for the record.

    Raises what `do` raises, after the outcome was recorded; an interrupted write is one of which nobody can tell.
    """
    ports.sink.record(Intended(words, about, release))
    try:
        result = do()
    except (CannotTell, BuildUnknown, Interrupted) as error:
        ports.sink.record(Wrote(words, CANNOT_TELL, release, error.what))
        raise
    except DeployerError as error:
        ports.sink.record(Wrote(words, NOT_DONE, None, error.what))
        raise
    ports.sink.record(Wrote(words, DONE, made(result) or release))
    return result
