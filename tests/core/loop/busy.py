"""A process that does nothing but work on tickets, until it is killed.

``python -m tests.core.loop.busy URL``: each act that was done is one line, ``NUMBER ACT``, written
only once its unit of work has been committed.
"""

from __future__ import annotations

import asyncio
import sys

from core.loop.states import Act
from core.pack import load_pack
from core.policy import load_policies
from tests.core.conftest import ROOT, ManualClock, open_desk
from tests.core.loop.city import AGENT, DISPATCHER, LAMP, City, unit

PACK = ROOT / "cities" / "tangshan"
AT_ONCE = 3
DONE = {"reached": True, "contacted": True, "solved": True, "satisfied": True}
WORKER = unit("city_management")
WAY = (
    (AGENT, Act.CLASSIFY, {}),
    (DISPATCHER, Act.DISPATCH, {}),
    (WORKER, Act.SIGN, {}),
    (WORKER, Act.HANDLE, {"words": "已修复"}),
    (WORKER, Act.ANSWER, {"words": "已答复"}),
    (AGENT, Act.FOLLOW_UP, DONE),
    (AGENT, Act.RATE, {"level": 1}),
    (DISPATCHER, Act.ARCHIVE, {}),
)


def tell(number: str, act: str) -> None:
    sys.stdout.write(f"{number} {act}\n")
    sys.stdout.flush()


async def work(city: City) -> None:
    """One ticket after the other, each the whole way."""
    while True:
        number = await city.registers(**LAMP)
        tell(number, "register")
        for who, act, given in WAY:
            await city.does(who, number, act, **given)
            tell(number, act.value)


async def main(url: str) -> None:
    pack = load_pack(PACK)
    policies = load_policies(PACK, pack)
    clock = ManualClock()
    async with open_desk(url, pack, policies, clock) as desk, asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(work(City(desk, clock, policies)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
