"""What the phone says: one packet per 20 ms, from a recording, from pressed keys, else silence.

No socket, no clock, no thread: ``MediaStream`` calls ``tick`` fifty times a second.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pbx.phone.dtmf import EventPacket, KeyTiming, check_keys, key_ticks
from pbx.phone.errors import KeysInvalid
from pbx.phone.g711 import Law, encode
from pbx.phone.rtp import FRAME_SAMPLES, RtpPacket
from pbx.phone.sdp import PAYLOAD_TYPES


@dataclass(eq=False, slots=True)
class Job:
    """Something being said. ``done`` is called once, when its last packet's time is over.

    Setting ``stopped`` makes the sender drop it without calling ``done`` (keys: if not begun).
    """

    done: Callable[[], None]
    stopped: bool = field(default=False)


@dataclass(eq=False, slots=True)
class _Recording(Job):
    coded: bytes = b""
    at: int = 0


@dataclass(eq=False, slots=True)
class _Keys(Job):
    ticks: Iterator[EventPacket | None] = field(default_factory=lambda: iter(()))
    left: int = 0
    begun: bool = False


class Sender:
    """The sending side of one RTP stream.

    ``event_type`` is the payload type of telephone events that the far end asked for, or None.
    Keys go before a recording, which waits meanwhile: sound between the packets of one event
    makes some receivers hear several keys.
    """

    def __init__(self, law: Law, event_type: int | None) -> None:
        self._law = law
        self._event_type = event_type
        self._silence = encode(bytes(2 * FRAME_SAMPLES), law)
        self._ssrc = random.getrandbits(32)
        self._sequence = random.getrandbits(16)
        self._timestamp = random.getrandbits(32)
        self._marker = True
        # Appended to by the event loop, taken from by the media thread.
        self._recordings: deque[_Recording] = deque()
        self._keys: deque[_Keys] = deque()

    def play(self, pcm: bytes, done: Callable[[], None]) -> Job:
        """Say 16-bit PCM at 8 kHz, after what is being said."""
        recording = _Recording(done, coded=encode(pcm, self._law))
        self._recordings.append(recording)
        return recording

    def press(self, keys: str, timing: KeyTiming, done: Callable[[], None]) -> Job:
        """Press keys, after those that are being pressed.

        It is done when the last key is let go: the far end may act on it, even hang up, before
        the copies of the end packet are out. Raises ``KeysInvalid``, also when the far end takes
        no keys.
        """
        check_keys(keys)
        if self._event_type is None:
            raise KeysInvalid("the far end takes no telephone events")
        pressing = _Keys(done, ticks=key_ticks(keys, timing), left=len(keys))
        self._keys.append(pressing)
        return pressing

    def tick(self) -> bytes:
        """The packet for the next 20 ms."""
        if (event := self._key()) is not None and self._event_type is not None:
            packet = self._packet(
                self._event_type, event.payload, event.marker, self._timestamp - event.age
            )
            self._marker = True  # the sound that follows is a new spurt
        else:
            packet = self._packet(
                PAYLOAD_TYPES[self._law], self._sound(), self._marker, self._timestamp
            )
            self._marker = False
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._timestamp = (self._timestamp + FRAME_SAMPLES) & 0xFFFFFFFF
        return packet

    def _packet(self, payload_type: int, payload: bytes, marker: bool, timestamp: int) -> bytes:
        return RtpPacket(
            payload_type, self._sequence, timestamp & 0xFFFFFFFF, self._ssrc, payload, marker
        ).pack()

    def _key(self) -> EventPacket | None:
        while self._keys:
            keys = self._keys[0]
            if keys.begun or not keys.stopped:  # a key once begun is let go properly
                keys.begun = True
                try:
                    event = next(keys.ticks)
                except StopIteration:
                    pass
                else:
                    self._let_go(keys, event)
                    return event
            self._keys.popleft()
        return None

    def _let_go(self, keys: _Keys, event: EventPacket | None) -> None:
        if event is not None and event.released:
            keys.left -= 1
            if keys.left == 0:
                keys.done()

    def _sound(self) -> bytes:
        while self._recordings and not self._keys:
            recording = self._recordings[0]
            if not recording.stopped:
                frame = recording.coded[recording.at : recording.at + FRAME_SAMPLES]
                recording.at += FRAME_SAMPLES
                if frame:
                    return frame + self._silence[len(frame) :]
                recording.done()
            self._recordings.popleft()
        return self._silence
