"""What the names and variables of Asterisk's channels tell about us.

An agent's endpoint is his number (digits), a trunk's name begins with a letter, and a tap carries
its AudioSocket id in its name (seen: ``AudioSocket/127.0.0.1:9092-<uuid>``) and no call id.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from uuid import UUID

from pbx.ami.api import AmiEvent

# Application data of a channel in a queue: "<queue>,<options>,..."
QUEUE_APPLICATION = "Queue"
SPY_APPLICATION = "ChanSpy"
UP = "6"  # ChannelState of an answered channel

_AGENT_CHANNEL = re.compile(r"PJSIP/([0-9]{2,10})-[0-9a-f]{8}")
_AGENT_INTERFACE = re.compile(r"PJSIP/([0-9]{2,10})")
_TAP = re.compile(r"AudioSocket/.+[-/]([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:/.*)?")


def agent_of(channel: str) -> str | None:
    """The number of the agent whose telephone this channel is, or None."""
    found = _AGENT_CHANNEL.fullmatch(channel)
    return found.group(1) if found else None


def agent_at(interface: str) -> str | None:
    """The number of the agent behind a queue member's interface, or None."""
    found = _AGENT_INTERFACE.fullmatch(interface)
    return found.group(1) if found else None


def tap_of(channel: str) -> str | None:
    """The AudioSocket id of a tap, from its channel's name or dial string, or None."""
    found = _TAP.fullmatch(channel)
    return found.group(1) if found else None


def call_of(variables: Mapping[str, str]) -> str | None:
    """The call id among a channel's variables, or None when it is missing or no UUID."""
    text = variables.get("CALL_ID", "")
    try:
        return str(UUID(text)) if text else None
    except ValueError:
        return None


def answered_of(variables: Mapping[str, str]) -> float | None:
    """When the call was answered, in seconds since the epoch; None before that."""
    try:
        seconds = float(variables.get("CALL_ANSWERED", ""))
    except ValueError:
        return None
    return seconds if 0 < seconds < 1e11 else None


def is_callers(channel: AmiEvent) -> bool:
    """Whether the event's main channel began its call, as the caller's does.

    All that Asterisk dials for a call carries the caller's id as its linked id.
    """
    return agent_of(channel.get("Channel")) is None and channel.get("Uniqueid") == channel.get(
        "Linkedid"
    )
