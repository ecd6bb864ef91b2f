"""What is used of pyVoIP, imported in the one order that works.

Its SIP module imports its VoIP package, which imports SIP: SIP first is an ``AttributeError``.
"""

import pyVoIP.VoIP  # noqa: F401 - has to come first
from pyVoIP import SIPCompatibleMethods
from pyVoIP.RTP import PayloadType, TransmitType
from pyVoIP.SIP import SIPClient, SIPMessage, SIPParseError, SIPStatus

__all__ = [
    "PayloadType",
    "SIPClient",
    "SIPCompatibleMethods",
    "SIPMessage",
    "SIPParseError",
    "SIPStatus",
    "TransmitType",
]
