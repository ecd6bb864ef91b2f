"""The runtime: a decision machine that asks for effects and ends with a decision.

It knows neither AGI nor time, so a simulator can drive it as well as a call. A walk is a generator:
it yields an ``Effect``, is sent the key that came of it (or None), and returns a ``Decision``.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass

from core.pack.model import CityPack, Line
from pbx.ivr.effects import (
    Decision,
    Effect,
    HangUp,
    NoDecision,
    Rated,
    ReadKey,
    Route,
    Say,
)
from pbx.ivr.errors import FlowExhausted, NoWayOn
from pbx.ivr.model import (
    ALL_KEYS,
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
)

MAX_STEPS = 60  # a caller who keeps pressing keys in circles gets a person
MAX_QUEUES = 10  # two full queues that lead to each other must not spin
MAX_KEYS = 32

Walk = Generator[Effect, str | None, Decision]

# Asterisk's QUEUESTATUS to the words of ``AfterQueue``.
QUEUE_STATUS = {
    "CONTINUE": "talk_ended",
    "TIMEOUT": "timeout",
    "FULL": "full",
    "JOINEMPTY": "join_empty",
    "JOINUNAVAIL": "join_empty",
    "LEAVEEMPTY": "leave_empty",
    "LEAVEUNAVAIL": "leave_empty",
}
TALK_ENDED = "CONTINUE"


@dataclass(slots=True)
class Journey:
    """What a call has gathered on its way; it outlives the walk and goes into the resume token.

    ``keys``: what the caller pressed, the first 32. ``queues``: how often he was led to one.
    """

    enterprise: bool = False
    keys: str = ""
    queues: int = 0

    def press(self, key: str) -> None:
        if key in ALL_KEYS and len(self.keys) < MAX_KEYS:
            self.keys += key


class Walker:
    """Walks one call through one flow. ``journey`` is read when the walk is over."""

    def __init__(self, flow: Flow, line: Line, pack: CityPack, journey: Journey) -> None:
        self._flow = flow
        self._line = line
        self._pack = pack
        self._ahead: str | None = None  # pressed during a ``say``, meant for the next menu
        self.journey = journey

    def begin(self) -> Walk:
        """From the flow's first step."""
        return self._walk(self._flow.start)

    def resume(self, step_name: str, status: str) -> Walk:
        """Go on after the queue of ``step_name`` ended with Asterisk's ``status``."""
        step = self._flow.steps.get(step_name)
        after = step.after if isinstance(step, QueueStep) else None
        target: str | None = getattr(after, QUEUE_STATUS.get(status, ""), None)
        if target is not None:
            return self._walk(target)
        return _at_once(
            HangUp() if status == TALK_ENDED else NoDecision(NoWayOn.error_id),
        )

    def _walk(self, name: str) -> Walk:
        for _ in range(MAX_STEPS):
            step = self._flow.steps[name]
            match step:
                case SayStep():
                    name = yield from self._say(step)
                case MenuStep():
                    name = yield from self._menu(step)
                case ByLineStep():
                    name = step.lines.get(self._line.key, step.otherwise)
                case SetStep():
                    self.journey.enterprise = step.enterprise
                    name = step.next
                case QueueStep():
                    return self._route(name, step)
                case RateStep():
                    if not (yield from self._rate(step)):
                        return HangUp()
                    name = self._flow.person
                case HangUpStep():
                    return HangUp()
        return self._to_person()

    def _say(self, step: SayStep) -> Generator[Effect, str | None, str]:
        if step.barge_in and self._ahead is not None:
            return step.next  # he pressed during what could not be cut: now on to the menu
        key = yield Say(step.prompts, ALL_KEYS, whole=not step.barge_in)
        if key is None:
            return step.next
        if key == PERSON_KEY:
            self.journey.press(key)
            return self._flow.person
        if self._ahead is None:
            self._ahead = key
        return step.next

    def _menu(self, step: MenuStep) -> Generator[Effect, str | None, str]:
        stop_keys = ALL_KEYS if step.barge_in else PERSON_KEY
        for _ in range(step.tries):
            key = yield from self._read(step.prompts, stop_keys, step.first_key_seconds)
            if key is None:
                return step.no_input or self._flow.person
            if key == PERSON_KEY:
                return self._flow.person
            if key in step.keys:
                return step.keys[key]
        return step.no_match or self._flow.person

    def _rate(self, step: RateStep) -> Generator[Effect, str | None, bool]:
        """True when the caller asks for a person instead of rating."""
        for _ in range(step.tries):
            key = yield from self._read(step.prompts, ALL_KEYS, step.first_key_seconds)
            if key is None or key == PERSON_KEY:
                return key == PERSON_KEY
            if key in step.keys:
                yield Rated(key)
                return False
        return False

    def _read(
        self, prompts: Iterable[str], stop_keys: str, seconds: float
    ) -> Generator[Effect, str | None, str | None]:
        key, self._ahead = self._ahead, None
        if key is None:
            key = yield ReadKey(tuple(prompts), stop_keys, seconds)
        if key is not None:
            self.journey.press(key)
        return key

    def _to_person(self) -> Decision:
        name = self._flow.person
        step = self._flow.steps[name]
        if not isinstance(step, QueueStep):
            return NoDecision(NoWayOn.error_id)
        return self._route(name, step)

    def _route(self, name: str, step: QueueStep) -> Decision:
        if self.journey.queues >= MAX_QUEUES:
            return NoDecision(FlowExhausted.error_id)
        self.journey.queues += 1
        queue = self._pack.queue(self._line.queue if step.queue == LINE_QUEUE else step.queue)
        comes_back = any(step.after.model_dump().values())
        return Route(
            queue=queue.key,
            priority=queue.priority if step.priority is None else step.priority,
            timeout_seconds=step.timeout_seconds,
            resume_step=name if comes_back else None,
        )


def _at_once(decision: Decision) -> Walk:
    """A walk that asks for nothing."""
    yield from ()
    return decision
