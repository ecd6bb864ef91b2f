"""A telephone for tests, the demo and the probe: SIP on pyVoIP, sound and keys of our own."""

from pbx.phone.call import Call, Decline, EndedBy, PhoneCallState
from pbx.phone.incoming import BUSY, DECLINED, IncomingCall
from pbx.phone.phone import Phone
from pbx.phone.probe import probe
from pbx.phone.probing import Answerer, ProbeResult, ProbeSettings, SoundKind
from pbx.phone.settings import PhoneSettings

__all__ = [
    "BUSY",
    "DECLINED",
    "Answerer",
    "Call",
    "Decline",
    "EndedBy",
    "IncomingCall",
    "Phone",
    "PhoneCallState",
    "PhoneSettings",
    "ProbeResult",
    "ProbeSettings",
    "SoundKind",
    "probe",
]
