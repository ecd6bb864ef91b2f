from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_console.app import create_app
from agent_console.messages import schema
from agent_console.settings import ConsoleSettings
from core.calls import Leg
from core.errors import Unavailable
from core.pack.form import FormField, TicketForm
from core.views import FieldView
from tests.agent_console.conftest import FORM, Running, serve_console
from tests.agent_console.fake_work import FakeOffices, FakeRules, FakeWork
from tests.agent_console.fakes import PASSWORD, FakeDesk, FakeSwitchboard, a_call, a_draft


def log_in(agent: str = "8026", password: str = PASSWORD, **more: Any) -> dict[str, Any]:
    return {"agent": agent, "password": password, **more}


async def opened(served: Running, name: str = "call-1") -> None:
    served.desk.publish(call=a_call(name))
    served.desk.publish(draft=a_draft(name, title=FieldView(value="旧", confidence=0.4)))


class TestSessions:
    async def test_a_browser_gets_a_cookie_that_no_script_can_read(self, served: Running) -> None:
        async with served.client() as client:
            answer = await client.post("/api/sessions", json=log_in())
            assert answer.status_code == 201
            assert answer.json() == {
                "viewer": {"agent": "8026", "name": "王座席", "role": "agent"},
                "token": None,
            }
            cookie = answer.headers["set-cookie"].lower()
            assert "httponly" in cookie
            assert "samesite=strict" in cookie
            assert (await client.get("/api/sessions/me")).json()["agent"] == "8026"

    async def test_a_command_line_gets_a_token_and_no_cookie(self, served: Running) -> None:
        async with served.client() as client:
            answer = await client.post("/api/sessions", json=log_in(bearer=True))
        assert "set-cookie" not in answer.headers
        async with served.client(answer.json()["token"]) as client:
            assert (await client.get("/api/snapshot")).status_code == 200

    async def test_log_out_ends_the_session(self, served: Running) -> None:
        async with served.client() as client:
            await client.post("/api/sessions", json=log_in())
            token = client.cookies["hotline_session"]
            assert (await client.delete("/api/sessions")).status_code == 204
            assert "hotline_session" not in client.cookies
        async with served.client(token) as client:
            assert (await client.get("/api/snapshot")).status_code == 401

    async def test_a_wrong_password_is_refused_in_the_common_form(self, served: Running) -> None:
        async with served.client() as client:
            answer = await client.post("/api/sessions", json=log_in(password="wrong"))
        assert answer.status_code == 401
        assert answer.json()["error_id"] == "log_in_refused"

    async def test_guessing_is_stopped_before_the_password_is_looked_at(self) -> None:
        async with serve_console(attempts_per_agent=3) as served, served.client() as client:
            for _ in range(3):
                await client.post("/api/sessions", json=log_in(password="guess"))
            answer = await client.post("/api/sessions", json=log_in())
            assert answer.status_code == 429
            assert answer.json()["error_id"] == "too_many_attempts"
            assert 0 < int(answer.headers["retry-after"]) <= 60
            assert served.desk.log_ins == 3
            other = await client.post("/api/sessions", json=log_in("8031"))
            assert other.status_code == 201

    async def test_attempts_at_once_are_all_counted(self) -> None:
        async with serve_console(attempts_per_agent=2) as served, served.client() as client:
            tries = [client.post("/api/sessions", json=log_in(password="x")) for _ in range(6)]
            statuses = sorted(answer.status_code for answer in await asyncio.gather(*tries))
        assert statuses == [401, 401, 429, 429, 429, 429]

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/api/snapshot"),
            ("GET", "/api/sessions/me"),
            ("GET", "/api/form"),
            ("GET", "/api/tickets"),
            ("POST", "/api/tickets"),
            ("GET", "/api/tickets/T1"),
            ("GET", "/api/tickets/T1/history"),
            ("POST", "/api/tickets/T1/acts/sign"),
            ("GET", "/api/policy"),
            ("POST", "/api/policy/reload"),
            ("GET", "/api/calls/c/recordings/caller"),
            ("PUT", "/api/calls/c/draft/title"),
            ("POST", "/api/calls/c/ticket"),
            ("POST", "/api/agents/me/sign-in"),
            ("POST", "/api/agents/me/resume"),
            ("DELETE", "/api/sessions"),
        ],
    )
    async def test_nothing_is_told_or_done_without_a_session(
        self, served: Running, method: str, path: str
    ) -> None:
        for token in (None, "not-a-token"):
            async with served.client(token) as client:
                answer = await client.request(method, path, json={"value": 1})
            if (method, token) != ("DELETE", "not-a-token"):
                assert answer.status_code == 401
                assert set(answer.json()) == {"error_id", "message", "details"}


