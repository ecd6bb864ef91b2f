"""A backend in a process of its own, to be killed or stopped: plays one sound to every caller.

Usage: ``backend.py PORT SOUND`` (SOUND without its suffix). Prints ``ready`` when it listens.
"""

import socket
import sys

port, sound = int(sys.argv[1]), sys.argv[2]
with socket.create_server(("127.0.0.1", port)) as server:
    print("ready", flush=True)
    while True:
        connection, _ = server.accept()
        with connection, connection.makefile("rw") as agi:
            while agi.readline().strip():
                pass
            for command in ("SET AUTOHANGUP 60", f'STREAM FILE {sound} ""'):
                agi.write(command + "\n")
                agi.flush()
                agi.readline()
