"""The people of the demo, each with a log-in of his own, at the hotline's HTTP interface."""

from __future__ import annotations

import secrets
from typing import Any

import httpx

from core.errors import HotlineError
from core.people.roles import Role
from hotline.app import Hotline


class DemoRefused(HotlineError):
    """The hotline refused a step of the demo; its own ``error_id`` is in the details."""

    error_id = "demo_refused"


class People:
    """Opens accounts as they are needed; whoever acts logs in first, as the clock runs fast."""

    def __init__(self, hotline: Hotline) -> None:
        self._hotline = hotline
        self._passwords: dict[str, str] = {}
        self._tokens: dict[str, str] = {}

    async def person(self, number: str, name: str, role: Role, unit: str = "") -> str:
        """The account's number; the account is there from now on."""
        password = secrets.token_urlsafe(12)
        await self._hotline.desk.sessions.put_agent(number, name, role, password, "", unit)
        self._passwords[number] = password
        return number

    def known(self, number: str, password: str) -> None:
        """Somebody whose account the site has already."""
        self._passwords[number] = password

    async def does(self, who: str, number: str, act: str, **given: Any) -> dict[str, Any]:
        """One act on a ticket. Raises ``DemoRefused``."""
        after: dict[str, Any] = await self._ask(
            who, "POST", f"/api/tickets/{number}/acts/{act}", given
        )
        return after

    async def reads(self, who: str, number: str) -> dict[str, Any]:
        ticket: dict[str, Any] = await self._ask(who, "GET", f"/api/tickets/{number}")
        return ticket

    async def history(self, who: str, number: str) -> list[dict[str, Any]]:
        steps: list[dict[str, Any]] = await self._ask(who, "GET", f"/api/tickets/{number}/history")
        return steps

    async def _ask(
        self, who: str, method: str, path: str, given: dict[str, Any] | None = None
    ) -> Any:
        async with httpx.AsyncClient(base_url=self._hotline.url, timeout=20) as http:
            answer = await self._send(http, who, method, path, given)
            if answer.status_code == httpx.codes.UNAUTHORIZED:  # the clock ran past his session
                log_in = {"agent": who, "password": self._passwords[who], "bearer": True}
                self._tokens[who] = _body(await http.post("/api/sessions", json=log_in))["token"]
                answer = await self._send(http, who, method, path, given)
        return _body(answer)

    async def _send(
        self, http: httpx.AsyncClient, who: str, method: str, path: str, given: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._tokens.get(who, 'none')}"}
        return await http.request(method, path, json=given, headers=headers)


def _body(answer: httpx.Response) -> Any:
    body = answer.json()
    if answer.is_error:
        raise DemoRefused(
            "a step of the demo was refused", refused=body.get("error_id"), **body["details"]
        )
    return body
