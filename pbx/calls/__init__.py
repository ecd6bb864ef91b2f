"""Calls as AMI tells them, turned into the facts of ``core.calls``."""

from pbx.calls.tracker import CallTracker

__all__ = ["CallTracker"]
