"""FastAGI: Asterisk asks over a socket what to do with a call, we answer and let go."""
