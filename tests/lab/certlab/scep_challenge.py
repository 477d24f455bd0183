# SPDX-License-Identifier: Apache-2.0
"""Challenges of the lab: signed, encrypted, opaque to devices, and as large as real ones.

    text = challenger.seal({"certificateRequestId": ..., ...})
    challenger.open(text)        # the same dictionary, or BadChallenge with the code of the service

Octets: "LSC1", 12 octets of nonce, AES-256-GCM of (2 octets length, ECDSA signature, JSON). Both keys
are the tenant's own and never leave it.
"""

import base64
import binascii
import json
import os
import secrets

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from . import pki

HEAD, NONCE = b"LSC1", 12
SIZE = 4400  # octets of JSON: about 6 KB of base64
BROKEN = ("ChallengeDecodingError", "ChallengeDecryptionError", "SignatureValidationFailed",
          "ChallengeDeserializationError")


class BadChallenge(Exception):
    """A challenge that the service does not take; `code` is its answer."""

    def __init__(self, code):
        super().__init__(code)
        self.code = code


class Challenger:
    def __init__(self, directory):
        key_path, secret_path = directory / "scep-challenge.key", directory / "scep-challenge.secret"
        if not key_path.exists():
            pki.write_private(key_path, pki.key_pem(pki.new_key(256)))
            pki.write_private(secret_path, secrets.token_bytes(32))
        self._key = serialization.load_pem_private_key(key_path.read_bytes(), None)
        self._secret = secret_path.read_bytes()

    def seal(self, content, signer=None, secret=None):
        """signer, secret: foreign keys, for challenges that are wrong on purpose."""
        text = json.dumps(content, ensure_ascii=False)
        if len(text) < SIZE:
            text += " " * (SIZE - len(text))
        return self._seal(text.encode(), signer, secret)

    def _seal(self, plain, signer=None, secret=None):
        signature = (signer or self._key).sign(plain, ec.ECDSA(hashes.SHA256()))
        nonce = os.urandom(NONCE)
        inner = len(signature).to_bytes(2, "big") + signature + plain
        box = AESGCM(secret or self._secret).encrypt(nonce, inner, HEAD)
        return base64.b64encode(HEAD + nonce + box).decode()

    def open(self, text):
        try:
            data = base64.b64decode(text, validate=True)
        except (ValueError, binascii.Error):
            data = b""
        if data[:4] != HEAD or len(data) < 64:
            raise BadChallenge("ChallengeDecodingError")
        try:
            inner = AESGCM(self._secret).decrypt(data[4:4 + NONCE], data[4 + NONCE:], HEAD)
        except InvalidTag as error:
            raise BadChallenge("ChallengeDecryptionError") from error
        length = int.from_bytes(inner[:2], "big")
        signature, plain = inner[2:2 + length], inner[2 + length:]
        try:
            self._key.public_key().verify(signature, plain, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature as error:
            raise BadChallenge("SignatureValidationFailed") from error
        try:
            found = json.loads(plain)
        except ValueError as error:
            raise BadChallenge("ChallengeDeserializationError") from error
        if not isinstance(found, dict):
            raise BadChallenge("ChallengeDeserializationError")
        return found

    def broken(self, code, content):
        """A challenge that the service answers with this code whatever the request holds."""
        if code == "ChallengeDecodingError":
            return "static-password"
        if code == "ChallengeDecryptionError":
            return self.seal(content, secret=secrets.token_bytes(32))
        if code == "SignatureValidationFailed":
            return self.seal(content, signer=pki.new_key(256))
        if code == "ChallengeDeserializationError":
            return self._seal(b"<challenge/>" + b" " * SIZE)
        raise KeyError(code)
