"""Which cases there are, and a sample of them."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence

from tests.crash.aftermath import Case
from tests.crash.lines import Blow
from tests.crash.scenes import SCENES

A_SCENE = 2


def all_cases() -> list[Case]:
    """Every blow at every line of every scene."""
    return [Case(scene, blow, line) for scene in SCENES for line in _counted(scene.lines) for blow in Blow]


def sample(seeds: random.Random, of_each_scene: int = A_SCENE) -> list[Case]:
    """Some of each scene, with as many different blows as there can be."""
    blows = [blow for _ in range(len(SCENES)) for blow in seeds.sample(list(Blow), k=len(Blow))]
    return [
        Case(scene, blows.pop(), line)
        for scene in SCENES
        for line in seeds.sample(list(_counted(scene.lines)), k=of_each_scene)
    ]


def _counted(lines: Sequence[str]) -> Iterator[str]:
    seen: Counter[str] = Counter()
    for line in lines:
        seen[line] += 1
        yield f"{line}#{seen[line]}"
