from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from agent_console.messages import CloseCode
from core.calls import CallState
from core.errors import Unavailable
from core.views import FieldView
from tests.agent_console.conftest import (
    DEADLINE,
    Running,
    hear,
    hear_until,
    say,
    serve_console,
    until,
)
from tests.agent_console.fakes import FakeDesk, a_call, a_draft, a_segment


async def closed(connection: ClientConnection) -> tuple[int, list[dict[str, Any]]]:
    """The close code, and the messages that came before it."""
    heard = []
    try:
        while True:
            heard.append(await hear(connection))
    except ConnectionClosed as end:
        assert end.rcvd is not None
        return end.rcvd.code, heard


async def opened(console: ClientConnection) -> int:
    """Past welcome and snapshot; the cursor there."""
    return int((await hear_until(console, "snapshot"))["snapshot"]["cursor"])


class TestOpening:
    async def test_a_console_gets_a_welcome_and_a_snapshot(self, served: Running) -> None:
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

    async def test_a_browser_opens_it_with_its_cookie(self, served: Running) -> None:
        cookie = {"Cookie": f"hotline_session={await served.token()}", "Origin": served.base}
        async with served.socket(headers=cookie) as console:
            await say(console, type="hello", version=1)
            assert (await hear(console))["type"] == "welcome"

    @pytest.mark.parametrize(
        ("token", "origin", "status", "error_id"),
        [
            (False, None, 401, "token_missing"),
            ("not-a-token", None, 401, "log_in_refused"),
            (True, "http://evil.example", 403, "origin_refused"),
            (True, "null", 403, "origin_refused"),
        ],
    )
    async def test_who_may_not_is_refused_before_a_byte_is_said(
        self, served: Running, token: bool | str, origin: str | None, status: int, error_id: str
    ) -> None:
        given_token = await served.token() if token is True else token or None
        headers = {"Origin": origin} if origin else {}
        with pytest.raises(InvalidStatus) as refused:
            async with served.socket(given_token, headers=headers):
                pass
        assert refused.value.response.status_code == status
        assert json.loads(refused.value.response.body or b"")["error_id"] == error_id
        assert len(served.parts.consoles) == 0

    async def test_one_agent_has_only_so_many_consoles(self) -> None:
        async with serve_console(consoles_per_agent=1) as served:
            async with served.console() as console:
                await opened(console)
                with pytest.raises(InvalidStatus) as refused:
                    async with served.console():
                        pass
                assert refused.value.response.status_code == 429
                async with served.console("8031") as other:
                    await opened(other)
            await until(lambda: len(served.parts.consoles) == 0)
            async with served.console() as console:
                await opened(console)

    async def test_silence_instead_of_hello_is_closed(self) -> None:
        async with (
            serve_console(hello_seconds=0.05) as served,
            served.socket(await served.token()) as console,
        ):
            code, heard = await closed(console)
        assert code == CloseCode.POLICY
        assert [message["error_id"] for message in heard] == ["hello_expected"]

    async def test_another_version_is_refused_with_the_ones_we_speak(self, served: Running) -> None:
        async with served.socket(await served.token()) as console:
            await say(console, type="hello", version=2)
            code, heard = await closed(console)
        assert code == CloseCode.POLICY
        assert heard[0]["error_id"] == "version_unsupported"
        assert heard[0]["details"] == {"supported": [1]}

    async def test_an_absent_desk_is_told_and_the_console_may_come_again(
        self, served: Running
    ) -> None:
        served.desk.failing = Unavailable("the database is away")
        async with served.console() as console:
            code, heard = await closed(console)
        assert code == CloseCode.INTERNAL
        assert heard[-1]["error_id"] == "unavailable"


