"""What the steps of a flow must fulfil together; each rule has a stable id.

The rules of the house: every name leads somewhere, silence and key 0 lead to a person, and nobody
is hung up on, or asked for a rating, before he spoke with one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from core.pack.model import CityPack
from pbx.ivr.issues import Issue, Rule
from pbx.ivr.model import (
    LINE_QUEUE,
    PERSON_KEY,
    ByLineStep,
    Flow,
    HangUpStep,
    MenuStep,
    QueueStep,
    RateStep,
    SayStep,
    SetStep,
    Step,
)
from pbx.ivr.yaml_file import YamlFile

Edge = tuple[str, tuple[str, ...]]  # target step, and where in the step it is named


@dataclass(frozen=True, slots=True)
class Known:
    """What flows may refer to: the city pack, and the names of the prompts that can be played."""

    pack: CityPack
    prompts: frozenset[str]


def check(flow: Flow, file: YamlFile, known: Known) -> Iterator[Issue]:
    """Everything wrong with a flow whose form is right."""
    if f"{flow.flow}.yaml" != file.name:
        yield file.issue(Rule.FLOW_NAME, f"flow must be {file.name.removesuffix('.yaml')}", "flow")
    missing = list(_missing_steps(flow, file))
    yield from missing
    for name, step in flow.steps.items():
        yield from _check_names(name, step, file, known)
    if not missing:  # the ways can only be followed when all of them lead somewhere
        yield from _check_ways(flow, file)


def edges(step: Step) -> list[Edge]:
    """Every step that this one may lead to, other than by 0, wrong keys or trouble."""
    match step:
        case SayStep() | SetStep():
            return [(step.next, ("next",))]
        case MenuStep():
            return [
                *((target, ("keys", key)) for key, target in step.keys.items()),
                *_given(("no_input", step.no_input), ("no_match", step.no_match)),
            ]
        case ByLineStep():
            return [
                *((target, ("lines", line)) for line, target in step.lines.items()),
                (step.otherwise, ("otherwise",)),
            ]
        case QueueStep():
            return [
                (target, ("after", status))
                for status, target in step.after.model_dump(exclude_none=True).items()
            ]
        case RateStep() | HangUpStep():
            return []


def _given(*targets: tuple[str, str | None]) -> Iterator[Edge]:
    for place, target in targets:
        if target is not None:
            yield target, (place,)


def _missing_steps(flow: Flow, file: YamlFile) -> Iterator[Issue]:
    for place, target in (("start", flow.start), ("person", flow.person)):
        if target not in flow.steps:
            yield file.issue(Rule.STEP_MISSING, f"there is no step {target}", place)
    for name, step in flow.steps.items():
        for target, place_in_step in edges(step):
            if target not in flow.steps:
                message = f"{name} leads to {target}, which is no step"
                yield file.issue(Rule.STEP_MISSING, message, "steps", name, *place_in_step)


def _check_names(name: str, step: Step, file: YamlFile, known: Known) -> Iterator[Issue]:
    """The queues, lines and prompts that a step names."""
    here = ("steps", name)
    if isinstance(step, SayStep | MenuStep | RateStep):
        for index, prompt in enumerate(step.prompts):
            if prompt not in known.prompts:
                message = f"there is no prompt {prompt}; the caller would not hear it"
                yield file.issue(Rule.PROMPT_MISSING, message, *here, "prompts", index, fatal=False)
    if isinstance(step, QueueStep):
        queues = {queue.key for queue in known.pack.queues}
        if step.queue != LINE_QUEUE and step.queue not in queues:
            message = f"the city pack has no queue {step.queue}"
            yield file.issue(Rule.QUEUE_MISSING, message, *here, "queue")
        if step.timeout_seconds is not None and step.after.timeout is None:
            message = "timeout_seconds needs after.timeout"
            yield file.issue(Rule.TIMEOUT_WITHOUT_AFTER, message, *here, "timeout_seconds")
        if step.timeout_seconds is None and step.after.timeout is not None:
            message = "after.timeout needs timeout_seconds"
            yield file.issue(Rule.AFTER_WITHOUT_TIMEOUT, message, *here, "after", "timeout")
    if isinstance(step, ByLineStep):
        lines = {line.key for line in known.pack.lines}
        for line in step.lines:
            if line not in lines:
                message = f"the city pack has no line {line}"
                yield file.issue(Rule.LINE_MISSING, message, *here, "lines", line)


def _check_ways(flow: Flow, file: YamlFile) -> Iterator[Issue]:
    if not isinstance(flow.steps[flow.person], QueueStep):
        yield file.issue(Rule.PERSON_NOT_QUEUE, "person must be a queue step", "person")
    safe = _safe_in_silence(flow)
    for name, step in flow.steps.items():
        taken = step.keys if isinstance(step, MenuStep | RateStep) else ()
        target = step.keys.get(PERSON_KEY) if isinstance(step, MenuStep) else None
        if PERSON_KEY in taken and target != flow.person:
            message = "key 0 is a person everywhere"
            yield file.issue(Rule.ZERO_NOT_PERSON, message, "steps", name, "keys", PERSON_KEY)
        if name not in safe:
            message = "a caller who presses nothing goes round in circles from here"
            yield file.issue(Rule.SILENCE_IN_CIRCLES, message, "steps", name)
    reached = _reached(flow, [flow.start, flow.person])
    for name in flow.steps:
        if name not in reached:
            yield file.issue(Rule.STEP_UNREACHABLE, "no way leads here", "steps", name)
    for name in sorted(_reached(flow, [flow.start, flow.person], talked=False)):
        if isinstance(flow.steps[name], RateStep | HangUpStep):
            message = "can be reached before the caller spoke with a person"
            yield file.issue(Rule.END_BEFORE_PERSON, message, "steps", name)


def _safe_in_silence(flow: Flow) -> set[str]:
    """Steps from which a caller who presses nothing arrives somewhere, on every line."""
    safe: set[str] = set()
    while True:
        grown = {
            name
            for name, step in flow.steps.items()
            if safe.issuperset(_silent_targets(flow, step))
        }
        if grown == safe:
            return safe
        safe = grown


def _silent_targets(flow: Flow, step: Step) -> list[str]:
    match step:
        case MenuStep():
            return [step.no_input or flow.person]
        case SayStep() | SetStep() | ByLineStep():
            return [target for target, _ in edges(step)]
        case _:
            return []


def _reached(flow: Flow, starts: Iterable[str], *, talked: bool = True) -> set[str]:
    """Steps that can be reached; without ``talked`` only those before a talk."""
    reached: set[str] = set()
    waiting = list(starts)
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        for target, place in edges(flow.steps[name]):
            if talked or place != ("after", "talk_ended"):
                waiting.append(target)
    return reached
