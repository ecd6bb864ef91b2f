"""Which site a browser speaks for: the second lock after the cookie's SameSite."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers


def is_ours(headers: Headers, allowed: Collection[str]) -> bool:
    """True when a request comes from our own page, or from a client that is no browser.

    Browsers send ``Origin`` on every write and on every WebSocket handshake; ``Sec-Fetch-Site``
    covers the rest. ``allowed`` are further origins (``scheme://host[:port]``).
    """
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site", "none") in ("none", "same-origin")
    if origin in allowed:
        return True
    try:
        place = urlsplit(origin).netloc
    except ValueError:  # "http://[": no place at all
        return False
    return bool(place) and place == headers.get("host")
