"""Asterisk: AMI link, call tracking, IVR runtime, queues and agents, audio taps, configuration."""
