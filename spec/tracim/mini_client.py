"""A client of the documented protocol, with nothing but Python's standard library.

Registers, prints every event as one line of JSON, answers pings, and unregisters when its standard input ends.
Usage: mini_client.py MASTER_SOCKET CLIENT_SOCKET
"""
import json
import os
import socket
import sys
import threading

master_path, client_path = sys.argv[1:3]


def tell(kind, data, to):
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with connection:
        connection.connect(to)
        connection.sendall(json.dumps({"path": client_path, "type": kind, "data": data}).encode())


def take(listener):
    while True:
        connection, _ = listener.accept()
        with connection:
            received = b""
            while chunk := connection.recv(4096):
                received += chunk
        event = json.loads(received)
        print(json.dumps(event), flush=True)
        if event["type"] == "daemon_ping":
            tell("daemon_pong", None, event["path"])


itself = {"path": client_path, "pid": str(os.getpid())}
listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
listener.bind(client_path)
listener.listen(1)
threading.Thread(target=take, args=(listener,), daemon=True).start()
tell("client_add", itself, master_path)
for line in sys.stdin:
    tell(line.strip(), None, master_path)
tell("client_delete", itself, master_path)
os.unlink(client_path)
