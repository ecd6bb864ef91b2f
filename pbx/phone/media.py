"""One call's sound: a socket and the thread that owns it, sends every 20 ms and receives.

A thread, because the event loop of a test or of the demo may be busy for longer than a packet
lasts. Times of sending are counted from the first packet, so that they do not drift.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time

from core.clock import Clock
from pbx.phone.errors import RtpInvalid
from pbx.phone.heard import Heard
from pbx.phone.pacer import Pacer, Pacing
from pbx.phone.rtp import RtpPacket
from pbx.phone.sdp import RemoteAudio
from pbx.phone.sender import Sender

_LARGEST = 2048


class MediaStream:
    """RTP both ways on a port of its own, bound at once so that SDP can name it."""

    def __init__(self, host: str, heard: Heard, clock: Clock) -> None:
        self.heard = heard
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind((host, 0))
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._finished = asyncio.Event()
        self._failure: BaseException | None = None
        self._sender: Sender | None = None
        self._remote: tuple[str, int] = ("", 0)
        self._pacer = Pacer(0.0)
        self.errors = 0
        """Packets that the system refused to send, or said had not arrived."""

    @property
    def sender(self) -> Sender | None:
        """What is said; None before the call is answered."""
        return self._sender

    def start(self, remote: RemoteAudio) -> None:
        """Begin to send to and hear from the far end."""
        self._sender = Sender(remote.law, remote.event_type)
        self.redirect(remote)
        self._thread = threading.Thread(target=self._run, name=f"phone-rtp-{self.port}")
        self._thread.start()

    def redirect(self, remote: RemoteAudio) -> None:
        """The far end moved its audio to another address."""
        self._remote = (remote.host, remote.port)

    def pacing(self) -> Pacing:
        """How evenly packets were sent so far."""
        return self._pacer.pacing()

    async def stop(self) -> None:
        """End the thread and close the socket; raises what the thread failed with.

        Cancelling this does not keep the thread alive.
        """
        self._stop.set()
        if self._thread is None:
            self._socket.close()
            return
        await self._finished.wait()
        self._thread.join()  # its last statement has run
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            with self._socket:
                self._exchange()
        except BaseException as failure:  # noqa: BLE001 - handed to the owner, who awaits stop()
            self._failure = failure
        finally:
            self._loop.call_soon_threadsafe(self._finished.set)

    def _exchange(self) -> None:
        assert self._sender is not None
        self._pacer = pacer = Pacer(time.monotonic())
        while not self._stop.is_set():
            now = time.monotonic()
            wait = pacer.wait(now)
            if wait == 0.0:
                pacer.sent(now)
                self._send(self._sender.tick())
                continue
            self._socket.settimeout(wait)
            try:
                data, (host, _) = self._socket.recvfrom(_LARGEST)
            except TimeoutError:
                continue
            except OSError:  # an ICMP error of an earlier packet: the far end is not there now
                self.errors += 1
                continue
            self._receive(data, host)

    def _send(self, packet: bytes) -> None:
        try:
            self._socket.sendto(packet, self._remote)
        except OSError:  # a full buffer or an unreachable host loses a packet, as a network does
            self.errors += 1

    def _receive(self, data: bytes, host: str) -> None:
        if host != self._remote[0]:
            return
        try:
            packet = RtpPacket.parse(data)
        except RtpInvalid:
            return
        self.heard.take(packet, self._clock.monotonic())
