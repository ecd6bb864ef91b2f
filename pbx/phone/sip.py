"""The SIP messages that the phone sends, on pyVoIP's generators.

Of ``SIPClient`` only the writing of messages and the digest are used. Its socket, its threads and
its registration loop block, and drop every answer they do not know; ``transport`` and the calls
take their place. What a generator writes wrongly is corrected here: each method says what.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass

from pbx.phone.errors import NumberInvalid
from pbx.phone.library import PayloadType, SIPClient, TransmitType
from pbx.phone.message import SipMessage
from pbx.phone.sdp import EVENT_TYPE, PAYLOAD_TYPES, RemoteAudio

Address = tuple[str, int]

ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS"
_USER = re.compile(r"[A-Za-z0-9\-_.!~*'()&=+$,;?/%]{1,64}")
_DISPLAY_LONGEST = 128
_OFFER = {0: PayloadType.PCMU, 8: PayloadType.PCMA, EVENT_TYPE: PayloadType.EVENT}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who the trunk says is calling.

    ``number`` is the user part of From (None: withheld), ``display`` the name beside it,
    ``diverted_from`` the number that forwards the call, as a merged hotline does (RFC 5806).
    Raises ``NumberInvalid`` for what cannot be written in a header; a number may hold %-escapes.
    """

    number: str | None
    display: str | None = None
    diverted_from: str | None = None

    def __post_init__(self) -> None:
        for user in (self.number, self.diverted_from):
            if user is not None:
                check_user(user)
        if self.display is not None and (
            len(self.display) > _DISPLAY_LONGEST or not self.display.isprintable()
        ):
            raise NumberInvalid("the display name cannot be sent", length=len(self.display))

    def uri(self, host: str) -> str:
        """The From address, without tag."""
        if self.number is None:
            return '"Anonymous" <sip:anonymous@anonymous.invalid>'
        if self.display is None:
            return f"<sip:{self.number}@{host}>"
        quoted = self.display.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <sip:{self.number}@{host}>'


def check_user(user: str) -> str:
    """``user`` if it can be the user part of a SIP URI. Raises ``NumberInvalid``."""
    if not _USER.fullmatch(user):
        raise NumberInvalid("the number cannot stand in a SIP address", length=len(user))
    return user


@dataclass(slots=True)
class Dialog:
    """Both ends of an answered (or answering) call, as later requests must name them.

    ``peer`` is the address that they are sent to: where the far end's own messages come from.
    """

    call_id: str
    local: str  # a From or To value with its tag
    remote: str
    target: str
    routes: tuple[str, ...]
    cseq: int
    peer: Address


