"""One action on its way: what was sent, what came back, and when it is over."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from itertools import count
from uuid import uuid4

from panoramisk.actions import Action

from pbx.ami.api import AmiEvent, AmiRefused, AmiTimeout
from pbx.ami.codec import encode

_LISTING_MARK = "list"
_TEXT_LIMIT = 200
_TRUE = ("true", "yes", "on", "y", "t", "1")  # as Asterisk's ast_true reads it


class Ends(Enum):
    """What the last message of an action's answer is."""

    RESPONSE = "response"
    LIST_END = "list_end"
    ORIGINATED = "originated"  # the OriginateResponse event, which follows the response


class ActionIds:
    """Ids that no other session can guess, so that nobody can answer in Asterisk's place.

    An id says whether it belongs to a listing: items of a listing that nobody waits for any more
    (it timed out) can then be told from events without remembering anything.
    """

    def __init__(self) -> None:
        self._token = uuid4().hex
        self._numbers = count(1)

    def next(self, *, listing: bool) -> str:
        kind = _LISTING_MARK if listing else "act"
        return f"{self._token}-{kind}-{next(self._numbers)}"

    def is_listing(self, action_id: str) -> bool:
        return action_id.startswith(f"{self._token}-{_LISTING_MARK}-")


def unblocking(name: str, fields: Mapping[str, str]) -> tuple[Mapping[str, str], Ends]:
    """Make an Originate without Async one with it, whose answer is its OriginateResponse.

    Asterisk runs a synchronous Originate in the thread of our session: until the telephone is
    answered, no event and no answer of any kind would reach us (seen on Asterisk 22).
    """
    if name.lower() != "originate":
        return fields, Ends.RESPONSE
    rest = {header: value for header, value in fields.items() if header.lower() != "async"}
    wanted = [value for header, value in fields.items() if header.lower() == "async"]
    asynchronous = any(value.strip().lower() in _TRUE for value in wanted)
    return {**rest, "Async": "true"}, Ends.RESPONSE if asynchronous else Ends.ORIGINATED


class LinkAction(Action):  # type: ignore[misc]  # panoramisk has no types
    """panoramisk's Action with its guesses about the answer's shape replaced.

    panoramisk reads the shape from the text of the first reply, so QueueAdd never resolves and an
    Originate without Async raises. Here the sender says what ends the answer (``ends``), and a
    response that announces a list is always read to the list's end.
    """

    def __init__(
        self, name: str, fields: Mapping[str, str], action_id: str, ends: Ends = Ends.RESPONSE
    ) -> None:
        self.name = name
        self.wire = encode(name, action_id, fields)
        self.ends = ends
        self.collected: list[AmiEvent] = []
        self.reply: AmiEvent | None = None
        super().__init__({**fields, "Action": name, "ActionID": action_id})

    def add_message(self, message: AmiEvent) -> bool:
        """Take one message that carries this action's id; True when the answer is complete."""
        if message.name == "Response":
            self.reply = message
            if message.get("Response") not in ("Success", "Follows", "Goodbye"):
                return self._refuse(message)
            if message.get("EventList").lower() == "start":
                self.ends = Ends.LIST_END
            return self.ends is Ends.RESPONSE and self._complete()
        if self.ends is Ends.LIST_END:
            if message.get("EventList").lower() == "complete":
                return self._complete()
            self.collected.append(message)
        elif self.ends is Ends.ORIGINATED and message.name == "OriginateResponse":
            self.reply = AmiEvent("Response", message.fields, message.channel_vars)
            if message.get("Response") != "Success":
                return self._refuse(message)
            return self._complete()
        return False

    def fail(self, error: Exception) -> None:
        """End the action without an answer; one who still awaits it gets ``error``."""
        if not self.future.done():
            self.future.set_exception(error)
            self.future.exception()  # seen, even if the one who awaited it was cancelled

    def timed_out(self, reason: str) -> AmiTimeout:
        return AmiTimeout(action=self.name, reason=reason)

    def _complete(self) -> bool:
        if not self.future.done():
            self.future.set_result(None)
        return True

    def _refuse(self, message: AmiEvent) -> bool:
        text = message.get("Message") or f"{message.name}, reason {message.get('Reason')}"
        self.fail(AmiRefused(action=self.name, asterisk=text[:_TEXT_LIMIT]))
        return True
