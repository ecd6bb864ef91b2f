"""What stands right now and is not worth a row: agents as Asterisk has them, links, open streams.

Everything here is told again by its owner after a restart.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from core.transcript import StreamReport, StreamState
from core.views import AgentView, SystemView


@dataclass(slots=True)
class Floor:
    agents: dict[str, AgentView] = field(default_factory=dict)
    system: SystemView = field(default_factory=lambda: SystemView(ami="down", engine=None))
    # call id -> the agent whom it concerns, for events that only pass by
    audience: dict[str, str] = field(default_factory=dict)
    # call id -> taps that are open
    streams: dict[str, set[str]] = field(default_factory=dict)

    def transcript_after(self, report: StreamReport) -> str:
        """Follow a stream's change; returns how the call's transcript stands: live, ended, lost."""
        streams = self.streams.setdefault(report.call_id, set())
        if report.state is StreamState.OPEN:
            streams.add(report.tap_id)
            return "live"
        streams.discard(report.tap_id)
        if streams:
            return "live"
        self.streams.pop(report.call_id, None)
        return "lost" if report.state is StreamState.LOST else "ended"
