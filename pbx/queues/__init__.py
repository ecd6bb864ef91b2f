"""Queues and agents: what ``app_queue`` says of them, and what may be asked of it."""

from pbx.queues.mirror import QueueCount, QueueMirror
from pbx.queues.switchboard import AmiSwitchboard
from pbx.queues.wrap_up import WrapUp

__all__ = ["AmiSwitchboard", "QueueCount", "QueueMirror", "WrapUp"]
