#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The other side of the tests of enrollment by HTTPS.

ces_peer.py DIRECTORY writes root.pem, client.pem and client.key there, prints its port and serves
until its standard input ends. Who asks by password says by the user name how to be answered.
"""
import base64
import http.server
import ssl
import sys
import threading
import xml.etree.ElementTree as ET
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "lab"))

from adcs import soap  # noqa: E402
from adcs.issue import Signer  # noqa: E402

PASSWORD = "p<&>ss wörd"
DENIED = 0x80094012
ENDED = threading.Event()
SWALLOWED = []
N_POLICIES = iter(range(1, 1000))


def collection(relates_to, token, number, extra=""):
    response = (f"<RequestSecurityTokenResponse><TokenType>{soap.X509_TOKEN}</TokenType>"
                f"<RequestedSecurityToken>{token}</RequestedSecurityToken>"
                f'<RequestID xmlns="{soap.ENROLLMENT}">{number}</RequestID>'
                f"</RequestSecurityTokenResponse>{extra}")
    return 200, soap.envelope(f"{soap.ENROLLMENT}/RSTRC/wstep", relates_to, (
        f'<RequestSecurityTokenResponseCollection xmlns="{soap.TRUST}">{response}'
        "</RequestSecurityTokenResponseCollection>"))


def issued(relates_to, cert, number=42):
    return collection(relates_to, (
        f'<BinarySecurityToken ValueType="{soap.X509_TOKEN}" xmlns="{soap.SECURITY}">'
        f"{soap.base64_lines(cert)}</BinarySecurityToken>"), number)


def pending(relates_to, number):
    return collection(relates_to, (
        f'<SecurityTokenReference xmlns="{soap.SECURITY}">'
        '<Reference URI="https://elsewhere.example/"/></SecurityTokenReference>'), number)


def policies(relates_to, origin):
    """The smallest key grows with each answer, so that one that was kept can be told."""
    return 200, soap.envelope(f"{soap.POLICY}/IPolicy/GetPoliciesResponse", relates_to, (
        f'<GetPoliciesResponse xmlns="{soap.POLICY}"><response><policies><policy>'
        "<policyOIDReference>1</policyOIDReference><cAs><cAReference>0</cAReference></cAs>"
        "<attributes><commonName>Web</commonName><policySchema>2</policySchema>"
        "<permission><enroll>true</enroll></permission><privateKeyAttributes>"
        f"<minimalKeyLength>{next(N_POLICIES)}</minimalKeyLength></privateKeyAttributes>"
        "</attributes></policy></policies></response><cAs><cA><uris><cAURI>"
        f"<clientAuthentication>4</clientAuthentication><uri>{origin}/password/CES</uri>"
        "<priority>1</priority><renewalOnly>false</renewalOnly></cAURI></uris>"
        "<enrollPermission>true</enrollPermission><cAReferenceID>0</cAReferenceID></cA></cAs>"
        "<oIDs/></GetPoliciesResponse>"))


def enroll(body, relates_to):
    token = body.findtext(f"{{{soap.SECURITY}}}BinarySecurityToken")
    kind = body.findtext(f"{{{soap.TRUST}}}RequestType")
    number = body.findtext(f"{{{soap.ENROLLMENT}}}RequestID")
    if kind == f"{soap.TRUST}/Issue":
        return issued(relates_to, base64.b64decode(token, validate=True))
    if number == "2147483647":
        return 500, soap.enrollment_fault(relates_to, 0x80094004, "no such request")
    return pending(relates_to, number)


def swallowed(relates_to):
    answer = pending(relates_to, len(SWALLOWED))
    SWALLOWED.clear()
    return answer


BOMB = ('<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {name} "{("&" + previous + ";") * 10}">'
    for previous, name in zip("abcdefg", "bcdefgh")) + "]><x>&h;</x>")
ANSWERS = {
    "redirect": lambda related: (302, ""),
    "unauthorized": lambda related: (401, ""),
    "forbidden": lambda related: (403, ""),
    "missing": lambda related: (404, "nothing here"),
    "unavailable": lambda related: (503, "later"),
    "busy": lambda related: (429, ""),
    "broken": lambda related: (500, "<html>Runtime Error</html>"),
    "echo": lambda related: (400, f"<html>What is {PASSWORD}?</html>"),
    "echo-fault": lambda related: (500, soap.fault(
        related, f"{PASSWORD} is not liked.", (soap.ADDRESSING, "InternalServiceFault"))),
    "echo-denied": lambda related: (500, soap.enrollment_fault(
        related, DENIED, f"{PASSWORD} is not liked.", 7)),
    "big": lambda related: (200, soap.envelope("x", related, " " * 10_000_000)),
    "relates": lambda related: issued("urn:uuid:other", b"0"),
    "bomb": lambda related: (200, BOMB),
    "cut": lambda related: (200, issued(related, b"0")[1][:-20]),
    "denied": lambda related: (500, soap.enrollment_fault(related, DENIED, "Not by you.", 7)),
    "nil": lambda related: (500, soap.enrollment_fault(related, DENIED, "No.", nil_code=True)),
    "plain": lambda related: (500, soap.fault(
        related, "It failed.", (soap.ADDRESSING, "InternalServiceFault"))),
    "other": lambda related: issued(related, b"0", 8),
    "swallowed": swallowed,
}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not data:
            return self.reply(400, "")
        tree = ET.fromstring(data)
        related = tree.findtext(f"{{{soap.SOAP}}}Header/{{{soap.ADDRESSING}}}MessageID")
        body = tree.find(f"{{{soap.SOAP}}}Body/*")
        if "/negotiate/" in self.path:
            return self.by_two_legs(related)
        if "/password/" in self.path:
            return self.by_password(tree, body, related)
        if not self.connection.getpeercert():
            return self.reply(403, "")
        return self.reply(*enroll(body, related))

    def by_two_legs(self, related):
        """The answer to the second one is lost."""
        if self.headers["Authorization"] == "Negotiate MQ==":
            self.send_response(401)
            self.send_header("WWW-Authenticate", "Negotiate bW9yZQ==")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            SWALLOWED.append(related)
            self.close_connection = True

    def by_password(self, tree, body, related):
        token = f"{{{soap.SOAP}}}Header/{{{soap.SECURITY}}}Security/{{{soap.SECURITY}}}UsernameToken"
        name = tree.findtext(f"{token}/{{{soap.SECURITY}}}Username")
        if tree.findtext(f"{token}/{{{soap.SECURITY}}}Password") != PASSWORD:
            return self.reply(500, soap.fault(
                related, "refused", (soap.SECURITY, "FailedAuthentication"), who="Sender"))
        if name == "slow":
            ENDED.wait()
        elif name == "swallow":
            SWALLOWED.append(related)
            self.close_connection = True
            return None
        elif name == "html":
            return self.reply(200, "<html>Welcome</html>", "text/html")
        elif name in ANSWERS:
            return self.reply(*ANSWERS[name](related))
        elif body.tag == f"{{{soap.POLICY}}}GetPolicies":
            origin = f"https://localhost:{self.server.server_address[1]}"
            return self.reply(*policies(related, origin))
        return self.reply(*enroll(body, related))

    def reply(self, status, text, kind=None):
        data = text.encode()
        self.send_response(status)
        if kind or text.startswith("<"):
            is_soap = text.startswith(("<s:", "<!"))
            self.send_header("Content-Type", kind or (
                "application/soap+xml; charset=utf-8" if is_soap else "text/html"))
        if status == 302:
            self.send_header("Location", "/password/other")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


def main():
    folder, root = Path(sys.argv[1]), Signer("Root")
    (folder / "root.pem").write_text(root.pem)
    for name, (cert, key) in {"server": root.server_certificate("localhost"),
                              "client": root.client_certificate("CONN1$")}.items():
        (folder / f"{name}.pem").write_text(cert)
        (folder / f"{name}.key").touch(0o600)
        (folder / f"{name}.key").write_text(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    context.load_verify_locations(folder / "root.pem")
    context.verify_mode = ssl.CERT_OPTIONAL
    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    ENDED.set()


main()
