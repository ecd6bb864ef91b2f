"""A city on each database, as the loop's tests have it."""

from __future__ import annotations

from tests.core.loop.conftest import city

__all__ = ["city"]
