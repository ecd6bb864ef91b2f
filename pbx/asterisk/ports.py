"""Finds out, before Asterisk starts, which of its ports it cannot have.

Asterisk itself only logs that a transport could not be started, and runs on without telephones.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

from pbx.asterisk.errors import AsteriskPortTaken


def _values(path: Path) -> dict[str, str]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    return dict(re.findall(r"^(\w+) = (\S+)$", text, re.MULTILINE))


def _listeners(etc: Path) -> Iterator[tuple[socket.SocketKind, str, str]]:
    """(kind, host, port) of the manager, the web server and the SIP transports in ``etc``."""
    manager, web = _values(etc / "manager.conf"), _values(etc / "http.conf")
    yield socket.SOCK_STREAM, manager["bindaddr"], manager["port"]
    if web.get("enabled") == "yes":
        yield socket.SOCK_STREAM, web["bindaddr"], web["bindport"]
    sip = (etc / "pjsip.conf").read_text(encoding="utf-8")
    for host, port in re.findall(r"^bind = ([\d.]+):(\d+)$", sip, re.MULTILINE):
        yield socket.SOCK_DGRAM, host, port


def check_ports(etc: Path) -> None:
    """Try each port of the rendered configuration. Raises ``AsteriskPortTaken``."""
    for kind, host, port in _listeners(etc):
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind is socket.SOCK_STREAM:
                # As Asterisk does: connections of the last run that linger do not count.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, int(port)))
            except OSError as refused:
                protocol = "TCP" if kind is socket.SOCK_STREAM else "UDP"
                raise AsteriskPortTaken(
                    f"Asterisk cannot have {protocol} {host}:{port}: {refused.strerror}",
                    host=host,
                    port=int(port),
                ) from refused
