"""What Asterisk says of itself, asked right after a (re)connect: the ``Snapshot``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from pbx.ami.actions import Ends, LinkAction
from pbx.ami.api import AmiEvent, Snapshot

Ask = Callable[[str, Ends], Awaitable[LinkAction]]


async def take_snapshot(ask: Ask) -> Snapshot:
    """Ask for channels, queues and devices, one after the other: Asterisk answers in order anyway.

    Raises what ``ask`` raises. Events that come meanwhile may already be in the snapshot; whoever
    applies them after it must bear that.
    """
    core = await ask("CoreStatus", Ends.RESPONSE)
    channels = await ask("CoreShowChannels", Ends.LIST_END)
    queues = await ask("QueueStatus", Ends.LIST_END)
    devices = await ask("DeviceStateList", Ends.LIST_END)
    started = core.reply or AmiEvent("Response", {})
    return Snapshot(
        channels=_named(channels.collected, "CoreShowChannel"),
        queue_params=_named(queues.collected, "QueueParams"),
        queue_members=_named(queues.collected, "QueueMember"),
        queue_entries=_named(queues.collected, "QueueEntry"),
        device_states=_named(devices.collected, "DeviceStateChange"),
        asterisk_started=f"{started.get('CoreStartupDate')} {started.get('CoreStartupTime')}",
    )


def _named(events: list[AmiEvent], name: str) -> tuple[AmiEvent, ...]:
    return tuple(event for event in events if event.name == name)
