"""Many queue calls at once, both legs of each tapped: frames lost, lag of the audio, cores used."""

from __future__ import annotations

import asyncio
from collections import Counter

from core.transcript import StreamState
from hotline.bench.crowd import Crowd, bench_site, open_crowd
from hotline.bench.draft import GOAL as DRAFT_GOAL
from hotline.bench.draft import drafts
from hotline.bench.figures import Figure, Goal, count, times
from hotline.bench.machine import CpuWatch
from hotline.bench.notes import Notes
from hotline.bench.plan import LIMIT_SECONDS, RATE, Plan, desk_agents, fake_engine
from hotline.bench.pop import GOAL as POP_GOAL
from hotline.bench.pop import pops
from pbx.phone.crowd import CrowdCounts, SippAgents, SippCallers, Sound

TAP_GOAL_MS = 60
LEGS = 2


async def load_scene(plan: Plan) -> list[Figure]:
    """``calls`` callers talk to as many agents for ``seconds``, everybody tapped."""
    async with SippAgents(sound=Sound(1100, 1600, 2400), seconds=LIMIT_SECONDS) as desks:
        agents = desk_agents(plan.agents, desks)
        site = bench_site(plan.folder / "load", plan.city, agents, fake_engine())
        async with open_crowd(site, plan.install, plan.agents) as crowd:
            callers = SippCallers(
                plan.calls,
                RATE,
                round((plan.ramp + plan.seconds) * 1000),
                server_port=site.pbx.sip.port,
                dialled=crowd.dialled,
                sound=Sound(700, 1600, 2400),
                seconds=LIMIT_SECONDS,
            )
            async with callers:
                talking = await desks.until(plan.calls, plan.ramp + 60)
                cores = await _watch(crowd, plan.seconds)
                calls = await callers.finished(LIMIT_SECONDS)
            notes = await crowd.settled()
            return [
                *_taps(crowd, notes),
                *_frames(plan, notes),
                *_calls(plan, talking, calls),
                times("screen pop while the calls come in", pops(crowd), POP_GOAL),
                times("final segment to draft field, at load", await drafts(crowd), DRAFT_GOAL),
                *(count(f"cores used by {who}", "cores", used) for who, used in cores.items()),
            ]


async def _watch(crowd: Crowd, seconds: float) -> dict[str, float]:
    """Let it run; how many cores each process took meanwhile."""
    processes = {"Asterisk": crowd.stage.asterisk.pid, "hotline": crowd.house.pid}
    speech = (await crowd.notes()).speech_pid
    if speech is not None:
        processes["speech"] = speech
    cpu = CpuWatch(processes)
    cpu.begin()
    await asyncio.sleep(seconds)
    return cpu.end(seconds)


def _taps(crowd: Crowd, notes: Notes) -> list[Figure]:
    stood = [
        max(opened) - crowd.watch.connected[call_id]
        for call_id, opened in notes.opened.items()
        if call_id in crowd.watch.connected and len(opened) >= LEGS
    ]
    return [
        *_lags(notes),
        times("AgentConnect to both taps open", stood),
    ]


def _lags(notes: Notes) -> list[Figure]:
    """The audio's wait from its arrival at our server until the engine takes it."""
    return [
        times(
            "tap audio to engine, p99 of each second",
            [p99 / 1000 for _, p99, _ in notes.lags],
            Goal(TAP_GOAL_MS, "p50"),
            "p50: in the median second 99 % of the audio waited no longer",
        ),
        times("tap audio to engine, median of each second", [p / 1000 for p, _, _ in notes.lags]),
        times(
            "tap audio to engine, worst of each leg",
            [stream.max_lag_ms / 1000 for stream in notes.streams.values()],
        ),
    ]


def _frames(plan: Plan, notes: Notes) -> list[Figure]:
    streams = list(notes.streams.values())
    states = Counter(stream.state for stream in streams)
    nothing = Goal(0, "max")
    return [
        count(
            "legs tapped",
            "legs",
            len(streams),
            Goal(LEGS * plan.calls, "max", at_least=True),
        ),
        count("taps lost", "legs", states[StreamState.LOST], nothing),
        count("frames received", "frames", sum(stream.frames for stream in streams)),
        count("frames missing by the clock", "frames", sum(s.missing for s in streams), nothing),
        times(
            "audio missing of each leg",
            [stream.missing_seconds for stream in streams],
            note="the end of it, when no more than some frames: cut off with the call",
        ),
        count("frames dropped", "frames", sum(s.dropped_frames for s in streams), nothing),
        count("partials dropped", "segments", notes.partials_dropped),
    ]


def _calls(plan: Plan, talking: CrowdCounts, calls: CrowdCounts) -> list[Figure]:
    return [
        count("calls at once", "calls", talking.current, Goal(plan.calls, "max", at_least=True)),
        count("calls that failed", "calls", calls.failed, Goal(0, "max")),
    ]
