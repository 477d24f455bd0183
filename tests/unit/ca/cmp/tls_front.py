#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""TLS in front of a CMP server, and a proxy in front of that.

tls_front.py DIRECTORY PORT takes TLS with server.pem and server.key of the directory, wants client
certificates of clients-ca.pem when that is there, and hands what comes to PORT. Writes the ports of
both into front.ports, and a line into front.log for each CONNECT. Serves until its input ends.
"""
import socket
import ssl
import sys
import threading
from pathlib import Path

DIRECTORY, TARGET = Path(sys.argv[1]), int(sys.argv[2])


def relay(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    try:
        sink.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def join(conn, port):
    with socket.create_connection(("127.0.0.1", port)) as onward:
        threading.Thread(target=relay, args=(onward, conn), daemon=True).start()
        relay(conn, onward)


def serve_tls(conn):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(DIRECTORY / "server.pem", DIRECTORY / "server.key")
    clients = DIRECTORY / "clients-ca.pem"
    if clients.exists():
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED
    join(context.wrap_socket(conn, server_side=True), TARGET)


def serve_proxy(conn):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += conn.recv(1)
    method, target = head.decode().split(" ")[:2]
    with open(DIRECTORY / "front.log", "a") as log:
        log.write(f"{method} {target}\n")
    conn.sendall(b"HTTP/1.1 200 Established\r\n\r\n")
    join(conn, int(target.rsplit(":", 1)[1]))


def guarded(handler, conn):
    try:
        handler(conn)
    except OSError:
        pass
    conn.close()


def listen(handler):
    server = socket.create_server(("127.0.0.1", 0), backlog=50)

    def accept():
        while True:
            conn, _ = server.accept()
            threading.Thread(target=guarded, args=(handler, conn), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return server.getsockname()[1]


NEW = DIRECTORY / "front.ports.new"
NEW.write_text(f"{listen(serve_tls)} {listen(serve_proxy)}\n")
NEW.rename(DIRECTORY / "front.ports")
sys.stdin.read()
