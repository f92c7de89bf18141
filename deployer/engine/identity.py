"""Which rack answers, before anything is asked of it: the CLI would be content with a part of its name."""

from __future__ import annotations

from deployer.core.errors import Problem, Refused
from deployer.core.models import RackInfo
from deployer.engine.ports import Ports


def meet_rack(ports: Ports) -> RackInfo:
    """
    The rack by its own name. Raises Refused for another one than was asked for, and for Convox v2.

    `--rack prod` matches `acme/production` too (convox-facts 1.1), so what answers is compared with what was said.
    """
    info = ports.rack.info()
    problems = (*_named_otherwise(info, ports.named), *_too_old(info))
    if problems:
        raise Refused(problems)
    return info


def _named_otherwise(info: RackInfo, asked: str) -> tuple[Problem, ...]:
    if not asked or info.is_called(asked):
        return ()
    what = f"--rack {asked} was asked for, and the rack that answers is {info.name}"
    return (Problem(what, hint=f"--rack {info.name}, if that is the one you mean"),)


def _too_old(info: RackInfo) -> tuple[Problem, ...]:
    if not info.is_v2:
        return ()
    return (Problem(f"{info.name} is a Convox v2 rack (version {info.version}); deployer knows v3 only"),)