class SipWriter(SIPClient):  # type: ignore[misc]
    """Writes requests and responses for one phone at ``host``:``port``."""

    def __init__(
        self, server: tuple[str, int], user: str, password: str, host: str, port: int
    ) -> None:
        super().__init__(*server, user, password, None, myIP=host, myPort=port)

    def gen_call_id(self) -> str:
        """Unique; the library's repeats itself from one process to the next."""
        return f"{uuid.uuid4().hex}@{self.myIP}"

    def gen_tag(self) -> str:
        """Unique; the library keeps every tag it ever gave and searches them all."""
        return uuid.uuid4().hex[:16]

    def forget(self, call_id: str) -> None:
        """The call is over."""
        self.tagLibrary.pop(call_id, None)

    def registration(self, challenge: SipMessage | None, *, expires: int) -> str:
        """A REGISTER, with the digest if ``challenge`` asks for it; ``expires`` 0 withdraws."""
        self.default_expires = expires
        if challenge is None:
            return str(self.gen_first_response())
        return str(self.gen_register(challenge))

    def offer(self, number: str, caller: Caller, call_id: str, media_port: int, branch: str) -> str:
        """An INVITE. The caller's address is not the phone's own; key events are 0-16."""
        session = str(self.sessID.next())
        media = {media_port: _OFFER}
        text = str(self.gen_invite(number, session, media, TransmitType.SENDRECV, branch, call_id))
        sender = f"{caller.uri(self.myIP)};tag={self.tagLibrary[call_id]}"
        text = _with(text, "From", sender)
        if caller.number is None:
            text = _plus(text, "Privacy", "id")
        if caller.diverted_from is not None:
            diversion = f"<sip:{caller.diverted_from}@{self.myIP}>;reason=unconditional"
            text = _plus(text, "Diversion", diversion)
        return _corrected(text)

    def offer_again(self, invite: str, challenge: SipMessage, branch: str) -> str:
        """The same INVITE with the digest: a new transaction, so a new branch and number."""
        name = "Authorization" if challenge.code == 401 else "Proxy-Authorization"
        digest = self.gen_authorization(challenge).decode()
        field = (
            f'Digest username="{self.username}",realm="{challenge.authentication["realm"]}",'
            f'nonce="{challenge.authentication["nonce"]}",uri="sip:{self.server};transport=UDP",'
            f'response="{digest}",algorithm=MD5'
        )
        text = _with(invite, "Via", self._via(branch))
        text = _with(text, "CSeq", f"{self.inviteCounter.next()} INVITE")
        return _plus(text, name, field)

    def ringing(self, invite: SipMessage) -> str:
        """180. The library sends the caller's own contact back as ours."""
        text = _with(str(self.gen_ringing(invite)), "Contact", self._contact())
        return self._routed(text, invite)

    def answer(self, invite: SipMessage, media_port: int, remote: RemoteAudio) -> str:
        """200 to an INVITE (after ``ringing``), taking one law and the offer's key events."""
        number = PAYLOAD_TYPES[remote.law]
        media: dict[int, PayloadType] = {number: _OFFER[number]}
        if remote.event_type is not None:
            media[remote.event_type] = PayloadType.EVENT
        session = str(self.sessID.next())
        text = str(self.gen_answer(invite, session, {media_port: media}, TransmitType.SENDRECV))
        return _corrected(self._routed(text, invite))

    def reply(self, request: SipMessage, code: int, phrase: str, tag: str = "") -> str:
        """Any other response; the library's invent a To tag even inside a dialog."""
        to = str(request.headers["To"]["raw"])
        tag = request.tag("To") or tag or self.gen_tag()
        lines = [
            f"SIP/2.0 {code} {phrase}",
            *(f"Via: {via}" for via in request.via),
            f"From: {request.headers['From']['raw']};tag={request.tag('From')}",
            f"To: {to};tag={tag}",
            f"Call-ID: {request.call_id}",
            f"CSeq: {request.cseq} {request.method}",
            f"Allow: {ALLOW}",
            "Content-Length: 0",
        ]
        return "\r\n".join(lines) + "\r\n\r\n"

    def within(self, dialog: Dialog, method: str, branch: str, cseq: int | None = None) -> str:
        """A request of an established dialog: ACK (with the INVITE's ``cseq``) or BYE.

        The library's ACK names a made-up tag, and its BYE reuses the INVITE's branch.
        """
        if cseq is None:
            dialog.cseq += 1
            cseq = dialog.cseq
        lines = [
            f"{method} {dialog.target} SIP/2.0",
            f"Via: {self._via(branch)}",
            *(f"Route: {route}" for route in dialog.routes),
            f"From: {dialog.local}",
            f"To: {dialog.remote}",
            f"Call-ID: {dialog.call_id}",
            f"CSeq: {cseq} {method}",
            "Max-Forwards: 70",
            "Content-Length: 0",
        ]
        return "\r\n".join(lines) + "\r\n\r\n"

    def beside(self, invite: str, method: str, to: str | None = None) -> str:
        """CANCEL, or the ACK of a refusal: of the INVITE's own transaction (RFC 3261, 9.1,
        17.1.1.3), so its branch, its numbers, its addresses. The library has neither."""
        first, *lines = invite.partition("\r\n\r\n")[0].split("\r\n")
        kept = [line for line in lines if line.split(":")[0] in {"Via", "From", "Call-ID"}]
        named = [line for line in lines if line.startswith("To:")] if to is None else [f"To: {to}"]
        number = next(line for line in lines if line.startswith("CSeq:")).split()[1]
        request = f"{method} {first.split()[1]} SIP/2.0"
        tail = [f"CSeq: {number} {method}", "Max-Forwards: 70", "Content-Length: 0"]
        return "\r\n".join([request, *kept, *named, *tail]) + "\r\n\r\n"

    def _via(self, branch: str) -> str:
        return f"SIP/2.0/UDP {self.myIP}:{self.myPort};branch={branch};rport"

    def _contact(self) -> str:
        return f"<sip:{self.username}@{self.myIP}:{self.myPort}>"

    def _routed(self, text: str, invite: SipMessage) -> str:
        for route in reversed(invite.record_route):
            text = _plus(text, "Record-Route", route)
        return text


def caller_dialog(invite: str, answer: SipMessage, peer: Address) -> Dialog:
    """The dialog that a 2xx opens for the side that called. Raises ``LookupError`` without a
    Contact to speak to."""
    target = answer.contact
    if target is None:
        raise LookupError
    local = next(line for line in invite.split("\r\n") if line.startswith("From:"))[5:].strip()
    remote = f"{answer.headers['To']['raw']};tag={answer.tag('To')}"
    routes = tuple(reversed(_split(answer.record_route)))
    return Dialog(answer.call_id, local, remote, target, routes, answer.cseq, peer)


def callee_dialog(writer: SipWriter, invite: SipMessage, peer: Address) -> Dialog:
    """The dialog of the side that was called, after ``ringing`` gave it a tag."""
    local = f"{invite.headers['To']['raw']};tag={writer.tagLibrary[invite.call_id]}"
    remote = f"{invite.headers['From']['raw']};tag={invite.tag('From')}"
    target = invite.contact
    if target is None:
        raise LookupError
    routes = tuple(_split(invite.record_route))
    return Dialog(invite.call_id, local, remote, target, routes, 0, peer)


def _split(values: list[str]) -> list[str]:
    return [route.strip() for value in values for route in value.split(",")]


def _with(text: str, name: str, value: str) -> str:
    """``text`` with the first header ``name`` set to ``value``."""
    return re.sub(rf"(?m)^{name}: [^\r\n]*", lambda _: f"{name}: {value}", text, count=1)


def _plus(text: str, name: str, value: str) -> str:
    """``text`` with one more header, after the start line."""
    first, _, rest = text.partition("\r\n")
    return f"{first}\r\n{name}: {value}\r\n{rest}"


def _corrected(text: str) -> str:
    """Allow names what this phone takes; event 16 (flash) is of the same length as 15."""
    text = _with(text, "Allow", ALLOW)
    return re.sub(r"(?m)^(a=fmtp:\d+ 0-)15", r"\g<1>16", text)
