# SPDX-License-Identifier: Apache-2.0
"""The enrolment services of a CA over HTTPS: policy (CEP) and enrolment (CES), three ways to log on."""
import base64
import contextlib
import hashlib
import http.server
import socket
import ssl
import threading
import traceback
import urllib.parse
import xml.etree.ElementTree as ET

import gssapi
from gssapi.raw import ChannelBindings

from . import soap, wstep, xcep
from .ca import Caller
from .faults import Drop, RpcFault, Silence
from .soap import ADDRESSING, SECURITY, SOAP

CHANNEL_BOUND = 0x800
ENDLESS_CHUNK = b" " * 65536


class Refused(Exception):
    """An answer of HTTP without SOAP."""

    def __init__(self, status, *headers):
        super().__init__(status)
        self.status, self.headers = status, headers


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 600

    def log_message(self, *_):
        pass

    # -- logging on -----------------------------------------------------------------------------------
    def _negotiate(self):
        """(caller, headers of the answer)."""
        word, _, token = self.headers.get("Authorization", "").partition(" ")
        if word != "Negotiate":
            raise Refused(401, ("WWW-Authenticate", "Negotiate"))
        double = self.server.double
        bindings = double.bindings if double.requires_binding else None
        context = gssapi.SecurityContext(creds=double.acceptor(), usage="accept",
                                         channel_bindings=bindings)
        try:
            answer = context.step(base64.b64decode(token))
            is_complete = context.complete  # tells of errors that step kept to itself
        except (gssapi.exceptions.GSSError, ValueError) as error:
            double.refusals.append(str(error))
            raise Refused(401, ("WWW-Authenticate", "Negotiate")) from error
        header = ("WWW-Authenticate", "Negotiate " + base64.b64encode(answer or b"").decode())
        if not is_complete:
            raise Refused(401, header)
        if double.requires_binding and not int(context.actual_flags) & CHANNEL_BOUND:
            double.refusals.append("no channel binding")
            raise Refused(401, ("WWW-Authenticate", "Negotiate"))
        double.delegated = context.delegated_creds is not None
        return Caller(str(context.initiator_name), way="ces"), [header] if answer else []

    def _by_password(self, tree):
        token = tree.find(f"{{{SOAP}}}Header/{{{SECURITY}}}Security/{{{SECURITY}}}UsernameToken")
        name, password = (token.findtext(f"{{{SECURITY}}}{part}") if token is not None else None
                          for part in ("Username", "Password"))
        if name is None or self.server.double.passwords.get(name.lower()) != password:
            return None
        return Caller(name, way="ces")

    def _by_certificate(self):
        peer = self.connection.getpeercert()
        if not peer:
            raise Refused(403)
        names = [value for rdn in peer["subject"] for kind, value in rdn if kind == "commonName"]
        return Caller(names[0], way="ces")

    # -- answering ------------------------------------------------------------------------------------
    def do_POST(self):
        double = self.server.double
        try:
            self._post(double)
        except Refused as refused:
            self._send(refused.status, "", refused.headers)
        except RpcFault as fault:
            self._send(fault.status if fault.status < 600 else 503, "")
        except Silence:
            double.authority.stopped.wait(600)
            self.close_connection = True
        except (Drop, OSError):
            self.close_connection = True
        except Exception:
            double.errors.append(traceback.format_exc())
            self.close_connection = True

    def _post(self, double):
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, headers = urllib.parse.unquote(self.path), []
        double.requests.append((path, dict(self.headers), data))
        if fault := double.faults.take("http"):
            raise Refused(fault["status"], *fault.get("headers", ()))
        caller = None
        if "_Kerberos/" in path:
            caller, headers = self._negotiate()
        elif "_Certificate/" in path:
            caller = self._by_certificate()
        try:
            tree = ET.fromstring(data)
        except ET.ParseError as error:
            raise Refused(400) from error  # as WCF does with what is no message
        related = tree.findtext(f"{{{SOAP}}}Header/{{{ADDRESSING}}}MessageID")
        if "_UsernamePassword/" in path:
            caller = self._by_password(tree)
        if caller is None:
            return self._send(500, soap.fault(
                related, "At least one security token in the message could not be validated.",
                (SECURITY, "FailedAuthentication"), who="Sender"), headers)
        if double.faults.take("wrong_relates_to"):
            related = "urn:uuid:00000000-0000-0000-0000-000000000000"
        status, text = self._answer(double, tree, caller, related, path)
        return self._send_soap(double, status, text, headers)

    def _answer(self, double, tree, caller, related, path):
        action = (tree.findtext(f"{{{SOAP}}}Header/{{{ADDRESSING}}}Action") or "").strip()
        body = tree.findall(f"{{{SOAP}}}Body/*")
        host = f"https://{double.authority.host}"
        if path.endswith("/CEP") and action == xcep.ACTION:
            base = f"{host}/{urllib.parse.quote(double.authority.name)}"
            return xcep.answer(double.authority, caller, related, base)
        if path.endswith("/CES") and action == wstep.ACTION and len(body) == 1:
            return wstep.answer(double.authority, body[0], caller, related, host + self.path)
        return 500, soap.fault(related, "ActionNotSupported", (ADDRESSING, "ActionNotSupported"),
                               who="Sender")

    def _send_soap(self, double, status, text, headers):
        if double.faults.take("dtd"):
            text = '<!DOCTYPE x [<!ENTITY e "1">]>' + text
        if cut := double.faults.take("short_xml"):
            text = text[:cut["size"]]
        if body := double.faults.take("body"):
            status, text = body.get("status", 200), body["text"]
        if double.faults.take("endless"):
            self.send_response(200)
            self.send_header("Content-Type", "application/soap+xml; charset=utf-8")
            self.end_headers()
            while not double.authority.stopped.is_set():
                self.wfile.write(ENDLESS_CHUNK)
        self._send(status, text, headers)

    def _send(self, status, text, headers=()):
        data = text.encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if data:
            self.send_header("Content-Type", "application/soap+xml; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class TlsServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def get_request(self):
        client, address = super().get_request()
        # The handshake is the handler's: one slow client does not hold the others.
        return self.tls.wrap_socket(client, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, *_):
        pass


class EnrollmentServer:
    """requires_binding: Extended Protection, as administrators should switch it on."""

    def __init__(self, authority, address, port, folder, root, keytab, passwords=None):
        self.authority, self.faults, self.keytab = authority, authority.faults, keytab
        self.passwords = {name.lower(): word for name, word in (passwords or {}).items()}
        self.requires_binding, self.delegated = False, False
        self.requests, self.errors, self.refusals = [], [], []
        self.root_file, self.address, self.port = folder / "root.pem", address, port
        self.chain_file, key_file = folder / "web.pem", folder / "web.key"
        chain, key = root.server_certificate(authority.host)
        self.chain_file.write_text(chain)
        key_file.write_text(key)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(self.chain_file, key_file)
        self._tls.load_verify_locations(self.root_file)
        self._tls.verify_mode = ssl.CERT_OPTIONAL
        leaf = ssl.PEM_cert_to_DER_cert(chain[:chain.index("-----END") + 25])
        self.bindings = ChannelBindings(
            application_data=b"tls-server-end-point:" + hashlib.sha256(leaf).digest())
        self._server = None
        self.start()

    def acceptor(self):
        return gssapi.Credentials(usage="accept", store={"keytab": str(self.keytab)})

    def url(self, way, service="CES"):
        """way: Kerberos, UsernamePassword or Certificate."""
        name = "ADPolicyProvider" if service == "CEP" else urllib.parse.quote(self.authority.name)
        return f"https://{self.authority.host}/{name}_{service}_{way}/service.svc/{service}"

    def start(self):
        self._server = TlsServer((self.address, self.port), Handler)
        self._server.double, self._server.tls = self, self._tls
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        """As if the web server were down."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def calm(self):
        self.requires_binding = False
        self.requests.clear()
        self.refusals.clear()
        with contextlib.suppress(OSError, socket.error):
            if self._server is None:
                self.start()
