"""Settings of the telephone side: what Asterisk is rendered from, and how our parts reach it.

Everything listens on loopback unless a site says otherwise. The forms below already refuse what
could break out of a configuration file; ``pbx.asterisk.render`` refuses it once more.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    model_validator,
)

from core.pack.base import Key

LOOPBACK = IPv4Address("127.0.0.1")

Port = Annotated[int, Field(ge=1, le=65535)]
AgentNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{2,10}$")]
SipUri = Annotated[
    str, StringConstraints(pattern=r"^sips?:[A-Za-z0-9.+_-]+(@[A-Za-z0-9.-]+)?(:[0-9]{1,5})?$")
]
Codec = Literal["alaw", "ulaw", "opus"]


Secret = Annotated[SecretStr, Field(min_length=1)]


def _absolute(path: Path) -> Path:
    """Asterisk has a working directory of its own, so a relative path would mean another place."""
    return path.absolute()


Folder = Annotated[Path, AfterValidator(_absolute)]


class PbxModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SipSettings(PbxModel):
    """Where Asterisk takes SIP over UDP from the trunk and from desk telephones."""

    host: IPv4Address = LOOPBACK
    port: Port = 5060


class RtpSettings(PbxModel):
    """UDP ports of the media, both ends included; a call takes four (two legs, RTP and RTCP)."""

    start: Port = 20000
    end: Port = 20999

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        if self.end - self.start < 3:
            raise ValueError("the RTP range must hold at least four ports")
        return self


PositiveSeconds = Annotated[float, Field(gt=0)]

HALF_OPEN_FOUND_WITHIN = 15.0


class AmiLinkSettings(PbxModel):
    """How patient the AMI link is: seconds, counts, bytes.

    ``backoff_cap`` bounds the pause between tries, which is drawn anew each time; the bound starts
    at ``backoff_base`` again after the link was up for ``stable_after``. ``refused_pause`` is the
    longest pause after a refused login. ``listener_queue`` counts events, ``max_message`` bytes.
    """

    connect_deadline: PositiveSeconds = 5.0
    login_deadline: PositiveSeconds = 5.0
    boot_deadline: PositiveSeconds = 60.0
    sync_deadline: PositiveSeconds = 10.0
    ping_every: PositiveSeconds = 4.0
    ping_deadline: PositiveSeconds = 4.0
    backoff_base: PositiveSeconds = 0.5
    backoff_cap: PositiveSeconds = 30.0
    stable_after: PositiveSeconds = 30.0
    refused_pause: PositiveSeconds = 60.0
    resync_every: PositiveSeconds = 5.0
    max_pending: int = Field(default=500, ge=1)
    listener_queue: int = Field(default=10_000, ge=1)
    max_message: int = Field(default=1 << 20, ge=4096)

    @model_validator(mode="after")
    def _half_open_links_are_found(self) -> Self:
        # At worst the link dies right after other bytes answered for a ping.
        if self.ping_every + 2 * self.ping_deadline > HALF_OPEN_FOUND_WITHIN:
            raise ValueError("ping_every + 2 * ping_deadline must be at most 15 s")
        return self


class AmiSettings(PbxModel):
    """The manager interface. ``permit`` lists who may log in besides knowing the secret."""

    host: IPv4Address = LOOPBACK
    port: Port = 5038
    user: Key = "hotline"
    secret: Secret
    permit: tuple[IPv4Network, ...] = (IPv4Network("127.0.0.1/32"),)
    link: AmiLinkSettings = AmiLinkSettings()


class AgiSettings(PbxModel):
    """Our FastAGI server, which decides where a call goes.

    ``watchdog_seconds``: how long the dialplan leaves a caller with a server that took the
    connection and says nothing; then he goes to the people. The server pushes it forward
    (``SET AUTOHANGUP``) before everything that takes longer.
    """

    host: IPv4Address = LOOPBACK
    port: Port = 4573
    watchdog_seconds: int = Field(default=8, ge=2, le=60)


class HttpSettings(PbxModel):
    """Asterisk's HTTP server, which carries ``/ws`` for browser telephones and nothing else."""

    host: IPv4Address = LOOPBACK
    port: Port = 8088


class AgentSettings(PbxModel):
    """One agent: ``number`` (工号) is also his SIP user name and his name in the queues.

    ``queues`` maps queue keys to the agent's level there (``app_queue`` penalty: lower is asked
    first). ``browser`` gives him a WebRTC telephone instead of a desk one. ``contact`` is the fixed
    address of a telephone that does not register; others sign on with ``secret``.
    """

    number: AgentNumber
    name: str = Field(min_length=1, max_length=40)
    secret: Secret
    browser: bool = False
    queues: dict[Key, Annotated[int, Field(ge=0, le=100)]] = Field(default_factory=dict)
    contact: SipUri | None = None

    @property
    def interface(self) -> str:
        """The member interface under which Asterisk knows him."""
        return f"PJSIP/{self.number}"


class TrunkSettings(PbxModel):
    """A carrier's line, known by the addresses its SBC sends from; it never dials out.

    ``contact`` (optional) is where Asterisk asks whether the SBC is alive. ``codecs`` in order of
    preference.
    """

    name: Key
    match: tuple[IPv4Network, ...] = Field(min_length=1)
    contact: SipUri | None = None
    codecs: tuple[Codec, ...] = Field(default=("alaw", "ulaw"), min_length=1)


class TapSettings(PbxModel):
    """How stubbornly a leg is kept tapped while its talk goes on: seconds, counts.

    ``expect_seconds`` bounds the recogniser's answer to an announced tap. A tap that fails or
    breaks off is placed again after ``retry_first``, then twice as long each time up to
    ``retry_cap``; after ``retries`` failures in a row only when the recogniser is back. A tap that
    lasted ``stable_seconds`` was no failure.
    """

    expect_seconds: PositiveSeconds = 15.0
    retry_first: PositiveSeconds = 0.25
    retry_cap: PositiveSeconds = 4.0
    retries: int = Field(default=8, ge=1)
    stable_seconds: PositiveSeconds = 10.0


class PbxSettings(PbxModel):
    """All of the above. ``recordings`` and ``prompts`` are folders that Asterisk can reach."""

    sip: SipSettings = SipSettings()
    rtp: RtpSettings = RtpSettings()
    ami: AmiSettings
    agi: AgiSettings = AgiSettings()
    http: HttpSettings = HttpSettings()
    recordings: Folder
    prompts: Folder
    agents: tuple[AgentSettings, ...] = ()
    trunks: tuple[TrunkSettings, ...] = ()
    taps: TapSettings = TapSettings()

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        names = [agent.number for agent in self.agents] + [trunk.name for trunk in self.trunks]
        if len(set(names)) != len(names):
            raise ValueError("two agents or trunks have one name")
        return self

    def agent(self, number: str) -> AgentSettings | None:
        """The agent of that number, or None."""
        return next((agent for agent in self.agents if agent.number == number), None)
