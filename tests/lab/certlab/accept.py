# SPDX-License-Identifier: Apache-2.0
"""What the service can see in an issued result without the device's key."""

import base64
import binascii
import hashlib

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding

from . import pki
from .platforms import envelope_of
from .settings import KEY_LOCATIONS

ENVELOPED = bytes.fromhex("06092a864886f70d010703")
AUTH_ENVELOPED = bytes.fromhex("060b2a864886f70d0109100117")
WINDOWS_MEMBERS = ("keyLocation", "containerName", "pfxKeyExportable", "certificateStore")


class Acceptance:
    def __init__(self):
        self._keys_seen, self._serials_seen = {}, {}

    def problem(self, work, result):
        """A sentence about the first thing that is wrong, or None."""
        if not work.well_formed:
            return "issued for a malformed request"
        request = work.request
        platform = request["device"]["platform"]
        envelope = envelope_of(platform)
        if result["envelope"] != envelope:
            return f"envelope {result['envelope']} for {platform}, not {envelope}"
        if bool(result.get("sealedPfxPassword")) != (envelope == "windowsCsp"):
            return f"sealedPfxPassword is wrong for {envelope}"
        for name in ("sealedPfx", "sealedPfxPassword"):
            if result.get(name) and not _is_enveloped(result[name], envelope):
                return f"{name} is no CMS content of the right type"
        try:
            certificate = x509.load_der_x509_certificate(base64.b64decode(result["certificate"]))
        except ValueError:
            return "certificate is not DER"
        return (
            _certificate_members(result, certificate) or _windows_members(request, result)
            or _root(request, result, certificate) or self._identity(work, result, certificate)
        )

    def _identity(self, work, result, certificate):
        """Which certificate it has to be: a fresh one, or exactly the one that was meant."""
        thumbprint, request = pki.thumbprint(certificate), work.request
        if request["requestType"] in ("issue", "renew"):
            if thumbprint == request.get("certificateThumbprint"):
                return "the certificate that was to be renewed"
            return self._check_unique(work, certificate)
        wanted = work.thumbprint or request.get("certificateThumbprint")
        if wanted and thumbprint != wanted:
            return f"certificate {thumbprint} instead of {wanted}"
        if request["requestType"] == "importPfx" and result.get("caConfiguration"):
            return "caConfiguration for an imported PFX"
        return None

    def _check_unique(self, work, certificate):
        spki = certificate.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        mark = hashlib.sha256(spki).hexdigest()
        serial = (certificate.issuer.rfc4514_string(), certificate.serial_number)
        if self._keys_seen.setdefault(mark, work.context) != work.context:
            return f"the key pair was used for {self._keys_seen[mark]}"
        if self._serials_seen.setdefault(serial, work.context) != work.context:
            return f"the certificate was delivered for {self._serials_seen[serial]}"
        return None


def _certificate_members(result, certificate):
    facts = {
        "certificateThumbprint": pki.thumbprint(certificate),
        "certificateSerialNumber": pki.serial_hex(certificate),
        "certificateNotBeforeUtc": certificate.not_valid_before,
        "certificateExpirationDateUtc": certificate.not_valid_after,
        "issuingCertificateAuthority": certificate.issuer.rfc4514_string(),
    }
    for name, value in facts.items():
        told = result[name]
        if name.endswith("Utc"):
            value, told = value.strftime("%Y-%m-%dT%H:%M:%S"), told.removesuffix("Z")
            told = told.removesuffix(".000")
        if told != value:
            return f"{name} is {told}, the certificate says {value}"
    return None


def windows_members(profile):
    """What the result tells a Windows device about the place of its key."""
    provider = profile.get("keyStorageProvider") or "useTpmKspOtherwiseUseSoftwareKsp"
    is_device = profile.get("certificateType") == "device"
    return {
        "keyLocation": KEY_LOCATIONS[provider],
        "containerName": profile.get("containerName") if KEY_LOCATIONS[provider] == 4 else None,
        "pfxKeyExportable": False,
        "certificateStore": profile.get("certificateStore") or (
            "machine" if is_device else "user"),
    }


def _windows_members(request, result):
    wanted = dict.fromkeys(WINDOWS_MEMBERS)
    if result["envelope"] == "windowsCsp":
        wanted = windows_members(request["profile"])
    for name, value in wanted.items():
        if result.get(name) != value or isinstance(value, bool) != isinstance(
                result.get(name), bool):
            return f"{name} is {result.get(name)!r}, not {value!r}"
    return None


def _root(request, result, certificate):
    """rootCertificate is self-signed, and the one the profile's trusted certificate is of."""
    wanted = request["profile"].get("rootCertificateThumbprint")
    if request["requestType"] == "importPfx":
        return "rootCertificate for an imported PFX" if result.get("rootCertificate") else None
    if not result.get("rootCertificate"):
        return "rootCertificate is missing" if wanted else None
    try:
        root = x509.load_der_x509_certificate(base64.b64decode(result["rootCertificate"]))
        _verify_self(root)
    except (ValueError, InvalidSignature):
        return "rootCertificate is no self-signed certificate"
    if wanted and pki.thumbprint(root) != wanted.upper():
        return f"rootCertificate is {pki.thumbprint(root)}, not {wanted}"
    if certificate.issuer == root.subject:
        try:
            _verify(certificate, root)
        except InvalidSignature:
            return "rootCertificate did not sign the certificate that names it"
    return None


def _verify(certificate, issuer):
    key = issuer.public_key()
    arguments = [certificate.signature, certificate.tbs_certificate_bytes]
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(*arguments, ec.ECDSA(certificate.signature_hash_algorithm))
    else:
        key.verify(*arguments, padding.PKCS1v15(), certificate.signature_hash_algorithm)


def _verify_self(root):
    if root.issuer != root.subject:
        raise ValueError("not self-issued")
    _verify(root, root)


def _is_enveloped(text, envelope):
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error:
        return False
    wanted = AUTH_ENVELOPED if envelope == "agent" else ENVELOPED
    return data[:1] == b"\x30" and wanted in data[2:20]
