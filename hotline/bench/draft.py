"""The draft: from the arrival of a final segment in our process to the changed field on screen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

from core.views import DraftView, Event
from hotline.bench.crowd import Crowd, bench_site, open_crowd
from hotline.bench.figures import Figure, Goal, times
from hotline.bench.plan import LIMIT_SECONDS, RATE, Plan, desk_agents, fake_engine
from pbx.phone.crowd import SippAgents, SippCallers, Sound

GOAL = Goal(50, "p99")
CALLS = 10
SECONDS = 30.0


async def draft_scene(plan: Plan) -> list[Figure]:
    """Ten callers who say something new for the draft every 1.5 s, for half a minute."""
    calls = min(CALLS, plan.calls)
    seconds = min(SECONDS, plan.seconds)
    async with SippAgents(sound=Sound(1100, 600, 900), seconds=LIMIT_SECONDS) as desks:
        agents = plan.agents[: calls + 1]
        site = bench_site(
            plan.folder / "draft", plan.city, desk_agents(agents, desks), fake_engine()
        )
        async with open_crowd(site, plan.install, agents) as crowd:
            callers = SippCallers(
                calls,
                RATE,
                round((plan.ramp + seconds) * 1000),
                server_port=site.pbx.sip.port,
                dialled=crowd.dialled,
                sound=Sound(700, 600, 900),
                seconds=LIMIT_SECONDS,
            )
            async with callers:
                await desks.until(calls, plan.ramp + 30)
                await asyncio.sleep(seconds)
                await callers.finished(LIMIT_SECONDS)
            changed = await drafts(crowd)
            return [times("final segment to draft field at console", changed, GOAL)]


async def drafts(crowd: Crowd) -> list[float]:
    """Seconds for every final that changed a field by its own words, at the agent's console."""
    notes = await crowd.notes()
    return [
        at - notes.finals[final]
        for console in crowd.consoles.values()
        for final, at in changes(console.seen)
        if final in notes.finals
    ]


def changes(seen: Iterable[tuple[float, Event]]) -> Iterator[tuple[str, float]]:
    """Segment id and time of the first draft that follows a final and gives it as evidence.

    Both are told twice, before they are stored and after; the agent has read the first by then.
    A final whose words count only later, together with others, is not that draft's cause.
    """
    last: dict[str, str] = {}
    told: set[str] = set()
    for at, event in seen:
        if event.kind == "segment" and event.segment is not None:
            if event.segment.segment_id not in told:
                last[event.segment.call_id] = event.segment.segment_id
                told.add(event.segment.segment_id)
        elif event.draft is not None:
            final = last.pop(event.draft.call_id, None)
            if final is not None and final in _evidence(event.draft):
                yield final, at


def _evidence(draft: DraftView) -> set[str | None]:
    return {part.segment_id for field in draft.fields.values() for part in field.evidence}
