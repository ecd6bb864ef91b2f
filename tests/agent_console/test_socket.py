from tests.agent_console.conftest import Running, hear
from tests.agent_console.fakes import a_call


async def test_a_console_gets_a_welcome_and_a_snapshot(served: Running) -> None:
    served.desk.publish(call=a_call())
    async with served.console() as console:
        welcome = await hear(console)
        assert welcome["type"] == "welcome"
        assert welcome["viewer"] == {"agent": "8026", "name": "王座席", "role": "agent"}
        assert welcome["resumed"] is False
        snapshot = await hear(console)
        assert snapshot["type"] == "snapshot"
        assert snapshot["snapshot"]["cursor"] == 7
        assert [call["call_id"] for call in snapshot["snapshot"]["calls"]] == ["call-1"]
