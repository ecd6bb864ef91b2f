"""The desk: takes facts and words from the telephone side, keeps them, and serves the consoles."""

from core.desk.desk import HotlineDesk

__all__ = ["HotlineDesk"]
