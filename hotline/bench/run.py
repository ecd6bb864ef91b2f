"""Plays the scenes one after the other."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from hotline.bench.draft import draft_scene
from hotline.bench.figures import Figure
from hotline.bench.kill import kill_scene
from hotline.bench.load import load_scene
from hotline.bench.machine import Machine
from hotline.bench.plan import Plan
from hotline.bench.pop import pop_scene
from hotline.bench.speech import speech_scene
from hotline.progress import say
from pbx.phone.crowd import SippMissing


class Scene(StrEnum):
    POP = "pop"
    TAP = "tap"
    DRAFT = "draft"
    SPEECH = "speech"
    LOAD = "load"
    KILL = "kill"


_SCENES: dict[Scene, Callable[[Plan], Awaitable[list[Figure]]]] = {
    Scene.POP: pop_scene,
    Scene.DRAFT: draft_scene,
    Scene.LOAD: load_scene,
    Scene.SPEECH: speech_scene,
    Scene.KILL: kill_scene,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    machine: Machine
    figures: Mapping[StrEnum, list[Figure]]

    @property
    def missed(self) -> list[Figure]:
        return [f for figures in self.figures.values() for f in figures if f.reached is False]

    def as_json(self) -> dict[str, Any]:
        return {
            "machine": asdict(self.machine),
            "scenes": {
                scene.value: [figure.as_json() for figure in figures]
                for scene, figures in self.figures.items()
            },
            "missed": [figure.name for figure in self.missed],
        }


async def bench_call(plan: Plan, machine: Machine, scenes: Sequence[Scene]) -> Outcome:
    """Play ``scenes``. Raises ``SippMissing`` before anything starts, or what a scene raises."""
    played = list(dict.fromkeys(Scene.LOAD if s is Scene.TAP else s for s in scenes))
    if shutil.which("sipp") is None and set(played) != {Scene.SPEECH}:
        raise SippMissing("SIPp is not installed: apt-get install sip-tester")
    figures: dict[StrEnum, list[Figure]] = {}
    for number, scene in enumerate(played):
        say(f"{scene.value} ({number + 1} of {len(played)})", 1)
        figures[scene] = await _SCENES[scene](plan)
    return Outcome(machine, figures)
