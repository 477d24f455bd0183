# SPDX-License-Identifier: Apache-2.0
"""HTTPS before Prism, which speaks HTTP only: passes each call on and keeps what became of it."""

import http.client
import http.server
import json
import ssl
import threading

from certlab import pki

# What belongs to one connection and not to the message (RFC 9110 section 7.6.1).
PER_HOP = {"connection", "keep-alive", "transfer-encoding", "host", "content-length"}


class Exchange:
    """One call as it went through."""

    def __init__(self, path, headers, body, status, answer_headers, answer):
        self.path, self.headers, self.body = path, dict(headers), body
        self.status, self.answer = status, answer
        self.noted = json.loads(answer_headers.get("sl-violations", "[]"))
        self.refused = b"stoplight.io/prism/errors" in answer

    @property
    def call(self):
        return self.path.rsplit("/", 1)[1]

    @property
    def violations(self):
        """What Prism has against this call, whichever way it says it."""
        found = [str(note) for note in self.noted]
        if self.refused:
            found.append(f"{self.status}: {self.answer.decode(errors='replace')}")
        return [f"{self.call}: {text}" for text in found]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {n: v for n, v in self.headers.items() if n.lower() not in PER_HOP}
        inner = http.client.HTTPConnection("127.0.0.1", self.server.target, timeout=60)
        try:
            inner.request("POST", self.path, body, headers)
            answer = inner.getresponse()
            data = answer.read()
        finally:
            inner.close()
        self.server.exchanges.append(
            Exchange(self.path, headers, body, answer.status, answer.headers, data)
        )
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in PER_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


class Front(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, directory, tenant, target):
        super().__init__(("127.0.0.1", 0), Handler)
        self.target, self.exchanges = target, []
        self.socket = self._context(directory, tenant).wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )
        self.url = f"https://127.0.0.1:{self.server_address[1]}"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    @staticmethod
    def _context(directory, tenant):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*server_files(directory, tenant))
        return context

    def handle_error(self, request, client_address):
        """A connector that stops drops its connections."""

    def calls(self, name):
        return [exchange for exchange in list(self.exchanges) if exchange.call == name]

    def violations(self):
        return [text for exchange in list(self.exchanges) for text in exchange.violations]

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()


def server_files(directory, tenant):
    """A certificate of the lab's TLS CA for 127.0.0.1 and its key, as two files."""
    key = pki.new_key(256)
    cert_path, key_path = directory / "server.pem", directory / "server.key"
    pki.write_private(key_path, pki.key_pem(key))
    cert_path.write_bytes(pki.pem(pki.server_certificate(tenant.tls_ca, key)))
    return cert_path, key_path
