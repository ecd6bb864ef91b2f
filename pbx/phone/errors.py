"""What can go wrong with the test phone, each with its stable id."""

from __future__ import annotations

from core.errors import Conflict, Invalid, Unavailable


class WavInvalid(Invalid):
    """The file is not a WAV of PCM samples, or holds none."""

    error_id = "wav_invalid"


class NumberInvalid(Invalid):
    """A number or display name that cannot stand in a SIP header."""

    error_id = "phone_number_invalid"


class KeysInvalid(Invalid):
    """Keys that no telephone has, or a key time that RFC 4733 cannot carry."""

    error_id = "phone_keys_invalid"


class SipInvalid(Invalid):
    """A datagram that is no SIP message."""

    error_id = "sip_invalid"


class RtpInvalid(Invalid):
    """A datagram that is no RTP packet."""

    error_id = "rtp_invalid"


class SdpInvalid(Invalid):
    """A session description without audio that this phone can speak."""

    error_id = "sdp_invalid"


class PortTaken(Unavailable):
    """The phone's SIP port cannot be bound."""

    error_id = "phone_port_taken"


class RegistrationRefused(Conflict):
    """The registrar said no (``code``), or said nothing (``code`` 408)."""

    error_id = "registration_refused"


class CallRefused(Conflict):
    """The far end did not take the call; ``code`` is the SIP status, 408 when nobody replied."""

    error_id = "call_refused"


class CallOver(Conflict):
    """The call is not in the state in which this can be done."""

    error_id = "call_over"


class NotInTime(Unavailable):
    """What was waited for did not happen before the deadline."""

    error_id = "phone_timeout"
