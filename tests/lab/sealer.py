# SPDX-License-Identifier: Apache-2.0
"""Makes envelopes for tests: CMS SignedData by hand, the rest by the openssl command."""

import base64
import hashlib
import plistlib
import secrets
import subprocess
import time
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID

from certlab import envelope, pki
from certlab.asn1 import oid, tlv
from certlab.command import private_folder
from certlab.accept import windows_members
from certlab.platforms import envelope_of
from certlab.pfx import preset_of
from labclient import base64_text

SHA256 = tlv(0x30, oid("2.16.840.1.101.3.4.2.1"))
ECDSA_SHA256 = tlv(0x30, oid("1.2.840.10045.4.3.2"))
DATA = oid("1.2.840.113549.1.7.1")
PRESETS = {
    "modern": ["-keypbe", "AES-256-CBC", "-certpbe", "AES-256-CBC", "-macalg", "sha256"],
    "legacy": ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"],
}


def run(*arguments, data=b""):
    return subprocess.run(["openssl", *map(str, arguments)], input=data, check=True,
                          capture_output=True).stdout


class Connector:
    """A CA, a signing key, an import key: everything a connector needs to answer a request."""

    def __init__(self, directory):
        self.ca = pki.Authority(directory, "test-ca", "Corp Issuing CA")
        self.key = pki.new_key(256)
        name = pki.common_name("connector")
        self.certificate = pki.build(
            name, name, self.key.public_key(), self.key, days=30,
            extensions=[(pki.key_usage(digital_signature=True), True)],
        )

        self.import_key = pki.new_key(2048)
        self._given = {}  # thumbprint: (key, certificate)

    @property
    def import_public(self):
        return self.import_key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    @property
    def signers(self):
        return pki.pem(self.certificate)

    @property
    def issuers(self):
        return pki.pem(self.ca.certificate)

    def issue(self, device):
        key = pki.new_key(256)
        certificate = self.ca.issue(
            pki.common_name(device.record["deviceName"]), key.public_key(),
            usage=pki.key_usage(digital_signature=True), days=30,
            extra=[(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)],
        )
        return key, certificate

    def sign(self, content, context, recipient_der, password=None, drop=(), key=None, add=(),
             ahead=0, extra=b""):
        """SignedData with the attributes of envelopes.md; `drop` leaves some out.

        ahead: seconds the signing time lies in the future. extra: DER after the signature value.
        """
        own = pki.der(self.certificate)
        moment = time.strftime("%y%m%d%H%M%SZ", time.gmtime(time.time() + ahead)).encode()
        mark = hashlib.sha256(own).digest()
        cert_id = tlv(0x30, tlv(0x30, tlv(0x30, tlv(4, mark))))
        values = {
            "contentType": (envelope.PLAIN["contentType"], DATA),
            "messageDigest": (envelope.PLAIN["messageDigest"],
                              tlv(4, hashlib.sha256(content).digest())),
            "signingTime": (envelope.PLAIN["signingTime"], tlv(0x17, moment)),
            "signingCertificateV2": (envelope.PLAIN["signingCertificateV2"], cert_id),
            "context": (envelope.CONTEXT, tlv(0x0C, context.encode())),
            "recipient": (envelope.RECIPIENT, tlv(4, hashlib.sha256(recipient_der).digest())),
        }
        if password is not None:
            values["password"] = (envelope.PASSWORD, tlv(0x0C, password.encode()))
        kept = [value for name, value in values.items() if name not in drop] + list(add)
        attributes = b"".join(sorted(tlv(0x30, name + tlv(0x31, value)) for name, value in kept))
        signature = (key or self.key).sign(tlv(0x31, attributes), ec.ECDSA(hashes.SHA256()))
        serial = self.certificate.serial_number
        number = serial.to_bytes(serial.bit_length() // 8 + 1, "big")
        signer = tlv(0x30, b"".join([
            tlv(2, b"\1"), tlv(0x30, self.certificate.issuer.public_bytes() + tlv(2, number)),
            SHA256, tlv(0xA0, attributes), ECDSA_SHA256, tlv(4, signature), extra,
        ]))
        body = tlv(0x30, b"".join([
            tlv(2, b"\1"), tlv(0x31, SHA256), tlv(0x30, DATA + tlv(0xA0, tlv(4, content))),
            tlv(0xA0, own), tlv(0x31, signer),
        ]))
        return tlv(0x30, oid("1.2.840.113549.1.7.2") + tlv(0xA0, body))

    def _pair(self, device, request):
        """What a request is about: a new pair, one given before, or one that was imported."""
        if request["requestType"] == "reencrypt":
            return self._given[request["certificateThumbprint"]]
        if request["requestType"] == "importPfx":
            scheme = padding.OAEP(padding.MGF1(hashes.SHA512()), hashes.SHA512(), None)
            password = self.import_key.decrypt(
                base64.b64decode(request["encryptedPfxPassword"]), scheme)
            return pkcs12.load_key_and_certificates(
                base64.b64decode(request["encryptedPfxBlob"]), password)[:2]
        key, certificate = self.issue(device)
        self._given[pki.thumbprint(certificate)] = key, certificate
        return key, certificate

    def serve(self, tenant, client):
        """Answers everything that waits, the lab's follow-up requests included."""
        while page := client.download():
            for request in page:
                device = tenant.fleet.devices[request["device"]["id"]]
                assert client.upload(self.answer(device, request))[0]["accepted"]

    def answer(self, device, request, **changes):
        """A PkcsResult; changes: iterations, preset, context, recipient, drop, key, plist."""
        key, certificate = self._pair(device, request)
        password = changes.get("password") or secrets.token_urlsafe(32)
        kind = envelope_of(device.platform)
        preset = changes.get("preset") or preset_of(device.platform, device.record["osVersion"])
        store = make_pfx(key, certificate, password, preset, changes.get("iterations", 2048))
        result = describe(request, certificate, kind)
        if request["requestType"] == "importPfx":
            result["caConfiguration"] = None
        else:
            result["rootCertificate"] = base64_text(pki.der(self.ca.certificate))
        recipient = changes.get("recipient", device)
        if kind == "applePayload":
            payload = apple_payload(device, request, store, password)
            payload.update(changes.get("plist", {}))
            plain = plistlib.dumps([payload])
        else:
            plain = self.sign(
                store, changes.get("context", request["requestContext"]),
                recipient.certificate_der, password if kind == "agent" else None,
                changes.get("drop", ()), changes.get("key"), changes.get("add", ()),
                changes.get("ahead", 0), changes.get("extra", b""),
            )
        result["sealedPfx"] = base64_text(
            seal(device, plain, kind == "agent", changes.get("transport")))
        if kind == "windowsCsp":
            sent = changes.get("sent_password", password)
            result["sealedPfxPassword"] = base64_text(seal(device, sent.encode(), False))
            result.update(windows_members(request["profile"]))
        return result


def describe(request, certificate, kind):
    moment = "%Y-%m-%dT%H:%M:%SZ"
    return {
        "requestContext": request["requestContext"], "succeeded": True, "status": "issued",
        "errorCode": "None", "errorMessage": None, "envelope": kind, "sealedPfx": None,
        "sealedPfxPassword": None, "certificate": base64_text(pki.der(certificate)),
        "certificateThumbprint": pki.thumbprint(certificate),
        "certificateSerialNumber": pki.serial_hex(certificate),
        "certificateNotBeforeUtc": certificate.not_valid_before.strftime(moment),
        "certificateExpirationDateUtc": certificate.not_valid_after.strftime(moment),
        "issuingCertificateAuthority": certificate.issuer.rfc4514_string(),
        "caConfiguration": "corp",
    }


def apple_payload(device, request, store, password):
    payload = {
        "PayloadType": "com.apple.security.pkcs12", "PayloadVersion": 1,
        "PayloadIdentifier": "org.certferry.test", "PayloadUUID": str(uuid.uuid4()),
        "PayloadDisplayName": "WLAN", "PayloadCertificateFileName": "identity.p12",
        "Password": password, "PayloadContent": store,
    }
    if device.platform == "macOS":
        payload["KeyIsExtractable"] = False
        payload["AllowAllAppsAccess"] = bool(request["profile"]["allowAllAppsAccess"])
    return payload


def make_pfx(key, certificate, password, preset, iterations):
    with private_folder() as folder:
        (folder / "key.pem").write_bytes(pki.key_pem(key))
        (folder / "cert.pem").write_bytes(pki.pem(certificate))
        return run("pkcs12", "-export", "-inkey", folder / "key.pem", "-in", folder / "cert.pem",
                   "-passout", f"pass:{password}", "-iter", iterations, *PRESETS[preset])


def seal(device, plain, authenticated, transport=None):
    is_rsa = not isinstance(device.certificate.public_key(), ec.EllipticCurvePublicKey)
    options = []
    if not is_rsa:
        options = ["-keyopt", "ecdh_kdf_md:sha256", "-aes256-wrap"]
    elif authenticated:
        options = ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256",
                   "-keyopt", "rsa_mgf1_md:sha256"]
    if transport is not None:
        options = transport
    with private_folder() as folder:
        (folder / "device.pem").write_bytes(pki.pem(device.certificate))
        return run("cms", "-encrypt", "-binary", "-outform", "DER",
                   "-aes-256-gcm" if authenticated else "-aes-256-cbc",
                   "-recip", folder / "device.pem", *options, data=plain)