class TestDrafts:
    async def test_an_edited_field_is_the_agents(self, served: Running) -> None:
        await opened(served)
        async with served.client(await served.token()) as client:
            answer = await client.put("/api/calls/call-1/draft/title", json={"value": "新 😀"})
        assert answer.status_code == 200
        assert answer.json()["fields"]["title"]["value"] == "新 😀"
        assert answer.json()["fields"]["title"]["touched"] is True
        assert served.desk.set_fields == [("call-1", "title", "新 😀")]

    async def test_submitting_twice_gives_the_same_ticket(self, served: Running) -> None:
        await opened(served)
        async with served.client(await served.token()) as client:
            first = await client.post("/api/calls/call-1/ticket")
            second = await client.post("/api/calls/call-1/ticket")
            assert first.status_code == second.status_code == 200
            assert first.json()["number"] == second.json()["number"]
            kept = await client.get(f"/api/tickets/{first.json()['number']}")
        # What the page shows of it has the same names in both views.
        for key in ("number", "created_at", "fields"):
            assert kept.json()[key] == first.json()[key]

    async def test_an_unknown_call_is_not_found(self, served: Running) -> None:
        async with served.client(await served.token()) as client:
            answer = await client.post("/api/calls/nothing/ticket")
        assert answer.status_code == 404
        assert answer.json()["error_id"] == "not_found"

    async def test_the_form_comes_in_order_with_titles(self, served: Running) -> None:
        async with served.client(await served.token()) as client:
            answer = await client.get("/api/form")
        assert tuple(FormField.model_validate(field) for field in answer.json()) == FORM

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"{",
            b"\xff\xfe",
            b"[]",
            b'{"value": NaN}',
            b'{"value": Infinity}',
            b'{"value": "\\ud800"}',
            b'{"value": 1e999}',
            b'{"value": "a\\u0000b"}',
            b'{"value": 1}',
            b'{"value": ["a", 1]}',
            b'{"value": {"a": "b"}}',
            b'{"valu": 1}',
            b'{"value": 1, "other": 2}',
            b'{"value": ' + b"[" * 20000 + b"]" * 20000 + b"}",
        ],
        ids=lambda body: body[:24].decode("latin-1"),
    )
    async def test_a_value_that_is_none_is_invalid(self, served: Running, body: bytes) -> None:
        await opened(served)
        async with served.client(await served.token()) as client:
            answer = await client.put(
                "/api/calls/call-1/draft/title",
                content=body,
                headers={"Content-Type": "application/json"},
            )
        assert answer.status_code in (400, 422)
        assert answer.json()["error_id"] == "invalid"
        assert served.desk.set_fields == []

    @given(st.binary(max_size=300))
    @settings(max_examples=60, deadline=None)
    async def test_any_bytes_get_an_answer_in_the_common_form(self, body: bytes) -> None:
        desk = FakeDesk()
        token, _ = await desk.log_in("8026", PASSWORD)
        app = create_app(
            desk,
            FakeSwitchboard(desk),
            ConsoleSettings(),
            offices=FakeOffices(FakeWork(desk)),
            rules=FakeRules(),
            form=lambda: TicketForm(fields=FORM),
        )
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        async with httpx.AsyncClient(transport=transport, base_url="http://console") as client:
            answer = await client.put(
                "/api/calls/call-1/draft/title", content=body, headers=headers
            )
        assert 400 <= answer.status_code < 500
        assert set(answer.json()) == {"error_id", "message", "details"}

    async def test_a_refused_value_is_not_repeated_in_the_answer(self, served: Running) -> None:
        async with served.client() as client:
            answer = await client.post(
                "/api/sessions", json={"agent": "a b", "password": ["s3cret"], "more": "s3cret"}
            )
        assert answer.status_code == 422
        assert "s3cret" not in answer.text


