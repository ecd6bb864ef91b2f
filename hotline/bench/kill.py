"""Our processes are killed: who talks keeps his audio, who dials then reaches a person.

The proof is in Asterisk's own recordings (each leg's tone goes on in its file) and in telephones
that listen; nothing of ours is alive to be asked.
"""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import numpy as np

from hotline.bench.crowd import Crowd, bench_site, now, open_crowd
from hotline.bench.figures import Figure, Goal, count, times
from hotline.bench.plan import LIMIT_SECONDS, RATE, Plan, desk_agents, fake_engine
from pbx.phone import Phone
from pbx.phone.crowd import AGENTS_SOUND, SippAgents, SippCallers
from pbx.phone.errors import CallOver, CallRefused, NotInTime

WATCH_SECONDS = 10.0
NEW_CALLERS = 5
REACH_SECONDS = 20.0
# MixMonitor's files are written in blocks of two seconds; the rest of the wait must show growth.
BLOCK_SECONDS = 4.0
BYTES_PER_SECOND = 16_000
FRAME_SAMPLES = 160
HEADER_BYTES = 44
LOUD = 500.0


async def kill_scene(plan: Plan) -> list[Figure]:
    """Kill `hotline serve` and its speech process under ``calls`` talks, then dial again."""
    async with SippAgents(seconds=LIMIT_SECONDS) as desks:
        agents = [*plan.agents]
        site = bench_site(
            plan.folder / "kill", plan.city, desk_agents(agents, desks), fake_engine()
        )
        async with open_crowd(site, plan.install, agents, witness=False) as crowd:
            after = WATCH_SECONDS + REACH_SECONDS
            callers = SippCallers(
                plan.calls,
                RATE,
                round((plan.ramp + after) * 1000),
                server_port=site.pbx.sip.port,
                dialled=crowd.dialled,
                seconds=LIMIT_SECONDS,
            )
            async with callers:
                await desks.until(plan.calls, plan.ramp + 60)
                await asyncio.sleep(BLOCK_SECONDS)
                _kill(crowd)
                before = await asyncio.to_thread(_sizes, site.recordings)
                await asyncio.sleep(WATCH_SECONDS)
                legs = await asyncio.to_thread(_sounding, site.recordings, before)
                reached = await _dial(crowd)
                talking = callers.counts()
    everyone = Goal(plan.calls, "max", at_least=True)
    return [
        count("callers still talking after SIGKILL", "calls", talking.current, everyone),
        count("calls dropped", "calls", talking.failed, Goal(0, "max")),
        count("callers heard on after SIGKILL", "calls", legs["caller"], everyone),
        count("callers who hear on after SIGKILL", "calls", legs["agent"], everyone),
        count(
            "new callers who reach an agent's telephone",
            "calls",
            len(reached),
            Goal(NEW_CALLERS, "max", at_least=True),
        ),
        times("from dialling to the agent's voice, nobody home", reached),
    ]


def _kill(crowd: Crowd) -> None:
    """SIGKILL to our process and to all below it, at one moment."""
    for pid in [*crowd.house.children(), crowd.house.pid]:
        os.kill(pid, signal.SIGKILL)


def _sizes(recordings: Path) -> dict[Path, int]:
    return {file: file.stat().st_size for file in recordings.glob("*/*.wav")}


def _sounding(recordings: Path, before: dict[Path, int]) -> dict[str, int]:
    """How many files of each leg have grown since and hold sound in all that was added."""
    grown = {"caller": 0, "agent": 0}
    least = (WATCH_SECONDS - BLOCK_SECONDS) * BYTES_PER_SECOND
    for file, size in _sizes(recordings).items():
        leg = file.suffixes[-2].removeprefix(".")
        old = max(before.get(file, 0), HEADER_BYTES)
        if leg in grown and size - old >= least and sounds(file.read_bytes()[old:]):
            grown[leg] += 1
    return grown


def sounds(pcm: bytes) -> bool:
    """Whether 16-bit ``pcm`` is loud in nineteen of twenty frames of 20 ms."""
    samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], dtype="<i2").astype(np.float64)
    frames = samples[: len(samples) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    return len(frames) > 0 and bool((np.abs(frames).mean(axis=1) >= LOUD).mean() >= 0.95)


async def _dial(crowd: Crowd) -> list[float]:
    """Seconds from dialling to an agent's tone, of each new caller who hears it."""

    async def one(number: int) -> float | None:
        async with Phone(crowd.stage.citizen()) as citizen:
            began = now()
            call = await citizen.dial(crowd.dialled, caller=f"1540002{number:04d}")
            try:
                await call.hears_tone(AGENTS_SOUND.hz, REACH_SECONDS)
            except (CallOver, CallRefused, NotInTime):
                return None
            took = now() - began
            await call.hang_up()
            return took

    heard = await asyncio.gather(*(one(number) for number in range(NEW_CALLERS)))
    return [seconds for seconds in heard if seconds is not None]
