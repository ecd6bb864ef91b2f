"""A SIP message on pyVoIP's parser, with the parser's gaps closed.

The parser knows four methods, wants exactly one blank line and ": " after each name, keeps one Via
and one Record-Route at most as text, takes no compact or differently written header names, no
unknown status code and no 407 challenge, and fails on session descriptions that it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pbx.phone.errors import SipInvalid
from pbx.phone.library import SIPCompatibleMethods, SIPMessage, SIPParseError, SIPStatus

_MORE_METHODS = ["OPTIONS", "REGISTER", "INFO", "UPDATE", "PRACK", "REFER", "NOTIFY", "SUBSCRIBE"]
METHODS = [*SIPCompatibleMethods, *_MORE_METHODS, "MESSAGE", "PUBLISH"]
_IDENTITY = ["Via", "From", "To", "Call-ID", "CSeq", "Contact", "Record-Route"]
_CONTENT = ["Content-Length", "Content-Type"]
_DIGEST = ["WWW-Authenticate", "Proxy-Authenticate", "Authorization"]
_WRITTEN = [*_IDENTITY, *_CONTENT, *_DIGEST, "Allow", "Supported"]
_NAMES = {name.lower(): name for name in _WRITTEN} | {
    "v": "Via",
    "f": "From",
    "t": "To",
    "i": "Call-ID",
    "m": "Contact",
    "l": "Content-Length",
    "c": "Content-Type",
    "k": "Supported",
}
_NEEDED = ("From", "To", "Call-ID", "CSeq")
_KNOWN_CODES = {status.value for status in SIPStatus}
_STATUS_LINE = re.compile(rb"SIP/2\.0 ([1-6]\d\d)( [^\r\n]*)?")
_LARGEST = 65_535


class SipMessage(SIPMessage):  # type: ignore[misc]
    """A request (``code`` 0) or a response; ``via`` and ``record_route`` as they were written."""

    code: int
    method: str
    via: list[str]
    record_route: list[str]
    sdp: str

    @classmethod
    def read(cls, data: bytes) -> SipMessage:
        """Parse one datagram. Raises ``SipInvalid`` for whatever is not a usable SIP message."""
        try:
            message = cls(data)
            for name in _NEEDED:
                message.headers[name]
            int(message.headers["CSeq"]["check"])
        except (SIPParseError, LookupError, ValueError, TypeError, AttributeError) as error:
            raise SipInvalid("not a SIP message", length=len(data)) from error
        if not message.via or any("\r" in via or "\n" in via for via in message.via):
            raise SipInvalid("the message does not say whence it comes", length=len(data))
        return message

    @property
    def call_id(self) -> str:
        return str(self.headers["Call-ID"])

    @property
    def cseq(self) -> int:
        return int(self.headers["CSeq"]["check"])

    @property
    def cseq_method(self) -> str:
        """The method that a response answers."""
        return str(self.headers["CSeq"]["method"])

    @property
    def branch(self) -> str:
        """The transaction's id, from the topmost Via."""
        return str(self.headers["Via"][0].get("branch") or "")

    @property
    def contact(self) -> str | None:
        """The URI under which the sender takes further requests of the dialog."""
        value = self.headers.get("Contact")
        return uri_of(value) if isinstance(value, str) else None

    def tag(self, header: str) -> str:
        """The tag of ``From`` or ``To``; empty when it has none."""
        return str(self.headers[header]["tag"])

    def parse(self, data: bytes) -> None:
        """Called by the base class's constructor."""
        self.code, self.method, self.via, self.record_route, self.sdp = 0, "", [], [], ""
        self.SIPCompatibleMethods = METHODS
        if len(data) > _LARGEST:
            raise ValueError
        head, _, body = data.partition(b"\r\n\r\n")
        self._body = body
        if status := _STATUS_LINE.match(head):
            self.code = int(status[1])
            if self.code not in _KNOWN_CODES:  # RFC 3261, 8.1.3.2: treat as x00
                known = {1: 183, 6: 600}.get(self.code // 100, self.code // 100 * 100)
                head = b"SIP/2.0 %d " % known + head[status.end() :]
        super().parse(head + b"\r\n\r\n")
        self.sdp = self._session_description()

    def parse_raw_header(self, lines: list[bytes], handle: Callable[[str, object], None]) -> None:
        """Names in any case or compact, values with any spacing, folded lines, several Vias."""
        single: dict[str, str] = {}
        for line in _unfolded(lines):
            written, colon, value = line.partition(":")
            name = _NAMES.get(written.strip().lower(), written.strip())
            value = value.strip()
            if not colon:
                raise ValueError
            if name == "Via":
                self.via.append(value)
            elif name == "Record-Route":
                self.record_route.append(value)
            else:
                single.setdefault(name, value)
        tops = [via for value in self.via for via in value.split(",")]
        handle("Via", [re.sub(r"\s*([;=])\s*", r"\1", via.strip()) for via in tops])
        for name, value in single.items():
            handle(name, value)

    def parse_header(self, header: str, data: str) -> None:
        """Close the gaps of single headers."""
        if header in {"From", "To"}:
            before, tag, after = data.partition(";tag=")
            data = before + tag + re.split(r"[;\s>]", after, maxsplit=1)[0]
        elif header == "Proxy-Authenticate":
            header = "WWW-Authenticate"
        elif header == "CSeq":
            data = " ".join(data.split())
        super().parse_header(header, data)

    def parse_raw_body(self, body: bytes, handle: object) -> None:
        """Session descriptions are read by ``read_sdp`` when they matter."""

    def _session_description(self) -> str:
        kind = str(self.headers.get("Content-Type", "")).partition(";")[0].strip().lower()
        if kind != "application/sdp":
            return ""
        length = int(self.headers.get("Content-Length", len(self._body)))
        if not 0 <= length <= len(self._body):
            raise ValueError
        return self._body[:length].decode()


def uri_of(value: str) -> str | None:
    """The URI of a name-addr or addr-spec; None when there is no SIP URI in it."""
    match = re.search(r"<\s*(sips?:[^>\s]+)\s*>", value) or re.match(r"(sips?:[^;\s>]+)", value)
    return match[1] if match else None


def _unfolded(lines: list[bytes]) -> list[str]:
    unfolded: list[str] = []
    for line in lines:
        text = line.decode()
        if text[:1] in {" ", "\t"} and unfolded:
            unfolded[-1] += " " + text.strip()
        else:
            unfolded.append(text)
    return unfolded
