# SPDX-License-Identifier: Apache-2.0
"""The identity provider: OAuth 2.0 client credentials in the way Entra answers them."""

import base64
import hashlib
import json
import secrets
import threading
import time
import urllib.parse
import uuid

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from . import pki
from .journal import utc_text

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SKEW = 300
LONGEST_ASSERTION = 24 * 3600


class Refusal(Exception):
    """An error answer: HTTP status, OAuth error, AADSTS number and sentence."""

    def __init__(self, status, error, number, text):
        super().__init__(text)
        self.status = status
        self.body = {
            "error": error,
            "error_description": f"AADSTS{number}: {text}",
            "error_codes": [number],
            "timestamp": utc_text()[:19].replace("T", " ") + "Z",
            "trace_id": str(uuid.uuid4()),
            "correlation_id": str(uuid.uuid4()),
        }


class BadJwt(Exception):
    """A signed token that is not accepted, with its AADSTS number."""

    def __init__(self, text, number=700027):
        super().__init__(text)
        self.number = number


def unbase64url(text):
    if not isinstance(text, str) or "=" in text:
        raise ValueError("not base64url without padding")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def resource_of(text):
    """Scopes and configured addresses differ in trailing slashes; the resource is what is left."""
    return text.removesuffix(".default").rstrip("/")


