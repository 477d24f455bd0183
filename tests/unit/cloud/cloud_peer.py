#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The other side of the cloud tests: token endpoint, directory and service on one HTTPS port.

cloud_peer.py DIRECTORY writes root.pem there, prints its port and serves until its standard input
ends. Tests steer it by POST /control/VERB and read back what arrived by GET /control/....
"""
import base64
import datetime
import hashlib
import http.server
import ipaddress
import json
import os
import ssl
import sys
import threading
import time
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.x509.oid import NameOID

LOCK = threading.Lock()
SERVICE = "PkiConnectorFEService"


class State:
    def __init__(self):
        self.rules, self.seen, self.tokens, self.certs = [], [], set(), {}
        self.n_tokens, self.life, self.secret, self.uri = 0, 3600, "s3cret &%", "/svc/"
        self.add_key, self.forget, self.pages = False, 0, 1


STATE = State()


def unbase64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


OBJECT_ID = "0b1ec7-1d"


def check_jwt(jwt, audience, issuer="client"):
    """The known certificate that signed it, or None."""
    head64, claims64, signature = jwt.split(".")
    head, claims = json.loads(unbase64url(head64)), json.loads(unbase64url(claims64))
    cert = STATE.certs.get(head["x5t#S256"])
    if cert is None or claims["aud"] != audience or claims["exp"] - claims["nbf"] != 600:
        return None
    if claims["iss"] != issuer:
        return None
    digest = hashlib.sha1(cert.public_bytes(serialization.Encoding.DER)).digest()
    if unbase64url(head["x5t"]) != digest or head["alg"] != "PS256" or head["typ"] != "JWT":
        return None
    cert.public_key().verify(unbase64url(signature), f"{head64}.{claims64}".encode(),
                             padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    return cert


def learn(cert):
    digest = hashlib.sha256(cert.public_bytes(serialization.Encoding.DER)).digest()
    STATE.certs[base64.urlsafe_b64encode(digest).rstrip(b"=").decode()] = cert


def refusal(number):
    return 401, {"error": "invalid_client", "error_description": f"AADSTS{number}: no"}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        if self.path.startswith("/control/"):
            with LOCK:
                answer = self.control(self.path[9:], body)
            return self.reply(200, answer)
        with LOCK:
            head = "".join(f"{name}: {value}\n" for name, value in self.headers.items())
            STATE.seen.append((self.path, f"{self.command} {self.path}\n{head}\n{body.decode()}"))
            rule = next((r for r in STATE.rules
                         if r["match"] in self.path and r.get("times", 1) > 0), None)
            if rule:
                rule["times"] = rule.get("times", 1) - 1
            else:
                status, answer = self.serve(body)
        if not rule:
            return self.reply(status, answer)
        time.sleep(rule.get("delay", 0))
        if rule.get("pass"):
            with LOCK:
                status, answer = self.serve(body)
            return self.reply(status, answer)
        answer = "x" * rule["size"] if "size" in rule else rule.get("body", "")
        return self.reply(rule.get("status", 200), answer, rule.get("headers", {}))

    do_GET = do_POST

    def reply(self, status, answer, headers=None):
        body = answer if isinstance(answer, str) else json.dumps(answer)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def control(self, verb, body):
        global STATE
        verb, _, match = verb.partition("/")
        if verb == "count":
            return str(sum(match in path for path, _ in STATE.seen))
        if verb == "last":
            return next((text for path, text in reversed(STATE.seen) if match in path), "")
        if verb == "reset":
            STATE = State()
        elif verb == "revoke":
            STATE.tokens.clear()
        elif verb == "learn":
            learn(x509.load_pem_x509_certificate(body))
        elif verb == "forget":
            STATE.certs.clear()
        elif verb == "rules":
            STATE.rules = json.loads(body)
        elif verb == "set":
            vars(STATE).update(json.loads(body))
        return "ok"

    def origin(self):
        return f"https://localhost:{self.server.server_address[1]}"

    def serve(self, body):
        if self.path.endswith("/oauth2/v2.0/token"):
            return self.token(dict(urllib.parse.parse_qsl(body.decode(), strict_parsing=True)))
        if self.headers.get("Authorization", "").removeprefix("Bearer ") not in STATE.tokens:
            return 401, {"error": {"code": "Unauthorized", "message": "token"}}
        if "/servicePrincipals/" in self.path:
            return self.endpoints()
        if self.path.endswith("/applications(appId='client')?$select=id"):
            return 200, {"id": OBJECT_ID}
        if "/applications(appId='client')/addKey" in self.path:
            return self.register(json.loads(body))
        if not self.path.startswith(STATE.uri):
            return 404, {"error": {"code": "NotFound", "message": "moved"}}
        if self.path.endswith("heartbeat"):
            return 200, {"value": True, "leaseSeconds": 300}
        if self.path.endswith("uploadRevocationResults"):
            return 200, {"value": "true"}
        if self.path.endswith("uploadPkcsResults"):
            return 200, {"value": [{"requestContext": r["requestContext"], "accepted": True}
                                   for r in json.loads(body)["results"]]}
        return 200, {"value": [{"requestContext": "c1"}]}

    def token(self, form):
        if "client_assertion" in form:
            url = f"{self.origin()}/tenant/oauth2/v2.0/token"
            if STATE.forget > 0:
                STATE.forget -= 1
                return refusal(700027)
            if check_jwt(form["client_assertion"], url) is None:
                return refusal(700027)
        elif form.get("client_secret") != STATE.secret:
            return refusal(7000215)
        STATE.n_tokens += 1
        token = f"token-{STATE.n_tokens}"
        STATE.tokens.add(token)
        answer = {"token_type": "Bearer", "access_token": token}
        if STATE.life is not None:
            answer["expires_in"] = STATE.life
        return 200, answer

    def endpoints(self):
        page = int(self.path.partition("?page=")[2] or "1")
        answer = {"value": []}
        if page < STATE.pages:
            answer["@odata.nextLink"] = (
                f"{self.origin()}{self.path.partition('?')[0]}?page={page + 1}")
        else:
            answer["value"].append({"providerName": SERVICE, "uri": self.origin() + STATE.uri})
        return 200, answer

    def register(self, request):
        if not STATE.add_key:
            return 403, {"error": {"code": "Authorization_RequestDenied", "message": "no"}}
        key = request["keyCredential"]
        if (key["type"], key["usage"]) != ("AsymmetricX509Cert", "Verify"):
            return 400, {"error": {"code": "Request_BadRequest", "message": "type"}}
        if check_jwt(request["proof"], "00000002-0000-0000-c000-000000000000",
                     OBJECT_ID) is None:
            return 400, {"error": {"code": "Request_BadRequest", "message": "proof"}}
        learn(x509.load_der_x509_certificate(base64.b64decode(key["key"])))
        return 200, {"keyId": "1"}

    def log_message(self, *_):
        pass


def make_certificate(directory):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "peer")])
    now = datetime.datetime.utcnow()
    cert = (x509.CertificateBuilder().subject_name(name).issuer_name(name)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=2))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
            .add_extension(x509.SubjectAlternativeName([
                x509.DNSName("localhost"),
                x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            .sign(key, hashes.SHA256()))
    with open(os.path.join(directory, "root.pem"), "wb") as file:
        file.write(cert.public_bytes(serialization.Encoding.PEM))
    path = os.path.join(directory, "peer.key")
    with open(path, "wb") as file:
        file.write(key.private_bytes(serialization.Encoding.PEM,
                                     serialization.PrivateFormat.PKCS8,
                                     serialization.NoEncryption()))
    return os.path.join(directory, "root.pem"), path


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*make_certificate(sys.argv[1]))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


main()
