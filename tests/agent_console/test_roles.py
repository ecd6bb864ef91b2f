"""Roles without a telephone log in, and get neither a console nor a seat."""

from __future__ import annotations

import pytest
from websockets.exceptions import InvalidStatus

from core.ports import Viewer
from tests.agent_console.conftest import Running

DISPATCHER = Viewer("8100", "派单员", "dispatcher")


async def test_a_dispatcher_logs_in_and_opens_no_console(served: Running) -> None:
    served.desk.people[DISPATCHER.agent] = DISPATCHER
    token = await served.token(DISPATCHER.agent)
    async with served.client(token) as client:
        assert (await client.get("/api/sessions/me")).json()["role"] == "dispatcher"
    with pytest.raises(InvalidStatus) as refused:
        async with served.socket(token):
            pass
    assert refused.value.response.status_code == 403
    assert b"no_console" in refused.value.response.body


@pytest.mark.parametrize("path", ["sign-in", "sign-out", "pause", "resume"])
async def test_a_dispatcher_has_no_seat_in_the_queues(served: Running, path: str) -> None:
    served.desk.people[DISPATCHER.agent] = DISPATCHER
    async with served.client(await served.token(DISPATCHER.agent)) as client:
        answer = await client.post(f"/api/agents/me/{path}", json={"reason": "培训"})
    assert (answer.status_code, answer.json()["error_id"]) == (403, "no_console")
    assert served.switchboard.asked == []
