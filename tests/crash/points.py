"""Which cases there are, and a sample of them."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.crash.aftermath import Case
from tests.crash.lines import BY_CHILD, INTENT, Blow, counted
from tests.crash.scenes import SCENES, Scene

A_SCENE = 2


def all_cases() -> list[Case]:
    """Every blow at every line of every scene, each taken up and taken back."""
    return [case for scene in SCENES for line in counted(scene.lines) for case in _cases(scene, line)]


def sample(seeds: random.Random, of_each_scene: int = A_SCENE) -> list[Case]:
    """Some of each scene, with as many different blows as there can be."""
    blows = [blow for _ in SCENES for blow in seeds.sample(list(Blow), k=len(Blow))]
    cases = all_cases()
    seeds.shuffle(cases)
    wanted = [(scene, blows.pop(), bool(n % 2)) for scene in SCENES for n in range(of_each_scene)]
    return [next(case for case in cases if (case.scene, case.blow, case.abort) == each) for each in wanted]


def _cases(scene: Scene, line: str) -> Iterator[Case]:
    is_write = line.startswith(INTENT)
    # the child of a promote has no say any more once the rack shows the release: it is ended, and kills nobody
    unheard_of = {Blow.UNHEARD} if "promote" in line else set()
    blows = [blow for blow in Blow if blow not in (unheard_of if is_write else BY_CHILD)]
    return (Case(scene, blow, line, abort) for blow in blows for abort in (False, True))
