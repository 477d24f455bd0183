# SPDX-License-Identifier: Apache-2.0
"""A KDC that can fall silent: connections are taken, and what they say is passed on or swallowed."""
import socket
import threading


class Relay:
    def __init__(self, address):
        self.target = (address, 88)
        self.is_silent = True
        self._held = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop_silent()

    def drop_silent(self):
        """Hangs up on those that have got no answer."""
        while self._held:
            self._held.pop().close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.is_silent:
                self._held.append(client)
            else:
                threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client):
        """One question, one answer: a KDC's way over TCP (RFC 4120 section 7.2.2)."""
        with client, socket.create_connection(self.target) as kdc:
            kdc.sendall(read_message(client))
            client.sendall(read_message(kdc))


def read_message(sender):
    head = read(sender, 4)
    return head + read(sender, int.from_bytes(head, "big"))


def read(sender, length):
    data = b""
    while len(data) < length:
        piece = sender.recv(length - len(data))
        if not piece:
            raise ConnectionError("hung up")
        data += piece
    return data
