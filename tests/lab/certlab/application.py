# SPDX-License-Identifier: Apache-2.0
"""The directory's own record of the connector: its id, and keys it adds to itself (addKey).

    GET  /graph/v1.0/applications(appId='CLIENT')?$select=id
    POST /graph/v1.0/applications(appId='CLIENT')/addKey      or applications/ID/addKey
"""

import base64
import binascii
import json
import time
import uuid

from cryptography import x509

from . import oauth, pki

DIRECTORY = "00000002-0000-0000-c000-000000000000"
LONGEST_PROOF = 600


class Refusal(Exception):
    """An error in Graph's shape: status, code, sentence."""

    def __init__(self, status, code, text):
        super().__init__(text)
        self.status = status
        self.body = {"error": {"code": code, "message": text}}


class Application:
    def __init__(self, tenant):
        self.tenant = tenant
        # Not the client id: whoever mixes the two up finds out here.
        self.id = str(uuid.uuid5(uuid.NAMESPACE_URL, "object:" + tenant.client_id))

    def route(self, path):
        """"read", "addKey" or None for a path."""
        base = "/graph/v1.0/applications"
        mine = (f"{base}(appId='{self.tenant.client_id}')", f"{base}/{self.id}")
        for name in mine:
            if path == name:
                return "read"
            if path == name + "/addKey":
                return "addKey"
        return None

    def read(self):
        return {
            "id": self.id,
            "appId": self.tenant.client_id,
            "keyCredentials": [
                _credential(certificate)
                for certificate in self.tenant.identity.certificates.values()
            ],
        }

    def add_key(self, body):
        """Registers the certificate in a request whose proof a registered key has signed."""
        try:
            value = json.loads(body)
            credential, proof = value["keyCredential"], value["proof"]
            kind = (credential["type"], credential["usage"])
            der = base64.b64decode(credential["key"], validate=True)
            certificate = x509.load_der_x509_certificate(der)
        except (ValueError, KeyError, TypeError, binascii.Error) as error:
            raise Refusal(400, "Request_BadRequest", "keyCredential or proof is missing or wrong."
                          ) from error
        if kind != ("AsymmetricX509Cert", "Verify") or value.get("passwordCredential"):
            raise Refusal(400, "Request_BadRequest", "Only AsymmetricX509Cert for Verify is added.")
        self._check_proof(proof)
        if certificate.not_valid_after <= pki.now():
            raise Refusal(400, "KeyCredentialsInvalidEndDate", "The certificate has expired.")
        self.tenant.register_certificate(pki.pem(certificate))
        return _credential(certificate)

    def _check_proof(self, proof):
        def refuse(text):
            return Refusal(401, "Authentication_MissingOrMalformed", text)

        try:
            claims = self.tenant.identity.verify(proof)
        except oauth.BadJwt as error:
            raise refuse(f"proof: {error}") from error
        now = time.time()
        if claims.get("aud") != DIRECTORY or claims.get("iss") != self.id:
            raise refuse("proof: aud must be the directory and iss the id of the application.")
        if not all(isinstance(claims.get(name), int) for name in ("nbf", "exp")):
            raise refuse("proof: nbf and exp must be integers.")
        if not claims["nbf"] - oauth.SKEW <= now <= claims["exp"] + oauth.SKEW:
            raise refuse("proof: not within its valid time range.")
        if claims["exp"] - claims["nbf"] > LONGEST_PROOF:
            raise refuse("proof: valid for more than ten minutes.")


def _credential(certificate):
    return {
        "keyId": str(uuid.uuid5(uuid.NAMESPACE_URL, pki.thumbprint(certificate))),
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
        "customKeyIdentifier": pki.thumbprint(certificate),
        "startDateTime": certificate.not_valid_before.isoformat() + "Z",
        "endDateTime": certificate.not_valid_after.isoformat() + "Z",
        "key": None,
    }