class TestAgents:
    async def test_the_switchboard_is_asked_for_the_agent_who_asks(self, served: Running) -> None:
        async with served.client(await served.token("8031")) as client:
            for path, body in (
                ("sign-in", None),
                ("pause", {"reason": " 培训 "}),
                ("resume", None),
                ("sign-out", None),
            ):
                answer = await client.post(f"/api/agents/me/{path}", json=body)
                assert answer.status_code == 204
        assert served.switchboard.asked == [
            ("sign_in", "8031"),
            ("pause", "8031", "培训"),
            ("resume", "8031"),
            ("sign_out", "8031"),
        ]

    @pytest.mark.parametrize("reason", ["", "  ", "a\r\nAction: Originate", "\x00", "x" * 41])
    async def test_a_reason_that_could_harm_is_invalid(self, served: Running, reason: str) -> None:
        async with served.client(await served.token()) as client:
            answer = await client.post("/api/agents/me/pause", json={"reason": reason})
        assert answer.status_code == 422
        assert served.switchboard.asked == []

    async def test_an_absent_switchboard_is_told_by_its_id(self, served: Running) -> None:
        served.switchboard.failing = Unavailable(state="connecting")
        async with served.client(await served.token()) as client:
            answer = await client.post("/api/agents/me/sign-in")
        assert answer.status_code == 503
        assert answer.json() == {
            "error_id": "unavailable",
            "message": "unavailable",
            "details": {"state": "connecting"},
        }


class TestRecordings:
    async def test_a_recording_is_played_whole_and_in_ranges(self, tmp_path: Path) -> None:
        sound = b"RIFF" + bytes(range(256)) * 8
        (tmp_path / "2026-01-12").mkdir()
        (tmp_path / "2026-01-12" / "call-1.caller.wav").write_bytes(sound)
        async with serve_console(recordings=tmp_path) as served:
            served.shelf.files["call-1", Leg.CALLER] = "2026-01-12/call-1.caller.wav"
            async with served.client(await served.token()) as client:
                whole = await client.get("/api/calls/call-1/recordings/caller")
                assert whole.content == sound
                assert whole.headers["content-type"] == "audio/wav"
                part = await client.get(
                    "/api/calls/call-1/recordings/caller", headers={"Range": "bytes=4-11"}
                )
                assert part.status_code == 206
                assert part.content == sound[4:12]
                beyond = await client.get(
                    "/api/calls/call-1/recordings/caller", headers={"Range": "bytes=99999-"}
                )
                assert beyond.status_code == 416
                missing = await client.get("/api/calls/call-1/recordings/agent")
                assert missing.status_code == 404
                nobody = await client.get("/api/calls/call-1/recordings/third")
                assert nobody.status_code == 422

    @pytest.mark.parametrize(
        "file",
        ["../secret.wav", "/etc/hostname", "link.wav", "", ".", "a\x00b", "gone.wav", "x" * 5000],
    )
    async def test_nothing_outside_of_the_folder_is_ever_played(
        self, tmp_path: Path, file: str
    ) -> None:
        folder = tmp_path / "recordings"
        folder.mkdir()
        (tmp_path / "secret.wav").write_bytes(b"secret")
        (folder / "link.wav").symlink_to(tmp_path / "secret.wav")
        async with serve_console(recordings=folder) as served:
            served.shelf.files["call-1", Leg.CALLER] = file
            async with served.client(await served.token()) as client:
                answer = await client.get("/api/calls/call-1/recordings/caller")
        assert answer.status_code == 404
        assert answer.json()["error_id"] == "not_found"


