"""The demo's call: a citizen and an agent with real telephones, and the agent's console."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

from core.calls import CallState, Leg
from core.errors import HotlineError
from core.views import CallView, DraftView, SegmentView, TicketView
from hotline.console_client import ConsoleClient
from hotline.stage import Stage
from pbx.phone import Phone
from pbx.phone.wav import read_wav

LISTENING_SECONDS = 2.5  # what a citizen hears of the greeting before he presses a key
READING_SECONDS = 0.8  # how long an agent looks at the screen before taking the call
TRAILING_SILENCE_MS = 1500  # a recording does not end with its last word

T = TypeVar("T")


class DemoFailed(HotlineError):
    """The demo's call did not go its way; ``details`` says which part was waited for."""

    error_id = "demo_failed"


@dataclass(frozen=True, slots=True)
class Script:
    """Who calls and what is said. ``opening`` and ``closing`` are the agent's recorded pieces.

    ``last_words_seconds``: how long the last words may take to become text before both hang up.
    """

    agent: str
    caller: Path
    dialled: str
    number: str
    keys: str
    opening: tuple[Path, ...]
    closing: tuple[Path, ...] = ()
    last_words_seconds: float = 30.0


@dataclass(slots=True)
class Timings:
    """Moments of the call in seconds from the dialling."""

    began: float = field(default_factory=time.monotonic)
    moments: dict[str, float] = field(default_factory=dict)

    def mark(self, name: str) -> None:
        self.moments[name] = round(time.monotonic() - self.began, 3)

    def since(self, moment: float) -> float:
        return round(moment - self.began, 3)


@dataclass(frozen=True, slots=True)
class Performance:
    """What came of it."""

    call: CallView
    segments: tuple[SegmentView, ...]
    draft: DraftView
    ticket: TicketView
    timings: dict[str, float]
    steps: list[dict[str, Any]] = field(default_factory=list)  # of the ticket's way to the archive


async def play(stage: Stage, console: ConsoleClient, script: Script) -> Performance:
    """Place the call, talk, hang up, submit. Raises ``DemoFailed``."""
    async with (
        Phone(stage.agent_phone(script.agent)) as desk,
        Phone(stage.citizen()) as citizen,
    ):
        await _step("agent_ready", _agent_ready(console, script.agent))
        timings = Timings()
        known = set(console.calls)
        call = await citizen.dial(script.dialled, caller=script.number)
        await _step("answered", call.answered())
        timings.mark("answered")
        await _step("greeting", call.hears_sound(10))
        timings.mark("greeting_heard")
        await asyncio.sleep(LISTENING_SECONDS)
        pressing = asyncio.create_task(_press(call.press, script.keys))
        ringing = await _step("ringing", anext(desk.incoming()))
        timings.mark("agent_rings")
        await pressing
        popped = await _step("screen_pop", console.until(lambda: _new_call(console, known)))
        timings.mark("screen_pop")
        await asyncio.sleep(READING_SECONDS)
        await ringing.answer()
        await _step(
            "connected",
            console.until(lambda: console.calls[popped].state is CallState.CONNECTED),
        )
        timings.mark("connected")
        await _talk(console, popped, script, call.play, ringing.play, timings)
        await call.hang_up()
        timings.mark("hung_up")
        await _step("ended", console.until(lambda: console.calls[popped].ended_at))
        ticket = await console.submit(popped)
        timings.mark("ticket")
        await _step(
            "submitted", console.until(lambda: console.drafts[popped].submitted == ticket.number)
        )
        timings.moments.update(_measured(console, popped, timings))
        return Performance(
            console.calls[popped],
            tuple(_said(console, popped)),
            console.drafts[popped],
            ticket,
            timings.moments,
        )


async def _agent_ready(console: ConsoleClient, agent: str) -> None:
    await console.until(lambda: console.system is not None and console.system.ami == "up")
    await console.until(
        lambda: (
            console.system is not None and (console.system.engine or console.system.engine_reason)
        ),
        seconds=150,
    )
    await console.act("sign-in")
    await console.until(lambda: agent in console.agents and console.agents[agent].state == "free")


async def _press(press: Callable[[str], Awaitable[None]], keys: str) -> None:
    if keys:
        await press(keys)


async def _talk(
    console: ConsoleClient,
    call_id: str,
    script: Script,
    citizen_says: Callable[[bytes], Awaitable[None]],
    agent_says: Callable[[bytes], Awaitable[None]],
    timings: Timings,
) -> None:
    """Both speak, until the last words are on the screen."""
    await agent_says(_joined(script.opening))
    timings.mark("opening_said")
    await citizen_says(_joined((script.caller,)))
    timings.mark("caller_finished")
    spoken = {Leg.AGENT: "opening_said", Leg.CALLER: "caller_finished"}
    if script.closing:
        await agent_says(_joined(script.closing))
        timings.mark("question_said")
        spoken[Leg.AGENT] = "question_said"
    if console.system is not None and console.system.engine:
        await _last_words(console, call_id, spoken, timings, script.last_words_seconds)


async def _last_words(
    console: ConsoleClient,
    call_id: str,
    spoken: Mapping[Leg, str],
    timings: Timings,
    seconds: float,
) -> None:
    """Until what each said last is on the screen; recognition may also miss it."""
    ends_ms = {
        leg: 1000 * (timings.moments[moment] - timings.moments["answered"])
        for leg, moment in spoken.items()
    }

    def written() -> bool:
        said = _said(console, call_id)
        return all(
            any(part.leg is leg and part.end_ms >= end - TRAILING_SILENCE_MS for part in said)
            for leg, end in ends_ms.items()
        )

    try:
        await console.until(written, seconds)
    except TimeoutError:
        timings.mark("last_words_not_heard")


def _joined(pieces: tuple[Path, ...]) -> bytes:
    return b"".join(read_wav(piece) for piece in pieces)


def _new_call(console: ConsoleClient, known: set[str]) -> str | None:
    fresh = [call_id for call_id in console.calls if call_id not in known]
    return fresh[0] if fresh and fresh[0] in console.drafts else None


def _said(console: ConsoleClient, call_id: str) -> list[SegmentView]:
    mine = [part for part in console.segments.values() if part.call_id == call_id]
    return sorted(mine, key=lambda part: (part.start_ms, part.leg))


def _measured(console: ConsoleClient, call_id: str, timings: Timings) -> dict[str, float]:
    """When the console first saw each of the caller's sentences, in seconds."""
    answered = timings.moments["answered"]
    first: dict[str, tuple[float, float]] = {}
    for moment, event in console.seen:
        part = event.segment if event.kind == "segment" else None
        if part is not None and part.call_id == call_id and part.leg is Leg.CALLER:
            first.setdefault(part.segment_id, (timings.since(moment), part.end_ms / 1000))
    if not first:
        return {}
    lags = [shown - answered - said for shown, said in first.values()]
    return {
        "first_caller_text": next(iter(first.values()))[0],
        "said_to_text_median": round(median(lags), 3),
        "said_to_text_max": round(max(lags), 3),
    }


async def _step(name: str, waiting: Awaitable[T]) -> T:
    try:
        return await waiting
    except TimeoutError as late:
        raise DemoFailed(f"waited in vain: {name}", step=name) from late
