"""Recognition as a person sees it: from the end of an utterance to its text at the console."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from pathlib import Path

from asr.errors import NoRecogniser
from asr.settings import AsrSettings
from core.calls import Leg
from core.errors import Invalid
from core.views import Event, SegmentView
from hotline.bench.crowd import Crowd, bench_site, open_crowd
from hotline.bench.figures import Figure, Goal, times
from hotline.bench.plan import Plan, desk_agents
from pbx.phone import Phone
from pbx.phone.wav import read_wav

GOAL = Goal(2500, "p50")
LAST_WORDS_SECONDS = 8.0


class NoDialogues(Invalid):
    """There is nothing to say: no pair of NAME.caller.wav and NAME.agent.wav in the folder."""

    error_id = "bench_no_dialogues"


async def speech_scene(plan: Plan) -> list[Figure]:
    """Recorded dialogues, one call after the other, both legs in real time, at most ``seconds``
    of each."""
    pairs = await asyncio.to_thread(read_dialogues, plan.dialogues)
    agent = plan.agents[0]
    site = bench_site(
        plan.folder / "speech",
        plan.city,
        desk_agents([agent]),
        AsrSettings(engines=(plan.engine,)),
    )
    delays: dict[Leg, list[float]] = {Leg.CALLER: [], Leg.AGENT: []}
    async with open_crowd(site, plan.install, [agent]) as crowd:
        if not crowd.engine:
            raise NoRecogniser(f"{plan.engine} does not run here", engine=plan.engine)
        for caller, agents in pairs:
            begun = len(crowd.consoles[agent].seen)
            await _play(crowd, agent, caller, agents)
            answered = crowd.watch.answered
            for leg, delay in lags(crowd.consoles[agent].seen[begun:], answered):
                delays[leg].append(delay)
    both = [*delays[Leg.CALLER], *delays[Leg.AGENT]]
    return [
        times("end of utterance to text on screen", both, GOAL, crowd.engine),
        times("the same, caller's leg", delays[Leg.CALLER]),
        times("the same, agent's leg", delays[Leg.AGENT]),
    ]


def read_dialogues(folder: Path) -> list[tuple[bytes, bytes]]:
    """What both say, as the phone plays it. Blocks. Raises ``NoDialogues``, ``WavInvalid``."""
    callers = sorted(folder.glob("*.caller.wav"))
    if not callers:
        raise NoDialogues("no dialogues there", folder=folder.name)
    return [
        (read_wav(file), read_wav(file.with_name(file.name.replace(".caller.", ".agent."))))
        for file in callers
    ]


async def _play(crowd: Crowd, agent: str, caller: bytes, agents: bytes) -> None:
    """One call: both speak at once, and the last words get a while to come."""
    async with (
        Phone(crowd.stage.agent_phone(agent)) as desk,
        Phone(crowd.stage.citizen()) as citizen,
    ):
        call = await citizen.dial(crowd.dialled, caller="15400010001")
        await call.answered()
        ringing = await anext(desk.incoming())
        await ringing.answer()
        await asyncio.sleep(1)  # the taps stand within that
        async with asyncio.TaskGroup() as talk:
            talk.create_task(call.play(caller))
            talk.create_task(ringing.play(agents))
        await asyncio.sleep(LAST_WORDS_SECONDS)
        await call.hang_up()
    console = crowd.consoles[agent]
    await console.until(lambda: all(c.ended_at for c in console.calls.values()))
    await console.until(lambda: console.agents[agent].state == "unreachable")


def lags(
    seen: Iterable[tuple[float, Event]], answered: dict[str, float]
) -> list[tuple[Leg, float]]:
    """Seconds from each final's last sound, on the clock of its call, to its first event.

    ``answered``: the calls' zero in seconds since the epoch.
    """
    epoch = time.time() - time.monotonic()
    first: dict[str, tuple[float, SegmentView]] = {}
    for at, event in seen:
        if event.kind == "segment" and event.segment is not None:
            first.setdefault(event.segment.segment_id, (at, event.segment))
    return [
        (segment.leg, at + epoch - answered[segment.call_id] - segment.end_ms / 1000)
        for at, segment in first.values()
        if segment.end_ms and segment.call_id in answered
    ]
