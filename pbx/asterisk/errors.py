"""What can go wrong between us and the Asterisk program itself."""

from __future__ import annotations

from core.errors import Invalid, Unavailable


class AsteriskUnavailable(Unavailable):
    """No usable Asterisk here and no way to get one; the message says what to install."""

    error_id = "asterisk_unavailable"


class AsteriskDownloadFailed(Unavailable):
    """The packages could not be fetched; trying again later may help."""

    error_id = "asterisk_download_failed"


class AsteriskUnpackFailed(Unavailable):
    """The packages came but could not be unpacked, or what they gave does not run."""

    error_id = "asterisk_unpack_failed"


class AsteriskFailed(Unavailable):
    """Asterisk ended by itself or did not come up; ``details["log"]`` holds its last lines."""

    error_id = "asterisk_failed"


class AsteriskPortTaken(AsteriskFailed):
    """A port of the configuration belongs to somebody else, or is not this machine's to give."""

    error_id = "asterisk_port_taken"


class RenderInvalid(Invalid):
    """A value cannot go into an Asterisk configuration file."""

    error_id = "render_invalid"
