"""HTTP and WebSocket API of the agents' console, and the browser page under ``web/``."""
