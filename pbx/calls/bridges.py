"""Who is in which bridge: how a new party in a talk is noticed, whoever arranged it."""

from __future__ import annotations

from pbx.ami.api import AmiEvent, Snapshot


class Bridges:
    """Channels of calls (by unique id) and the bridge each is in."""

    def __init__(self) -> None:
        self._of: dict[str, tuple[str, str]] = {}  # unique id -> (bridge, channel)

    def load(self, snapshot: Snapshot) -> None:
        self._of = {
            channel.get("Uniqueid"): (channel.get("BridgeId"), channel.get("Channel"))
            for channel in snapshot.channels
            if channel.get("BridgeId")
        }

    def enter(self, event: AmiEvent) -> None:
        self._of[event.get("Uniqueid")] = (event.get("BridgeUniqueid"), event.get("Channel"))

    def leave(self, uniqueid: str) -> None:
        """The channel left its bridge, or ended. Unknown ones are fine."""
        self._of.pop(uniqueid, None)

    def with_channel(self, uniqueid: str) -> list[str]:
        """The names of the other channels in that channel's bridge, in order of entering."""
        bridge, _ = self._of.get(uniqueid, ("", ""))
        return [
            channel
            for other, (where, channel) in self._of.items()
            if bridge and where == bridge and other != uniqueid
        ]
