"""Screen pop: from AgentCalled on an AMI connection to the offered call at the agent's console."""

from __future__ import annotations

from core.calls import CallState
from hotline.bench.crowd import Crowd, bench_site, open_crowd
from hotline.bench.figures import Figure, Goal, count, times
from hotline.bench.plan import LIMIT_SECONDS, RATE, Plan, desk_agents, fake_engine
from pbx.phone.crowd import SippAgents, SippCallers, Sound

GOAL = Goal(30, "p99")
ROUNDS = 4
TALK_SECONDS = 6.0


async def pop_scene(plan: Plan) -> list[Figure]:
    """Four offers for each of the ``calls`` that are on the line at any time: 200 for 50."""
    offers = ROUNDS * plan.calls
    talk_ms = round((plan.ramp - plan.calls / RATE + TALK_SECONDS) * 1000)
    async with SippAgents(sound=Sound(1100, 1600, 2400), seconds=LIMIT_SECONDS) as desks:
        agents = desk_agents(plan.agents, desks)
        site = bench_site(plan.folder / "pop", plan.city, agents, fake_engine())
        async with open_crowd(site, plan.install, plan.agents) as crowd:
            callers = SippCallers(
                offers,
                RATE,
                talk_ms,
                server_port=site.pbx.sip.port,
                dialled=crowd.dialled,
                at_once=plan.calls,
                sound=Sound(700, 1600, 2400),
                seconds=LIMIT_SECONDS,
            )
            async with callers:
                calls = await callers.finished(LIMIT_SECONDS)
            return [
                times("screen pop: AgentCalled to console", pops(crowd), GOAL),
                count("calls that failed in this scene", "calls", calls.failed),
            ]


def pops(crowd: Crowd) -> list[float]:
    """Seconds for every offer that AMI told of; one that no console showed is not left out."""
    shown: dict[tuple[str, str], float] = {}
    for agent, at, event in crowd.seen():
        call = event.call
        if call is not None and call.agent == agent and call.state is CallState.OFFERED:
            shown.setdefault((call.call_id, agent), at)
    never = float("inf")
    return [shown.get(offer, never) - at for offer, at in crowd.watch.called.items()]
