"""The resume token: what a call carries through a queue, as the text of a channel variable.

Form: ``flow:digest:step:queues:enterprise:keys``. It names the flow's version, so that a call goes
on in the very flow it started with, also over a restart of this process.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pbx.ivr.errors import ResumeTokenInvalid
from pbx.ivr.walk import Journey

_NAME = r"[a-z][a-z0-9_]{0,39}"
_TOKEN = re.compile(
    rf"(?P<flow>{_NAME}):(?P<digest>[0-9a-f]{{12}}):(?P<step>{_NAME})"
    r":(?P<queues>[0-9]{1,2}):(?P<enterprise>[01]):(?P<keys>[0-9*#]{0,32})"
)


@dataclass(frozen=True, slots=True)
class ResumeToken:
    """Where a call left its flow: ``digest`` is the flow's version, ``step`` the queue step."""

    flow: str
    digest: str
    step: str
    enterprise: bool
    keys: str
    queues: int

    def encode(self) -> str:
        enterprise = int(self.enterprise)
        return f"{self.flow}:{self.digest}:{self.step}:{self.queues}:{enterprise}:{self.keys}"

    def journey(self) -> Journey:
        return Journey(enterprise=self.enterprise, keys=self.keys, queues=self.queues)

    @classmethod
    def decode(cls, text: str) -> ResumeToken:
        """Raises ``ResumeTokenInvalid``."""
        match = _TOKEN.fullmatch(text)
        if match is None:
            raise ResumeTokenInvalid("not a resume token")
        return cls(
            flow=match["flow"],
            digest=match["digest"],
            step=match["step"],
            enterprise=match["enterprise"] == "1",
            keys=match["keys"],
            queues=int(match["queues"]),
        )
