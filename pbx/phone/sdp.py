"""What the other side's session description (RFC 8866, RFC 3264) says about its audio."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from pbx.phone.errors import SdpInvalid
from pbx.phone.g711 import Law

PAYLOAD_TYPES = {Law.MU: 0, Law.A: 8}  # static assignments, RFC 3551
EVENT_TYPE = 101  # what this phone offers for telephone events
_STATIC = {str(number): law.value for law, number in PAYLOAD_TYPES.items()}


@dataclass(frozen=True, slots=True)
class RemoteAudio:
    """Where and how the far end wants to be spoken to.

    ``law`` is its first choice among the two laws, ``event_type`` its payload type for telephone
    events (None: it takes no keys).
    """

    host: str
    port: int
    law: Law
    event_type: int | None


def read_sdp(text: str) -> RemoteAudio:
    """Find the first audio line that we can speak. Raises ``SdpInvalid`` when there is none."""
    host = ""
    audio: _Audio | None = None
    for line in text.splitlines():
        kind, _, value = line.strip().partition("=")
        if kind == "m":
            if audio is not None:
                break
            audio = _Audio.read(value)
        elif kind == "c" and (audio is not None or not host):
            host = value.split()[-1] if value.split() else ""
        elif kind == "a" and audio is not None:
            audio.attribute(value)
    if audio is None:
        raise SdpInvalid("there is no audio")
    law = audio.law()
    try:
        ipaddress.ip_address(host)
    except ValueError as error:
        raise SdpInvalid("there is no address") from error
    return RemoteAudio(host, audio.port, law, audio.event_type())


@dataclass(slots=True)
class _Audio:
    port: int
    formats: list[str]
    names: dict[str, str]

    @classmethod
    def read(cls, value: str) -> _Audio | None:
        """An ``m=`` line; None for another medium, a refused one or another transport."""
        media, port, transport, *formats = [*value.split(), "", "", ""]
        if media != "audio" or transport != "RTP/AVP" or not port.isascii() or not port.isdigit():
            return None
        number = int(port)
        return cls(number, [f for f in formats if f], dict(_STATIC)) if 0 < number < 65536 else None

    def attribute(self, value: str) -> None:
        name, _, rest = value.partition(":")
        if name == "rtpmap":
            number, _, encoding = rest.partition(" ")
            self.names[number.strip()] = encoding.strip().partition("/")[0]

    def law(self) -> Law:
        for number in self.formats:
            for law in Law:
                # Only the static numbers: a remapped one would need a codec per direction.
                if number == str(PAYLOAD_TYPES[law]) and self.names[number].upper() == law.value:
                    return law
        raise SdpInvalid("neither law of G.711 is offered")

    def event_type(self) -> int | None:
        for number in self.formats:
            if self.names.get(number) == "telephone-event" and number.isdigit():
                return int(number) if 96 <= int(number) <= 127 else None
        return None
