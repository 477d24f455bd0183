# SPDX-License-Identifier: Apache-2.0
"""A bare connector for the lab's own tests: http.client, every header by hand."""

import base64
import http.client
import json
import socket
import ssl
import time
import urllib.parse
import uuid

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from certlab.oauth import ASSERTION_TYPE, base64url

CALLS = "/CertificateAuthorityRequests/"
PROBLEMS = (OSError, http.client.HTTPException, ssl.SSLError, socket.timeout)


class Client:
    def __init__(self, tenant, timeout=10, certificate=None):
        self.tenant, self.timeout = tenant, timeout
        self.context = ssl.create_default_context(cafile=tenant.tls_ca.path)
        if certificate:
            self.context.load_cert_chain(certificate[1], certificate[0])
        self.token = None
        self.answer_headers = {}

    def raw(self, method, path, body=b"", headers=None):
        """(status, decoded JSON or bytes)"""
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.tenant.port, context=self.context, timeout=self.timeout
        )
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            self.answer_headers = dict(answer.getheaders())
            data = answer.read()
        finally:
            connection.close()
        try:
            return answer.status, json.loads(data)
        except ValueError:
            return answer.status, data

    def token_form(self, **changes):
        form = {
            "grant_type": "client_credentials",
            "client_id": self.tenant.client_id,
            "scope": self.tenant.resource + "/.default",
            "client_secret": self.tenant.identity.client_secret,
        }
        form.update(changes)
        form = {name: value for name, value in form.items() if value is not None}
        return self.raw(
            "POST", f"/{self.tenant.tenant_id}/oauth2/v2.0/token",
            urllib.parse.urlencode(form).encode(),
            {"User-Agent": "certferry/0.1", "Content-Type": "application/x-www-form-urlencoded"},
        )

    def login(self, **changes):
        status, value = self.token_form(**changes)
        assert status == 200, value
        self.token = value["access_token"]
        return self

    def headers(self, version="1.0", **changes):
        headers = {
            "User-Agent": "certferry/0.1",
            "Content-Type": "application/json; charset=utf-8",
            "client-request-id": str(uuid.uuid4()),
            "api-version": version,
        }
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        for name, value in changes.items():
            headers[name.replace("_", "-")] = value
        return {name: value for name, value in headers.items() if value is not None}

    def post(self, call, body, **changes):
        version = "5019-05-05" if "Revocation" in call else "1.0"
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        path = call if call.startswith("/") else CALLS + call
        return self.raw("POST", "/PkiConnectorFEService" + path, data,
                        self.headers(version, **changes))

    def download(self, most=500, wait=0):
        status, value = self.post("downloadPkcsRequests", {"downloadParameters": {
            "connectorId": "test-1", "maxRequests": most, "waitSeconds": wait}})
        assert status == 200, value
        return value["value"]

    def upload(self, *results):
        status, value = self.post("uploadPkcsResults", {"results": list(results)})
        assert status == 200, value
        return value["value"]


def failed(context, code="ParameterDataInvalidError", text="The platform is unknown."):
    return {"requestContext": context, "succeeded": False, "status": "failed",
            "errorCode": code, "errorMessage": text}


def pending(context):
    return {"requestContext": context, "succeeded": False, "status": "pending",
            "errorCode": "None"}


def assertion(client_id, audience, key, mark, alg="PS256", **claims):
    """A client assertion; `mark` is the certificate's SHA-256 in hex."""
    head = {"alg": alg, "typ": "JWT", "x5t#S256": base64url(bytes.fromhex(mark))}
    now = int(time.time())
    body = {"aud": audience, "iss": client_id, "sub": client_id, "jti": str(uuid.uuid4()),
            "nbf": now, "exp": now + 600}
    body.update(claims)
    text = ".".join(base64url(json.dumps(part).encode()) for part in (head, body))
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 32) if alg == "PS256" \
        else padding.PKCS1v15()
    signature = key.sign(text.encode(), scheme, hashes.SHA256())
    return {"client_secret": None, "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": f"{text}.{base64url(signature)}"}


def base64_text(data):
    return base64.b64encode(data).decode()
