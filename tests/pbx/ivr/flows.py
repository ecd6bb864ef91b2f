"""Small helpers of the flow tests: flows from text, and a caller to walk them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import yaml

from core.pack import load_pack
from pbx.ivr.effects import Decision, Effect
from pbx.ivr.model import Flow
from pbx.ivr.prompts import load_prompts
from pbx.ivr.walk import Walk

PROJECT = Path(__file__).parents[3]
FLOWS = PROJECT / "ivr_flows"
PACK = load_pack(PROJECT / "cities/tangshan")
PROMPTS = load_prompts(FLOWS / "prompts/zh")

PEOPLE = {"people": {"do": "queue", "queue": "@line"}}


def flow(steps: str, start: str = "hello") -> Flow:
    """A flow of these steps (YAML) and a step ``people``."""
    return Flow.model_validate(
        {
            "flow": "test",
            "start": start,
            "person": "people",
            "steps": PEOPLE | yaml.safe_load(steps),
        }
    )


def shipped(name: str) -> Flow:
    return Flow.model_validate(yaml.safe_load((FLOWS / f"{name}.yaml").read_text(encoding="utf-8")))


def drive(walk: Walk, answers: Iterable[str | None] = ()) -> tuple[list[Effect], Decision]:
    """Answer the walk's effects in order; a caller who has no answers left is silent."""
    effects: list[Effect] = []
    waiting = iter(answers)
    try:
        effect = next(walk)
        while True:
            effects.append(effect)
            effect = walk.send(next(waiting, None))
    except StopIteration as end:
        return effects, end.value
