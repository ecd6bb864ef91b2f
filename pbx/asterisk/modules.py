"""The Asterisk modules in use. Nothing else is loaded (``autoload=no``).

``ROAD`` is the road from the carrier to a person: Asterisk refuses to start without one of these,
because a line that is visibly down is mended sooner than one that drops its callers. ``SERVICES``
serve our backend, recording and monitoring; without one of them calls still reach people.
Dependencies are not pulled in by themselves, so they are listed, before what needs them.
"""

from __future__ import annotations

from collections.abc import Callable

ROAD = (
    # Not timerfd, which takes precedence where both are loaded: it forgets the ticks that a busy
    # machine comes too late for, and with each of them 20 ms of a tap (docs/decisions/0045).
    "res_timing_pthread",
    "res_sorcery_config",
    "res_sorcery_memory",
    "res_sorcery_astdb",
    "res_pjproject",
    "res_pjsip",
    "res_pjsip_session",
    "res_pjsip_pubsub",  # chan_pjsip needs it
    "res_pjsip_authenticator_digest",
    "res_pjsip_endpoint_identifier_user",
    "res_pjsip_endpoint_identifier_ip",
    "res_pjsip_registrar",
    "res_pjsip_sdp_rtp",
    "res_pjsip_nat",
    "res_pjsip_caller_id",
    "res_rtp_asterisk",
    "chan_pjsip",
    "codec_ulaw",
    "codec_alaw",
    "codec_a_mu",
    "bridge_simple",
    "bridge_native_rtp",
    "bridge_softmix",  # a tapped or recorded talk leaves the two-party bridge
    "format_wav",
    "res_musiconhold",
    "app_exec",
    "app_queue",
    "pbx_config",
    "func_callerid",
    "func_logic",
    "func_strings",
    "func_timeout",
    "func_uuid",
)

SERVICES = (
    "res_speech",  # res_agi needs it
    "res_agi",
    "res_audiosocket",
    "chan_audiosocket",
    "app_chanspy",
    "app_mixmonitor",
    "codec_resample",
    "format_pcm",
    "format_sln",
    "func_channel",
    "func_module",  # the doctor asks it what else runs
    "res_manager_devicestate",  # which telephones are signed on
    "res_pjsip_diversion",  # the merged hotline a call was forwarded from
    "res_pjsip_dtmf_info",
    "res_pjsip_refer",
    "res_pjsip_rfc3326",  # the cause of a hang-up
    "bridge_builtin_features",
)

BROWSER = (
    "res_crypto",
    "res_srtp",
    "res_http_websocket",
    "res_pjsip_transport_websocket",
    "res_format_attr_opus",
)

# Whoever built this Asterisk decided on the name; without one, browsers speak µ-law.
OPUS = ("codec_opus_open_source", "codec_opus")

# Must be there before the rest asks for its configuration.
PRELOAD = ("res_sorcery_config",)


def in_use(browser: bool, available: Callable[[str], bool]) -> tuple[str, ...]:
    """All modules to load, in order. ``available`` says whether a module file exists."""
    opus = [name for name in OPUS if available(name)][:1]
    return (*ROAD, *SERVICES, *((*BROWSER, *opus) if browser else ()))