class Identity:
    def __init__(self, tenant_id, client_id, client_secret, lifetime=3600):
        self.tenant_id, self.client_id, self.client_secret = tenant_id, client_id, client_secret
        self.lifetime = lifetime
        self.resources = set()
        self.certificates = {}
        # (token, resource) -> bool, in place of the own tokens: another issuer vouches for them
        self.accept_token = None
        self._tokens = {}
        self._assertions_seen = {}
        self._lock = threading.Lock()

    def register(self, certificate_pem):
        """Lets assertions be signed with this certificate's key; returns the thumbprint."""
        if isinstance(certificate_pem, str):
            certificate_pem = certificate_pem.encode()
        certificate = x509.load_pem_x509_certificate(certificate_pem)
        mark = hashlib.sha256(pki.der(certificate)).hexdigest()
        with self._lock:
            self.certificates[mark] = certificate
        return mark

    def unregister(self, mark):
        with self._lock:
            return self.certificates.pop(mark, None) is not None

    def revoke_tokens(self):
        with self._lock:
            count = len(self._tokens)
            self._tokens.clear()
        return count

    def token_is_good(self, token, resource):
        if self.accept_token:
            return self.accept_token(token, resource)
        with self._lock:
            found = self._tokens.get(token)
        return bool(found) and found[0] == resource and time.time() < found[1]

    def answer(self, tenant, body, token_url):
        """The token endpoint: the decoded form in, the JSON answer out, Refusal when refused."""
        if tenant != self.tenant_id:
            raise Refusal(400, "invalid_request", 90002, f"Tenant '{tenant}' not found.")
        pairs = urllib.parse.parse_qsl(body, keep_blank_values=True, strict_parsing=bool(body))
        form = dict(pairs)
        if len(form) != len(pairs):
            raise Refusal(400, "invalid_request", 900144, "A parameter is present twice.")
        for name in ("grant_type", "client_id", "scope"):
            if not form.get(name):
                raise Refusal(
                    400, "invalid_request", 900144,
                    f"The request body must contain the following parameter: '{name}'.",
                )
        if form["grant_type"] != "client_credentials":
            raise Refusal(
                400, "unsupported_grant_type", 70003,
                f"The app requested an unsupported grant type '{form['grant_type']}'.",
            )
        if form["client_id"] != self.client_id:
            raise Refusal(
                400, "unauthorized_client", 700016,
                f"Application with identifier '{form['client_id']}' was not found.",
            )
        if "client_assertion" in form:
            self._check_assertion(form, token_url)
        elif not secrets.compare_digest(
            form.get("client_secret", "").encode(), self.client_secret.encode()
        ):
            raise Refusal(401, "invalid_client", 7000215, "Invalid client secret provided.")
        return self._new_token(form["scope"])

    def _new_token(self, scope):
        if not scope.endswith("/.default") or " " in scope:
            raise Refusal(
                400, "invalid_scope", 1002012,
                f"The provided value for scope {scope} is not valid. Client credential flows "
                "must have a scope value with /.default suffixed to the resource identifier.",
            )
        resource = resource_of(scope)
        if resource not in self.resources:
            raise Refusal(
                400, "invalid_resource", 500011,
                f"The resource principal named {resource} was not found in the tenant.",
            )
        token = secrets.token_urlsafe(180)
        with self._lock:
            self._tokens[token] = (resource, time.time() + self.lifetime)
        return {
            "token_type": "Bearer",
            "expires_in": self.lifetime,
            "ext_expires_in": self.lifetime,
            "access_token": token,
        }

    def _check_assertion(self, form, token_url):
        def refuse(text, number=700027):
            return Refusal(401, "invalid_client", number, text)

        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise refuse("client_assertion_type is not jwt-bearer.", 900144)
        if "client_secret" in form:
            raise refuse("Both a secret and an assertion were given.", 90023)
        try:
            claims = self.verify(form["client_assertion"])
        except BadJwt as error:
            raise refuse(str(error), error.number) from error
        self._check_claims(claims, token_url, refuse)

    def verify(self, token):
        """The claims of a JWT signed by a registered certificate; BadJwt says what is wrong."""
        try:
            head64, claims64, signature64 = token.split(".")
            head = json.loads(unbase64url(head64))
            claims = json.loads(unbase64url(claims64))
            signature = unbase64url(signature64)
            if not isinstance(head, dict) or not isinstance(claims, dict):
                raise ValueError("not two objects")
        except (ValueError, AttributeError) as error:
            raise BadJwt("The client assertion is no JWT.", 50027) from error
        certificate = self._signer(head)
        if certificate is None:
            raise BadJwt("The certificate with the identifier used is not registered.")
        if certificate.not_valid_after < pki.now():
            raise BadJwt("The certificate used has expired.", 700027)
        schemes = {
            "RS256": padding.PKCS1v15(),
            "PS256": padding.PSS(padding.MGF1(hashes.SHA256()), 32),
        }
        if head.get("alg") not in schemes:
            raise BadJwt(f"The algorithm '{head.get('alg')}' is not supported.")
        try:
            certificate.public_key().verify(
                signature, f"{head64}.{claims64}".encode(), schemes[head["alg"]], hashes.SHA256()
            )
        except (InvalidSignature, TypeError) as error:
            raise BadJwt("The signature of the client assertion is wrong.") from error
        return claims

    def _signer(self, head):
        with self._lock:
            certificates = dict(self.certificates)
        for mark, certificate in certificates.items():
            if head.get("x5t#S256") == base64url(bytes.fromhex(mark)):
                return certificate
            if "x5t#S256" not in head and head.get("x5t") == base64url(
                hashlib.sha1(pki.der(certificate)).digest()
            ):
                return certificate
        return None

    def _check_claims(self, claims, token_url, refuse):
        now = time.time()
        if claims.get("aud") != token_url:
            raise refuse(f"The audience '{claims.get('aud')}' is not {token_url}.", 50027)
        if claims.get("iss") != self.client_id or claims.get("sub") != self.client_id:
            raise refuse("Issuer and subject must be the client id.", 50027)
        if not all(isinstance(claims.get(name), int) for name in ("nbf", "exp")):
            raise refuse("nbf and exp must be integers.", 50027)
        if claims["nbf"] > now + SKEW or claims["exp"] < now - SKEW:
            raise refuse("The client assertion is not within its valid time range.", 700024)
        if claims["exp"] - claims["nbf"] > LONGEST_ASSERTION:
            raise refuse("The client assertion is valid for too long.", 700024)
        if not isinstance(claims.get("jti"), str) or not claims["jti"]:
            raise refuse("jti is missing.", 50027)
        with self._lock:
            if claims["jti"] in self._assertions_seen:
                raise refuse("The client assertion was used before.", 700028)
            self._assertions_seen[claims["jti"]] = claims["exp"]
