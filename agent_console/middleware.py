"""What every request passes before a route sees it: headers, origin, a bounded body."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent_console.answers import answer
from agent_console.errors import BodyTooBig, BodyTooSlow, OriginRefused
from agent_console.origin import is_ours

READING = frozenset({"GET", "HEAD", "OPTIONS"})

SECURITY_HEADERS: Mapping[str, str] = {
    # The page needs nothing but itself: no inline script, no style attribute, no other site.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "font-src 'self'; media-src 'self'; connect-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class SecurityHeaders:
    """Adds the headers that a browser needs to protect the page; answers are never cached."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                headers = MutableHeaders(scope=message)
                headers.update(SECURITY_HEADERS)
                # Files of the page are checked by their ETag each time; the rest is personal.
                kept = "no-store" if scope["path"].startswith("/api/") else "no-cache"
                headers["Cache-Control"] = kept
            await send(message)

        await self._app(scope, receive, send_with_headers)


class OriginCheck:
    """Refuses writes that a browser sends for another site. Sockets check for themselves."""

    def __init__(self, app: ASGIApp, allowed: Collection[str]) -> None:
        self._app = app
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        writes = scope["type"] == "http" and scope["method"] not in READING
        if writes and not is_ours(Headers(scope=scope), self._allowed):
            await answer(OriginRefused())(scope, receive, send)
            return
        await self._app(scope, receive, send)


class BoundedBody:
    """Reads the body before the route runs: at most ``limit`` bytes within ``seconds``."""

    def __init__(self, app: ASGIApp, limit: int, seconds: float) -> None:
        self._app = app
        self._limit = limit
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._seconds):
                first = await self._read(Headers(scope=scope), receive)
        except BodyTooBig as error:
            await answer(error)(scope, receive, send)
            return
        except TimeoutError:
            await answer(BodyTooSlow())(scope, receive, send)
            return
        waiting = [first]

        async def replay() -> Message:
            return waiting.pop() if waiting else await receive()

        await self._app(scope, replay, send)

    async def _read(self, headers: Headers, receive: Receive) -> Message:
        """The whole body as one message (or the news that the client left)."""
        if (told := headers.get("content-length", "0")).isdigit() and int(told) > self._limit:
            raise BodyTooBig(limit=self._limit)
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return message
            body += message.get("body", b"")
            if len(body) > self._limit:
                raise BodyTooBig(limit=self._limit)
            if not message.get("more_body", False):
                return {"type": "http.request", "body": bytes(body), "more_body": False}