class TestEvents:
    async def test_every_stored_event_names_the_one_before_it(self, served: Running) -> None:
        served.desk.publish(call=a_call())
        async with served.console() as console:
            previous = await opened(console)
            for number in range(3):
                served.desk.publish(segment=a_segment(number))
                served.desk.publish(call=a_call("of-another", agent="8031"))
            for number in range(3):
                message = await hear(console)
                assert message["type"] == "event"
                assert message["previous"] == previous
                assert message["event"]["segment"]["segment_id"] == f"call-1-s{number}"
                assert message["cursor"] == message["event"]["cursor"] > previous
                previous = message["cursor"]

    async def test_a_partial_passes_without_a_cursor(self, served: Running) -> None:
        served.desk.publish(call=a_call())
        async with served.console() as console:
            before = await opened(console)
            served.desk.partial(a_segment(1, text="喂你", final=False))
            passing = await hear(console)
            assert passing["type"] == "passing"
            assert "cursor" not in passing
            assert passing["event"]["segment"]["text"] == "喂你"
            served.desk.publish(segment=a_segment(1, text="喂你好"))
            assert (await hear(console))["previous"] == before

    async def test_a_call_that_passed_before_the_snapshot_was_there_does_not_follow_it(
        self, served: Running, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        taken = served.desk.snapshot

        async def while_it_rings(viewer: Any) -> Any:
            served.desk.told(a_call(open_tickets=None))
            await until(lambda: any(len(one._outbox) for one in served.parts.consoles._open))
            served.desk.publish(call=a_call(state=CallState.CONNECTED))
            return await taken(viewer)

        monkeypatch.setattr(served.desk, "snapshot", while_it_rings)
        async with served.console() as console:
            await opened(console)
            served.desk.told(a_call(state=CallState.ARRIVED))
            message = await hear(console)
            assert (message["type"], message["event"]["call"]["state"]) == ("passing", "arrived")

    async def test_what_happens_while_the_snapshot_is_taken_is_not_lost_nor_twice(
        self, served: Running, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        served.desk.publish(call=a_call())
        taken = served.desk.snapshot

        async def while_things_happen(viewer: Any) -> Any:
            served.desk.publish(segment=a_segment(1))
            snapshot = await taken(viewer)
            served.desk.publish(segment=a_segment(2))
            return snapshot

        monkeypatch.setattr(served.desk, "snapshot", while_things_happen)
        async with served.console() as console:
            snapshot = (await hear_until(console, "snapshot"))["snapshot"]
            assert [s["segment_id"] for s in snapshot["segments"]] == ["call-1-s1"]
            event = await hear(console)
            assert event["event"]["segment"]["segment_id"] == "call-1-s2"
            assert event["previous"] == snapshot["cursor"]

    async def test_a_supervisor_sees_all_and_an_agent_his_own(self, served: Running) -> None:
        async with served.console("8001") as boss, served.console("8031") as other:
            await opened(boss)
            await opened(other)
            served.desk.publish(call=a_call(agent="8026"))
            served.desk.publish(call=a_call("call-2", agent="8031"))
            seen = [(await hear(boss))["event"]["call"]["call_id"] for _ in range(2)]
            assert seen == ["call-1", "call-2"]
            assert (await hear(other))["event"]["call"]["call_id"] == "call-2"

    async def test_hostile_text_arrives_as_it_was(self, served: Running) -> None:
        hostile = '<script>alert(1)</script>\u202e😀\r\n"\\\u0000'
        async with served.console() as console:
            await opened(console)
            served.desk.publish(call=a_call(caller_number=hostile))
            assert (await hear(console))["event"]["call"]["caller_number"] == hostile


class TestResume:
    async def test_a_console_gets_what_it_missed_and_no_snapshot(self, served: Running) -> None:
        served.desk.publish(call=a_call())
        async with served.console() as console:
            cursor = await opened(console)
        served.desk.publish(segment=a_segment(1))
        served.desk.publish(call=a_call("of-another", agent="8031"))
        served.desk.publish(segment=a_segment(2))
        async with served.console(resume_cursor=cursor) as console:
            assert (await hear(console))["resumed"] is True
            first, second = await hear(console), await hear(console)
            assert first["previous"] == cursor
            assert second["previous"] == first["cursor"]
            assert second["event"]["segment"]["segment_id"] == "call-1-s2"
            served.desk.publish(segment=a_segment(3))
            assert (await hear(console))["previous"] == second["cursor"]
        assert served.desk.snapshots == 1

    async def test_events_that_come_during_the_resume_are_sent_once_and_in_order(
        self, served: Running, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cursor = served.desk.publish(call=a_call()).cursor
        served.desk.publish(segment=a_segment(1))
        read = served.desk.events_after

        async def while_things_happen(*args: Any) -> Any:
            served.desk.publish(segment=a_segment(2))
            events = await read(*args)
            served.desk.publish(segment=a_segment(3))
            return events

        monkeypatch.setattr(served.desk, "events_after", while_things_happen)
        async with served.console(resume_cursor=cursor) as console:
            await hear(console)
            previous = cursor
            for number in (1, 2, 3):
                event = await hear(console)
                assert event["event"]["segment"]["segment_id"] == f"call-1-s{number}"
                assert event["previous"] == previous
                previous = event["cursor"]

    async def test_many_missed_events_are_read_page_by_page(self) -> None:
        async with serve_console(resume_page=3) as served:
            cursor = served.desk.publish(call=a_call()).cursor
            for number in range(9):
                served.desk.publish(segment=a_segment(number))
            async with served.console(resume_cursor=cursor) as console:
                await hear(console)
                ids = [(await hear(console))["event"]["segment"]["segment_id"] for _ in range(9)]
        assert ids == [f"call-1-s{number}" for number in range(9)]

    @pytest.mark.parametrize("cursor", [1, 999_999], ids=["too old", "from the future"])
    async def test_an_unknown_cursor_gets_a_snapshot(self, cursor: int) -> None:
        desk = FakeDesk(oldest=5)
        async with serve_console(desk) as served:
            desk.publish(call=a_call())
            async with served.console(resume_cursor=cursor) as console:
                assert (await hear(console))["resumed"] is False
                assert (await hear(console))["snapshot"]["cursor"] == 7

    async def test_too_much_missed_gets_a_snapshot(self) -> None:
        async with serve_console(resume_page=2, resume_events=4) as served:
            cursor = served.desk.publish(call=a_call()).cursor
            for number in range(6):
                served.desk.publish(segment=a_segment(number))
            async with served.console(resume_cursor=cursor) as console:
                assert (await hear(console))["resumed"] is False
                assert len((await hear(console))["snapshot"]["segments"]) == 6


class TestBadInput:
    @pytest.mark.parametrize(
        ("frame", "error_id", "code"),
        [
            ("{", "invalid", CloseCode.POLICY),
            ("[" * 200, "invalid", CloseCode.POLICY),
            (b"\x00\x01", "invalid", CloseCode.POLICY),
            ('{"type": "hello", "version": 1}', "invalid", CloseCode.POLICY),
            ('{"type": "welcome"}', "invalid", CloseCode.POLICY),
            ('{"type": "ping", "id": ' + "9" * 300 + "}", "invalid", CloseCode.POLICY),
            ('"' + "x" * 600 + '"', "message_too_big", CloseCode.TOO_BIG),
        ],
        ids=lambda value: str(value)[:20],
    )
    async def test_is_answered_with_its_id_and_then_closed(
        self, frame: str | bytes, error_id: str, code: CloseCode
    ) -> None:
        async with serve_console(message_bytes=512) as served, served.console() as console:
            await opened(console)
            await console.send(frame)
            assert (await closed(console))[0] == code
            async with served.console() as next_one:
                await opened(next_one)
                await next_one.send(frame)
                heard = (await closed(next_one))[1]
        assert heard[-1]["error_id"] == error_id

    async def test_a_message_beyond_all_measure_is_cut_off(self) -> None:
        async with serve_console(message_bytes=512) as served, served.console() as console:
            await opened(console)
            await console.send("x" * 1_000_000)
            assert (await closed(console))[0] == CloseCode.TOO_BIG

    async def test_a_flood_is_closed_and_the_others_go_on(self) -> None:
        async with (
            serve_console(messages_burst=5) as served,
            served.console("8031") as quiet,
            served.console() as flood,
        ):
            await opened(quiet)
            await opened(flood)
            for number in range(20):
                await say(flood, type="ping", id=number)
            code, heard = await closed(flood)
            assert code == CloseCode.POLICY
            assert heard[-1]["error_id"] == "too_many_messages"
            served.desk.publish(call=a_call(agent="8031"))
            assert (await hear(quiet))["type"] == "event"

    @given(st.lists(st.text(max_size=60) | st.binary(max_size=60), min_size=1, max_size=5))
    @settings(
        max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    async def test_whatever_is_sent_first_the_server_lives(self, frames: list[str | bytes]) -> None:
        async with serve_console() as served:
            async with served.socket(await served.token()) as console:
                for frame in frames:
                    await console.send(frame)
                code, heard = await closed(console)
            assert code == CloseCode.POLICY
            assert heard[-1]["type"] == "error"
            async with served.console() as console:
                await opened(console)


class TestHeartbeat:
    async def test_silence_is_filled_and_a_ping_is_answered(self) -> None:
        async with serve_console(heartbeat_seconds=0.05) as served:
            cursor = served.desk.publish(call=a_call()).cursor
            async with served.console() as console:
                await opened(console)
                assert (await hear_until(console, "heartbeat"))["cursor"] == cursor
                await say(console, type="ping", id=42)
                assert (await hear_until(console, "pong"))["id"] == 42

    async def test_a_half_open_connection_is_found(self) -> None:
        async with serve_console(heartbeat_seconds=0.05) as served:
            reader, writer = await asyncio.open_connection(*served.server.address)
            writer.write(
                b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                b"Authorization: Bearer " + (await served.token()).encode() + b"\r\n\r\n"
            )
            assert b"101" in await reader.readline()
            await until(lambda: len(served.parts.consoles) == 1)
            # From here on the peer is a wall: it reads, and never answers a ping.
            async with asyncio.timeout(DEADLINE):
                while await reader.read(65536):
                    pass
            await until(lambda: len(served.parts.consoles) == 0)
            writer.close()
            await writer.wait_closed()


class TestSessionEnd:
    async def test_log_out_closes_the_consoles_of_that_session_only(self, served: Running) -> None:
        token = await served.token()
        async with served.socket(token) as mine, served.console() as other:
            await say(mine, type="hello", version=1)
            await opened(mine)
            await opened(other)
            async with served.client(token) as client:
                await client.delete("/api/sessions")
            assert (await closed(mine))[0] == CloseCode.LOG_IN
            served.desk.publish(call=a_call())
            assert (await hear(other))["type"] == "event"

    async def test_a_session_that_ran_out_takes_its_console_with_it(self) -> None:
        async with serve_console(session_check_seconds=0.05) as served, served.console() as console:
            await opened(console)
            served.desk.expire()
            assert (await closed(console))[0] == CloseCode.LOG_IN

    async def test_changed_rights_make_the_console_come_again(self) -> None:
        async with serve_console(session_check_seconds=0.05) as served, served.console() as console:
            await opened(console)
            for token in served.desk.tokens:
                served.desk.tokens[token] = served.desk.people["8001"]
            assert (await closed(console))[0] == CloseCode.RESUME


class TestSlowReaders:
    async def test_one_is_sent_away_to_resume_and_slows_nobody(self) -> None:
        text = "很长的一段话" * 400
        async with serve_console(outbox_events=50, close_seconds=0.1) as served:
            served.desk.publish(call=a_call())
            served.desk.publish(draft=a_draft(content=FieldView(value="", confidence=0)))
            slow = _deaf_socket(served)
            await _open_by_hand(slow, await served.token())
            await until(lambda: len(served.parts.consoles) == 1)
            async with served.console() as quick:
                cursor = await opened(quick)
                sent = 0
                # Each event goes out only after the quick reader has the one before.
                while len(served.parts.consoles) == 2:
                    sent += 1
                    assert sent < 5000, "the slow reader was never cut off"
                    served.desk.publish(segment=a_segment(sent, text=text))
                    event = await hear(quick)
                    assert event["previous"] == cursor
                    cursor = event["cursor"]
            assert sent > 50
            slow.close()

    async def test_one_that_takes_nothing_any_more_is_dropped_with_its_last_bytes(self) -> None:
        async with serve_console(outbox_events=50, heartbeat_seconds=0.1) as served:
            served.desk.publish(call=a_call())
            deaf = _deaf_socket(served)
            await _open_by_hand(deaf, await served.token())
            await until(lambda: len(served.parts.consoles) == 1)
            number = 0
            while len(served.parts.consoles) == 1:
                number += 1
                served.desk.publish(segment=a_segment(number, text="字" * 9000))
                await asyncio.sleep(0)
            await until(lambda: served.server.connections == 0)
            deaf.close()

    async def test_the_close_code_says_resume_when_it_can_be_heard(self) -> None:
        desk = FakeDesk(bus_size=5)
        async with serve_console(desk) as served, served.console() as console:
            await opened(console)
            for number in range(12):  # without a breath: the desk's own queue runs over
                desk.publish(call=a_call(f"call-{number}"))
            code, heard = await closed(console)
            assert code == CloseCode.RESUME
            assert heard[-1]["error_id"] == "overrun"
            cursor = [message for message in heard if message["type"] == "event"][-1]["cursor"]
            async with served.console(resume_cursor=cursor) as again:
                assert (await hear(again))["resumed"] is True
                assert (await hear(again))["previous"] == cursor


def _deaf_socket(served: Running) -> socket.socket:
    """A connection that will take very little before the server has to wait."""
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect(served.server.address)
    deaf.setblocking(False)
    return deaf


async def _open_by_hand(connection: socket.socket, token: str) -> None:
    """Shake hands and say hello, then never read again."""
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(
        connection,
        b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Authorization: Bearer " + token.encode() + b"\r\n\r\n",
    )
    assert b"101" in await loop.sock_recv(connection, 12)
    hello = b'{"type":"hello","version":1}'
    masked = bytes(byte ^ 0 for byte in hello)  # a mask of zeros changes nothing
    frame = bytes([0x81, 0x80 | len(hello), 0, 0, 0, 0]) + masked
    await loop.sock_sendall(connection, frame)
