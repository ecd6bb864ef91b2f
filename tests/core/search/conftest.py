"""The same city as the loop's tests have."""

from tests.core.loop.conftest import city

__all__ = ["city"]
