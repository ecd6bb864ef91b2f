"""Free ports on loopback, for everything that is started for a while: demo, tests, benchmarks."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack

LOOPBACK = "127.0.0.1"
# Below the kernel's own range for outgoing connections, so that none of them gets in between.
RTP_FIRST, RTP_LAST = 12_000, 31_000


def free_ports(count: int) -> list[int]:
    """Ports that are free for TCP and UDP at this moment, all different."""
    with ExitStack() as held:
        found: list[int] = []
        while len(found) < count:
            tcp = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            tcp.bind((LOOPBACK, 0))
            port = tcp.getsockname()[1]
            udp = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            try:
                udp.bind((LOOPBACK, port))
            except OSError:
                continue  # taken for UDP: keep the TCP side so that it is not drawn again
            found.append(port)
        return found


def free_range(length: int) -> int:
    """The first port of a run of ``length`` UDP ports that are free now (even, for RTP)."""
    while True:
        first = random.randrange(RTP_FIRST, RTP_LAST - length, 2)
        with ExitStack() as held:
            try:
                for port in range(first, first + length):
                    udp = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
                    udp.bind((LOOPBACK, port))
            except OSError:
                continue
            return first