class TestEveryAnswer:
    @pytest.mark.parametrize("path", ["/api/health/live", "/", "/nothing/here", "/api/snapshot"])
    async def test_carries_the_headers_that_protect_the_page(
        self, served: Running, path: str
    ) -> None:
        async with served.client() as client:
            answer = await client.get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "server" not in answer.headers

    @pytest.mark.parametrize(
        ("method", "path", "status", "error_id"),
        [
            ("GET", "/nothing", 404, "not_found"),
            ("GET", "/api/nothing", 404, "not_found"),
            ("GET", "/../../etc/passwd", 404, "not_found"),
            ("GET", "/%2e%2e/%2e%2e/app.py", 404, "not_found"),
            ("PATCH", "/api/sessions", 405, "method_not_allowed"),
            ("GET", "/api/agents/me/sign-in", 405, "method_not_allowed"),
            ("GET", "/api/tickets/T1/acts/sign", 405, "method_not_allowed"),
            ("POST", "/api/tickets/T1/acts/rung", 404, "not_found"),
            ("GET", "/ws", 404, "not_found"),
        ],
    )
    async def test_errors_have_one_form(
        self, served: Running, method: str, path: str, status: int, error_id: str
    ) -> None:
        async with served.client() as client:
            answer = await client.request(method, path)
        assert answer.status_code == status
        assert answer.json()["error_id"] == error_id
        assert set(answer.json()) == {"error_id", "message", "details"}

    async def test_a_bug_of_ours_is_internal_and_tells_nothing(
        self, served: Running, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def broken(*_: object) -> None:
            raise RuntimeError("a secret")

        monkeypatch.setattr(served.desk, "snapshot", broken)
        async with served.client(await served.token()) as client:
            answer = await client.get("/api/snapshot")
        assert answer.status_code == 500
        assert answer.json() == {"error_id": "internal", "message": "internal", "details": {}}


class TestBodies:
    async def test_a_body_too_big_is_refused_whether_announced_or_not(self) -> None:
        async with serve_console(body_bytes=1024) as served, served.client() as client:
            announced = await client.post("/api/sessions", content=b"x" * 2000)

            async def pieces() -> Any:
                for _ in range(20):
                    yield b"x" * 100

            streamed = await client.post("/api/sessions", content=pieces())
        for answer in (announced, streamed):
            assert answer.status_code == 413
            assert answer.json()["error_id"] == "body_too_big"

    async def test_a_body_that_never_ends_is_given_up(self) -> None:
        async with serve_console(body_seconds=0.1) as served:
            reader, writer = await asyncio.open_connection(*served.server.address)
            writer.write(b"POST /api/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nab")
            async with asyncio.timeout(10):
                head = await reader.readline()
            assert b" 408 " in head
            writer.close()
            await writer.wait_closed()

    async def test_bytes_that_are_no_http_harm_nobody(self, served: Running) -> None:
        reader, writer = await asyncio.open_connection(*served.server.address)
        writer.write(b"\x00\xff\r\n\r\nGARBAGE / / /\r\n\r\n")
        async with asyncio.timeout(10):
            assert b" 400 " in await reader.readline()
        writer.close()
        await writer.wait_closed()
        async with served.client() as client:
            assert (await client.get("/api/health/live")).status_code == 200


class TestOrigin:
    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
            {"Origin": "http://["},
            {"Origin": ""},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ],
        ids=str,
    )
    async def test_a_write_for_another_site_is_refused(
        self, served: Running, headers: dict[str, str]
    ) -> None:
        async with served.client(await served.token()) as client:
            answer = await client.post("/api/agents/me/sign-in", headers=headers)
            assert answer.status_code == 403
            assert answer.json()["error_id"] == "origin_refused"
            assert served.switchboard.asked == []
            read = await client.get("/api/snapshot", headers=headers)
            assert read.status_code == 200

    async def test_our_own_page_and_the_sites_that_are_named_may_write(self) -> None:
        named = "https://console.example"
        async with (
            serve_console(origins=(named,)) as served,
            served.client(await served.token()) as client,
        ):
            for origin in (served.base, named):
                answer = await client.post("/api/agents/me/sign-in", headers={"Origin": origin})
                assert answer.status_code == 204


class TestHealthAndSchemas:
    async def test_health_is_told_without_a_session(self, served: Running) -> None:
        async with served.client() as client:
            live = await client.get("/api/health/live")
            assert (live.status_code, live.json()["ok"]) == (200, True)
            ready = await client.get("/api/health/ready")
            assert (ready.status_code, ready.json()["ok"]) == (200, True)

    async def test_it_is_not_ready_while_a_part_is_away(self) -> None:
        standing = {"database": True, "ami": False}
        async with serve_console(standing=standing) as served, served.client() as client:
            answer = await client.get("/api/health/ready")
        assert answer.status_code == 503
        assert answer.json() == {"ok": False, "parts": standing}

    async def test_the_schema_of_all_messages_is_published(self, served: Running) -> None:
        async with served.client() as client:
            answer = await client.get("/api/schemas")
        assert answer.json() == json.loads(json.dumps(schema()))
