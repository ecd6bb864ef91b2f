"""Calls that ended while nobody looked: the desk holds them open, Asterisk knows them no more."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection

from core.errors import Unavailable
from pbx.ami.api import Ami
from pbx.calls.channels import call_of

log = logging.getLogger(__name__)

OpenCalls = Callable[[], Awaitable[Collection[str]]]

_RETRY_SECONDS = 2.0


async def stale_calls(ami: Ami, open_calls: OpenCalls) -> list[str]:
    """Their ids, as soon as both the desk and Asterisk can be asked.

    The desk is asked first: a call that arrives meanwhile is then either in both answers or in
    Asterisk's alone.
    """
    while True:
        try:
            believed = await open_calls()
            channels = await ami.listing("CoreShowChannels")
        except Unavailable as away:
            log.info("open calls cannot be checked yet (%s)", away.error_id)
            await asyncio.sleep(_RETRY_SECONDS)
        else:
            standing = {call_of(channel.channel_vars) for channel in channels}
            return [call_id for call_id in believed if call_id not in standing]
