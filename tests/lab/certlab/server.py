# SPDX-License-Identifier: Apache-2.0
"""HTTPS on 127.0.0.1: one thread per connection, keep-alive, optional client certificates."""

import http.server
import select
import socket
import ssl
import threading

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from . import pki
from .calls import Calls
from .deliver import Delivery

BODY_LIMIT = 8 * 1024 * 1024
IDLE_SECONDS = 75


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "certferry-lab", ""
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True

    def setup(self):
        # The handshake belongs to this thread: a silent client must not hold up accept().
        self.request.settimeout(10)
        self.request.do_handshake()
        super().setup()

    def do_POST(self):
        self._serve()

    do_GET = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_POST

    def _serve(self):
        tenant = self.server.tenant
        try:
            length = int(self.headers.get("Content-Length", "0"))
        except ValueError:
            length = -1
        chunked = "Transfer-Encoding" in self.headers
        too_large = length > BODY_LIMIT
        body = b"" if length < 0 or too_large or chunked else self.rfile.read(length)
        if 0 <= len(body) < length and not (too_large or chunked):
            self.close_connection = True  # the client died while it was sending: nobody asks
            return
        is_admin = self.path.startswith("/lab/")
        entry = None
        if not is_admin:
            entry = tenant.journal.arrived(self.command, self.path, self.headers, body)
        delivery = Delivery(self, tenant.stopping)
        calls = Calls(tenant, self, entry, delivery)
        status = 0
        try:
            if length < 0 or chunked:
                self.close_connection = True
                status = delivery.error(411, "LengthRequired", "send a Content-Length")
            elif too_large:
                self._discard(length)
                self.close_connection = True
                status = delivery.error(413, "PayloadTooLarge", "the body is larger than 8 MiB")
            elif is_admin:
                status = calls.admin(body)
            else:
                status = calls.answer(body)
        except (OSError, ssl.SSLError):
            self.close_connection = True
        finally:
            if entry:
                tenant.journal.answered(entry, status)

    def _discard(self, length):
        """Reads on, within reason: a client that is still sending would not see the answer."""
        left = min(length, 8 * BODY_LIMIT)
        while left > 0 and (got := self.rfile.read(min(left, 1 << 16))):
            left -= len(got)

    def is_abandoned(self):
        """The client has closed the connection: who waits for an answer sends nothing else."""
        readable, _, _ = select.select([self.connection], [], [], 0)
        return bool(readable)

    def client_certificate(self):
        """The name in a verified client certificate, or None."""
        found = self.connection.getpeercert(binary_form=True)
        if not found:
            return None
        names = x509.load_der_x509_certificate(found).subject
        return names.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value

    def log_message(self, format, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, tenant, port, strict):
        self.tenant = tenant
        self._connections, self._lock = set(), threading.Lock()
        self._context = self._make_context(tenant)
        try:
            super().__init__(("127.0.0.1", port), Handler)
        except OSError:
            # The port of the last start may be taken; one that was asked for may not.
            if strict:
                raise
            super().__init__(("127.0.0.1", 0), Handler)
        self.port = self.server_address[1]
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    @staticmethod
    def _make_context(tenant):
        key_path = tenant.directory / "tls-server.key"
        cert_path = tenant.directory / "tls-server.pem"
        if not key_path.exists():
            key = pki.new_key(256)
            pki.write_private(key_path, pki.key_pem(key))
        key = serialization.load_pem_private_key(key_path.read_bytes(), None)
        cert_path.write_bytes(pki.pem(pki.server_certificate(tenant.tls_ca, key)))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(cert_path, key_path)
        if tenant.mtls:
            context.load_verify_locations(tenant.client_ca.path)
            context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def get_request(self):
        plain, address = self.socket.accept()
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wrapped = self._context.wrap_socket(
            plain, server_side=True, do_handshake_on_connect=False, suppress_ragged_eofs=True
        )
        with self._lock:
            self._connections.add(wrapped)
        return wrapped, address

    def shutdown_request(self, request):
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request, client_address):
        """Broken handshakes and vanished clients are what tests do on purpose."""

    def start(self):
        self._thread.start()

    def stop(self):
        if self._thread.is_alive():
            self.shutdown()
        self.server_close()
        with self._lock:
            left = list(self._connections)
        for connection in left:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
