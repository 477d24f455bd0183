# SPDX-License-Identifier: Apache-2.0
"""PFX files of users, as administrators upload them: the password encrypted to the import key.

The members are those of the published userPfxCertificate. The PFX is kept as it is; only its
password is a secret, and only the connector's key can open that.
"""

import base64
import hashlib

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import pkcs12

from . import pki

PURPOSES = ("unassigned", "smimeEncryption", "smimeSigning", "vpn", "wifi")
SCHEMES = {
    "none": hashes.SHA512, "oaepSha256": hashes.SHA256, "oaepSha384": hashes.SHA384,
    "oaepSha512": hashes.SHA512,
}


def wrap_password(password, public_pem, scheme="oaepSha512"):
    """base64 of one RSA-OAEP block; the password goes in as the low octets of its characters."""
    key = serialization.load_pem_public_key(
        public_pem.encode() if isinstance(public_pem, str) else public_pem
    )
    data = password.encode("latin-1")
    if scheme == "pkcs1":  # what old clients sent; connectors refuse it
        return base64.b64encode(key.encrypt(data, padding.PKCS1v15())).decode()
    digest = hashes.SHA1 if scheme == "oaepSha1" else SCHEMES[scheme]
    oaep = padding.OAEP(padding.MGF1(digest()), digest(), None)
    return base64.b64encode(key.encrypt(data, oaep)).decode()


def describe(upn, pfx, password, public_pem, purpose="smimeEncryption", provider="certferry",
             key_name="PFX import", scheme="oaepSha512"):
    """One userPfxCertificate; ValueError when the PFX does not open with the password."""
    if purpose not in PURPOSES:
        raise ValueError(f"intendedPurpose: one of {list(PURPOSES)}")
    _, leaf, _ = pkcs12.load_key_and_certificates(pfx, password.encode("utf-8"))
    if leaf is None:
        raise ValueError("the PFX has no certificate for its key")
    return {
        "thumbprint": hashlib.sha1(pki.der(leaf)).hexdigest(),
        "intendedPurpose": purpose,
        "userPrincipalName": upn,
        "startDateTime": leaf.not_valid_before.isoformat() + "Z",
        "expirationDateTime": leaf.not_valid_after.isoformat() + "Z",
        "providerName": provider,
        "keyName": key_name,
        "paddingScheme": scheme,
        "encryptedPfxBlob": base64.b64encode(pfx).decode(),
        "encryptedPfxPassword": wrap_password(password, public_pem, scheme),
    }


def make_pfx(name, password, *, issuer=None, size=2048, key=None, days=365, start=None,
             encryption=None):
    """(PFX, certificate, key) of a person's S/MIME certificate; self-signed without an issuer."""
    key = key or pki.new_key(size)
    subject = pki.common_name(name)
    usage = pki.key_usage(key_encipherment=True, digital_signature=True)
    if issuer:
        leaf = issuer.issue(subject, key.public_key(), usage=usage, days=days, start=start)
    else:
        leaf = pki.build(subject, subject, key.public_key(), key, days=days, start=start,
                         extensions=[(usage, True)])
    if encryption is None:
        encryption = serialization.BestAvailableEncryption(password.encode("utf-8"))
    others = [issuer.certificate] if issuer else None
    return pkcs12.serialize_key_and_certificates(
        name.encode(), key, leaf, others, encryption), leaf, key


class Imports:
    """All imported PFX files of the tenant; of several for one purpose the newest is used."""

    def __init__(self, saved=None):
        self.items = saved or {}

    def add(self, item):
        key = f"{item['userPrincipalName']}-{item['thumbprint']}"
        self.items[key] = item
        return key

    def remove(self, key):
        return self.items.pop(key, None) is not None

    def newest(self, upn, purpose):
        """The one a device of the user gets, or None."""
        fitting = [
            item for item in self.items.values()
            if item["userPrincipalName"].lower() == upn.lower()
            and item["intendedPurpose"] == purpose
        ]
        return max(fitting, key=lambda item: item["startDateTime"], default=None)

    @staticmethod
    def certificate(item, password):
        data = base64.b64decode(item["encryptedPfxBlob"])
        return pkcs12.load_key_and_certificates(data, password.encode("utf-8"))[1]


def read_public(path_or_pem):
    """PEM of a public key from a text or a file, also from a certificate."""
    data = path_or_pem.encode() if isinstance(path_or_pem, str) else path_or_pem
    if b"-----BEGIN CERTIFICATE" in data:
        key = x509.load_pem_x509_certificate(data).public_key()
        return key.public_bytes(serialization.Encoding.PEM,
                                serialization.PublicFormat.SubjectPublicKeyInfo)
    return data
