"""SIPp scenarios of a caller and of an agent, to fill in with ``string.Template``.

Every header follows RFC 3261; ``[...]`` are SIPp's keywords. Where a plain pause would do, there is
a wait for BYE or CANCEL with a time limit, so that whoever hangs up first is not an error.
"""

_SDP = """\
v=0
o=- 1 1 IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio [rtpstream_audio_port] RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-16
a=ptime:20
"""

_SPEAK = '<nop><action><exec rtp_stream="$tone,-1,0"/></action></nop>'
_HUSH = '<nop><action><exec rtp_stream="pause"/></action></nop>'

_GRANT = """\
<send><![CDATA[
SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>
"""

CALLER = f"""\
<?xml version="1.0" encoding="UTF-8"?>
<scenario name="caller">
<send retrans="500"><![CDATA[
INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
From: <sip:$prefix[call_number]@[local_ip]:[local_port]>;tag=[pid]-[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>
Call-ID: [call_id]
CSeq: 1 INVITE
Contact: <sip:caller@[local_ip]:[local_port]>
Max-Forwards: 70
Content-Type: application/sdp
Content-Length: [len]

{_SDP}
]]></send>
<recv response="100" optional="true"/>
<recv response="180" optional="true"/>
<recv response="183" optional="true"/>
<recv response="200" rrs="true"/>
<send><![CDATA[
ACK [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[routes]
From: <sip:$prefix[call_number]@[local_ip]:[local_port]>;tag=[pid]-[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 1 ACK
Max-Forwards: 70
Content-Length: 0

]]></send>
{_SPEAK}
<recv request="BYE" timeout="$talk_ms" ontimeout="leave"/>
{_HUSH}
{_GRANT}
<nop next="end"/>
<label id="leave"/>
{_HUSH}
<send retrans="500"><![CDATA[
BYE [next_url] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
[routes]
From: <sip:$prefix[call_number]@[local_ip]:[local_port]>;tag=[pid]-[call_number]
[last_To:]
Call-ID: [call_id]
CSeq: 2 BYE
Max-Forwards: 70
Content-Length: 0

]]></send>
<recv response="200"/>
<label id="end"/>
</scenario>
"""

_REPLY = """\
[last_Via:]
[last_Record-Route:]
[last_From:]
[last_To:];tag=[pid]-[call_number]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:agent@[local_ip]:[local_port]>
"""

AGENT = f"""\
<?xml version="1.0" encoding="UTF-8"?>
<scenario name="agent">
<recv request="INVITE" rrs="true"/>
<send><![CDATA[
SIP/2.0 180 Ringing
{_REPLY}Content-Length: 0

]]></send>
<recv request="CANCEL" timeout="$answer_ms" ontimeout="answer"/>
{_GRANT}
<send retrans="500"><![CDATA[
SIP/2.0 487 Request Terminated
[last_Via:]
[last_From:]
[last_To:];tag=[pid]-[call_number]
[last_Call-ID:]
CSeq: [cseq] INVITE
Content-Length: 0

]]></send>
<recv request="ACK"/>
<nop next="end"/>
<label id="answer"/>
<send retrans="500"><![CDATA[
SIP/2.0 200 OK
{_REPLY}Content-Type: application/sdp
Content-Length: [len]

{_SDP}
]]></send>
<recv request="ACK"/>
{_SPEAK}
<recv request="BYE"/>
{_HUSH}
{_GRANT}
<label id="end"/>
</scenario>
"""
